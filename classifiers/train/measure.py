"""How good a head is on rows that it was not trained on, and how sure it may be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from sklearn.metrics import f1_score, roc_auc_score

from classifiers.sentiment.linear import softmax
from classifiers.sentiment.model import TextModel
from classifiers.sentiment.network import FEATURES, TextHead
from classifiers.train.batches import Source
from classifiers.train.mix import kind_of
from classifiers.train.rows import Row

if TYPE_CHECKING:
    from classifiers.contract import Floats

_BINS = 15
NEGATIVE, NEUTRAL, POSITIVE = range(3)


def temperature_of(scores: Floats, right: np.ndarray, groups: np.ndarray | None = None) -> float:
    """The temperature under which the right answers are likeliest; every group has the same weight."""
    of = groups if groups is not None else np.zeros(len(right))
    weights = np.zeros(len(right))
    for group in np.unique(of):
        weights[of == group] = 1 / np.sum(of == group)
    best = (np.inf, 1.0)
    for temperature in np.geomspace(0.3, 3, 93):
        likely = np.log(np.maximum(softmax(scores / temperature)[np.arange(len(right)), right], 1e-9))
        best = min(best, (float(-np.average(likely, weights=weights)), round(float(temperature), 4)))
    return best[1]


def ece(shares: Floats, right: np.ndarray) -> float:
    """Expected calibration error of the chosen label (Guo et al. 2017), fifteen bins of equal width."""
    sure, hit = shares.max(1), shares.argmax(1) == right
    bins = np.minimum((sure * _BINS).astype(int), _BINS - 1)
    return float(sum(abs(np.sum(hit[bins == at]) - np.sum(sure[bins == at])) for at in range(_BINS)) / len(right))


def features_of(head: TextHead, source: Source, texts: Sequence[str]) -> Floats:
    """What a head says of each text, shape (n, FEATURES)."""
    features = np.zeros((len(texts), FEATURES), np.float32)
    with torch.inference_mode():
        for batch in source.batches(texts):
            features[batch.rows] = head(source.hidden(batch), batch.mask).squeeze(1).numpy()
    return features


def measure(model: TextModel, source: Source, rows: Sequence[Row]) -> dict[str, float]:
    """Macro-F1, accuracy between positive and negative, calibration, and complaint AUROC."""
    felt = [row for row in rows if row.feeling is not None]
    features = features_of(model.head, source, [row.text for row in felt])
    shares, right = model.sentiment.probabilities(features), np.array([kind_of(row) for row in felt])
    sided = right != NEUTRAL
    complaint = model.complaint.probabilities(features)[:, 1]
    found = {
        "rows": float(len(felt)),
        "macro_f1": float(f1_score(right, shares.argmax(1), average="macro")),
        "binary_accuracy": float(
            np.mean((shares[sided, POSITIVE] > shares[sided, NEGATIVE]) == (right[sided] == POSITIVE))
        ),
        "ece": ece(shares, right),
        "complaint_auroc": float(roc_auc_score(right == NEGATIVE, complaint)),
    }
    return {name: round(value, 4) for name, value in found.items()}
