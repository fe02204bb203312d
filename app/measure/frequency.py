"""From the tables to a case: complaints per day about the target and the controls, denominators, known events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from app.measure.days import observed_from, starts_on
from app.measure.design import Design
from app.measure.events import Happening, list_happenings
from app.measure.stats.case import EVENT_KINDS, Case, Declared, KnownEvent, Monitoring
from app.store import impact
from app.store.act_tables import Change
from app.store.happenings import holidays_in, model_changes
from app.store.impact import Complaints, CountByDay, Span

ALPHA = 0.05
HORIZON_DAYS = 90


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
    judged = (design.topic_id, design.controls)
    happened = list_happenings(session, change, span, judged, model_changes(session, span))
    case = Case(
        id=f"change-{change.id}",
        start_date=span.first,
        exposure=exposure,
        target=_fill(target.items, span),
        controls=controls,
        change_day=max(span.index(first), 0),
        opened_day=None if opened is None or opened < span.first else span.index(opened),
        holidays=tuple(span.index(day) for day in sorted(holidays_in(session, span))),
        known_events=_known(happened, span),
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
        "happened": [{"day": one.day.isoformat(), "kind": one.kind, "words": one.words} for one in happened],
        "chosen_by": design.chosen_by,
        "frozen_at": None if design.frozen_at is None else design.frozen_at.isoformat(),
        "complaint_cost": impact.complaint_cost(session),
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


def _known(happened: Sequence[Happening], span: Span) -> tuple[KnownEvent, ...]:
    events = {KnownEvent(span.index(one.day), one.kind) for one in happened if one.kind in EVENT_KINDS}
    return tuple(sorted(events, key=lambda event: (event.day, event.kind)))


def _declared(session: Session, change: Change, last_day: date, span: Span) -> Declared | None:
    look = impact.first_improved(session, change.id, last_day)
    if look is None or look.rate_ratio is None:
        return None
    low, high = look.ci_low or look.rate_ratio, look.ci_high or look.rate_ratio
    return Declared(look.verdict, look.rate_ratio, low, high, span.index(look.day) + 1)
