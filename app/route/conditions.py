"""The conditions of rules: whether they hold for a theme, and the sentences that say so. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from app.domain.routing import Conditions, ScoreCondition, ThemeFacts


def applies(when: Conditions, facts: ThemeFacts) -> bool:
    """Whether all conditions hold."""
    return _in_place(when, facts) and _said_so(when, facts) and _so_many(when, facts) and _so_bad(when, facts)


def held(when: Conditions, facts: ThemeFacts) -> Iterator[str]:
    """What held, one part of a sentence for each condition that is written."""
    yield from _named(when, facts)
    yield from _counted(when, facts)
    if when.max_sentiment is not None:
        yield f"mean sentiment {facts.sentiment:.2f} is at most {when.max_sentiment:g}"
    if when.min_negative:
        yield f"{facts.negative:.0%} of the complaints are negative, at least {when.min_negative:.0%}"
    if when.score is not None:
        yield from _scored(when.score, facts)


def said_count(count: int, one: str, more: str) -> str:
    """A count with its noun."""
    return f"{count} {one if count == 1 else more}"


def said_day(day: date) -> str:
    """A day as people write it, e.g. ``3 Aug 2026``."""
    return f"{day.day} {day:%b %Y}"


def _in_place(when: Conditions, facts: ThemeFacts) -> bool:
    return (
        (not when.topic or not when.topic.isdisjoint(facts.topics))
        and (not when.process or facts.place.process in when.process)
        and (not when.step or facts.place.step in when.step)
        and (not when.stage or facts.place.stage in when.stage)
    )


def _said_so(when: Conditions, facts: ThemeFacts) -> bool:
    return (
        (not when.friction or facts.friction in when.friction)
        and (not when.medium or facts.medium in when.medium)
        and (not when.segment or (facts.segment or "").strip().casefold() in when.segment)
        and (not when.severity or facts.severity in when.severity)
    )


def _so_many(when: Conditions, facts: ThemeFacts) -> bool:
    return (
        facts.complaints >= when.min_complaints
        and (when.max_complaints is None or facts.complaints <= when.max_complaints)
        and facts.people >= when.min_people
        and facts.growth >= when.min_growth
    )


def _so_bad(when: Conditions, facts: ThemeFacts) -> bool:
    if when.max_sentiment is not None and (facts.sentiment is None or facts.sentiment > when.max_sentiment):
        return False
    return facts.negative >= when.min_negative and (when.score is None or _scores_hold(when.score, facts))


def _scores_hold(asked: ScoreCondition, facts: ThemeFacts) -> bool:
    scores = facts.scores.get(asked.metric)
    if scores is None or scores.answers < asked.min_answers:
        return False
    if asked.max_mean is not None and scores.mean > asked.max_mean:
        return False
    return asked.min_detractors is None or (scores.detractors is not None and scores.detractors >= asked.min_detractors)


def _named(when: Conditions, facts: ThemeFacts) -> Iterator[str]:
    topic = next((key for key in facts.topics if key in when.topic), "")
    pairs: tuple[tuple[object, str, str], ...] = (
        (when.topic, "topic", topic),
        (when.process, "process", facts.place.process),
        (when.step, "step", facts.place.step),
        (when.stage, "stage", facts.place.stage),
        (when.friction, "most frequent friction", facts.friction or ""),
        (when.medium, "most frequent medium", facts.medium or ""),
        (when.segment, "most frequent segment", facts.segment or ""),
        (when.severity, "severity", facts.severity),
    )
    yield from (f"{name} is {value}" for asked, name, value in pairs if asked)


def _counted(when: Conditions, facts: ThemeFacts) -> Iterator[str]:
    if when.min_complaints:
        yield f"at least {said_count(when.min_complaints, 'complaint', 'complaints')}"
    if when.max_complaints is not None:
        yield f"at most {said_count(when.max_complaints, 'complaint', 'complaints')}"
    if when.min_people:
        yield f"at least {said_count(when.min_people, 'person', 'people')}"
    if when.min_growth:
        yield f"{facts.complaints} after {facts.before} before, at least {when.min_growth:g} times as many"


def _scored(asked: ScoreCondition, facts: ThemeFacts) -> Iterator[str]:
    scores, metric = facts.scores[asked.metric], asked.metric.upper()
    if asked.max_mean is not None:
        yield f"mean {metric} {scores.mean:.1f} of {scores.answers} answers is at most {asked.max_mean:g}"
    if asked.min_detractors is not None:
        yield f"{scores.detractors:.0%} of {scores.answers} {metric} answers are detractors"
