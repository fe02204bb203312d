"""The shipped head for whole texts: how a text feels, and whether it reports a problem."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from classifiers.contract import SENTIMENTS
from classifiers.sentiment.linear import Linear
from classifiers.sentiment.network import TextHead
from classifiers.sentiment.weights import Weights, read_weights, write_weights

if TYPE_CHECKING:
    from classifiers.contract import Floats

HEAD = "sentiment"
"""Name of the head in the encoder pass: ``Encoder(heads={HEAD: text_model().head})``."""

FOLDER = Path(__file__).parent
TEXT_FILE = FOLDER / "text.safetensors"


@dataclass(frozen=True)
class TextModel:
    """A head that runs inside the encoder pass, and what its features answer.

    Attributes:
        head: Gives the features of a text.
        sentiment: Columns negative, neutral, positive.
        complaint: Columns other, complaint.
        encoder: Fingerprint of the encoder that the head was trained beside.
    """

    head: TextHead
    sentiment: Linear
    complaint: Linear
    encoder: str

    def save(self, path: Path) -> None:
        """Write a safetensors file; equal weights give equal bytes."""
        answers = {"sentiment": self.sentiment, "complaint": self.complaint}
        arrays = {f"{name}.{part}": getattr(one, part) for name, one in answers.items() for part in ("weight", "bias")}
        about = {name: json.dumps([one.labels, one.temperature]) for name, one in answers.items()}
        write_weights(path, Weights({"head": self.head}, arrays, about | {"encoder": self.encoder}))

    @classmethod
    def load(cls, path: Path = TEXT_FILE) -> TextModel:
        """Read what :meth:`save` wrote.

        Raises:
            ClassifierError: The file is missing or damaged.
        """
        head = TextHead()
        arrays, about = read_weights(path, {"head": head})
        answers = []
        for name in ("sentiment", "complaint"):
            labels, temperature = json.loads(about[name])
            answers.append(Linear(tuple(labels), arrays[f"{name}.weight"], arrays[f"{name}.bias"], temperature))
        return cls(head, answers[0], answers[1], about["encoder"])


@cache
def text_model() -> TextModel:
    """The shipped weights."""
    return TextModel.load()


@cache
def fingerprint() -> str:
    """Hash of the shipped weights."""
    return hashlib.sha256(TEXT_FILE.read_bytes()).hexdigest()[:12]


def feel(features: Floats) -> Floats:
    """Probability of negative, neutral and positive, shape (n, 3)."""
    return text_model().sentiment.probabilities(features)


def complains(features: Floats) -> Floats:
    """Probability that each text reports a problem, shape (n,)."""
    column: Floats = text_model().complaint.probabilities(features)[:, 1]
    return column


def polarity(probabilities: Floats) -> Floats:
    """Expected polarity, -1 to 1: probability of positive less probability of negative."""
    low, high = SENTIMENTS.index("negative"), SENTIMENTS.index("positive")
    score: Floats = probabilities[:, high] - probabilities[:, low]
    return score
