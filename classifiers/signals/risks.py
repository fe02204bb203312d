"""Three risks that one customer's words can carry: a legal threat, danger to people, leaving us.

They are judged from the embedding that a mention is stored with, so that nothing has to be read again. The weights for
the packaged encoder are shipped (``python -m classifiers.train.risks``): a logistic regression for each risk on seeds
that we wrote and everyday texts without it. For another encoder they are fitted on the seeds alone.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from classifiers.signals.model import STRENGTH, to_everyday
from classifiers.signals.regression import fit, out_of_fold, phrasings
from classifiers.signals.weights import encoder_of, load

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from classifiers.contract import Encoded, Floats
    from classifiers.signals.regression import Regression

SEEDS = Path(__file__).parent / "risks.json"
FILE = Path(__file__).parent / "risks.safetensors"
RISKS = ("legal_threat", "safety", "churn_risk")


@cache
def seeds() -> dict[str, dict[str, list[str]]]:
    """Risk -> `yes` and `no` -> sentences; the `no` rows are near misses."""
    loaded = json.loads(SEEDS.read_text(encoding="utf-8"))
    return {risk: loaded[risk] for risk in RISKS}


def shipped_for() -> str:
    """Fingerprint of the encoder that the shipped weights fit."""
    return encoder_of(FILE)


class Risks:
    """How likely each risk is."""

    def __init__(self, encode: Callable[[Sequence[str]], Encoded] | None = None) -> None:
        """Take the shipped weights, or fit on the seeds.

        Args:
            encode: The encoder that the vectors come from; None: the packaged one.

        Raises:
            ClassifierError: The shipped weights are missing or damaged.
        """
        self._models: Mapping[str, Regression] = dict(load(FILE)) if encode is None else _on_seeds(encode)

    def judge(self, vectors: Floats) -> dict[str, Floats]:
        """Judge texts by their embeddings.

        Args:
            vectors: Unit-length embeddings, shape (n, dim).

        Returns:
            For each risk the probability of each text, shape (n,).
        """
        found = vectors.astype(np.float32)
        return {risk: self._models[risk].probabilities(found)[:, 1] for risk in RISKS}


def _on_seeds(encode: Callable[[Sequence[str]], Encoded]) -> dict[str, Regression]:
    models = {}
    for risk, rows in seeds().items():
        vectors = encode([*rows["no"], *rows["yes"]]).vectors.astype(np.float32)
        y = [0] * len(rows["no"]) + [1] * len(rows["yes"])
        even = np.ones(len(y), np.float32)
        _, temperature = out_of_fold(vectors, y, phrasings(vectors), STRENGTH, even)
        models[risk] = to_everyday(fit(vectors, y, even, STRENGTH, temperature), y)
    return models
