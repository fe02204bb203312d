"""Reading what alerts are made of: people per theme and day, the themes that are watched, what is known of alerts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, and_, case, distinct, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from app.store.alert_tables import Alert, AlertLook, AlertWatch
from app.store.days import as_date, start_of, utc_day
from app.store.impact import Span, within
from app.store.label_tables import Mention
from app.store.tables import Feedback, Process, Topic
from app.store.theme_tables import Theme, ThemeAnchor, ThemeEvent, ThemeMention

STANDING = ("open", "growing")


@dataclass(frozen=True, slots=True)
class WatchedTheme:
    """A theme that may alert; `process` is the key of its topic's process."""

    id: int
    kind: str
    topic_id: int
    topic: str
    process: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Stormy:
    """A theme whose people of today have reached what its last look said would be an alert."""

    theme_id: int
    people: int
    watch: AlertWatch


def watched_themes(session: Session) -> list[WatchedTheme]:
    """Active themes of active topics; muted and retired ones are not watched."""
    query = (
        select(Theme.id, Theme.kind, Theme.topic_id, Topic.key, Process.key, Theme.created_at)
        .join(Topic, Topic.id == Theme.topic_id)
        .outerjoin(Process, Process.id == Topic.process_id)
        .where(_is_watched())
        .order_by(Theme.id)
    )
    return [WatchedTheme(*row) for row in session.execute(query)]


def gathering_themes(session: Session) -> set[int]:
    """Themes that still gather their past, newest mentions first: until they have it they seem to rise."""
    return set(session.scalars(select(ThemeAnchor.theme_id).where(ThemeAnchor.asks_below.is_not(None))))


def people_by_theme(session: Session, span: Span) -> list[tuple[int, int, date, int]]:
    """Theme, source, day and how many different people complained; without a customer ref each feedback is one."""
    day = utc_day(session)
    query = (
        select(ThemeMention.theme_id, Feedback.source_id, day, _people())
        .join(Mention, Mention.id == ThemeMention.mention_id)
        .join(Feedback, Feedback.id == Mention.feedback_id)
        .where(ThemeMention.theme_id.is_not(None), Mention.complaint, within(span))
        .group_by(ThemeMention.theme_id, Feedback.source_id, day)
    )
    return [(theme or 0, source, as_date(key), count) for theme, source, key, count in session.execute(query)]


def stormy_themes(session: Session, today: date) -> list[Stormy]:
    """Themes without an alert whose people of today reach their watch; new sources do not count."""
    other = aliased(Feedback)
    known = exists().where(
        other.source_id == Feedback.source_id,
        other.occurred_at >= start_of(today - timedelta(days=7)),
        other.occurred_at < start_of(today),
    )
    standing = exists().where(Alert.theme_id == AlertWatch.theme_id, Alert.state.in_(STANDING))
    people = _people()
    query = (
        select(AlertWatch, people)
        .join(Theme, Theme.id == AlertWatch.theme_id)
        .join(Topic, Topic.id == Theme.topic_id)
        .join(ThemeMention, ThemeMention.theme_id == AlertWatch.theme_id)
        .join(Mention, Mention.id == ThemeMention.mention_id)
        .join(Feedback, Feedback.id == Mention.feedback_id)
        .where(AlertWatch.day == today, AlertWatch.trip.is_not(None), _is_watched(), Mention.complaint)
        .where(within(Span(today, today)), known, ~standing)
        .group_by(AlertWatch.theme_id)
        .having(people >= AlertWatch.trip)
        .order_by(AlertWatch.theme_id)
    )
    return [Stormy(watch.theme_id, count, watch) for watch, count in session.execute(query)]


def find_look(session: Session, day: date) -> AlertLook | None:
    """The look that counted up to a day, or a later one."""
    query = select(AlertLook).where(AlertLook.day >= day).order_by(AlertLook.day.desc()).limit(1)
    return session.scalar(query)


def alerts_between(session: Session, span: Span) -> Sequence[Alert]:
    """Alerts that stand, and those that ended in a span, oldest first."""
    wanted = or_(Alert.state.in_(STANDING), Alert.last_day >= span.first)
    return session.scalars(select(Alert).where(wanted).order_by(Alert.id)).all()


def known_watches(session: Session) -> set[int]:
    """Themes that were looked at before."""
    return set(session.scalars(select(AlertWatch.theme_id)))


def last_searches(session: Session) -> dict[int, int]:
    """How many mentions the newest search of each topic looked through: what its themes were picked from."""
    query = (
        select(Theme.topic_id, ThemeEvent.facts["searched"].as_integer())
        .join(Theme, Theme.id == ThemeEvent.theme_id)
        .where(ThemeEvent.kind == "searched")
        .order_by(ThemeEvent.id)
    )
    return {topic: size or 0 for topic, size in session.execute(query)}


def _is_watched() -> ColumnElement[bool]:
    return and_(Theme.state == "active", Topic.active)


def _people() -> ColumnElement[int]:
    nameless = case((Feedback.customer_ref.is_(None), Feedback.id))
    return func.count(distinct(Feedback.customer_ref)) + func.count(distinct(nameless))
