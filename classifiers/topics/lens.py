"""Taxonomies are not written as customers talk: a linear map on each side brings names and texts together.

Trained on names and texts of several taxonomies (``python -m classifiers.train lens``), it helps topics that it has
never seen; where there are labelled texts these decide, as without it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from classifiers.contract import ClassifierError
from classifiers.topics.scores import unit

if TYPE_CHECKING:
    from classifiers.contract import Floats

LENS_FILE = Path(__file__).parent / "lens.safetensors"


@dataclass(frozen=True)
class Lens:
    """How far each side's vectors are moved: ``vectors + vectors @ shift``, then of length one.

    Attributes:
        names: For what is written about topics, shape (dim, dim).
        texts: For what customers say, shape (dim, dim).
    """

    names: Floats
    texts: Floats

    def of_names(self, vectors: Floats) -> Floats:
        """Unit vectors of written topics, moved, shape (n, dim)."""
        return unit(vectors + vectors @ self.names)

    def of_texts(self, vectors: Floats) -> Floats:
        """Unit vectors of texts, moved, shape (n, dim)."""
        return unit(vectors + vectors @ self.texts)

    def save(self, path: Path) -> None:
        """Write a safetensors file, as float16."""
        save_file({"names": self.names.astype(np.float16), "texts": self.texts.astype(np.float16)}, path)
        path.chmod(0o644)  # the library writes for the owner alone; a package is for everyone

    @cached_property
    def fingerprint(self) -> str:
        """Hash of what it does."""
        return hashlib.sha256(self.names.tobytes() + self.texts.tobytes()).hexdigest()[:12]

    @classmethod
    def load(cls, path: Path = LENS_FILE) -> Lens:
        """Read what :meth:`save` wrote.

        Raises:
            ClassifierError: The file is missing or damaged.
        """
        try:
            arrays = load_file(path)
        except (OSError, SafetensorError) as error:
            message = f"The weights {path.name} are missing or damaged. Reinstall closeloop."
            raise ClassifierError(message) from error
        return cls(arrays["names"].astype(np.float32), arrays["texts"].astype(np.float32))


@cache
def shipped_lens() -> Lens:
    """The lens that belongs to the packaged encoder."""
    return Lens.load()
