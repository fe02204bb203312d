"""When one feedback is worth an item of its own: rules on what it says, how it scores and who says it, first match."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from app.domain.feedback import Medium
from app.domain.routing import Place
from app.domain.working import Working

LONGEST_AGE = timedelta(days=31)
"""Whatever the rules say: what had been said longer than this before it arrived opens no case."""


class Signal(StrEnum):
    """What the words of one customer can call for; the first three are risks, the others labels of a mention."""

    LEGAL_THREAT = "legal_threat"
    SAFETY = "safety"
    CHURN_RISK = "churn_risk"
    ESCALATION_INTENT = "escalation_intent"
    URGENT = "urgent"
    COMPLAINT = "complaint"


class Feeling(StrEnum):
    """The sentiment label of a mention."""

    NEGATIVE = "negative"
    NEUTRAL = "neutral"
    POSITIVE = "positive"


@dataclass(frozen=True, slots=True)
class Band:
    """Answers of one metric between two values, both included, on the metric's own scale."""

    metric: str
    low: float | None = None
    high: float | None = None

    def holds(self, answers: Sequence[float]) -> bool:
        """Whether one of the answers lies inside."""
        return any((self.low is None or self.low <= x) and (self.high is None or x <= self.high) for x in answers)


@dataclass(frozen=True, slots=True)
class CaseConditions:
    """What has to hold for a case rule; an empty part holds always, all parts must hold.

    Args:
        signals: One of them, at least as sure as `confidence`, anywhere in the feedback.
        confidence: Probability from which a signal counts.
        response_needed: Whether an answer is expected; None: either.
        sentiment: One of its mentions has one of these labels.
        topic: One of its mentions is about one of these topics or a topic below.
        medium: How it was said.
        segment: Who says it; case-folded.
        score: An answer in this band.
    """

    signals: frozenset[Signal] = frozenset()
    confidence: float = 0.4
    response_needed: bool | None = None
    sentiment: frozenset[Feeling] = frozenset()
    topic: frozenset[str] = frozenset()
    medium: frozenset[Medium] = frozenset()
    segment: frozenset[str] = frozenset()
    score: Band | None = None


@dataclass(frozen=True, slots=True)
class CaseRule:
    """One rule; whom it names none for goes to the owner of the step that the feedback is about."""

    key: str
    when: CaseConditions
    goal: Working
    deadline: Working
    owner_id: int | None = None
    team_id: int | None = None


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """What is known of one feedback.

    Args:
        feedback_id: Which.
        content_rev: Which version of it.
        occurred_at: When it was said.
        received_at: When it arrived.
        medium: How it was said.
        segment: Who says it.
        signals: The surest reading of each signal among its mentions.
        response_needed: Whether one of its mentions expects an answer.
        sentiments: The labels of its mentions.
        topics: Keys of their topics and of those above.
        place: Where what it complains about belongs; empty where nobody can tell.
        topic_name: The topic that the place comes from.
        answers: By metric.
    """

    feedback_id: int
    content_rev: int
    occurred_at: datetime
    received_at: datetime
    medium: Medium
    segment: str | None = None
    signals: Mapping[Signal, float] = field(default_factory=dict)
    response_needed: bool = False
    sentiments: frozenset[Feeling] = frozenset()
    topics: frozenset[str] = frozenset()
    place: Place = field(default_factory=Place)
    topic_name: str | None = None
    answers: Mapping[str, Sequence[float]] = field(default_factory=dict)


def is_fresh(occurred_at: datetime, received_at: datetime, longest: timedelta) -> bool:
    """Whether a feedback was said recently when it arrived: history that is imported opens nothing."""
    return received_at - occurred_at <= min(longest, LONGEST_AGE)


def find_rule(rules: Sequence[CaseRule], facts: CaseFacts) -> CaseRule | None:
    """The first rule whose conditions all hold."""
    return next((rule for rule in rules if _applies(rule.when, facts)), None)


def fired(when: CaseConditions, facts: CaseFacts) -> list[Signal]:
    """The signals asked for that are sure enough."""
    return [signal for signal in Signal if signal in when.signals and facts.signals.get(signal, 0.0) >= when.confidence]


def say_why(when: CaseConditions, facts: CaseFacts) -> list[str]:
    """What held, in words without any of the customer's: `legal threat (93 %)`, `nps 2`."""
    return list(_held(when, facts))


def _applies(when: CaseConditions, facts: CaseFacts) -> bool:
    return all(
        (
            not when.signals or bool(fired(when, facts)),
            when.response_needed is None or when.response_needed == facts.response_needed,
            not when.sentiment or bool(when.sentiment & facts.sentiments),
            not when.topic or bool(when.topic & facts.topics),
            not when.medium or facts.medium in when.medium,
            not when.segment or (facts.segment or "").casefold() in when.segment,
            when.score is None or when.score.holds(facts.answers.get(when.score.metric, ())),
        )
    )


def _held(when: CaseConditions, facts: CaseFacts) -> Iterator[str]:
    for signal in fired(when, facts):
        yield f"{signal.replace('_', ' ')} ({facts.signals[signal]:.0%})"
    if when.response_needed is not None:
        yield "an answer is expected" if when.response_needed else "no answer is expected"
    if when.sentiment:
        yield f"sentiment is {' or '.join(sorted(when.sentiment & facts.sentiments))}"
    if when.topic:
        yield f"topic is {', '.join(sorted(when.topic & facts.topics))}"
    if when.medium:
        yield f"medium is {facts.medium}"
    if when.segment:
        yield f"segment is {facts.segment}"
    if when.score is not None:
        inside = [x for x in facts.answers[when.score.metric] if when.score.holds([x])]
        yield f"{when.score.metric} {inside[0]:g}"
