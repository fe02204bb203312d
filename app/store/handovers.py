"""Items that change hands by themselves (their owner left, a reorganisation), and items of people who are away."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, false, or_, select, true
from sqlalchemy.orm import Session, aliased

from app.domain.items import TABS, State, Tab
from app.domain.routing import MoveOpen
from app.store.act_tables import ActionItem, ItemEvent
from app.store.tables import Routing


def open_items_of(session: Session, owner_ids: Collection[int], limit: int) -> Sequence[ActionItem]:
    """Open items of these owners, oldest first."""
    query = select(ActionItem).where(ActionItem.closed_at.is_(None), ActionItem.owner_id.in_(owner_ids))
    return session.scalars(query.order_by(ActionItem.id).limit(limit)).all()


def items_that_follow(
    session: Session, move_open: MoveOpen, gone: Collection[int], *, item_id: int | None = None, limit: int = 1
) -> Sequence[tuple[ActionItem, Routing]]:
    """Open items whose theme was routed anew while they were open, with that routing, oldest first.

    An item that a person has handed over since it was routed is left where it is. Those of the owners in ``gone``
    follow whatever ``move_open`` says.
    """
    old, new = aliased(Routing), aliased(Routing)
    query = (
        select(ActionItem, new)
        .join(old, old.id == ActionItem.routing_id)
        .join(new, and_(new.theme_id == old.theme_id, new.process_id.is_not_distinct_from(old.process_id)))
        .where(ActionItem.closed_at.is_(None), ActionItem.owner_id == old.owner_id)
        .where(new.superseded_at.is_(None), new.id > old.id)
        .where(or_(movable(move_open), ActionItem.owner_id.in_(gone)))
    )
    if item_id is not None:
        query = query.where(ActionItem.id == item_id)
    return [(row[0], row[1]) for row in session.execute(query.order_by(ActionItem.id).limit(limit))]


def movable(move_open: MoveOpen) -> ColumnElement[bool]:
    """Whether an open item follows a reorganisation; unanswered is one that nobody has acknowledged since it opened."""
    if move_open is MoveOpen.NONE:
        return false()
    if move_open is MoveOpen.ALL:
        return true()
    aside = and_(ActionItem.state == State.SNOOZED, ActionItem.acknowledged_at.is_(None))
    return or_(ActionItem.state.in_([State.NEW, State.REOPENED]), aside)


def routings_to_review(session: Session, changed_at: datetime, limit: int) -> Sequence[Routing]:
    """Current routings of open items, still with the owner they were given to, last looked at before an instant."""
    looked_at = or_(
        Routing.reviewed_at < changed_at, and_(Routing.reviewed_at.is_(None), Routing.decided_at < changed_at)
    )
    query = (
        select(Routing)
        .join(ActionItem, ActionItem.routing_id == Routing.id)
        .where(Routing.superseded_at.is_(None), looked_at)
        .where(ActionItem.closed_at.is_(None), ActionItem.owner_id == Routing.owner_id)
    )
    return session.scalars(query.order_by(Routing.id).limit(limit)).all()


def movable_routings(session: Session, routing_ids: Collection[int], move_open: MoveOpen) -> frozenset[int]:
    """Those of the routings whose open item would follow a reorganisation."""
    query = select(ActionItem.routing_id).where(
        ActionItem.routing_id.in_(routing_ids), ActionItem.closed_at.is_(None), movable(move_open)
    )
    return frozenset(number for number in session.scalars(query) if number is not None)


def items_to_stand_in_for(
    session: Session, away_since: Mapping[int, datetime], *, item_id: int | None = None, limit: int = 1
) -> Sequence[ActionItem]:
    """Items that wait for owners who are away, and of which nobody has been told during that absence.

    ``away_since`` says by owner id since when.
    """
    waiting = sorted(TABS[Tab.TO_DO])
    untold = [
        and_(
            ActionItem.owner_id == owner_id,
            ~exists().where(ItemEvent.item_id == ActionItem.id, ItemEvent.kind == "stood_in", ItemEvent.at >= since),
        )
        for owner_id, since in away_since.items()
    ]
    query = select(ActionItem).where(ActionItem.state.in_(waiting), or_(false(), *untold))
    if item_id is not None:
        query = query.where(ActionItem.id == item_id)
    return session.scalars(query.order_by(ActionItem.id).limit(limit)).all()
