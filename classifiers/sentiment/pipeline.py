"""Any Hugging Face text-classification model in place of the shipped sentiment head."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from classifiers.contract import SENTIMENTS, ClassifierError
from classifiers.embedders.packaged import hash_model

if TYPE_CHECKING:
    from classifiers.contract import Floats

_WORDS = {
    "negative": 0,
    "neg": 0,
    "verynegative": 0,
    "bad": 0,
    "neutral": 1,
    "neu": 1,
    "mixed": 1,
    "positive": 2,
    "pos": 2,
    "verypositive": 2,
    "good": 2,
}
_STARS = re.compile(r"([1-5])\s*(?:stars?)?", re.IGNORECASE)
_NUMBERED = re.compile(r"LABEL_(\d+)", re.IGNORECASE)
_BY_COUNT = {2: (0, 2), 3: (0, 1, 2), 5: (0, 0, 1, 2, 2)}
"""What labels without a name mean, by their number: the habit of nearly every published model."""

_BATCH = 32


class SentimentPipeline:
    """A text-classification model whose labels are read as negative, neutral and positive.

    Attributes:
        columns: For each label of the model the column that it counts for.
        fingerprint: Hash of its weights, or for a model of the hub of its name and version.
    """

    def __init__(self, name: str) -> None:
        """Load the model: weights as safetensors only, and none of its code is run.

        Args:
            name: A folder, or a name on the model hub (only then is the network used, once).

        Raises:
            ClassifierError: It cannot be loaded safely, or its labels cannot be read as sentiment.
        """
        local = Path(name).is_dir()
        os.environ["TOKENIZERS_PARALLELISM"] = "false"
        from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline  # noqa: PLC0415 - heavy

        safe = {"local_files_only": local, "trust_remote_code": False}
        try:
            model = AutoModelForSequenceClassification.from_pretrained(name, use_safetensors=True, **safe)
            tokenizer = AutoTokenizer.from_pretrained(name, **safe)
        except (OSError, ValueError, ImportError) as error:
            raise ClassifierError(
                f"The sentiment model {name!r} could not be loaded ({type(error).__name__}). Give the folder of a "
                "text-classification model with model.safetensors and its tokenizer, or a hub name."
            ) from error
        self.columns = columns_of(model.config.id2label)
        version = str(getattr(model.config, "_commit_hash", None))
        self.fingerprint = hash_model(Path(name)) if local else sha256(f"{name} {version}".encode()).hexdigest()[:12]
        self._lock = threading.Lock()  # each call sets the tokenizer anew, and breaks where another still uses it
        self._pipe = pipeline("text-classification", model=model, tokenizer=tokenizer, device="cpu", top_k=None)

    def feel(self, texts: Sequence[str]) -> Floats:
        """Probability of negative, neutral and positive, shape (n, 3); as calibrated as the model is."""
        found = np.zeros((len(texts), len(SENTIMENTS)), np.float32)
        with self._lock:
            answers: Any = self._pipe(list(texts), batch_size=_BATCH, truncation=True) if texts else []
        for row, scores in zip(found, answers, strict=True):
            for score in scores:
                row[self.columns[score["label"]]] += score["score"]
        shares: Floats = found / np.maximum(found.sum(axis=1, keepdims=True), 1e-9)
        return shares


def columns_of(labels: Mapping[int, str]) -> dict[str, int]:
    """Which of negative (0), neutral (1) and positive (2) each label means.

    Args:
        labels: The model's labels by their number, as in its configuration.

    Raises:
        ClassifierError: They are not sentiments, stars, or two, three or five labels without names.
    """
    names = [labels[at] for at in sorted(labels)]
    for read in (_by_word, _by_stars, _by_number):
        found = read(names)
        if found is not None and {0, 2} <= set(found):
            return dict(zip(names, found, strict=True))
    raise ClassifierError(
        f"The labels {names} cannot be read as sentiment. A sentiment model needs negative and positive (neutral may "
        "be missing), 1 to 5 stars, or LABEL_0 to LABEL_1, LABEL_2 or LABEL_4 from negative to positive. Name them "
        "in id2label of its config.json."
    )


def _by_word(names: Sequence[str]) -> list[int] | None:
    plain = [re.sub(r"[^a-z]", "", name.lower()) for name in names]
    return [_WORDS[name] for name in plain] if all(name in _WORDS for name in plain) else None


def _by_stars(names: Sequence[str]) -> list[int] | None:
    found = [_STARS.fullmatch(name.strip()) for name in names]
    return [_BY_COUNT[5][int(one[1]) - 1] for one in found if one] if all(found) else None


def _by_number(names: Sequence[str]) -> list[int] | None:
    found = [_NUMBERED.fullmatch(name) for name in names]
    meaning = _BY_COUNT.get(len(names))
    return list(meaning) if meaning and all(found) else None
