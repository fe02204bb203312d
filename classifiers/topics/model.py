"""A topic classifier that grows: names only, a few examples, many labels, by one mechanism.

What is written about the topics is the prior guess; kernel regression (:mod:`classifiers.topics.regression`) corrects
it by every labelled text and, less, by what unlabelled ones seem to be about; held-out scores of the labelled texts
make the answer a calibrated probability. No stage is chosen and none is switched: with one more labelled text the
answer moves as far as that text reaches.
"""

from __future__ import annotations

import hashlib
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from classifiers.contract import ClassifierError, Encoded, Judgement
from classifiers.topics import calibration, prototypes
from classifiers.topics.answers import TopicAnswer, TopicQuality
from classifiers.topics.fitting import EXACT, learn
from classifiers.topics.kernel import Kernel
from classifiers.topics.labelled import rows_of, targets_of
from classifiers.topics.readout import Held, Readout
from classifiers.topics.regression import GUESSED, LABELLED, OUTSIDE, WRITTEN, Near
from classifiers.topics.scores import ranked_like
from classifiers.topics.traffic import drawn, gather, settle

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from classifiers.contract import Floats, TopicSpec
    from classifiers.topics.labelled import Labelled
    from classifiers.topics.traffic import Crowd

VERSION = "5"
"""Raised with every change that changes answers: it is part of the fingerprint."""

PRIOR_SCALE = 0.4
"""How much a cosine of one to what is written counts, against one for a labelled text."""

LEAN, LEAN_FALLS = 5.0, 1.3
"""How much more the descriptions count without any labelled topic, and how that falls as more topics are labelled.

Labelled texts of a few topics know nothing of the others: without it they take the texts of all topics that nobody has
labelled yet (accuracy fell by up to 0.3 with four texts for a third of the topics, with it by less than 0.03)."""

_LEAN_TO, _LEAN_FROM = 0.5, 0.9
_LEAN_UNITS = 0.7
_FOLLOWED_SCALE = 0.6
_BASE_RATE = 20.0


class TopicModel:
    """Topic probabilities for encoded texts. Safe for concurrent readers; nothing changes after construction.

    Attributes:
        keys: Topic keys, in the order of the columns of :meth:`probabilities`.
        several: Whether the labelled texts show that a text can have several topics.
        stage: What the answers rest on, in words.
        fingerprint: Hash of everything that was learnt from, the encoder apart.
    """

    def __init__(
        self,
        specs: Sequence[TopicSpec],
        encode: Callable[[Sequence[str]], Encoded],
        labelled: Sequence[Labelled] = (),
        traffic: Sequence[str] = (),
    ) -> None:
        """Learn from what is written about the topics and from labelled texts.

        Args:
            specs: The topics; their examples count as labelled texts.
            encode: Encodes texts; layers of width 0 are fine.
            labelled: More labelled texts, for example corrections. Labels that no spec has are ignored; of several
                rows with one text the last counts.
            traffic: Unlabelled texts of the same kind, distinct ones, at most 3,000 of them.

        Raises:
            ClassifierError: No topic is given, a key occurs twice, parents are missing or circular, or a plain string
                stands where several are wanted.
        """
        self.keys = tuple(spec.key for spec in specs)
        if not specs or len(set(self.keys)) != len(specs):
            message = "Topics need at least one entry and distinct keys. Check the taxonomy."
            raise ClassifierError(message)
        above = prototypes.parents(specs)
        self.rows = rows_of(specs, labelled)
        self.several = any(len(row.topics) > 1 for row in self.rows)
        labels = targets_of(self.rows, self.keys)
        taught = {row.text for row in self.rows}
        followed = drawn([text for text in traffic if text not in taught], EXACT - len(taught) - len(specs))
        self.fingerprint = _hash(specs, self.rows, followed)
        words, written = prototypes.describe(specs, encode)
        known = encode([row.text for row in self.rows]) if self.rows else _none_of(written)
        seen = encode(followed) if followed else _none_of(written)
        crowd = gather(seen.vectors) if followed else None
        settled = settle(prototypes.inherit(written.vectors, above), crowd)
        self.stage = _stage(len(self.rows), len(followed), settled.trust)
        self._settled = settled
        self._scale = PRIOR_SCALE + _FOLLOWED_SCALE * settled.trust
        self._lean = LEAN * float((labels.sum(axis=0) == 0).mean()) ** LEAN_FALLS
        self._texts = texts = [*words, *(row.text for row in self.rows)]
        spoken = _joined(prototypes.speak(written, known, labels), known)
        self._kernel = Kernel(texts, spoken)
        targets = np.vstack([np.eye(len(specs), dtype=np.float32), labels])
        residuals = targets - self._guess(np.vstack([written.vectors, known.vectors]))
        # How often a topic occurs at all, as far as the labelled texts are many enough to tell.
        topics = len(specs)
        self._base = residuals[topics:].sum(axis=0) / (len(self.rows) + _BASE_RATE)
        # That labelled texts have a topic says nothing of other texts: only differences between topics are kept.
        self._base -= self._base.mean()
        residuals -= self._base
        known_kinds = np.where(labels.sum(axis=1) > 0, LABELLED, OUTSIDE)
        kinds = np.concatenate([np.full(topics, WRITTEN), known_kinds, np.full(len(followed), GUESSED)])
        features = self._kernel.features([*texts, *followed], _joined(spoken, seen))
        guess = partial(self._missing, crowd) if crowd else None
        learnt = learn(self._kernel, features, kinds, residuals, guess)
        self._regression = learnt.regression
        held = (targets - residuals + learnt.held_out)[topics:]
        near = learnt.held_near.part(slice(topics, None))
        self._held = Held(self._leant(held, known.vectors, near), near.rows, labels)
        self._readout = Readout(self._held, prototypes.lineage(above), several=self.several)

    def scores(self, texts: Sequence[str], encoded: Encoded) -> tuple[Floats, Floats]:
        """Raw scores of the topics, shape (n, topics), and similarity to what is known, shape (n,).

        Guesses about unlabelled texts decide which topic is first, not how sure it is: held-back labels, the only
        judges of that, say nothing of them, and texts of no topic would vouch for each other.
        """
        if not len(texts):
            return np.zeros((0, len(self.keys)), np.float32), np.zeros(0, np.float32)
        features = self._kernel.features(texts, encoded)
        learnt, near = self._regression.predict(features)
        scores, *followed = (self._scored(residuals, near, encoded.vectors) for residuals in learnt)
        return (ranked_like(scores, followed[0]) if followed else scores), near.rows

    def probabilities(self, texts: Sequence[str], encoded: Encoded) -> Floats:
        """Probability that each text is about each topic, shape (n, topics); a parent's is at least its children's."""
        return self._readout.chances(*self.scores(texts, encoded))

    def judge(self, texts: Sequence[str], encoded: Encoded, confidence: float) -> list[TopicAnswer]:
        """The topics of each text that are sure enough.

        A topic is given where its probability reaches ``confidence``, in data where texts have several topics where it
        reaches the topic's own threshold (learnt for the best F1; a confidence other than 0.5 moves all thresholds by
        its log-odds). Where no child is sure enough, the parent is given if it is.

        Args:
            texts: Cleaned texts.
            encoded: Their vectors and layers.
            confidence: Between 0 and 1.
        """
        return [
            TopicAnswer(
                tuple(Judgement(self.keys[at], value) for at, value in found.given),
                Judgement(self.keys[found.best], found.sure),
            )
            for found in self._readout.answers(*self.scores(texts, encoded), confidence)
        ]

    def ranked(self, texts: Sequence[str], encoded: Encoded) -> tuple[Judgement, Judgement | None]:
        """The most probable topic of one text, as specific as it is sure at 0.5, and the next that is no kin of it."""
        scores, near = self.scores(texts, encoded)
        found = next(iter(self._readout.answers(scores, near, 0.5)))
        chances = np.where(self._readout.kin(found.best), -1, self._readout.chances(scores, near)[0])
        second = int(chances.argmax())
        runner_up = Judgement(self.keys[second], float(chances[second])) if chances[second] >= 0 else None
        return Judgement(self.keys[found.best], found.sure), runner_up

    def nearest(self, text: str, encoded: Encoded, column: int) -> tuple[str, bool, float]:
        """The labelled text of a topic most like a text, without any what is written; whether labelled; similarity."""
        similar, rows = self._regression.similar(self._kernel.features([text], encoded))
        written = len(self.keys)
        own = rows == column
        labelled = np.zeros(len(rows), bool)
        labelled[rows >= written] = self._held.targets[rows[rows >= written] - written, column] > 0
        at = int(np.where(labelled if labelled.any() else own, similar[0], -1).argmax())
        row = int(rows[at])
        return self._texts[row], row >= written, float(similar[0, at])

    def coverage(self, error_rate: float, doubt: float = 0.1) -> float | None:
        """The confidence from which at most ``error_rate`` of the answers are wrong.

        The promise holds with probability ``1 - doubt`` for texts of the kind of the labelled ones.

        Returns:
            The confidence to ask for, or None where the labelled texts are too few or too often misjudged.
        """
        confidences, right = self._readout.first_answers()
        return calibration.promised(confidences, right, error_rate, doubt)

    def quality(self, confidence: float = 0.5) -> list[TopicQuality]:
        """How well each topic is judged, measured on the labelled texts as if they had not been seen."""
        return [
            TopicQuality(
                key, support, threshold, calibration.wilson(hits, hits + false), calibration.wilson(hits, support)
            )
            for key, (hits, false, support, threshold) in zip(self.keys, self._readout.tally(confidence), strict=True)
        ]

    def _missing(self, crowd: Crowd, residuals: Floats, near: Near) -> Floats:
        """What the prior guess misses of what unlabelled texts seem to be about, by what was learnt of the others."""
        shares = crowd.shared(self._scored(residuals, near, crowd.vectors))
        missing: Floats = shares - self._guess(crowd.vectors) - self._base
        return missing

    def _scored(self, residuals: Floats, near: Near, vectors: Floats) -> Floats:
        return self._leant(self._guess(vectors) + self._base + residuals, vectors, near)

    def _guess(self, vectors: Floats) -> Floats:
        """The prior guess: similarity to what is written, without its mean over the topics."""
        found = self._settled.scores(vectors)
        guess: Floats = self._scale * (found - found.mean(axis=1, keepdims=True))
        return guess

    def _leant(self, scores: Floats, vectors: Floats, near: Near) -> Floats:
        """Lean on what is written as far as topics are not labelled, except close to a labelled text."""
        far = 1 - np.clip((near.texts - _LEAN_TO) / (_LEAN_FROM - _LEAN_TO), 0, 1)
        lean = (self._lean * far)[:, None]
        leant: Floats = (scores + lean / self._scale * self._guess(vectors)) / (1 + _LEAN_UNITS * lean)
        return leant


def _joined(first: Encoded, second: Encoded) -> Encoded:
    return Encoded(np.vstack([first.vectors, second.vectors]), np.vstack([first.layers, second.layers]))


def _none_of(written: Encoded) -> Encoded:
    return Encoded(written.vectors[:0], written.layers[:0])


def _stage(labelled: int, followed: int, trust: float) -> str:
    parts = ["descriptions"]
    if followed:
        parts.append(f"{followed} unlabelled ({trust:.2f})")
    if labelled:
        parts.append(f"{labelled} labelled")
    return " + ".join(parts)


def _hash(specs: Sequence[TopicSpec], rows: Sequence[Labelled], followed: Sequence[str]) -> str:
    digest = hashlib.sha256(VERSION.encode())
    for spec in specs:
        digest.update(repr((spec.key, spec.name, spec.description, spec.parent)).encode("utf-8", "replace"))
    for row in rows:
        digest.update(repr((row.text, row.topics)).encode("utf-8", "replace"))
    for text in followed:
        digest.update(repr(text).encode("utf-8", "replace"))
    return digest.hexdigest()[:12]
