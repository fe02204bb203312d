"""Station: the newest measurement of a deployed change moves its item to a verdict, or opens it again on a relapse."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session, aliased

from app.access.audit import record_audit
from app.act.aside import open_again
from app.act.happenings import tell
from app.act.locking import lock_item
from app.act.moving import Line, apply_action
from app.act.notices import about_item, put_notice
from app.act.wording import change_in_rate, verdict_reached
from app.domain.actor import Actor
from app.domain.happenings import Happening
from app.domain.items import JUDGED, Action, State, action_of_verdict
from app.errors import AppError
from app.store.act_tables import ActionItem, Change
from app.store.coming_back import closed_from
from app.store.tables import Measurement

STATION = Actor(name="station:settle")
BATCH = 200
_LOOKED_AT = sorted(JUDGED | {State.DEPLOYED, State.MEASURING, State.CLOSED})


@dataclass(frozen=True, slots=True)
class Batch:
    """Pairs of item and newest measurement of its current change, not yet looked at."""

    pairs: tuple[tuple[int, int], ...]


Outcome = Batch


def claim(session: Session, now: datetime) -> Batch | None:  # noqa: ARG001 - the stations' shape
    """Items whose current change has a measurement that is newer than the last one looked at; None without any."""
    later = aliased(Change)
    current = (
        select(func.max(later.id)).where(later.item_id == ActionItem.id, later.withdrawn_at.is_(None)).scalar_subquery()
    )
    newest = func.max(Measurement.id)
    query = (
        select(ActionItem.id, newest)
        .select_from(ActionItem)
        .join(Change, Change.id == current)
        .join(Measurement, Measurement.change_id == Change.id)
        .where(ActionItem.state.in_(_LOOKED_AT))
        .group_by(ActionItem.id, ActionItem.settled_measurement_id)
        .having(or_(ActionItem.settled_measurement_id.is_(None), ActionItem.settled_measurement_id < newest))
        .order_by(ActionItem.id)
        .limit(BATCH)
    )
    pairs = tuple(session.execute(query))
    return Batch(pairs) if pairs else None


def work(batch: Batch, tools: object) -> Outcome:  # noqa: ARG001 - the stations' shape
    """Nothing to compute: the measurement was the computation."""
    return batch


def record(session: Session, now: datetime, outcome: Outcome) -> None:
    """Move each item as its measurement says; a measurement that was looked at is never looked at again."""
    for item_id, measurement_id in outcome.pairs:
        measurement = session.get(Measurement, measurement_id)
        item = lock_item(session, item_id)
        if measurement is None or item is None or (item.settled_measurement_id or 0) >= measurement_id:
            continue
        session.execute(
            update(ActionItem).where(ActionItem.id == item_id).values(settled_measurement_id=measurement_id),
            execution_options={"synchronize_session": False},
        )
        session.refresh(item)
        if item.state == State.CLOSED and closed_from(session, item.id) is not State.IMPROVED:
            continue
        action = action_of_verdict(State(item.state), measurement.verdict, relapse=measurement.relapse)
        if action is Action.RELAPSE:
            _relapse(session, now, item, measurement)
        elif action is not None:
            _settle(session, now, item, (action, measurement))


def _settle(session: Session, now: datetime, item: ActionItem, found: tuple[Action, Measurement]) -> None:
    action, measurement = found
    kind = "measuring" if action is Action.START_MEASURING else "verdict"
    apply_action(session, now, STATION, item, (action, Line(kind, facts=_facts(measurement)), {}))
    if kind == "verdict":
        letter = verdict_reached(about_item(session, item, item.owner_id), _interval(measurement))
        put_notice(session, now, item, item.owner_id, ("verdict", f"m{measurement.id}"), letter)
    if action is Action.FIND_IMPROVED:
        _tell_fixed(session, now, item, measurement)


def _tell_fixed(session: Session, now: datetime, item: ActionItem, measurement: Measurement) -> None:
    change_id = measurement.change_id
    facts = {"item_id": item.id, "theme_id": item.theme_id, "customers": f"/v1/changes/{change_id}/customers"}
    tell(session, now, Happening.FIXED, f"change:{change_id}", change_id=change_id, **facts)


def _relapse(session: Session, now: datetime, item: ActionItem, measurement: Measurement) -> None:
    reason = "Complaints are back: the improvement that was verified no longer holds."
    try:
        open_again(session, now, STATION, item, (Action.RELAPSE, Line("reopened", reason, _facts(measurement))))
    except AppError as error:
        # Another item for the theme was opened after this one was closed: the work goes on there.
        record_audit(session, now, STATION, "relapse_not_reopened", f"action_item:{item.id}", because=error.code)


def _facts(measurement: Measurement) -> dict[str, object]:
    return {
        "measurement_id": measurement.id,
        "change_id": measurement.change_id,
        "day": measurement.day.isoformat(),
        "verdict": measurement.verdict,
        "relapse": measurement.relapse,
        "rate_ratio": measurement.rate_ratio,
        "ci_low": measurement.ci_low,
        "ci_high": measurement.ci_high,
    }


def _interval(measurement: Measurement) -> str | None:
    ratio, low, high = measurement.rate_ratio, measurement.ci_low, measurement.ci_high
    return change_in_rate(ratio, low, high) if ratio is not None and low is not None and high is not None else None
