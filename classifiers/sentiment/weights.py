"""Weights of small networks and the arrays that belong to them, in one safetensors file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from classifiers.contract import ClassifierError

if TYPE_CHECKING:
    from classifiers.contract import Floats

_ABOUT = "about"


@dataclass(frozen=True)
class Weights:
    """What one file holds.

    Attributes:
        modules: Networks by name; their numbers are stored as float16.
        arrays: Stored as they are.
        about: Words beside the numbers.
    """

    modules: Mapping[str, nn.Module]
    arrays: Mapping[str, Floats]
    about: Mapping[str, str]


def write_weights(path: Path, weights: Weights) -> None:
    """Write a file; equal weights give equal bytes."""
    tensors = {
        f"{name}.{key}": tensor.detach().to(torch.float16).contiguous()
        for name, module in weights.modules.items()
        for key, tensor in module.state_dict().items()
    }
    # The library writes memory as it lies: a transposed view would come back scrambled.
    tensors |= {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in weights.arrays.items()}
    # One entry: the library writes several in any order.
    save_file(tensors, path, metadata={_ABOUT: json.dumps(dict(weights.about), sort_keys=True)})
    path.chmod(0o644)  # the library writes for the owner alone; a package is for everyone


def read_weights(path: Path, modules: Mapping[str, nn.Module]) -> tuple[dict[str, Floats], dict[str, str]]:
    """Fill modules with their stored numbers, ready for use.

    Args:
        path: What :func:`write_weights` wrote.
        modules: Networks of the stored shape, by name.

    Returns:
        The arrays and the words beside them.

    Raises:
        ClassifierError: The file is missing, damaged, or of other networks.
    """
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - it is not a mapping
            about = json.loads((file.metadata() or {})[_ABOUT])
        for name, module in modules.items():
            own = {key: tensors.pop(f"{name}.{key}").float() for key in module.state_dict()}
            module.load_state_dict(own)
            module.eval().requires_grad_(requires_grad=False)
    except (OSError, KeyError, ValueError, RuntimeError, SafetensorError) as error:
        message = f"The weights {path.name} are missing, damaged or of another release. Reinstall closeloop."
        raise ClassifierError(message) from error
    return {key: tensor.numpy() for key, tensor in tensors.items()}, about
