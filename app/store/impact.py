"""Reading what a verdict is made of: changes that are due, counts per day, denominators, earlier verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, distinct, func, or_, select
from sqlalchemy.orm import Session

from app.store.act_tables import ActionItem, Change
from app.store.copies import is_counted
from app.store.days import as_date, start_of, utc_day
from app.store.label_tables import Mention
from app.store.tables import Calendar, Exposure, Feedback, Measurement, Policy, Process, Registration, Topic
from app.store.theme_tables import Theme, ThemeMention

CountByDay = dict[date, int]

COVERED = 0.9  # share of the days that a series of denominators must have


@dataclass(frozen=True, slots=True)
class Span:
    """Days from `first` to `last`, both counted, as UTC days."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1

    def dates(self) -> list[date]:
        """Every day of it."""
        return [self.first + timedelta(days=offset) for offset in range(self.days)]

    def index(self, day: date) -> int:
        """Position of a day, negative before the first."""
        return (day - self.first).days


@dataclass(frozen=True, slots=True)
class Complaints:
    """Complaints about one thing per day: feedback items that carry one, people behind them, mentions in them."""

    items: CountByDay
    people: CountByDay
    mentions: CountByDay


@dataclass(frozen=True, slots=True)
class Standing:
    """What the newest look at a change says, without its evidence."""

    change_id: int
    day: date
    verdict: str
    rate_ratio: float | None
    ci_low: float | None
    ci_high: float | None
    p_value: float | None
    relapse: bool
    headline: str


def changes_due(session: Session, day: date, since: date, limit: int) -> Sequence[Change]:
    """Changes in effect for at least a day and not yet judged up to `day`, oldest first.

    Args:
        session: A session.
        day: Last day that can be counted.
        since: Changes whose observation began before this day are no longer watched.
        limit: How many at most.
    """
    judged = select(Measurement.id).where(Measurement.change_id == Change.id, Measurement.day >= day).exists()
    begun = func.coalesce(Change.rollout_to, Change.rollout_from)
    query = (
        select(Change)
        .where(Change.deployed_at.is_not(None), Change.withdrawn_at.is_(None), Change.rollout_from.is_not(None))
        .where(begun <= day, begun >= since, ~judged)
        .order_by(Change.id)
        .limit(limit)
    )
    return session.scalars(query).all()


def lock_change(session: Session, change_id: int) -> None:
    """Wait until no other transaction writes down anything about a change; others wait until this one ends."""
    session.execute(select(Change.id).where(Change.id == change_id).with_for_update(key_share=True))


def other_changes(session: Session, change: Change) -> Sequence[tuple[Change, int | None]]:
    """Other changes that were deployed, each with the topic that it is meant for."""
    query = (
        select(Change, Theme.topic_id)
        .join(Theme, Theme.id == Change.theme_id)
        .where(Change.id != change.id, Change.deployed_at.is_not(None), Change.rollout_from.is_not(None))
        .where(Change.withdrawn_at.is_(None))
        .order_by(Change.id)
    )
    return [(other, topic_id) for other, topic_id in session.execute(query)]


def first_feedback_day(session: Session) -> date | None:
    """Day of the oldest feedback."""
    oldest = session.scalar(select(func.min(Feedback.occurred_at)))
    return None if oldest is None else oldest.astimezone(UTC).date()


def feedback_by_day(session: Session, span: Span) -> CountByDay:
    """Feedback items per day, whatever they say."""
    day = utc_day(session)
    query = select(day, func.count()).where(within(span)).group_by(day)
    return {as_date(key): count for key, count in session.execute(query)}


def feedback_by_source(session: Session, span: Span) -> dict[int, CountByDay]:
    """Feedback items per source and day."""
    day = utc_day(session)
    query = select(Feedback.source_id, day, func.count()).where(within(span)).group_by(Feedback.source_id, day)
    counts: dict[int, CountByDay] = {}
    for source, key, count in session.execute(query):
        counts.setdefault(source, {})[as_date(key)] = count
    return counts


def theme_complaints(session: Session, theme_id: int, span: Span) -> Complaints:
    """Complaints that belong to a theme."""
    query = _complaints(session, span).join(ThemeMention, ThemeMention.mention_id == Mention.id)
    return _split(session, query.where(ThemeMention.theme_id == theme_id))


def topic_complaints(session: Session, topic_id: int, span: Span) -> Complaints:
    """Complaints about a topic, whatever their theme."""
    return _split(session, _complaints(session, span).where(Mention.topic_id == topic_id))


def complaints_by_topic(session: Session, span: Span) -> dict[int, CountByDay]:
    """Feedback items with a complaint per topic and day."""
    day = utc_day(session)
    query = (
        select(Mention.topic_id, day, func.count(distinct(Mention.feedback_id)))
        .join(Feedback, Feedback.id == Mention.feedback_id)
        .where(Mention.complaint, is_counted(), Mention.topic_id.is_not(None), within(span))
        .group_by(Mention.topic_id, day)
    )
    counts: dict[int, CountByDay] = {}
    for topic, key, count in session.execute(query):
        if topic is not None:
            counts.setdefault(topic, {})[as_date(key)] = count
    return counts


def mentions_by_fingerprint(session: Session, span: Span) -> dict[str, CountByDay]:
    """Mentions per model and day, human corrections aside.

    A fingerprint is `MODEL.CORRECTIONS`; what corrections taught counts as the same model: they move single texts, and
    every correction would otherwise end the comparability of all series.
    """
    day = utc_day(session)
    query = (
        select(Mention.fingerprint, day, func.count())
        .join(Feedback, Feedback.id == Mention.feedback_id)
        .where(within(span), ~Mention.corrected)
        .group_by(Mention.fingerprint, day)
    )
    counts: dict[str, CountByDay] = {}
    for fingerprint, key, count in session.execute(query):
        per_day = counts.setdefault(fingerprint.partition(".")[0], {})
        per_day[as_date(key)] = per_day.get(as_date(key), 0) + count
    return counts


def exposure_series(session: Session) -> list[str]:
    """Names of the series of denominators."""
    return list(session.scalars(select(Exposure.series).distinct().order_by(Exposure.series)))


def exposure_by_day(session: Session, series: str, span: Span) -> dict[date, float]:
    """Denominators of one series."""
    query = select(Exposure.day, Exposure.count).where(
        Exposure.series == series, Exposure.day >= span.first, Exposure.day <= span.last
    )
    return dict(session.execute(query).all())


def covering_series(session: Session, process: str | None, span: Span) -> str | None:
    """The series of denominators that fits a process: its own, the only one there is, "orders" or "all".

    Args:
        session: A session.
        process: Key of the process.
        span: Days of which it must have nearly all.
    """
    available = exposure_series(session)
    alone = available if len(available) == 1 else ()
    wanted = [name for name in (process, *alone, "orders", "all") if name is not None and name in available]
    fitting = (name for name in wanted if len(exposure_by_day(session, name, span)) >= COVERED * span.days)
    return next(fitting, None)


def topics_by_id(session: Session) -> dict[int, Topic]:
    """All topics, inactive ones too."""
    return {topic.id: topic for topic in session.scalars(select(Topic).order_by(Topic.id))}


def theme_of(session: Session, change: Change) -> Theme:
    """The theme that a change is meant for."""
    return session.scalars(select(Theme).where(Theme.id == change.theme_id)).one()


def opened_on(session: Session, change: Change) -> date | None:
    """Day on which the change's action item was opened."""
    opened = session.scalar(select(ActionItem.opened_at).where(ActionItem.id == change.item_id))
    return None if opened is None else opened.astimezone(UTC).date()


def process_key(session: Session, process_id: int | None) -> str | None:
    """Key of a process."""
    return None if process_id is None else session.scalar(select(Process.key).where(Process.id == process_id))


def holiday_regions(session: Session) -> list[tuple[str, str | None]]:
    """Countries (with subdivision) whose holidays the active business calendars keep."""
    query = select(Calendar.country, Calendar.subdivision).where(Calendar.active, Calendar.country.is_not(None))
    return sorted({(country, part) for country, part in session.execute(query) if country}, key=str)


def complaint_cost(session: Session) -> dict[str, Any] | None:
    """What one complaint costs the company (`amount`, `currency`), if the company document says so."""
    policy = session.get(Policy, 1)
    return None if policy is None else policy.document.get("complaint_cost")


def find_registration(session: Session, change_id: int) -> Registration | None:
    """What a change is judged by, once that is frozen."""
    return session.get(Registration, change_id)


def measurements_of(session: Session, change_id: int) -> Sequence[Measurement]:
    """All looks at a change, oldest first."""
    query = select(Measurement).where(Measurement.change_id == change_id).order_by(Measurement.day)
    return session.scalars(query).all()


def latest_looks(session: Session, since: date) -> list[Standing]:
    """The newest look at each change whose observation began on `since` or later, by change; evidence left out."""
    newest = (
        select(Measurement.change_id, func.max(Measurement.day).label("day"))
        .join(Change, Change.id == Measurement.change_id)
        .where(Change.withdrawn_at.is_(None), func.coalesce(Change.rollout_to, Change.rollout_from) >= since)
        .group_by(Measurement.change_id)
        .subquery()
    )
    columns = (
        Measurement.change_id,
        Measurement.day,
        Measurement.verdict,
        Measurement.rate_ratio,
        Measurement.ci_low,
        Measurement.ci_high,
        Measurement.p_value,
        Measurement.relapse,
        Measurement.result["headline"].as_string(),
    )
    query = select(*columns).join(
        newest, and_(newest.c.change_id == Measurement.change_id, newest.c.day == Measurement.day)
    )
    return [Standing(*row) for row in session.execute(query.order_by(Measurement.change_id))]


def latest_measurement(session: Session, change_id: int, before: date | None = None) -> Measurement | None:
    """The newest look at a change, or the newest one before a day."""
    query = select(Measurement).where(Measurement.change_id == change_id)
    if before is not None:
        query = query.where(Measurement.day < before)
    return session.scalars(query.order_by(Measurement.day.desc()).limit(1)).one_or_none()


def first_improved(session: Session, change_id: int, before: date) -> Measurement | None:
    """The look before `before` that first found an improvement since the last relapse, if the latest finding is one."""
    query = (
        select(Measurement)
        .where(Measurement.change_id == change_id, Measurement.day < before)
        .where(or_(Measurement.verdict.in_(("improved", "worse", "no_change")), Measurement.relapse))
        .order_by(Measurement.day)
    )
    found: Measurement | None = None
    for look in session.scalars(query):
        if look.relapse or look.verdict != "improved":
            found = None
        elif found is None:
            found = look
    return found


def lost_on(session: Session, change_id: int, before: date) -> date | None:
    """Day on which the improvement of a change was last found to have come back, before a day."""
    query = select(func.max(Measurement.day)).where(
        Measurement.change_id == change_id, Measurement.relapse, Measurement.day < before
    )
    return session.scalar(query)


def within(span: Span) -> ColumnElement[bool]:
    """That a feedback happened in a span."""
    stop = start_of(span.last + timedelta(days=1))
    return and_(Feedback.occurred_at >= start_of(span.first), Feedback.occurred_at < stop)


Counts = Select[date, int, int, int, int]


def _complaints(session: Session, span: Span) -> Counts:
    day = utc_day(session)
    nameless = case((Feedback.customer_ref.is_(None), Feedback.id))
    return (
        select(
            day,
            func.count(distinct(Mention.feedback_id)),
            func.count(distinct(Feedback.customer_ref)),
            func.count(distinct(nameless)),
            func.count(),
        )
        .select_from(Mention)
        .join(Feedback, Feedback.id == Mention.feedback_id)
        .where(Mention.complaint, is_counted(), within(span))
        .group_by(day)
    )


def _split(session: Session, query: Counts) -> Complaints:
    items: CountByDay = {}
    people: CountByDay = {}
    mentions: CountByDay = {}
    for key, fed_back, named, nameless, spans in session.execute(query):
        day = as_date(key)
        items[day], people[day], mentions[day] = fed_back, named + nameless, spans
    return Complaints(items, people, mentions)
