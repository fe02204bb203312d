"""Station: a finished item opens again when the rate of its theme is significantly above what it was when it closed.

Each item is looked at once a week, by whole weeks of messages that were said after it was closed and, where a change
was rolled out, after its roll-out and a week of wash-out. One message, or a count above a threshold, opens nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.access.audit import record_audit
from app.act.aside import open_again
from app.act.locking import lock_item
from app.act.moving import Line
from app.domain.actor import Actor
from app.domain.coming_back import BEFORE_WEEKS, WINDOWS, Look, Week, look
from app.domain.items import FINISHED, Action, State
from app.errors import AppError
from app.store.act_tables import ActionItem
from app.store.coming_back import closed_from, finished_items, people_by_week, rolled_out_on

STATION = Actor(name="station:come_back")
BATCH = 20
WASH_OUT = timedelta(days=7)
MEASURED = timedelta(days=366)
"""So long a verified change is watched for a relapse by its measurements; until then nothing else reopens its item."""

_DAY, _WEEK = timedelta(days=1), timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Watched:
    """A finished item with its counts; no weeks where it is not asked about now.

    Args:
        item_id: Which.
        version: As it was when it was counted.
        until: Last day counted.
        before: Weeks before it was closed.
        after: Weeks since then.
    """

    item_id: int
    version: int
    until: date
    before: tuple[Week, ...]
    after: tuple[Week, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """Items to ask about."""

    watched: tuple[Watched, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was found for each; None where nothing could be compared."""

    looked: tuple[tuple[Watched, Look | None], ...]


def claim(session: Session, now: datetime) -> Batch | None:
    """Finished items that were not looked at for a week, with their counts up to yesterday; None without any."""
    today = now.astimezone(UTC).date()
    items = finished_items(session, today, BATCH)
    return Batch(tuple(_count(session, item, today) for item in items)) if items else None


def work(batch: Batch, tools: object) -> Outcome:  # noqa: ARG001 - the stations' shape
    """The rate tests."""
    return Outcome(tuple((one, look(one.before, one.after)) for one in batch.watched))


def record(session: Session, now: datetime, outcome: Outcome) -> None:
    """Note the look; open again what is back. An item that changed since it was counted is left for its next look."""
    for watched, found in outcome.looked:
        item = lock_item(session, watched.item_id)
        if item is None or item.version != watched.version or item.state not in FINISHED:
            continue
        if item.looked_on is not None and item.looked_on >= watched.until:
            continue
        seen = update(ActionItem).where(ActionItem.id == item.id).values(looked_on=watched.until)
        session.execute(seen, execution_options={"synchronize_session": False})
        session.refresh(item)
        if found is not None and found.back:
            _open_again(session, now, item, found)


def _count(session: Session, item: ActionItem, today: date) -> Watched:
    closed = (item.closed_at or item.updated_at).astimezone(UTC).date()
    rolled_out = rolled_out_on(session, item.id)
    start = max(closed, rolled_out + WASH_OUT if rolled_out is not None else closed) + _DAY
    weeks = max((today - start).days // 7, 0)
    measured = closed_from(session, item.id) is State.IMPROVED and today < closed + MEASURED
    if measured or not weeks or item.state not in FINISHED:
        return Watched(item.id, item.version, today - _DAY, (), ())
    recent = min(weeks, max(WINDOWS))
    return Watched(
        item.id,
        item.version,
        start + weeks * _WEEK - _DAY,
        tuple(people_by_week(session, item, closed - BEFORE_WEEKS * _WEEK, BEFORE_WEEKS)),
        tuple(people_by_week(session, item, start + (weeks - recent) * _WEEK, recent)),
    )


def _open_again(session: Session, now: datetime, item: ActionItem, found: Look) -> None:
    reason = (
        f"The problem is back: in the last {found.weeks} weeks people complained {found.rate_ratio:.1f} times as often "
        "as before it was closed, more than chance explains."
    )
    facts = {"weeks": found.weeks, "rate_ratio": round(found.rate_ratio, 3), "p_value": found.p_value}
    try:
        open_again(session, now, STATION, item, (Action.COME_BACK, Line("reopened", reason, facts)))
    except AppError as error:
        # Another item for the theme was opened meanwhile: the work goes on there.
        record_audit(session, now, STATION, "return_not_reopened", f"action_item:{item.id}", because=error.code)
