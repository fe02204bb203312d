"""Reading what a forecast is made of: open items with their themes, weekly complaints, what judged changes achieved."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, select
from sqlalchemy.orm import Session

from app.domain.actor import Actor
from app.domain.items import AWAITS_ANSWER, JUDGED, State
from app.store.act_tables import ActionItem, Change
from app.store.copies import is_counted
from app.store.days import start_of
from app.store.items import visible_to
from app.store.label_tables import Mention
from app.store.tables import Feedback, Measurement, Owner, Topic
from app.store.theme_tables import Theme, ThemeMention

UNDONE = sorted(AWAITS_ANSWER | {State.SNOOZED, State.CHANGE_PLANNED} | JUDGED - {State.IMPROVED})
"""States of items whose theme still waits for a change that works."""

_VERIFIED = ("improved", "no_change", "worse", "inconclusive")


@dataclass(frozen=True, slots=True)
class Undone:
    """An open item with its theme; `whole_topic`: the target of its change would be the whole topic."""

    item_id: int
    title: str
    state: str
    owner: str
    owner_key: str
    theme_id: int
    theme: str
    topic_id: int
    whole_topic: bool
    process_id: int | None
    step_id: int | None


@dataclass(frozen=True, slots=True)
class Achieved:
    """A judged change: what it was meant for, and the ratio that came of it.

    Attributes:
        spread: standard deviation of the log ratio; None where an older release stored only the interval.
    """

    change_id: int
    process_id: int | None
    step_id: int | None
    topic_id: int
    theme_id: int
    rate_ratio: float
    ci_low: float
    ci_high: float
    spread: float | None


def undone_items(session: Session, actor: Actor) -> list[Undone]:
    """Open items whose theme waits for a change, those that `actor` may see, by id."""
    query = (
        select(
            ActionItem.id,
            ActionItem.title,
            ActionItem.state,
            Owner.name,
            Owner.key,
            Theme.id,
            Theme.name,
            Topic.id,
            Theme.kind == "topic",
            func.coalesce(ActionItem.process_id, Topic.process_id),
            func.coalesce(ActionItem.step_id, Topic.step_id),
        )
        .join(Owner, Owner.id == ActionItem.owner_id)
        .join(Theme, Theme.id == ActionItem.theme_id)
        .join(Topic, Topic.id == Theme.topic_id)
        .where(ActionItem.kind == "process", ActionItem.closed_at.is_(None), ActionItem.state.in_(UNDONE))
        .where(visible_to(actor))
        .order_by(ActionItem.id)
    )
    return [Undone(*row) for row in session.execute(query)]


def achieved_changes(session: Session) -> list[Achieved]:
    """What every judged change achieved by its newest look, whoever may see it; undecided and invalid ones left out."""
    newest = select(Measurement.change_id, func.max(Measurement.day).label("day")).group_by(Measurement.change_id)
    last = newest.subquery()
    query = (
        select(
            Change.id,
            func.coalesce(Change.process_id, Topic.process_id),
            func.coalesce(Change.step_id, Topic.step_id),
            Topic.id,
            Theme.id,
            Measurement.rate_ratio,
            Measurement.ci_low,
            Measurement.ci_high,
            Measurement.result["spread"].as_float(),
        )
        .join(last, and_(last.c.change_id == Measurement.change_id, last.c.day == Measurement.day))
        .join(Change, Change.id == Measurement.change_id)
        .join(Theme, Theme.id == Change.theme_id)
        .join(Topic, Topic.id == Theme.topic_id)
        .where(Change.withdrawn_at.is_(None), Measurement.verdict.in_(_VERIFIED))
        .where(Measurement.rate_ratio > 0, Measurement.ci_low > 0, Measurement.ci_high > Measurement.ci_low)
        .order_by(Change.id)
    )
    return [
        Achieved(*ids, ratio or 1.0, low or 1.0, high or 1.0, spread)  # type: ignore[call-arg]  # five ids
        for *ids, ratio, low, high, spread in session.execute(query)
    ]


def weekly_counts(session: Session, undone: Sequence[Undone], last: date, weeks: int) -> dict[int, list[float]]:
    """Feedback items with a complaint per item and week, oldest first; the last week ends with the UTC day `last`."""
    stop = start_of(last + timedelta(days=1))
    start = stop - timedelta(weeks=weeks)
    period = and_(Feedback.occurred_at >= start, Feedback.occurred_at < stop)
    topics = {one.topic_id for one in undone if one.whole_topic}
    themes = {one.theme_id for one in undone if not one.whole_topic}
    by_topic = _spoken(session, _said(period).add_columns(Mention.topic_id).where(Mention.topic_id.in_(sorted(topics))))
    named = _said(period).add_columns(ThemeMention.theme_id).join(ThemeMention, ThemeMention.mention_id == Mention.id)
    by_theme = _spoken(session, named.where(ThemeMention.theme_id.in_(sorted(themes))))
    counts = {}
    for one in undone:
        spoken = by_topic.get(one.topic_id, {}) if one.whole_topic else by_theme.get(one.theme_id, {})
        series = [0.0] * weeks
        for at in spoken.values():
            series[min(int((at - start) / timedelta(weeks=1)), weeks - 1)] += 1.0
        counts[one.item_id] = series
    return counts


def theme_frictions(session: Session, theme_ids: Collection[int], since: datetime) -> dict[int, str]:
    """The most frequent friction among each theme's complaints since an instant; themes without any are left out."""
    query = (
        select(ThemeMention.theme_id, Mention.friction, func.count())
        .join(Mention, Mention.id == ThemeMention.mention_id)
        .join(Feedback, Feedback.id == Mention.feedback_id)
        .where(ThemeMention.theme_id.in_(sorted(theme_ids)), Mention.complaint, is_counted())
        .where(Mention.friction.is_not(None), Feedback.occurred_at >= since)
        .group_by(ThemeMention.theme_id, Mention.friction)
        .order_by(func.count(), Mention.friction)
    )
    return {theme: friction for theme, friction, _ in session.execute(query) if theme is not None and friction}


def _said(period: ColumnElement[bool]) -> Select[int, datetime]:
    query = select(Feedback.id, Feedback.occurred_at).select_from(Mention)
    return query.join(Feedback, Feedback.id == Mention.feedback_id).where(Mention.complaint, is_counted(), period)


def _spoken(session: Session, query: Select[Any]) -> dict[int, dict[int, datetime]]:
    """When each feedback that complains was given, per topic or theme; a feedback counts once."""
    found: dict[int, dict[int, datetime]] = {}
    for feedback, at, key in session.execute(query):
        found.setdefault(key, {})[feedback] = at
    return found
