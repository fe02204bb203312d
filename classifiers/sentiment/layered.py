"""A linear model on pooled layers, stored as safetensors: how the shipped heads are kept."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

from classifiers.contract import ClassifierError

if TYPE_CHECKING:
    from pathlib import Path

    from classifiers.contract import Floats, HalfFloats

_CHUNK = 4096


@dataclass(frozen=True)
class Linear:
    """``softmax((layers @ weight + bias) / temperature)``.

    Attributes:
        labels: One label for each column.
        weight: Shape (layer_dim, labels).
        bias: Shape (labels,).
        temperature: From texts that the weights were not trained on.
        encoder: Fingerprint of the encoder that made the layers.
    """

    labels: tuple[str, ...]
    weight: Floats
    bias: Floats
    temperature: float
    encoder: str

    def probabilities(self, layers: HalfFloats) -> Floats:
        """Probability of each label, shape (n, labels)."""
        if layers.shape[1] != self.weight.shape[0]:
            message = (
                f"The head reads {self.weight.shape[0]} numbers a text, the encoder gave {layers.shape[1]}. "
                "Use the packaged encoder for it, or train the head on your encoder: python -m classifiers.train"
            )
            raise ClassifierError(message)
        parts = [
            layers[at : at + _CHUNK].astype(np.float32) @ self.weight + self.bias
            for at in range(0, len(layers), _CHUNK)
        ]
        scores = np.vstack(parts) if parts else np.zeros((0, len(self.labels)), np.float32)
        scores = scores / self.temperature
        shifted = np.exp(scores - scores.max(axis=1, keepdims=True, initial=-np.inf))
        answer: Floats = (shifted / shifted.sum(axis=1, keepdims=True)).astype(np.float32)
        return answer

    def save(self, path: Path) -> None:
        """Write weights and labels; equal weights give equal bytes."""
        about = {"labels": json.dumps(self.labels), "temperature": repr(self.temperature), "encoder": self.encoder}
        # The library writes memory as it lies: a transposed view would come back scrambled.
        tensors = {"weight": np.ascontiguousarray(self.weight), "bias": np.ascontiguousarray(self.bias)}
        save_file(tensors, path, metadata=about)
        path.chmod(0o644)  # the library writes for the owner alone; a package is for everyone

    @classmethod
    def load(cls, path: Path) -> Linear:
        """Read what :meth:`save` wrote.

        Raises:
            ClassifierError: The file is missing or not readable as such.
        """
        try:
            with safe_open(path, framework="numpy") as file:
                about = file.metadata()
                return cls(
                    labels=tuple(json.loads(about["labels"])),
                    weight=file.get_tensor("weight"),
                    bias=file.get_tensor("bias"),
                    temperature=float(about["temperature"]),
                    encoder=about["encoder"],
                )
        except (OSError, KeyError, ValueError, TypeError) as error:
            message = f"The weights {path.name} are missing or damaged. Reinstall closeloop."
            raise ClassifierError(message) from error
