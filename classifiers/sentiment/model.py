"""Sentiment and complaint from one look at the pooled layers."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from classifiers.contract import SENTIMENTS
from classifiers.sentiment.layered import Linear

if TYPE_CHECKING:
    from classifiers.contract import Floats, HalfFloats

FOLDER = Path(__file__).parent
SENTIMENT_FILE = FOLDER / "sentiment.safetensors"
COMPLAINT_FILE = FOLDER / "complaint.safetensors"


@cache
def sentiment_head() -> Linear:
    """The shipped sentiment weights; columns are negative, neutral, positive."""
    return Linear.load(SENTIMENT_FILE)


@cache
def complaint_head() -> Linear:
    """The shipped complaint weights; columns are other, complaint."""
    return Linear.load(COMPLAINT_FILE)


@cache
def fingerprint() -> str:
    """Hash of both weight files."""
    digest = hashlib.sha256(SENTIMENT_FILE.read_bytes())
    digest.update(COMPLAINT_FILE.read_bytes())
    return digest.hexdigest()[:12]


def feel(layers: HalfFloats) -> Floats:
    """Probability of negative, neutral and positive, shape (n, 3)."""
    return sentiment_head().probabilities(layers)


def complains(layers: HalfFloats) -> Floats:
    """Probability that each text reports a problem, shape (n,)."""
    column: Floats = complaint_head().probabilities(layers)[:, 1]
    return column


def polarity(probabilities: Floats) -> Floats:
    """Expected polarity, -1 to 1: probability of positive less probability of negative."""
    low, high = SENTIMENTS.index("negative"), SENTIMENTS.index("positive")
    score: Floats = probabilities[:, high] - probabilities[:, low]
    return score
