"""How the shipped signals are kept: safetensors, half precision."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

from classifiers.contract import ClassifierError
from classifiers.signals.regression import Regression

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_ABOUT = "about"


def save(path: Path, models: Mapping[str, Regression], encoder: str) -> None:
    """Write one regression for each signal; equal weights give equal bytes.

    Args:
        path: File to write.
        models: Signal -> its regression.
        encoder: Fingerprint of the encoder that the features come from.
    """
    tensors = {f"{name}.weight": model.weight.astype(np.float16) for name, model in models.items()}
    tensors |= {f"{name}.bias": model.bias.astype(np.float32) for name, model in models.items()}
    temperatures = {name: round(model.temperature, 4) for name, model in models.items()}
    # One key alone: the library writes several in an order of chance.
    about = {_ABOUT: json.dumps({"encoder": encoder, "temperatures": temperatures}, sort_keys=True)}
    save_file({name: np.ascontiguousarray(tensors[name]) for name in sorted(tensors)}, path, metadata=about)
    path.chmod(0o644)  # the library writes for the owner alone; a package is for everyone


def encoder_of(path: Path) -> str:
    """Fingerprint of the encoder whose features the weights fit.

    Raises:
        ClassifierError: The file is missing or not readable as such.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            return str(json.loads(file.metadata()[_ABOUT])["encoder"])
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise _damaged(path) from error


def load(path: Path) -> dict[str, Regression]:
    """Read what :func:`save` wrote.

    Raises:
        ClassifierError: The file is missing or not readable as such.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            temperatures = json.loads(file.metadata()[_ABOUT])["temperatures"]
            return {
                name: Regression(
                    file.get_tensor(f"{name}.weight").astype(np.float32), file.get_tensor(f"{name}.bias"), float(value)
                )
                for name, value in temperatures.items()
            }
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise _damaged(path) from error


def _damaged(path: Path) -> ClassifierError:
    return ClassifierError(f"The weights {path.name} are missing or damaged. Reinstall closeloop.")
