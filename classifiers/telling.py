"""What the heads say of a span, put into words: a mention."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from classifiers import contract
from classifiers.decided import SIGNALS
from classifiers.halves import halved
from classifiers.text.clean import has_words
from classifiers.text.content import Content

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from classifiers.contract import Floats, HalfFloats
    from classifiers.decided import Decided
    from classifiers.signals.model import Signalled
    from classifiers.text.finding import Found
    from classifiers.topics.answers import TopicAnswer

COMPLAINT_AT = 0.5
SIGNAL_AT = 0.5
_SURE = 0.8
"""From which probability on a signal has a say in what the other heads say."""

_UNHAPPY = 0.0
_LITTLE = 1e-6
"""What is left to share where a model is certain of pleasure."""

_SAID_NOTHING = {
    Content.NONE: (0.1, 0.8, 0.1),
    Content.PRAISE: (0.02, 0.08, 0.9),
    Content.COMPLAINT: (0.9, 0.08, 0.02),
}
_FIELDS = tuple(name for signal in SIGNALS for name in (signal, f"{signal}_confidence"))


@dataclass(frozen=True)
class Looks:
    """What all heads say about some texts, row i for text i.

    Attributes:
        vectors: Unit vectors, shape (n, dim).
        topics: Topics of each text, none given where the model abstains. Empty without topics.
        sentiments: Probability of negative, neutral, positive, shape (n, 3).
        complaints: Probability of reporting a problem, shape (n,).
        signals: Friction, urgency, response needed, escalation intent.
    """

    vectors: Floats
    topics: list[TopicAnswer] = field(repr=False)
    sentiments: Floats
    complaints: Floats
    signals: Signalled = field(repr=False)


@dataclass(frozen=True)
class Feeling:
    """How one text, or a span of it, feels.

    Attributes:
        label: The most probable sentiment.
        score: Expected polarity, -1 to 1.
        confidence: Probability of the label.
        chances: Probability of negative, neutral and positive.
    """

    label: contract.SentimentLabel
    score: float
    confidence: float
    chances: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Judged:
    """What the heads say of one span, its topics apart, in plain values."""

    feeling: Feeling
    complaint: float
    friction: contract.Judgement
    answers: dict[str, Any]
    vector: HalfFloats


@dataclass(frozen=True, slots=True)
class Seen:
    """A span, its text as the model sees it, what the heads say of it, and its topics."""

    found: Found
    text: str
    said: Judged
    topics: Sequence[contract.Judgement]


def judged(looks: Looks) -> list[Judged]:
    """Row by row, taken out of the arrays all at once: number by number costs ten times as much."""
    columns = (
        feelings(_displeased(looks.sentiments, looks.signals.escalation_intent)),
        looks.complaints.tolist(),
        looks.signals.frictions,
        _answers(looks.signals),
        halved(looks.vectors),
    )
    return [Judged(*row) for row in zip(*columns, strict=True)]


def feelings(chances: Floats) -> list[Feeling]:
    """How each text feels, by its probabilities of negative, neutral and positive, shape (n, 3)."""
    best, scores = chances.argmax(axis=1).tolist(), (chances[:, 2] - chances[:, 0]).tolist()
    return [
        Feeling(contract.SENTIMENTS[label], score, row[label], tuple(row))
        for label, score, row in zip(best, scores, chances.tolist(), strict=True)
    ]


def said_nothing(verdict: Content) -> Feeling | None:
    """How an answer feels that says all by saying nothing: the question decides, not the word; None for other texts."""
    return feelings(np.array([_SAID_NOTHING[verdict]]))[0] if verdict in _SAID_NOTHING else None


def topics_of(
    found: Found, answer: TopicAnswer, decided: Decided | None, known: Collection[str]
) -> Sequence[contract.Judgement]:
    """The span's topics, as somebody said they are, else as the model has them; one that says none is a mention.

    Args:
        found: The span.
        answer: What the model says.
        decided: What somebody said of its words.
        known: Keys of the topics that there are.
    """
    # Emoji tell of a feeling, not of what it is about.
    topics: Sequence[contract.Judgement] = answer.topics if has_words(found.text) else ()
    if decided is not None and decided.topics is not None:
        sure = {one.label: one for one in answer.topics}
        kept = [key for at, key in enumerate(decided.topics) if at == 0 or key in known]
        topics = [sure.get(key, contract.Judgement(key, 1.0)) for key in kept]
    if found.verdict is not Content.TEXT:
        topics = topics[:1]
    return topics or [contract.Judgement(None, answer.best.confidence)]


def mention(found: Found, judged: Judged, topic: contract.Judgement, about: Feeling | None) -> contract.Mention:
    """The mention of a span that is about one topic.

    Args:
        found: The span.
        judged: What the heads say of it.
        topic: What it is about.
        about: How it feels about that topic, where it is about several.
    """
    feeling = about or judged.feeling
    # What is praised of a span that complains of something else is no complaint.
    complains = judged.complaint if about is None else min(judged.complaint, 1 - about.chances[2])
    problem = _problem(complains, judged.friction, feeling.score)
    told = contract.Mention(
        turn=found.span.turn,
        start=found.span.start,
        end=found.span.end,
        topic=topic.label,
        topic_confidence=topic.confidence,
        sentiment=feeling.score,
        sentiment_label=feeling.label,
        sentiment_confidence=feeling.confidence,
        complaint=problem >= COMPLAINT_AT,
        complaint_confidence=max(problem, 1 - problem),
        friction=judged.friction.label if problem >= COMPLAINT_AT else None,
        friction_confidence=judged.friction.confidence,
        vector=judged.vector,
        **judged.answers,
    )
    answer = said_nothing(found.verdict)
    return told if answer is None else _answered(told, answer)


def _displeased(chances: Floats, threats: Floats) -> Floats:
    """Who surely threatens is not pleased ("I will sue you" has no word that says so): the chances given that."""
    sure = threats >= _SURE
    if not sure.any():
        return chances
    given = chances.copy()
    given[sure] = given[sure] * (1, 1, 0) + (_LITTLE, _LITTLE, 0)
    given[sure] /= given[sure].sum(axis=1, keepdims=True)
    return given


def _answers(signals: Signalled) -> list[dict[str, Any]]:
    """The yes/no signals of each text as fields of a mention."""
    columns = []
    for signal in SIGNALS:
        chances = getattr(signals, signal).astype(np.float64)
        columns += [(chances >= SIGNAL_AT).tolist(), np.maximum(chances, 1 - chances).tolist()]
    return [dict(zip(_FIELDS, row, strict=True)) for row in zip(*columns, strict=True)]


def _problem(complaint: float, friction: contract.Judgement, polarity: float) -> float:
    """A sentence that surely tells of friction reports a problem, unless it is said with pleasure or asked calmly."""
    told = friction.label is not None and friction.confidence >= _SURE and polarity < _UNHAPPY
    return max(complaint, friction.confidence) if told else complaint


def _answered(mention: contract.Mention, answer: Feeling) -> contract.Mention:
    return replace(
        mention,
        topic=None,
        sentiment=answer.score,
        sentiment_label=answer.label,
        sentiment_confidence=answer.confidence,
        complaint=answer.label == "negative",
        complaint_confidence=answer.confidence,
        friction=None,
    )
