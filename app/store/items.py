"""Reading action items: lists for owners who poll, one item with its history and change, counts per tab."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Select, and_, exists, false, func, literal, or_, select, true, tuple_
from sqlalchemy.orm import Session

from app.domain.actor import Actor
from app.domain.items import TABS, State, Tab
from app.errors import AppError, Kind
from app.store.act_tables import ActionItem, Change, ItemEvent, Pause
from app.store.tables import Owner, Process, ProcessStep
from app.store.theme_tables import Theme
from app.store.types import Utc

Cursor = tuple[datetime, int]
"""Sort key and id of the last item of the page before."""


_TOLD_OF = ("waits_long", "passed_on", "stood_in")
"""Lines that say to whom an item was shown beside its owner and the rungs of its ladder."""


class Order(StrEnum):
    """How a list is sorted: for people by deadline, for machines that follow changes by last change."""

    DEADLINE = "deadline"
    UPDATED = "updated"


@dataclass(frozen=True, slots=True)
class ItemFilter:
    """Which items are wanted; a part that is None or empty wants all.

    Attributes:
        owner_id: Items of this owner.
        states: Items in one of these states.
        process: Key of the process.
        due_before: Items whose deadline is before this instant.
        updated_since: Items that changed at or after this instant.
        text: Words in the title, capitals do not matter.
        order: What the list and its cursor are sorted by.
    """

    owner_id: int | None = None
    states: frozenset[State] = frozenset()
    process: str | None = None
    due_before: datetime | None = None
    updated_since: datetime | None = None
    text: str = ""
    order: Order = Order.DEADLINE


@dataclass(frozen=True, slots=True)
class Listed:
    """An item with the names that a reader needs; `owner_key` and the other keys are for links."""

    item: ActionItem
    owner: str
    owner_key: str
    process: str | None
    process_key: str | None
    step: str | None
    step_key: str | None
    theme: str | None
    paused_since: datetime | None

    def cursor(self, order: Order) -> Cursor:
        """Where the next page starts if this is the last item of a page."""
        return (self.item.updated_at if order is Order.UPDATED else self.item.deadline_at, self.item.id)


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """The items that `actor` may see and change: their own and those that they were told of; analysts: all."""
    if actor.sees_all:
        return true()
    if actor.owner_id is None:
        return false()
    mine = ItemEvent.facts["owner_id"].as_integer() == actor.owner_id
    line = exists().where(ItemEvent.item_id == ActionItem.id, mine)
    escalated = and_(ActionItem.rung > 0, line.where(ItemEvent.kind == "escalated"))
    return or_(ActionItem.owner_id == actor.owner_id, escalated, line.where(ItemEvent.kind.in_(_TOLD_OF)))


def theme_visible_to(actor: Actor) -> ColumnElement[bool]:
    """The themes that `actor` may see: those of the items they may see; analysts: all."""
    if actor.sees_all:
        return true()
    return exists().where(ActionItem.theme_id == Theme.id, visible_to(actor))


def list_items(session: Session, actor: Actor, wanted: ItemFilter, after: Cursor | None, limit: int) -> list[Listed]:
    """One page of the items that `actor` may see, in the order asked for; `limit` rows at most."""
    key = _sort_key(wanted.order)
    query = _with_names().where(*_conditions(actor, wanted)).order_by(key, ActionItem.id).limit(limit)
    if after is not None:
        query = query.where(tuple_(key, ActionItem.id) > tuple_(literal(after[0], Utc()), literal(after[1])))
    return [Listed(*row) for row in session.execute(query)]


def items_etag(session: Session, actor: Actor, wanted: ItemFilter) -> tuple[datetime | None, int, int]:
    """What the list that `actor` may see depends on, without reading its rows: what a weak ETag is made of.

    Returns:
        The last change, the number of items, and the sum of their versions and rungs. The sum tells the change of a
        transaction that ended after a later one from no change.
    """
    moves = func.coalesce(func.sum(ActionItem.version + ActionItem.rung), 0)
    query = select(func.max(ActionItem.updated_at), func.count(), moves).where(*_conditions(actor, wanted))
    changed, count, moved = session.execute(query).one()
    return changed, count, int(moved)


def get_item(session: Session, actor: Actor, item_id: int) -> Listed:
    """One item with its names.

    Raises:
        AppError: `item_not_found`, also for items of other people.
    """
    row = session.execute(_with_names().where(ActionItem.id == item_id, visible_to(actor))).one_or_none()
    if row is None:
        message = "There is no such action item among those you can see."
        raise AppError(Kind.NOT_FOUND, "item_not_found", message)
    return Listed(*row)


def visible_item(session: Session, actor: Actor, item_id: int) -> ActionItem | None:
    """The row alone, if `actor` may see it."""
    return session.scalar(select(ActionItem).where(ActionItem.id == item_id, visible_to(actor)))


def find_open(session: Session, theme_id: int | None, process_id: int | None) -> ActionItem | None:
    """The open item of kind `process` for a theme and a process; there is one at most."""
    query = select(ActionItem).where(
        ActionItem.kind == "process",
        ActionItem.closed_at.is_(None),
        ActionItem.theme_id.is_not_distinct_from(theme_id),
        ActionItem.process_id.is_not_distinct_from(process_id),
    )
    return session.scalar(query.order_by(ActionItem.id).limit(1))


def open_items_by_theme(session: Session, actor: Actor) -> dict[int, int]:
    """Id of the open item of each theme that has one that `actor` may see."""
    query = select(ActionItem.theme_id, ActionItem.id).where(ActionItem.closed_at.is_(None), visible_to(actor))
    return {theme_id: item_id for theme_id, item_id in session.execute(query) if theme_id is not None}


def count_by_tab(session: Session, actor: Actor, wanted: ItemFilter) -> dict[Tab, int]:
    """How many of the wanted items are in each tab; `wanted.states` is ignored."""
    everything = ItemFilter(owner_id=wanted.owner_id, process=wanted.process, text=wanted.text)
    query = select(ActionItem.state, func.count()).where(*_conditions(actor, everything)).group_by(ActionItem.state)
    counts = {State(state): count for state, count in session.execute(query)}
    return {tab: sum(counts.get(state, 0) for state in states) for tab, states in TABS.items()}


def history(session: Session, item_id: int) -> Sequence[ItemEvent]:
    """Everything that happened to an item, oldest first; ask `get_item` first whether the reader may see it."""
    return session.scalars(select(ItemEvent).where(ItemEvent.item_id == item_id).order_by(ItemEvent.id)).all()


def last_event(session: Session, item_id: int) -> ItemEvent | None:
    """The newest line of an item's history."""
    query = select(ItemEvent).where(ItemEvent.item_id == item_id).order_by(ItemEvent.id.desc()).limit(1)
    return session.scalar(query)


def snoozed_in(session: Session, item_id: int) -> State | None:
    """The state in which an item was snoozed last, if it ever was."""
    query = select(ItemEvent.from_state).where(ItemEvent.item_id == item_id, ItemEvent.kind == "snoozed")
    state = session.scalar(query.order_by(ItemEvent.id.desc()).limit(1))
    return State(state) if state is not None else None


def changes_of(session: Session, item_id: int) -> Sequence[Change]:
    """The changes of an item, oldest first, withdrawn ones too."""
    return session.scalars(select(Change).where(Change.item_id == item_id).order_by(Change.id)).all()


def current_change(session: Session, item_id: int) -> Change | None:
    """The newest change of an item that was not withdrawn."""
    query = select(Change).where(Change.item_id == item_id, Change.withdrawn_at.is_(None))
    return session.scalar(query.order_by(Change.id.desc()).limit(1))


def _sort_key(order: Order) -> ColumnElement[datetime]:
    column = ActionItem.updated_at if order is Order.UPDATED else ActionItem.deadline_at
    return column.expression


def _conditions(actor: Actor, wanted: ItemFilter) -> list[ColumnElement[bool]]:
    conditions = [visible_to(actor)]
    if wanted.owner_id is not None:
        conditions.append(ActionItem.owner_id == wanted.owner_id)
    if wanted.states:
        conditions.append(ActionItem.state.in_(sorted(wanted.states)))
    if wanted.process is not None:
        process = select(Process.id).where(Process.key == wanted.process).scalar_subquery()
        conditions.append(ActionItem.process_id == process)
    if wanted.due_before is not None:
        conditions.append(ActionItem.deadline_at < wanted.due_before)
    if wanted.updated_since is not None:
        conditions.append(ActionItem.updated_at >= wanted.updated_since)
    if wanted.text:
        conditions.append(ActionItem.title.icontains(wanted.text, autoescape=True))
    return conditions


def _with_names() -> Select[ActionItem, str, str, str, str, str, str, str, datetime]:
    return (
        select(
            ActionItem,
            Owner.name,
            Owner.key,
            Process.name,
            Process.key,
            ProcessStep.name,
            ProcessStep.key,
            Theme.name,
            Pause.started_at,
        )
        .join(Owner, Owner.id == ActionItem.owner_id)
        .outerjoin(Process, Process.id == ActionItem.process_id)
        .outerjoin(ProcessStep, ProcessStep.id == ActionItem.step_id)
        .outerjoin(Theme, Theme.id == ActionItem.theme_id)
        .outerjoin(Pause, and_(Pause.item_id == ActionItem.id, Pause.ended_at.is_(None)))
    )
