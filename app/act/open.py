"""Station: a routing without an action item opens one and tells its owner."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session, aliased

from app.act.deadlines import first_counting
from app.act.opened import open_item
from app.act.wording import assigned, write_title
from app.domain.actor import Actor
from app.domain.items import State
from app.store.act_tables import ActionItem
from app.store.tables import Process, ProcessStep, Routing
from app.store.theme_tables import Theme

STATION = Actor(name="station:open")
BATCH = 200


@dataclass(frozen=True, slots=True)
class Place:
    """The names that the title of an item is made of."""

    routing_id: int
    theme: str
    step: str | None
    process: str | None


@dataclass(frozen=True, slots=True)
class Batch:
    """Routings that may open an item."""

    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Routing id and title of each item to open."""

    titles: tuple[tuple[int, str], ...]


def claim(session: Session, now: datetime) -> Batch | None:  # noqa: ARG001 - the stations' shape
    """Current routings that no item stands for; None when there are none."""
    query = (
        select(Routing.id, Theme.name, ProcessStep.name, Process.name)
        .join(Theme, Theme.id == Routing.theme_id)
        .outerjoin(ProcessStep, ProcessStep.id == Routing.step_id)
        .outerjoin(Process, Process.id == Routing.process_id)
        .where(Routing.superseded_at.is_(None), ~_stood_for())
        .order_by(Routing.id)
        .limit(BATCH)
    )
    places = tuple(Place(*row) for row in session.execute(query))
    return Batch(places) if places else None


def work(batch: Batch, tools: object) -> Outcome:  # noqa: ARG001 - the stations' shape
    """Write the titles."""
    return Outcome(
        tuple((place.routing_id, write_title(place.theme, place.step, place.process)) for place in batch.places)
    )


def record(session: Session, now: datetime, outcome: Outcome) -> None:
    """Open the items; where another worker was faster the unique indexes decide, and nothing happens here."""
    for routing_id, title in outcome.titles:
        routing = session.scalar(
            select(Routing).where(Routing.id == routing_id, Routing.superseded_at.is_(None), ~_stood_for())
        )
        if routing is not None:
            open_item(session, now, STATION, _item(now, routing, title), routing, assigned)


def _item(now: datetime, routing: Routing, title: str) -> ActionItem:
    return ActionItem(
        kind="process",
        theme_id=routing.theme_id,
        process_id=routing.process_id,
        step_id=routing.step_id,
        owner_id=routing.owner_id,
        routing_id=routing.id,
        title=title,
        state=State.NEW,
        opened_at=now,
        goal_at=routing.goal_at,
        deadline_at=routing.deadline_at,
        ladder=routing.ladder,
        counting=first_counting(routing),
        updated_at=now,
    )


def _stood_for() -> ColumnElement[bool]:
    """A routing is used up by its own item, by an open one for its theme and process, and by one closed after it."""
    item = aliased(ActionItem)
    same = and_(
        item.kind == "process",
        item.theme_id == Routing.theme_id,
        item.process_id.is_not_distinct_from(Routing.process_id),
        or_(item.closed_at.is_(None), item.closed_at >= Routing.decided_at),
    )
    return or_(exists().where(item.routing_id == Routing.id), exists().where(same))
