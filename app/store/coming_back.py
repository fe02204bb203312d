"""Counting for the question whether a finished item's problem is back: people and exposure by week."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import Select, String, and_, case, cast, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from app.domain.coming_back import Week
from app.domain.items import ItemKind, State
from app.store.act_tables import ActionItem, Change, ItemEvent
from app.store.days import start_of
from app.store.impact import Span, exposure_by_day, exposure_series, feedback_by_day, process_key
from app.store.label_tables import Mention
from app.store.reach import reach
from app.store.routings import Window, counted
from app.store.tables import Feedback
from app.store.theme_tables import Theme, ThemeMention

COVERED = 0.95
"""Share of days that a series of exposures must have to be the denominator."""

_WEEK = timedelta(days=7)


def finished_items(session: Session, day: date, limit: int) -> Sequence[ActionItem]:
    """Finished items about active themes that were not looked at for a week before `day`, the longest waiting first.

    A duplicate is asked about only once the item that stayed is finished too: until then the problem is in its hands.
    Of several items for one theme and process only the newest is asked about, and none while another is open.
    """
    original, other = aliased(ActionItem), aliased(ActionItem)
    same = and_(
        other.kind == ItemKind.PROCESS,
        other.theme_id == ActionItem.theme_id,
        other.process_id.is_not_distinct_from(ActionItem.process_id),
        or_(other.closed_at.is_(None), other.id > ActionItem.id),
        other.id != ActionItem.id,
    )
    in_other_hands = exists().where(original.id == ActionItem.duplicate_of_id, original.closed_at.is_(None))
    query = (
        select(ActionItem)
        .join(Theme, and_(Theme.id == ActionItem.theme_id, Theme.state == "active"))
        .where(ActionItem.kind == ItemKind.PROCESS, ActionItem.closed_at < start_of(day - _WEEK))
        .where(ActionItem.state.in_([State.CLOSED, State.DECLINED, State.DUPLICATE]))
        .where(or_(ActionItem.looked_on.is_(None), ActionItem.looked_on < day - _WEEK))
        .where(~exists().where(same), ~in_other_hands)
        .order_by(ActionItem.looked_on.is_not(None), ActionItem.looked_on, ActionItem.id)
        .limit(limit)
    )
    return session.scalars(query).all()


def rolled_out_on(session: Session, item_id: int) -> date | None:
    """The last day of the roll-out of an item's newest deployed change."""
    ends = func.coalesce(Change.rollout_to, Change.rollout_from)
    deployed = (Change.item_id == item_id, Change.rollout_from.is_not(None), Change.withdrawn_at.is_(None))
    return session.scalar(select(ends).where(*deployed).order_by(Change.id.desc()).limit(1))


def people_by_week(session: Session, item: ActionItem, first: date, weeks: int) -> list[Week]:
    """Distinct people who complained about an item's theme in each of so many weeks from `first` on, with exposure.

    Someone without a reference is one person each time. The exposure is the series named like the process if it has
    (nearly) every day, else how much feedback there was at all.
    """
    if not weeks:
        return []
    span = Span(first, first + weeks * _WEEK - timedelta(days=1))
    days = _exposure(session, item, span)
    people: list[set[str]] = [set() for _ in range(weeks)]
    for at, who in session.execute(_said_by(item, span)):
        people[(at.date() - first).days // 7].add(who)
    return [
        Week(len(people[week]), sum(days.get(first + timedelta(days=7 * week + day), 0.0) for day in range(7)))
        for week in range(weeks)
    ]


def closed_from(session: Session, item_id: int) -> State | None:
    """The state in which an item was when it was closed last, if it ever was."""
    query = select(ItemEvent.from_state).where(ItemEvent.item_id == item_id, ItemEvent.to_state == State.CLOSED)
    state = session.scalar(query.order_by(ItemEvent.id.desc()).limit(1))
    return State(state) if state is not None else None


def _said_by(item: ActionItem, span: Span) -> Select[datetime, str]:
    person = case(
        (Feedback.customer_ref.is_(None), "f:" + cast(Feedback.id, String)),
        else_=cast(Feedback.source_id, String) + ":" + Feedback.customer_ref,
    )
    until = start_of(span.last + timedelta(days=1)) - timedelta(microseconds=1)
    return (
        select(Feedback.occurred_at, person)
        .join(Mention, Mention.feedback_id == Feedback.id)
        .join(ThemeMention, ThemeMention.mention_id == Mention.id)
        .where(ThemeMention.theme_id.in_(reach(item.theme_id)), counted(Window(span.first, until)))
    )


def _exposure(session: Session, item: ActionItem, span: Span) -> Mapping[date, float]:
    key = process_key(session, item.process_id)
    if key is not None and key in exposure_series(session):
        days = exposure_by_day(session, key, span)
        if len(days) >= COVERED * span.days:
            return days
    return {day: float(count) for day, count in feedback_by_day(session, span).items()}
