"""Station: once a day each change in effect is looked at, and the look is stored with everything it was made of.

claim builds the case of a change from its frozen design, and freezes one that nobody froze at its deployment; work is
pure maths; record upserts one `measurements` row per change and day. Late feedback does not change the looks of days
that are over.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.actor import Actor
from app.domain.verdict import Finding, VerdictState, say_verdict
from app.measure.chart import avoided, sizes, weekly, weeks_ahead
from app.measure.design import freeze_design
from app.measure.frequency import HORIZON_DAYS, Prepared, build_case
from app.measure.stats.case import Case, dump_case
from app.measure.stats.estimate import assess
from app.measure.stats.folding import WEEK
from app.measure.stats.plan import Plan, plan
from app.measure.stats.verdict import METHOD, Verdict, dump_verdict
from app.measure.trust import trust_list
from app.measure.watch import UNDECIDED, sharpness_of, verdict_at_pace
from app.store import impact
from app.store.act_tables import Change
from app.store.tables import Measurement
from app.store.taxonomy import hold_labels, is_history_moving

STATION = Actor(name="station:effect")
AT_ONCE = 1
"""A case is read in the claim's transaction, which keeps SQLite's other writers waiting: 0.7 s at 200,000 feedback."""

WATCHED_DAYS = 364
FEWEST_COMPLAINTS = 10


@dataclass(frozen=True, slots=True)
class Look:
    """One change to look at."""

    change_id: int
    subject: str
    target_reduction: float
    prepared: Prepared
    lost_on: date | None = None  # when an improvement that this change had brought came back


@dataclass(frozen=True, slots=True)
class Batch:
    """The looks that are due; `day` is the last day that is counted."""

    day: date
    looks: tuple[Look, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """One look with its verdict and the document for pages."""

    look: Look
    verdict: Verdict
    result: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a batch led to."""

    day: date
    judged: tuple[Judged, ...]


def claim(session: Session, now: datetime) -> Batch | None:
    """Changes in effect that were not yet judged up to yesterday (UTC); None when there is none.

    While history is read anew nothing is judged: both sides of a verdict were counted by one model, or not at all.
    """
    day = now.astimezone(UTC).date() - timedelta(days=1)
    changes = impact.changes_due(session, day, day - timedelta(days=WATCHED_DAYS), AT_ONCE)
    if not changes:
        return None
    hold_labels(session)
    if is_history_moving(session, now):
        return None
    looks = tuple(_look(session, now, change, day) for change in changes)
    return Batch(day, looks)


def work(batch: Batch, tools: object) -> Outcome:
    """Judge every look; pure maths, some 30 ms each and 150 ms more for the verdict date."""
    del tools
    return Outcome(batch.day, tuple(judge(look, batch.day) for look in batch.looks))


def record(session: Session, now: datetime, outcome: Outcome) -> None:
    """Store the looks; the same look again replaces itself."""
    for judged in outcome.judged:
        impact.lock_change(session, judged.look.change_id)
        wanted = select(Measurement).where(
            Measurement.change_id == judged.look.change_id, Measurement.day == outcome.day
        )
        row = session.scalars(wanted).one_or_none()
        if row is None:
            row = Measurement(change_id=judged.look.change_id, day=outcome.day)
            session.add(row)
        _fill(row, judged, now)
    session.flush()


def _fill(row: Measurement, judged: Judged, now: datetime) -> None:
    verdict = judged.verdict
    row.verdict = verdict.verdict.value
    row.rate_ratio, row.ci_low, row.ci_high = verdict.rate_ratio, verdict.ci_low, verdict.ci_high
    row.p_value = verdict.p_value
    row.relapse = bool(verdict.relapse)
    row.reasons = list(verdict.reasons)
    row.case = dump_case(judged.look.prepared.case)
    row.result = judged.result
    row.method = METHOD
    row.measured_at = now


def _look(session: Session, now: datetime, change: Change, day: date) -> Look:
    design = freeze_design(session, now, STATION, change)
    subject = impact.theme_of(session, change).name
    lost = impact.lost_on(session, change.id, day)
    return Look(change.id, subject, change.target_reduction, build_case(session, change, design, day), lost)


def judge(look: Look, day: date) -> Judged:
    """Verdict of a look and what its page shows."""
    case = look.prepared.case
    assessment = assess(case)
    planned = plan(case, 1 - look.target_reduction)
    verdict = _not_lost(look, _waiting(case, assessment.verdict, planned))
    sharpness = sharpness_of(assessment)
    pace_on = verdict_at_pace(case, verdict, planned, sharpness)
    finding = replace(_finding(look, case, verdict, planned, day), pace_on=pace_on)
    sentence = say_verdict(finding)
    weeks = weekly(case, assessment)
    until = finding.verdict_on if verdict.verdict in UNDECIDED else None
    result = {
        "estimate": dump_verdict(assessment.verdict),
        "headline": sentence.headline,
        "detail": sentence.detail,
        "tone": sentence.tone.value,
        "verdict_on": None if finding.verdict_on is None else finding.verdict_on.isoformat(),
        "pace_on": None if pace_on is None else pace_on.isoformat(),
        "spread": None if sharpness is None else sharpness.spread,
        "weeks_seen": finding.weeks_seen,
        "weeks_planned": finding.weeks_planned,
        "minimum_detectable": planned.minimum_detectable,
        "chance": planned.chance,
        "weekly": weeks,
        "ahead": [] if until is None else weeks_ahead(weeks, until),
        "sizes": sizes(case, assessment),
        "avoided": avoided(case, assessment, look.prepared.facts.get("complaint_cost")),
        "checks": trust_list(case, assessment, look.prepared.facts),
        "events": look.prepared.facts.get("happened", []),
        "look": {
            "subject": look.subject,
            "target_reduction": look.target_reduction,
            "lost_on": None if look.lost_on is None else look.lost_on.isoformat(),
        },
        "facts": look.prepared.facts,
        "noise": None if assessment.evidence is None else assessment.evidence.fit.noise,
    }
    return Judged(look, verdict, result)


def due_days(planned: Plan) -> int:
    """Days after the change when a verdict is due: as planned, at the horizon at the latest."""
    days = planned.days_after_change
    return HORIZON_DAYS if days is None else min(days, HORIZON_DAYS)


def _waiting(case: Case, verdict: Verdict, planned: Plan) -> Verdict:
    """An undecided look before the planned date is no finding yet: the verdict is still to come."""
    seen = case.days - case.change_day
    due = due_days(planned)
    if verdict.verdict is not VerdictState.INCONCLUSIVE or seen >= due:
        return verdict
    reason = f"{seen} of about {due} days seen"
    return replace(verdict, verdict=VerdictState.TOO_EARLY, reasons=(reason, *verdict.reasons))


def _not_lost(look: Look, verdict: Verdict) -> Verdict:
    """After a relapse the mean since the change may still be lower: that is no improvement any more."""
    if look.lost_on is None or verdict.verdict is not VerdictState.IMPROVED:
        return verdict
    reason = f"complaints had fallen and were back by {look.lost_on.isoformat()}"
    return replace(verdict, verdict=VerdictState.INCONCLUSIVE, reasons=(reason, *verdict.reasons))


def _finding(look: Look, case: Case, verdict: Verdict, planned: Plan, day: date) -> Finding:
    due = due_days(planned)
    return Finding(
        subject=look.subject,
        state=verdict.verdict,
        seen_until=day,
        rate_ratio=verdict.rate_ratio,
        ci_low=verdict.ci_low,
        ci_high=verdict.ci_high,
        target_reduction=look.target_reduction,
        verdict_on=case.start_date + timedelta(days=case.change_day + due),
        weeks_seen=max(case.days - case.change_day, 0) // WEEK,
        weeks_planned=-(-due // WEEK),
        complaints=int(look.prepared.facts["complaints_before"]),
        complaints_needed=_needed(case, verdict),
        detectable=planned.minimum_detectable,
        reason=verdict.reasons[0] if verdict.reasons else "",
        relapse=bool(verdict.relapse) or look.lost_on is not None,
    )


def _needed(case: Case, verdict: Verdict) -> int | None:
    """Complaints of the baseline below which nothing can be judged, where that is what is lacking."""
    seen = sum(value or 0.0 for value in case.target[: case.change_day])
    return FEWEST_COMPLAINTS if verdict.rate_ratio is None and seen < FEWEST_COMPLAINTS else None
