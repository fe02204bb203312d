"""From the tables to a case: complaints per day about the target and the controls, denominators, known events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import holidays
from sqlalchemy.orm import Session

from app.measure.design import Design, observed_from, starts_on
from app.measure.stats.case import Case, Declared, KnownEvent, Monitoring
from app.store import impact
from app.store.impact import Complaints, CountByDay, Span
from app.store.tables import Change

ALPHA = 0.05
HORIZON_DAYS = 90
LATE_SOURCE = 28  # days after the start of the history from which a new source counts as a change of intake
LATE_SOURCE_SHARE = 0.1
MODEL_SHARE = 0.02  # a model with a smaller share of the mentions left a few behind: no change of model


@dataclass(frozen=True, slots=True)
class Prepared:
    """A case with what a reader wants to know beside it (JSON values)."""

    case: Case
    facts: dict[str, Any]


def build_case(session: Session, change: Change, design: Design, last_day: date) -> Prepared:
    """Build the case of a change from the database.

    A feedback item with several complaints about the same thing counts once; people and mentions are counted beside it.

    Args:
        session: A session.
        change: The change.
        design: What it is judged by.
        last_day: Last UTC day that is counted.
    """
    span = Span(design.first_day, last_day)
    target = _target(session, design, span)
    exposure, facts = _exposure(session, design, span)
    controls, lost = _controls(session, change, design, span)
    first = observed_from(change)
    opened = change.trigger_to or impact.opened_on(session, change)
    rollout = None if change.rollout_to is None else (span.index(starts_on(change)), span.index(first))
    case = Case(
        id=f"change-{change.id}",
        start_date=span.first,
        exposure=exposure,
        target=_fill(target.items, span),
        controls=controls,
        change_day=max(span.index(first), 0),
        opened_day=None if opened is None or opened < span.first else span.index(opened),
        holidays=_holidays(session, span),
        known_events=_events(session, change, span, design.topic_id),
        alpha=ALPHA,
        margin=change.margin,
        monitoring=Monitoring("daily", HORIZON_DAYS),
        declared=_declared(session, change, last_day, span),
        rollout=rollout,
    )
    after = {day for day in span.dates() if day >= first}
    facts |= {
        "people_after": _total(target.people, after),
        "mentions_after": _total(target.mentions, after),
        "complaints_after": _total(target.items, after),
        "complaints_before": _total(target.items, set(span.dates()) - after),
        "controls_lost": lost,
        "target_reduction": change.target_reduction,
    }
    return Prepared(case, facts)


def _target(session: Session, design: Design, span: Span) -> Complaints:
    if design.theme_id is None:
        return impact.topic_complaints(session, design.topic_id, span)
    return impact.theme_complaints(session, design.theme_id, span)


def _fill(counts: Mapping[date, float], span: Span) -> tuple[float | None, ...]:
    return tuple(float(counts.get(day, 0)) for day in span.dates())


def _total(counts: CountByDay, days: set[date]) -> int:
    return sum(count for day, count in counts.items() if day in days)


def _exposure(session: Session, design: Design, span: Span) -> tuple[tuple[float | None, ...], dict[str, Any]]:
    if design.exposure is None:
        return _fill(impact.feedback_by_day(session, span), span), {"exposure": "feedback", "exposure_missing": 0}
    counts = impact.exposure_by_day(session, design.exposure, span)
    missing = span.days - len(counts)
    filled = tuple(counts.get(day) for day in span.dates())
    return filled, {"exposure": design.exposure, "exposure_missing": missing}


def _controls(
    session: Session, change: Change, design: Design, span: Span
) -> tuple[dict[str, tuple[float | None, ...]], list[str]]:
    """Counts of the frozen controls; one that another change was made for since is left out, and said so."""
    counts = impact.complaints_by_topic(session, span)
    names = {key: topic.key for key, topic in impact.topics_by_id(session).items()}
    touched = {
        topic
        for other, topic in impact.other_changes(session, change)
        if span.first <= starts_on(other) <= span.last and topic in design.controls
    }
    kept = {names[topic]: _fill(counts.get(topic, {}), span) for topic in design.controls if topic not in touched}
    return kept, sorted(names[topic] for topic in touched if topic is not None)


def _holidays(session: Session, span: Span) -> tuple[int, ...]:
    years = range(span.first.year, span.last.year + 1)
    days: set[date] = set()
    for country, subdivision in impact.holiday_regions(session):
        days.update(holidays.country_holidays(country, subdiv=subdivision, years=years))
    return tuple(sorted(span.index(day) for day in days if span.first <= day <= span.last))


def _events(session: Session, change: Change, span: Span, topic_id: int) -> tuple[KnownEvent, ...]:
    events = {
        KnownEvent(span.index(observed_from(other)), "process_change")
        for other, topic in impact.other_changes(session, change)
        if topic == topic_id and span.first < observed_from(other) <= span.last
    }
    events |= {KnownEvent(day, "classifier_version") for day in _model_changes(session, span)}
    events |= {KnownEvent(day, "intake_change") for day in _new_sources(session, span)}
    return tuple(sorted(events, key=lambda event: (event.day, event.kind)))


def _model_changes(session: Session, span: Span) -> list[int]:
    """Days on which another model begins to label; none where one model labelled everything."""
    counts = impact.mentions_by_fingerprint(session, span)
    total = sum(sum(days.values()) for days in counts.values())
    begun = [min(days) for days in counts.values() if sum(days.values()) > MODEL_SHARE * total]
    return sorted({span.index(day) for day in begun} - {span.index(min(begun))}) if begun else []


def _new_sources(session: Session, span: Span) -> list[int]:
    """Days on which a source began to send that brings a noticeable share since."""
    counts = impact.feedback_by_source(session, span)
    found = []
    for days in counts.values():
        first = min(days)
        everything = sum(count for other in counts.values() for day, count in other.items() if day >= first)
        if first >= span.first + timedelta(days=LATE_SOURCE) and sum(days.values()) >= LATE_SOURCE_SHARE * everything:
            found.append(span.index(first))
    return sorted(found)


def _declared(session: Session, change: Change, last_day: date, span: Span) -> Declared | None:
    look = impact.first_improved(session, change.id, last_day)
    if look is None or look.rate_ratio is None:
        return None
    low, high = look.ci_low or look.rate_ratio, look.ci_high or look.rate_ratio
    return Declared(look.verdict, look.rate_ratio, low, high, span.index(look.day) + 1)
