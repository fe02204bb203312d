"""How texts feel, as a whole, about a span, or about a topic; corrections adapt the answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from classifiers.contract import SENTIMENTS, Correction, Encoded
from classifiers.embedders.encoder import Encoder
from classifiers.halves import widened
from classifiers.sentiment.adapt import Adapted, Texts, adapt
from classifiers.sentiment.linear import Linear
from classifiers.sentiment.mentions import MENTION_HEAD, Question, mention_fingerprint, mention_model
from classifiers.sentiment.model import HEAD, fingerprint, text_model
from classifiers.sentiment.network import DEPTH
from classifiers.text import ngrams
from classifiers.text.clean import clean
from classifiers.text.spans import split

if TYPE_CHECKING:
    from torch import nn

    from classifiers.contract import Floats
    from classifiers.sentiment.pipeline import SentimentPipeline

_WHOLE = 900
_MOST_CLAUSES = 64
_AROUND = 300
"""Characters on both sides of a span in which its feeling is looked for."""


@dataclass(frozen=True)
class About:
    """What of a text is asked about: a span, a topic, both, or with neither the whole.

    Attributes:
        text: As it was written.
        span: First character and one past the last.
        topic: Embedding of the topic's name by the packaged encoder, shape (dim,).
    """

    text: str
    span: tuple[int, int] | None = None
    topic: Floats | None = None


@dataclass(frozen=True)
class Felt:
    """Row i for text i.

    Attributes:
        sentiments: Probability of negative, neutral and positive, shape (n, 3).
        complaints: Probability of reporting a problem, shape (n,).
    """

    sentiments: Floats
    complaints: Floats


def shipped_heads() -> dict[str, nn.Module]:
    """The heads that an encoder of the packaged model runs: ``Encoder(heads=shipped_heads())``."""
    return {HEAD: text_model().head, MENTION_HEAD: mention_model().head}


class Feelings:
    """Sentiment and complaint of texts.

    Attributes:
        encoder: Runs the shipped heads: the given one where it can, else one of its own.
        fingerprint: Hash of the weights that judge.
    """

    def __init__(
        self, encoder: Encoder, corrections: Sequence[Correction] = (), pipeline: SentimentPipeline | None = None
    ) -> None:
        """Adapt the shipped heads to what was corrected.

        Args:
            encoder: Any encoder.
            corrections: Human judgements; those with a sentiment adapt it, those with a complaint adapt that.
            pipeline: A model that judges sentiment instead of the shipped heads; it is not adapted.
        """
        self.encoder = encoder if HEAD in encoder.heads else Encoder(heads=shipped_heads())
        self._pipeline = pipeline
        self.fingerprint = f"{fingerprint()}{mention_fingerprint()}{pipeline.fingerprint if pipeline else ''}"
        felt = [row for row in corrections if row.sentiment is not None or row.complaint is not None]
        feelings = [None if row.sentiment is None else SENTIMENTS.index(row.sentiment) for row in felt]
        complaints = [None if row.complaint is None else int(row.complaint) for row in felt]
        cleaned = [clean(row.text) for row in felt]
        known = _known(cleaned, self.encoder.encode(cleaned, heads=(HEAD,)))
        shipped = text_model()
        self._sentiment = _adapted(shipped.sentiment, known, feelings)
        self._complaint = _adapted(shipped.complaint, known, complaints)

    def judge(self, texts: Sequence[str], encoded: Encoded | None = None) -> Felt:
        """Judge cleaned texts, each as a whole.

        Args:
            texts: Cleaned texts.
            encoded: Their pass through ``self.encoder`` with ``HEAD``, where there was one already.
        """
        if encoded is None:
            encoded = self.encoder.encode(texts, heads=(HEAD,))
        known = cache(partial(_known, texts, encoded))
        return Felt(
            self._pipeline.feel(texts) if self._pipeline else _answer(self._sentiment, encoded, known),
            _answer(self._complaint, encoded, known)[:, 1],
        )

    def embed(self, topics: Sequence[str]) -> Floats:
        """What :class:`About` wants of topics, by their names: shape (n, dim)."""
        return self.encoder.encode(topics, layers=False).vectors

    def ask(self, asked: Sequence[About]) -> Floats:
        """Probability of negative, neutral and positive for each question, shape (n, 3)."""
        found = np.zeros((len(asked), len(SENTIMENTS)), np.float32)
        parts = [at for at, one in enumerate(asked) if not self._by_clauses(one)]
        wholes = [at for at, one in enumerate(asked) if self._by_clauses(one)]
        if parts:
            found[parts] = self._parts([asked[at] for at in parts])
        if wholes:
            found[wholes] = self._wholes([asked[at] for at in wholes])
        return found

    def _by_clauses(self, one: About) -> bool:
        """Whether the words alone decide: nothing or everything is asked about, or another model judges."""
        if self._pipeline is not None:
            return True
        if one.topic is not None:
            return False
        return one.span is None or not (one.text[: one.span[0]] + one.text[one.span[1] :]).strip(" .,;:!?\n\t")

    def _wholes(self, asked: Sequence[About]) -> Floats:
        """The clauses that are asked about, averaged by their length."""
        pieces = [_clauses_of(one.text, one.span) for one in asked]
        judged = self.judge([clean(piece) for some in pieces for piece in some]).sentiments
        ends = np.cumsum([len(some) for some in pieces])
        means = [
            np.average(judged[end - len(some) : end], axis=0, weights=[len(piece) for piece in some])
            for some, end in zip(pieces, ends, strict=True)
        ]
        return np.array(means, np.float32)

    def _parts(self, asked: Sequence[About]) -> Floats:
        around = [_around(one.text, one.span) for one in asked]
        encoded = self.encoder.encode([text for text, _ in around], layers=False, heads=(MENTION_HEAD,))
        questions = [
            Question(at, span, one.topic) for at, (one, (_, span)) in enumerate(zip(asked, around, strict=True))
        ]
        return mention_model().judge(encoded.tokens[MENTION_HEAD], encoded.offsets, questions)


def _adapted(shipped: Linear, texts: Texts, labels: Sequence[int | None]) -> Linear | Adapted:
    known = [at for at, label in enumerate(labels) if label is not None]
    return adapt(shipped, texts.rows(known), np.array([labels[at] for at in known], np.int64))


def _answer(head: Linear | Adapted, encoded: Encoded, known: Callable[[], Texts]) -> Floats:
    """What a head says; an adapted one wants to know more, which two of them share."""
    if isinstance(head, Linear):
        return head.probabilities(encoded.heads[HEAD])
    return head.probabilities(known())


def _known(texts: Sequence[str], encoded: Encoded) -> Texts:
    """What a domain's words mean lies in the words and in lower layers too, not only where the shipped heads look."""
    layers = np.split(widened(encoded.layers), DEPTH, axis=1)
    return Texts([encoded.heads[HEAD], encoded.vectors, *layers[2:]], ngrams.count(texts))


def _clauses_of(text: str, span: tuple[int, int] | None) -> list[str]:
    """The clauses that a span touches; a whole text is one piece unless it is too long to be seen whole."""
    if span is None and len(text) <= _WHOLE:
        return [text or " "]
    start, end = span or (0, len(text))
    touched = ((at, to) for at, to in split(text) if at < end and to > start)
    found = [text[at:to] for at, to in islice(touched, _MOST_CLAUSES)]
    return found or [text[start:end] or " "]


def _around(text: str, span: tuple[int, int] | None) -> tuple[str, tuple[int, int] | None]:
    """The cleaned surroundings of a span, and where the span lies in them."""
    if span is None:
        return clean(text), None
    start, end = span
    before, own, after = clean(text[max(0, start - _AROUND) : start]), clean(text[start:end]), text[end : end + _AROUND]
    before += " " if before and text[start - 1 : start].isspace() else ""
    own_end = len(before) + len(own)
    return before + own + (" " if after[:1].isspace() else "") + clean(after), (len(before), own_end)
