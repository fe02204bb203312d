"""A topic classifier that grows: names only, a few examples, many labels.

Which stage answers is measured, never assumed: every candidate predicts labelled texts that it has not seen (out of
fold), and the one with the smallest log-loss after one temperature wins.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier

from classifiers.contract import ClassifierError, Judgement
from classifiers.topics.prototypes import blend, describe
from classifiers.topics.scores import best_temperature, familiar, from_similarity, log_loss, temper

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from classifiers.contract import Floats, TopicSpec

CANDIDATES = ("described", "prototypes", "trained", "trained+prototypes", "trained+described")
MIN_LABELLED = 8
NEAR_FLOOR = 0.6
_ONE_SHOT = ("trained+prototypes", 0.7)
_FOLDS = 5
_MANY = 3000
_CENTERING = 0.5
_MIN_TRAFFIC = 20
_MIN_TOPICS = 12
_CHUNK = 8192


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text with its topics; no topic says "none of these"."""

    text: str
    topics: tuple[str, ...]


class TopicModel:
    """Topic probabilities for embedded texts.

    Attributes:
        keys: Topic keys, in the order of the columns of :meth:`probabilities`.
        stage: Which candidate answers, one of ``CANDIDATES`` or ``several`` for multi-label data.
        fingerprint: Hash of everything that was learnt from, the encoder apart.
    """

    def __init__(
        self,
        specs: Sequence[TopicSpec],
        encode: Callable[[Sequence[str]], Floats],
        labelled: Sequence[Labelled] = (),
        traffic: Floats | None = None,
    ) -> None:
        """Learn from what is written about the topics and from labelled texts.

        Args:
            specs: The topics; their examples count as labelled texts.
            encode: Gives unit vectors for texts, shape (n, dim).
            labelled: More labelled texts, for example corrections; labels that no spec has are ignored.
            traffic: Vectors of unlabelled texts of the same kind, used to correct topics that attract everything.
                Looked at only with at least 12 topics and 20 texts a topic, where it was measured to help.

        Raises:
            ClassifierError: No topic is given, or a key occurs twice.
        """
        self.keys = tuple(spec.key for spec in specs)
        if not specs or len(set(self.keys)) != len(specs):
            message = "Topics need at least one entry and distinct keys. Check the taxonomy."
            raise ClassifierError(message)
        rows = [Labelled(text, (spec.key,)) for spec in specs for text in spec.examples if text.strip()]
        rows += [Labelled(row.text, tuple(key for key in row.topics if key in self.keys)) for row in labelled]
        self.fingerprint = _hash(specs, rows)
        self._described = describe(specs, encode)
        vectors = encode([row.text for row in rows]) if rows else np.zeros((0, self._described.shape[1]), np.float32)
        targets = self._targets(rows)
        self._outside = vectors[targets.sum(axis=1) == 0]
        several = bool((targets.sum(axis=1) > 1).any())
        if not several:
            kept = targets.sum(axis=1) == 1
            vectors, targets = vectors[kept], targets[kept]
        self._shift = self._centering(traffic)
        self._fit(vectors, targets, several=several)

    def probabilities(self, vectors: Floats) -> Floats:
        """Probability of each topic, shape (n, topics); rows sum to 1 or less (more in multi-label data)."""
        parts = [self._answer(vectors[at : at + _CHUNK]) for at in range(0, len(vectors), _CHUNK)]
        return np.vstack(parts) if parts else np.zeros((0, len(self.keys)), np.float32)

    def judge(self, vectors: Floats, confidence: float) -> list[Judgement]:
        """The best topic of each text, or None where it is less probable than ``confidence``."""
        found = self.probabilities(vectors)
        best = found.argmax(axis=1) if len(found) else np.zeros(0, int)
        return [
            Judgement(self.keys[column] if row[column] >= confidence else None, float(row[column]))
            for row, column in zip(found, best, strict=True)
        ]

    def _targets(self, rows: Sequence[Labelled]) -> Floats:
        column = {key: index for index, key in enumerate(self.keys)}
        targets = np.zeros((len(rows), len(self.keys)), np.float32)
        for index, row in enumerate(rows):
            targets[index, [column[key] for key in row.topics]] = 1
        return targets

    def _centering(self, traffic: Floats | None) -> Floats:
        """Half of each topic's mean similarity over the traffic: what a topic gets from any text is no evidence."""
        enough = traffic is not None and len(traffic) >= _MIN_TRAFFIC * len(self.keys) and len(self.keys) >= _MIN_TOPICS
        if traffic is None or not enough:
            return np.zeros(len(self.keys), np.float32)
        mean = (traffic @ self._described.T).mean(axis=0)
        shift: Floats = (_CENTERING * (mean - mean.mean())).astype(np.float32)
        return shift

    def _fit(self, vectors: Floats, targets: Floats, *, several: bool) -> None:
        self._temperature = 1.0
        self._known = vectors
        self._prototypes = blend(self._described, vectors, targets)
        self._trained: _Trained | None = None
        if several:
            self.stage = "several"
            self._trained = _Trained(vectors, targets, self._described, several=True)
            return
        if len(vectors) < MIN_LABELLED:
            self.stage = "prototypes" if len(vectors) else "described"
            return
        repeated = targets @ targets.sum(axis=0) > 1
        if repeated.sum() < max(MIN_LABELLED, len(vectors) / 2):
            # Held back, a topic's only text leaves nothing behind to be measured by.
            self.stage, self._temperature = _ONE_SHOT
        else:
            self.stage, self._temperature = self._choose(vectors, targets)
        if self.stage.startswith("trained"):
            self._trained = _Trained(vectors, targets, self._described)

    def _choose(self, vectors: Floats, targets: Floats) -> tuple[str, float]:
        """Let every candidate predict texts that it has not seen; the smallest log-loss wins."""
        found: dict[str, list[Floats]] = {name: [] for name in CANDIDATES}
        truth: list[Floats] = []
        for seen, unseen in _folds(targets):
            trained = _Trained(vectors[seen], targets[seen], self._described).predict(vectors[unseen])
            prototypes = from_similarity(vectors[unseen] @ blend(self._described, vectors[seen], targets[seen]).T)
            described = self._zero_shot(vectors[unseen])
            for name, answer in _combine(described, prototypes, trained).items():
                found[name].append(answer)
            truth.append(targets[unseen])
        right = np.vstack(truth)
        losses = {}
        for name, parts in found.items():
            answer = np.vstack(parts)
            temperature = best_temperature(answer, right)
            losses[name] = (log_loss(temper(answer, temperature), right), temperature)
        best = min(CANDIDATES, key=lambda name: losses[name][0])
        return best, losses[best][1]

    def _zero_shot(self, vectors: Floats) -> Floats:
        return from_similarity(vectors @ self._described.T - self._shift)

    def _answer(self, vectors: Floats) -> Floats:
        if self.stage == "described":
            answer = self._zero_shot(vectors)
        else:
            prototypes = from_similarity(vectors @ self._prototypes.T - self._shift)
            trained = self._trained.predict(vectors) if self._trained else prototypes
            answer = (
                trained
                if self.stage == "several"
                else _combine(self._zero_shot(vectors), prototypes, trained)[self.stage]
            )
            if self._trained:
                nearest = np.maximum((vectors @ self._known.T).max(axis=1), (vectors @ self._described.T).max(axis=1))
                answer = answer * familiar(nearest)[:, None]
        return self._beside(vectors, temper(answer, self._temperature) if self.stage != "several" else answer)

    def _beside(self, vectors: Floats, answer: Floats) -> Floats:
        """Give way to texts that a human put outside all topics, as far as they are nearer than the best topic."""
        if not len(self._outside):
            return answer
        near = (vectors @ self._outside.T).max(axis=1)
        inside = np.maximum((vectors @ self._prototypes.T).max(axis=1), NEAR_FLOOR)
        if len(self._known):
            inside = np.maximum(inside, (vectors @ self._known.T).max(axis=1))
        kept: Floats = answer / (1 + np.exp(20 * (near - inside)))[:, None]
        return kept


class _Trained:
    """Logistic regression on the vectors; what is written about a topic counts as one of its texts."""

    def __init__(self, vectors: Floats, targets: Floats, described: Floats, *, several: bool = False) -> None:
        self._model: Any = None
        texts = np.vstack([vectors, described])
        if several:
            self._model = OneVsRestClassifier(LogisticRegression(C=20, max_iter=300, class_weight="balanced"))
            self._model.fit(texts, np.vstack([targets, np.eye(targets.shape[1])]).astype(int))
        elif targets.shape[1] > 1:
            labels = np.concatenate([targets.argmax(axis=1), np.arange(targets.shape[1])])
            self._model = LogisticRegression(C=50, max_iter=300)
            # As words: whole numbers with few rows each are taken for a regression target and warned about.
            self._model.fit(texts, [f"{label:06d}" for label in labels])

    def predict(self, vectors: Floats) -> Floats:
        if self._model is None:
            return np.ones((len(vectors), 1), np.float32)
        answer: Floats = self._model.predict_proba(vectors).astype(np.float32)
        return answer


def _combine(described: Floats, prototypes: Floats, trained: Floats) -> dict[str, Floats]:
    return {
        "described": described,
        "prototypes": prototypes,
        "trained": trained,
        "trained+prototypes": (0.7 * trained + 0.3 * prototypes).astype(np.float32),
        "trained+described": (0.7 * trained + 0.3 * described).astype(np.float32),
    }


def _folds(targets: Floats) -> list[tuple[np.ndarray, np.ndarray]]:
    """Spread each topic's texts over the folds; with many texts one fifth held back once is enough."""
    labels = targets.argmax(axis=1)
    shuffled = np.random.default_rng(0).permutation(len(labels))
    fold = np.empty(len(labels), int)
    fold[shuffled[np.argsort(labels[shuffled], kind="stable")]] = np.arange(len(labels)) % _FOLDS
    used = range(1) if len(labels) > _MANY else range(_FOLDS)
    return [(np.flatnonzero(fold != at), np.flatnonzero(fold == at)) for at in used]


def _hash(specs: Sequence[TopicSpec], rows: Sequence[Labelled]) -> str:
    digest = hashlib.sha256()
    for spec in specs:
        digest.update(repr((spec.key, spec.name, spec.description)).encode("utf-8", "replace"))
    for row in rows:
        digest.update(repr((row.text, row.topics)).encode("utf-8", "replace"))
    return digest.hexdigest()[:12]
