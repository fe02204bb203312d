"""Graphs in a folder: made once, checked at every start, made again when damaged."""

from __future__ import annotations

import hashlib
import os
import tempfile
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from classifiers.contract import ClassifierError
from classifiers.embedders import onnx_export
from classifiers.embedders.packaged import sha256

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from torch import nn

    from classifiers.embedders.bert import Bert


def kept_graphs(
    network: Callable[[], Bert], fingerprint: str, heads: Mapping[str, nn.Module], folder: Path | None
) -> tuple[Path, dict[str, Path]]:
    """Paths of the network's graph and of each head's; what is missing or damaged is made.

    Args:
        network: Loads the network.
        fingerprint: Of the network's weights.
        heads: Modules that read the network's hidden states.
        folder: Where graphs are kept; None means the user's cache folder.

    Raises:
        ClassifierError: The folder cannot be written, or a head does not fit the network.
    """
    folder = folder or _user_cache()
    loaded = cache(network)
    trunk = _kept(folder, _key(fingerprint), lambda: onnx_export.network_graph(loaded()))
    paths = {}
    for name, head in heads.items():
        key = _key(f"{fingerprint} {_hash_of(head)}")
        paths[name] = _kept(folder, key, partial(_make_head, name, head, loaded))
    return trunk, paths


def _make_head(name: str, head: nn.Module, network: Callable[[], Bert]) -> bytes:
    return onnx_export.head_graph(name, head, network())


def _kept(folder: Path, key: str, make: Callable[[], bytes]) -> Path:
    path, check = folder / f"{key}.onnx", folder / f"{key}.sha256"
    try:
        if path.is_file() and check.is_file() and check.read_text("ascii") == sha256(path):
            return path
        graph = make()
        folder.mkdir(parents=True, exist_ok=True)
        _write(path, graph)
        _write(check, hashlib.sha256(graph).hexdigest().encode())
    except (OSError, UnicodeDecodeError) as error:
        raise ClassifierError(
            f"The folder {folder} that keeps prepared text models cannot be used ({type(error).__name__}). "
            "Make it writable, or set the backend to float32."
        ) from error
    return path


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all, whoever else writes or dies meanwhile."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _user_cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "closeloop"


def _key(parts: str) -> str:
    code = onnx_export.recipe()
    return hashlib.sha256(f"{parts} {code} {torch.__version__}".encode()).hexdigest()[:20]


def _hash_of(head: nn.Module) -> str:
    """Weights and structure of a module: equal hashes give equal graphs."""
    digest = hashlib.sha256(f"{type(head).__module__}.{type(head).__qualname__} {head}".encode())
    for name, tensor in sorted(head.state_dict().items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().float().contiguous().numpy().tobytes())
    return digest.hexdigest()
