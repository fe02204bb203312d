"""How the shipped signals are kept: safetensors, half precision."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

from classifiers.contract import ClassifierError
from classifiers.signals.regression import Regression

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def save(path: Path, models: Mapping[str, Regression], encoder: str) -> None:
    """Write one regression for each signal; equal weights give equal bytes.

    Args:
        path: File to write.
        models: Signal -> its regression.
        encoder: Fingerprint of the encoder that the features come from.
    """
    tensors = {f"{name}.weight": model.weight.astype(np.float16) for name, model in models.items()}
    tensors |= {f"{name}.bias": model.bias.astype(np.float32) for name, model in models.items()}
    about = {name: repr(round(model.temperature, 4)) for name, model in models.items()} | {"encoder": encoder}
    save_file({name: np.ascontiguousarray(tensors[name]) for name in sorted(tensors)}, path, metadata=about)
    path.chmod(0o644)  # the library writes for the owner alone; a package is for everyone


def encoder_of(path: Path) -> str:
    """Fingerprint of the encoder whose features the weights fit.

    Raises:
        ClassifierError: The file is missing or not readable as such.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            return str(file.metadata()["encoder"])
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise _damaged(path) from error


def load(path: Path) -> dict[str, Regression]:
    """Read what :func:`save` wrote.

    Raises:
        ClassifierError: The file is missing or not readable as such.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            about = file.metadata()
            return {
                name: Regression(
                    file.get_tensor(f"{name}.weight").astype(np.float32), file.get_tensor(f"{name}.bias"), float(value)
                )
                for name, value in about.items()
                if name != "encoder"
            }
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise _damaged(path) from error


def _damaged(path: Path) -> ClassifierError:
    return ClassifierError(f"The weights {path.name} are missing or damaged. Reinstall closeloop.")
