"""Counts over time: complaints of many themes for small charts, and a topic's line with those kept from before."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, case, distinct, exists, func, select
from sqlalchemy.orm import Session

from app.domain.actor import Actor
from app.errors import AppError, Kind
from app.store.copies import is_counted
from app.store.days import as_date, start_of, utc_day
from app.store.items import theme_visible_to
from app.store.label_tables import Mention, TrendCount, TrendLine
from app.store.reach import reach_of
from app.store.reference import find_topic, latest_taxonomy
from app.store.tables import Feedback, TaxonomyVersion, Topic
from app.store.taxonomy import versions_published
from app.store.theme_tables import Theme, ThemeMention

WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Week:
    """Counts of seven UTC days; people are those of each day, added up."""

    starts_on: date
    mentions: int = 0
    complaints: int = 0
    people: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """A topic's weeks as they were read before, oldest first.

    Attributes:
        version: Id of the taxonomy version that they were read with.
        until: Last day that was counted, not all of it.
        replaced_at: When history was read anew.
        weeks: Those that began by `until`.
    """

    version: int
    until: date
    replaced_at: datetime
    weeks: tuple[Week, ...]


@dataclass(frozen=True, slots=True)
class Trend:
    """A topic over time.

    Attributes:
        topic: The topic.
        version: Id of the current taxonomy version; None before the first.
        current: The weeks as they are read now, oldest first.
        kept: As it was read before, newest first; only lines whose taxonomy had the topic.
        published: Id and instant of versions in this time that moved mentions.
    """

    topic: Topic
    version: int | None
    current: tuple[Week, ...]
    kept: tuple[Line, ...]
    published: tuple[tuple[int, datetime], ...]


def weekly_complaints(
    session: Session, theme_ids: Collection[int], now: datetime, weeks: int = 16
) -> dict[int, list[int]]:
    """Complaint mentions per theme in each of the last `weeks` periods of seven days, oldest first.

    Returns:
        One list of length `weeks` for every theme asked for; the last entry is the seven days up to `now`.
    """
    themes = select(Theme.id.label("theme_id"), Theme.id.label("member_id"))
    return _by_week(session, themes, theme_ids, now, weeks)


def weekly_reach(session: Session, theme_ids: Collection[int], now: datetime, weeks: int = 16) -> dict[int, list[int]]:
    """The same of all that an item about each theme is about (:func:`app.store.reach.reach_of`)."""
    return _by_week(session, reach_of(), theme_ids, now, weeks)


def _by_week(
    session: Session, members: Select[int, int], theme_ids: Collection[int], now: datetime, weeks: int
) -> dict[int, list[int]]:
    counts = {theme_id: [0] * weeks for theme_id in theme_ids}
    first = now - timedelta(weeks=weeks)
    pairs = members.subquery()
    query = (
        select(pairs.c.theme_id, Feedback.occurred_at)
        .join(ThemeMention, ThemeMention.theme_id == pairs.c.member_id)
        .join(Mention, Mention.id == ThemeMention.mention_id)
        .join(Feedback, Feedback.id == Mention.feedback_id)
        .where(pairs.c.theme_id.in_(sorted(counts)), Mention.complaint, is_counted())
        .where(Feedback.occurred_at > first, Feedback.occurred_at <= now)
    )
    for theme_id, occurred_at in session.execute(query):
        counts[theme_id][min(int((occurred_at - first) / timedelta(weeks=1)), weeks - 1)] += 1
    return counts


def topic_trend(session: Session, actor: Actor, topic_id: int, now: datetime, weeks: int) -> Trend:
    """A topic's current line and those kept from before history was read anew.

    Args:
        session: A session.
        actor: Who looks: owners see the topics of their own items' themes.
        topic_id: The topic.
        now: The last week ends with its UTC day.
        weeks: How many.

    Raises:
        AppError: `topic_not_found`.
    """
    topic = find_topic(session, topic_id)
    if topic is None or not _is_seen(session, actor, topic_id):
        message = "There is no such topic among those you can see. List them at /v1/topics."
        raise AppError(Kind.NOT_FOUND, "topic_not_found", message)
    first = now.astimezone(UTC).date() - WEEK * weeks + timedelta(days=1)
    published = latest_taxonomy(session)
    lines = select(TrendLine).where(TrendLine.until >= first).order_by(TrendLine.id.desc())
    return Trend(
        topic=topic,
        version=published.id if published else None,
        current=_weeks(session, _current(session, topic_id, first), first, weeks),
        kept=tuple(
            _kept(session, line, topic, first, weeks)
            for line in session.scalars(lines).all()
            if _had(session, line, topic)
        ),
        published=tuple((row.id, row.published_at) for row in versions_published(session, start_of(first))),
    )


def _is_seen(session: Session, actor: Actor, topic_id: int) -> bool:
    own = exists().where(Theme.topic_id == topic_id, theme_visible_to(actor))
    return actor.sees_all or bool(session.scalar(select(own)))


def _had(session: Session, line: TrendLine, topic: Topic) -> bool:
    version = session.get_one(TaxonomyVersion, line.taxonomy_version_id)
    return topic.key in version.document["topics"]


def _kept(session: Session, line: TrendLine, topic: Topic, first: date, weeks: int) -> Line:
    query = select(TrendCount.day, TrendCount.mentions, TrendCount.complaints, TrendCount.people).where(
        TrendCount.line_id == line.id, TrendCount.topic_id == topic.id, TrendCount.day >= first
    )
    counted = _weeks(session, query, first, weeks)
    begun = tuple(week for week in counted if week.starts_on <= line.until)
    return Line(line.taxonomy_version_id, line.until, line.replaced_at, begun)


def _current(session: Session, topic_id: int, first: date) -> Select[date, int, int, int]:
    day = utc_day(session)
    return (
        select(day, *topic_counts())
        .select_from(Mention)
        .join(Feedback, Feedback.id == Mention.feedback_id)
        .where(Mention.topic_id == topic_id, Feedback.occurred_at >= start_of(first))
        .group_by(day)
    )


def topic_counts() -> tuple[ColumnElement[int], ColumnElement[int], ColumnElement[int]]:
    """Mentions, complaints among them, and the people behind those: columns for grouped mentions and their feedback."""
    complains = and_(Mention.complaint, is_counted())
    named = distinct(case((complains, Feedback.customer_ref)))
    nameless = distinct(case((and_(complains, Feedback.customer_ref.is_(None)), Feedback.id)))
    return func.count(), func.count(case((complains, 1))), func.count(named) + func.count(nameless)


def _weeks(session: Session, query: Select[date, int, int, int], first: date, weeks: int) -> tuple[Week, ...]:
    totals = [[0, 0, 0] for _ in range(weeks)]
    for key, *counts in session.execute(query):
        at = (as_date(key) - first) // WEEK
        if 0 <= at < weeks:  # a sender's clock may run ahead of ours
            totals[at] = [total + count for total, count in zip(totals[at], counts, strict=True)]
    return tuple(Week(first + WEEK * at, *total) for at, total in enumerate(totals))
