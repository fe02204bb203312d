"""Station: wakes snoozed items, reminds owners, and has overdue items climb the ladder that was fixed at opening.

An item climbs one rung in a run at most, each rung once, and never after an answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.act.deadlines import count_on
from app.act.due import Due, Watched, find_candidates, next_rung, read_marks, read_pauses, what_is_due
from app.act.locking import lock_item
from app.act.moving import Line, add_line, apply_action
from app.act.notices import about_item, put_notice
from app.act.patience import read_patience
from app.act.present import present_owner, who_is_told
from app.act.wanted import withdraw_notices
from app.act.wording import due_soon, escalated, nudged, overdue, paused_long, resumed
from app.domain.actor import Actor
from app.domain.items import Action
from app.store.act_tables import ActionItem
from app.store.pauses import open_pause
from app.store.tables import Owner

STATION = Actor(name="station:escalate")
BATCH = 200


@dataclass(frozen=True, slots=True)
class Batch:
    """Ids of items for which something is due."""

    item_ids: tuple[int, ...]


Outcome = Batch


def claim(session: Session, now: datetime) -> Batch | None:
    """Items for which something is due now; None when there are none."""
    watched = _watch(session, find_candidates(session, now, read_patience(session)))
    due = [one.item.id for one in watched if what_is_due(one, now)][:BATCH]
    return Batch(tuple(due)) if due else None


def work(batch: Batch, tools: object) -> Outcome:  # noqa: ARG001 - the stations' shape
    """Nothing to compute: what is due is looked at again under the lock of each item."""
    return batch


def record(session: Session, now: datetime, outcome: Outcome) -> None:
    """Do what is due for each item; whoever comes second finds nothing due."""
    for item_id in outcome.item_ids:
        item = lock_item(session, item_id)
        if item is None:
            continue
        for one in _watch(session, [item]):
            for due in what_is_due(one, now):
                _DO[due](session, now, item)
        session.flush()


def _watch(session: Session, items: Sequence[ActionItem]) -> list[Watched]:
    ids = [item.id for item in items]
    marks, pauses, patience = read_marks(session, ids), read_pauses(session, ids), read_patience(session)

    def idle_after(item: ActionItem, at: datetime) -> datetime:
        return count_on(session, item, at, patience.idle)

    return [Watched(item, marks.get(item.id, {}), pauses.get(item.id), partial(idle_after, item)) for item in items]


def _resume(session: Session, now: datetime, item: ActionItem) -> None:
    until = item.snoozed_until
    apply_action(session, now, STATION, item, (Action.RESUME, Line(Due.RESUME), {}))
    letter = resumed(about_item(session, item, item.owner_id))
    put_notice(session, now, item, item.owner_id, ("resumed", f"{until:%Y%m%dT%H%M%S}"), letter)


def _remind(session: Session, now: datetime, item: ActionItem) -> None:
    add_line(session, now, STATION, item.id, Line(Due.SOON, facts={"deadline_at": item.deadline_at.isoformat()}))
    letter = due_soon(about_item(session, item, item.owner_id))
    put_notice(session, now, item, item.owner_id, ("due_soon", _stamp(item)), letter)


def _call_overdue(session: Session, now: datetime, item: ActionItem) -> None:
    add_line(session, now, STATION, item.id, Line(Due.OVERDUE, facts={"deadline_at": item.deadline_at.isoformat()}))
    rung = next_rung(item)
    following = _who_follows(session, now, rung) if rung is not None else None
    withdraw_notices(session, item.id, ("due_soon", "nudged"))
    letter = overdue(about_item(session, item, item.owner_id), following)
    put_notice(session, now, item, item.owner_id, ("overdue", _stamp(item)), letter)


def _who_follows(session: Session, now: datetime, rung: tuple[datetime, int]) -> tuple[datetime, str]:
    at = max(rung[0], now)
    return at, present_owner(session, rung[1], at).name


def _nudge(session: Session, now: datetime, item: ActionItem) -> None:
    add_line(session, now, STATION, item.id, Line(Due.NUDGE))
    letter = nudged(about_item(session, item, item.owner_id))
    put_notice(session, now, item, item.owner_id, ("nudged", f"{now:%Y%m%dT%H%M%S}"), letter)


def _tell_long_wait(session: Session, now: datetime, item: ActionItem) -> None:
    owner = session.get_one(Owner, item.owner_id)
    pause = open_pause(session, item.id)
    if pause is None:
        return
    reached, _ = who_is_told(session, owner.manager_id or owner.id, now)
    facts: dict[str, Any] = {"reason": pause.reason, "owner_id": reached.id, "owner": reached.key}
    add_line(session, now, STATION, item.id, Line(Due.WAITS_LONG, facts=facts))
    letter = paused_long(about_item(session, item, reached.id), owner.name, (pause.reason, pause.started_at))
    put_notice(session, now, item, reached.id, ("paused_long", f"pause{pause.id}"), letter)


def _climb(session: Session, now: datetime, item: ActionItem) -> None:
    rung = next_rung(item)
    if rung is None:
        return
    reached, _ = who_is_told(session, rung[1], now)
    guarded = update(ActionItem).where(ActionItem.id == item.id, ActionItem.rung == item.rung)
    session.execute(
        guarded.values(rung=item.rung + 1, updated_at=now), execution_options={"synchronize_session": False}
    )
    session.refresh(item)
    role = item.ladder[item.rung - 1].get("role")
    facts: dict[str, Any] = {"rung": item.rung, "role": role, "owner_id": reached.id, "owner": reached.key}
    add_line(session, now, STATION, item.id, Line(Due.CLIMB, facts=facts))
    owner = session.get_one(Owner, item.owner_id)
    letter = escalated(about_item(session, item, reached.id), owner.name, overdue=item.deadline_at <= now)
    put_notice(session, now, item, reached.id, ("escalated", f"{_stamp(item)}:rung{item.rung}"), letter)


def _stamp(item: ActionItem) -> str:
    return f"{item.deadline_at:%Y%m%dT%H%M%S}"


_DO = {
    Due.RESUME: _resume,
    Due.SOON: _remind,
    Due.OVERDUE: _call_overdue,
    Due.CLIMB: _climb,
    Due.NUDGE: _nudge,
    Due.WAITS_LONG: _tell_long_wait,
}
