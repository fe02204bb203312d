"""From raw scores to answers: probabilities, thresholds, several topics, and the parent where no child is sure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from classifiers.topics.calibration import Outcomes, Prior, fit_link, sharpness, topic_thresholds
from classifiers.topics.scope import Scope
from classifiers.topics.scores import log_odds, softmax

if TYPE_CHECKING:
    from collections.abc import Iterator

    from classifiers.contract import Array, Floats

BEST = Prior(0.5, -1.0, 0.1, 0.4)
"""Evidence of the best topic to the chance that it is right."""

OWN = Prior(12.0, -4.4, 2.0, 0.5)
"""Score of any topic to the chance that it is right, whatever the others say."""

ENOUGH = 0.5
"""Where no thresholds were learnt, a probability from which a topic stands in its own right."""

_NONE_AT = 0.2
_SCOPE = 4.0
_SCOPE_NEAR = 0.75


@dataclass(frozen=True)
class Held:
    """The labelled texts as if they had not been seen, row by row.

    Attributes:
        scores: Shape (n, topics).
        near: Similarity to what else is known, shape (n,).
        targets: 1 where a topic is right, shape (n, topics).
    """

    scores: Floats
    near: Floats
    targets: Floats


@dataclass(frozen=True)
class Found:
    """What one text is about.

    Attributes:
        given: Topics that are sure enough with their probabilities, best first.
        best: The best topic, given or not.
        sure: Its probability.
    """

    given: list[tuple[int, float]]
    best: int
    sure: float


class Readout:
    """Answers from scores."""

    def __init__(self, held: Held, lineage: Floats, *, several: bool) -> None:
        """Calibrate on held-out scores.

        Args:
            held: Scores and truth of the labelled texts.
            lineage: 1 where the column's topic is the row's or its ancestor, shape (topics, topics).
            several: Whether a text can have several topics.
        """
        self._held, self._lineage, self._several = held, lineage, several
        depth = lineage.sum(axis=1)
        self._kin = (lineage + lineage.T) > 0
        # Which topics stand right below each; the last row, that of no topic, is for those at the top.
        self._below = np.vstack([(lineage.T > 0) & (depth == depth[:, None] + 1), depth == 1])
        topics = len(lineage)
        alone = held.targets.sum(axis=1) == 1
        weights = _weights(held.targets)
        self._sharp = sharpness(held.scores[alone], held.targets[alone], weights[alone])
        best = held.scores.argmax(axis=1)
        right = held.targets[np.arange(len(best)), best] > 0
        evidence = self._evidence(held.scores, held.near)
        self._best = fit_link(Outcomes(evidence, best, right, weights), topics, BEST)
        topical = held.targets.sum(axis=1) > 0
        self._scope = Scope.fit(_familiar(held.scores, held.near)[topical], weights[topical])
        every = np.tile(np.arange(topics), len(best))
        pairs = Outcomes(held.scores.ravel(), every, held.targets.ravel() > 0, np.repeat(weights, topics))
        self._own = fit_link(pairs, topics, OWN)
        self._thresholds = np.full(topics, ENOUGH, np.float32)
        if several:
            self._thresholds = topic_thresholds(self._own.chance(held.scores, slice(None)), held.targets)

    def chances(self, scores: Floats, near: Floats) -> Floats:
        """Probability of each topic, a parent's at least its children's, shape (n, topics)."""
        if self._several:
            own = self._own.chance(scores, slice(None))
            return np.stack([(own * column).max(axis=1) for column in self._lineage.T], axis=1).astype(np.float32)
        found: Floats = np.minimum(self._exclusive(scores, near) @ self._lineage, 1)
        return found

    def answers(self, scores: Floats, near: Floats, confidence: float) -> Iterator[Found]:
        """What each text is about."""
        chances = self.chances(scores, near)
        if self._several:
            for row in chances:
                given = self._all(row, confidence)
                first = given[0] if given else int(row.argmax())
                yield Found([(at, min(float(row[at]), 1.0)) for at in given], first, float(row[first]))
        else:
            yield from self._ones(chances, self._own.chance(scores, slice(None)), confidence)

    def kin(self, topic: int) -> Array:
        """Whether each topic is the topic itself, an ancestor or a descendant of it."""
        found: Array = self._kin[topic]
        return found

    def first_answers(self) -> tuple[Floats, Array]:
        """Probability of the best topic of each labelled text, held back, and whether it was right."""
        chances = self.chances(self._held.scores, self._held.near)
        best = chances.argmax(axis=1)
        rows = np.arange(len(best))
        within = self._held.targets @ self._lineage
        return chances[rows, best], within[rows, best] > 0

    def tally(self, confidence: float) -> list[tuple[int, int, int, float]]:
        """For each topic, held back: right answers, wrong answers, texts of the topic, threshold."""
        given = np.zeros(self._held.targets.shape, bool)
        for row, found in enumerate(self.answers(self._held.scores, self._held.near, confidence)):
            given[row, [at for at, _ in found.given]] = True
        truth = self._held.targets @ self._lineage > 0
        hits, false = (given & truth).sum(axis=0), (given & ~truth).sum(axis=0)
        support = self._held.targets.sum(axis=0)
        thresholds = self._asked(confidence)
        return [
            (int(hits[at]), int(false[at]), int(support[at]), float(thresholds[at])) for at in range(len(thresholds))
        ]

    def _evidence(self, scores: Floats, near: Floats) -> Floats:
        """What speaks for the best topic: its lead, its score itself, and how familiar the text is.

        The lead alone is blind to texts about something else; the score falls to nothing far from every labelled text.
        """
        seats = np.pad(scores, ((0, 0), (0, 1)), constant_values=_NONE_AT)
        lead = log_odds(softmax(seats * self._sharp)[:, :-1].max(axis=1))
        found: Floats = lead + _SCOPE * _familiar(scores, near)
        return found

    def _exclusive(self, scores: Floats, near: Floats) -> Floats:
        """Probability that each topic is the one, "none of them" being what is missing to 1."""
        shares = softmax(scores * self._sharp)
        rows, best = np.arange(len(scores)), scores.argmax(axis=1)
        top = shares[rows, best]
        sure = self._best.chance(self._evidence(scores, near), best) * self._scope.inside(_familiar(scores, near))
        rest = np.minimum(sure / np.maximum(top, 1e-6), (1 - sure) / np.maximum(1 - top, 1e-6))
        found: Floats = (shares * rest[:, None]).astype(np.float32)
        found[rows, best] = sure
        return found

    def _ones(self, chances: Floats, own: Floats, confidence: float) -> Iterator[Found]:
        """The surest topic of each text; rarely a second one, no kin of it, that stands in its own right."""
        rows, least = np.arange(len(chances)), max(ENOUGH, confidence)
        sure = self._surest(chances, confidence)
        first = np.where(sure < 0, chances.argmax(axis=1), sure)
        others = np.where(self._kin[first], -1, own)
        second = others.argmax(axis=1)
        two = (sure >= 0) & (own[rows, first] >= least) & (others[rows, second] >= least)
        columns = (sure, first, chances[rows, first], two, second, own[rows, second])
        for given, best, chance, also, other, its in zip(*(column.tolist() for column in columns), strict=True):
            listed = [(best, min(chance, 1.0))] if given >= 0 else []
            yield Found([*listed, (other, min(its, 1.0))] if also else listed, best, chance)

    def _surest(self, chances: Floats, confidence: float) -> Array:
        """The surest top-level topic, then down to its surest child while that is sure enough; -1 where none is."""
        rows, found = np.arange(len(chances)), np.full(len(chances), -1)
        while True:
            below = np.where(self._below[found], chances, -1)
            surest = below.argmax(axis=1)
            sure = below[rows, surest] >= confidence
            if not sure.any():
                return found
            found = np.where(sure, surest, found)

    def _all(self, chances: Floats, confidence: float) -> list[int]:
        """Every topic over its threshold; a parent only where none of its children is."""
        over = chances >= self._asked(confidence)
        covered = (self._lineage - np.eye(len(over)))[over].any(axis=0)
        found = np.flatnonzero(over & ~covered)
        return [int(at) for at in found[np.argsort(-chances[found], kind="stable")]]

    def _asked(self, confidence: float) -> Floats:
        if not self._several:
            return np.full(len(self._thresholds), confidence, np.float32)
        moved: Floats = (1 / (1 + np.exp(-(log_odds(self._thresholds) + log_odds(confidence))))).astype(np.float32)
        return moved


def _familiar(scores: Floats, near: Floats) -> Floats:
    """How familiar texts are, by the score of the best topic and by what is known near them, shape (n,)."""
    found: Floats = scores.max(axis=1) + _SCOPE_NEAR * near
    return found


def _weights(targets: Floats) -> Floats:
    """How much each held-back text says about the model that also knows it, shape (n,).

    Held back, a topic's only text leaves nothing behind to be recognised by, and one of two leaves half: what is
    measured then is a poorer model than the one that answers.
    """
    counted = targets.sum(axis=0)
    kept = ((np.maximum(counted, 1) - 1) / np.maximum(counted, 1)) ** 2
    topical = targets.sum(axis=1) > 0
    own = np.where(targets > 0, kept, 1).min(axis=1)
    weights: Floats = np.where(topical, own, own[topical].mean() if topical.any() else 0).astype(np.float32)
    return weights
