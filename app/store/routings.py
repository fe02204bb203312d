"""Reading routings, and the counts of complaints that they are decided on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, SQLColumnExpression, String, and_, case, cast, distinct, func, or_, select
from sqlalchemy.orm import Session

from app.domain.feedback import Friction, Medium
from app.domain.routing import Place, Scores, ThemeFacts
from app.domain.scales import NPS_DETRACTOR, NPS_HIGH, Scale, merge_scales
from app.domain.severity import VERY_NEGATIVE, Severity, severity_of
from app.store import reference
from app.store.act_tables import ActionItem
from app.store.label_tables import Mention
from app.store.tables import Feedback, Process, Routing, Score, Topic
from app.store.theme_tables import Theme, ThemeMention
from app.store.themes import merged_themes


@dataclass(frozen=True, slots=True)
class Window:
    """Whole UTC days in which complaints are counted, first and last included, none after ``until``."""

    first: date
    until: datetime

    @property
    def last(self) -> date:
        """The day of ``until``."""
        return self.until.date()

    def before(self) -> Window:
        """The window of the same length just before."""
        days = (self.last - self.first).days + 1
        return Window(self.first - timedelta(days=days), self.until - timedelta(days=days))

    def holds(self) -> ColumnElement[bool]:
        """Whether a feedback occurred in the window."""
        opens = datetime.combine(self.first, time(0), tzinfo=UTC)
        return (Feedback.occurred_at >= opens) & (Feedback.occurred_at <= self.until)


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands between a theme and a new routing.

    Args:
        routing_id: The current routing; 0 where the theme only has an item that was opened without one.
        closed_at: When its item was closed; None while it is open, or is still to be opened.
    """

    routing_id: int
    closed_at: datetime | None


def window_of(days: int, now: datetime) -> Window:
    """The last ``days`` whole UTC days, today included as far as it has passed."""
    now = now.astimezone(UTC)
    return Window(now.date() - timedelta(days=days - 1), now)


def counted(window: Window) -> ColumnElement[bool]:
    """What counts for a theme: the complaint mentions of the window. Everything here counts by this."""
    return and_(Mention.complaint, window.holds())


def theme_facts(
    session: Session,
    window: Window,
    *,
    min_complaints: int = 1,
    min_people: int = 1,
    wanted: Callable[[int, int | None], bool] = lambda _theme_id, _process_id: True,
) -> list[ThemeFacts]:
    """Active themes of active topics whose complaints in the window reach both numbers, most complaints first.

    A feedback without a customer ref counts as a person of its own. ``wanted`` says by theme and process whose facts
    are asked for: where there are none, the complaints are only counted.
    """
    person = case(
        (Feedback.customer_ref.is_(None), "f:" + cast(Feedback.id, String)),
        else_=cast(Feedback.source_id, String) + ":" + Feedback.customer_ref,
    )
    complaints, people = func.count(Mention.id), func.count(distinct(person))
    query = (
        _per_theme(window, Theme.topic_id, complaints, people, func.avg(Mention.sentiment), *_grave())
        .join(Topic, Topic.id == Theme.topic_id)
        .where(Theme.state == "active", Topic.active)
        .group_by(Theme.topic_id)
        .having(complaints >= min_complaints, people >= min_people)
        .order_by(complaints.desc(), Theme.id)
    )
    topics = topic_places(session)
    rows = [row for row in session.execute(query) if wanted(row[0], topics[row[1]][1].process_id)]
    if not rows:
        return []
    frictions = _most_frequent(session, window, Mention.friction)
    media = _most_frequent(session, window, Feedback.medium)
    segments = _most_frequent(session, window, Feedback.segment)
    scores = read_scores(session, window)
    before = {row[0]: row[1] for row in session.execute(_per_theme(window.before(), func.count()))}
    return [
        ThemeFacts(
            theme_id=row[0],
            topics=topics[row[1]][0],
            place=topics[row[1]][1],
            complaints=row[2],
            people=row[3],
            first=window.first,
            last=window.last,
            friction=Friction(frictions[row[0]]) if row[0] in frictions else None,
            medium=Medium(media[row[0]]) if row[0] in media else None,
            segment=segments.get(row[0]),
            severity=severity_of(row[2], dict(zip(_LEVELS, row[5:8], strict=True))),
            before=before.get(row[0], 0),
            sentiment=row[4],
            negative=row[8] / row[2],
            scores=scores.get(row[0], {}),
        )
        for row in rows
    ]


def facts_of(session: Session, window: Window, theme: Theme) -> ThemeFacts:
    """The facts of one theme, whatever its state and however few its complaints."""
    known = next(iter(theme_facts(session, window, wanted=lambda theme_id, _process_id: theme_id == theme.id)), None)
    topics, place = topic_places(session)[theme.topic_id]
    return known or ThemeFacts(theme.id, topics, place, complaints=0, people=0, first=window.first, last=window.last)


def current_routings(session: Session) -> dict[tuple[int | None, int | None], Standing]:
    """What stands between themes and new routings, by theme and process; items without a routing stand there too.

    An item about a theme that was merged stands for the one that goes on: the same work is not opened twice.
    """
    goes_on = merged_themes(session)
    items = (
        select(
            ActionItem.theme_id,
            ActionItem.process_id,
            func.max(ActionItem.closed_at),
            func.sum(case((ActionItem.closed_at.is_(None), 1), else_=0)),
        )
        .where(ActionItem.kind == "process")
        .group_by(ActionItem.theme_id, ActionItem.process_id)
    )
    found: dict[tuple[int | None, int | None], Standing] = {}
    for theme_id, process_id, closed_at, opened in session.execute(items):
        place = (goes_on.get(theme_id or 0, theme_id), process_id)
        found[place] = _latest(found.get(place), Standing(0, None if opened else closed_at))
    routed = select(Routing.theme_id, Routing.process_id, Routing.id, Routing.decided_at)
    for theme_id, process_id, routing_id, decided_at in session.execute(routed.where(Routing.superseded_at.is_(None))):
        item = found.get((theme_id, process_id))
        closed = item.closed_at if item else None
        found[theme_id, process_id] = Standing(routing_id, closed if closed and closed >= decided_at else None)
    return found


def _latest(one: Standing | None, other: Standing) -> Standing:
    """Of two items the open one, else the one that was closed last."""
    if one is None or one.closed_at is None:
        return one or other
    return other if other.closed_at is None or other.closed_at > one.closed_at else one


def find_current_routing(session: Session, theme_id: int, process_id: int | None) -> Routing | None:
    """The routing of a theme and process that no later one has superseded."""
    query = select(Routing).where(Routing.theme_id == theme_id, Routing.process_id.is_not_distinct_from(process_id))
    return session.scalar(query.where(Routing.superseded_at.is_(None)))


def _per_theme(window: Window, *columns: SQLColumnExpression[Any]) -> Select[Any]:
    """Theme id and columns over what counts, for all themes at once.

    Naming the themes in the query would make SQLite read all of their mentions ever.
    """
    return (
        select(Theme.id, *columns)
        .join(ThemeMention, ThemeMention.theme_id == Theme.id)
        .join(Mention, Mention.id == ThemeMention.mention_id)
        .join(Feedback, Feedback.id == Mention.feedback_id)
        .where(counted(window))
        .group_by(Theme.id)
    )


_LEVELS = (Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM)


def _grave() -> Iterator[ColumnElement[int]]:
    """How many complaints are at least critical, high, medium; and how many are negative."""
    critical = Mention.escalation_intent
    high = or_(critical, Mention.urgent)
    medium = or_(high, Mention.sentiment <= VERY_NEGATIVE)
    for holds in (critical, high, medium, Mention.sentiment_label == "negative"):
        yield func.sum(case((holds, 1), else_=0))


def _most_frequent(session: Session, window: Window, column: SQLColumnExpression[Any]) -> dict[int, str]:
    query = _per_theme(window, column, func.count()).where(column.is_not(None)).group_by(column)
    found: dict[int, tuple[int, str]] = {}
    for theme_id, value, count in session.execute(query):
        rival = (-count, str(value))
        found[theme_id] = min(found.get(theme_id, rival), rival)
    return {theme_id: value for theme_id, (_, value) in found.items()}


def read_scores(session: Session, window: Window) -> dict[int, dict[str, Scores]]:
    """By theme and metric: the answers in the feedback that the complaints are in, each feedback once.

    Where answers of one metric are on several scales, they are brought to the one that most of them are on.
    """
    said = _per_theme(window, Feedback.id.label("feedback_id")).group_by(Feedback.id).subquery()
    detractor = and_(Score.low == 0, Score.high == NPS_HIGH, Score.value <= NPS_DETRACTOR)
    query = (
        select(
            said.c.id,
            Score.metric,
            Score.low,
            Score.high,
            func.count(),
            func.avg(Score.value),
            func.sum(case((detractor, 1), else_=0)),
        )
        .join(Score, Score.feedback_id == said.c.feedback_id)
        .where(Score.high > Score.low)
        .group_by(said.c.id, Score.metric, Score.low, Score.high)
    )
    scales: dict[tuple[int, str], list[Scale]] = {}
    for theme_id, metric, *scale in session.execute(query):
        scales.setdefault((theme_id, metric), []).append(Scale(*scale))
    found: dict[int, dict[str, Scores]] = {}
    for (theme_id, metric), parts in scales.items():
        found.setdefault(theme_id, {})[metric] = merge_scales(parts)
    return found


def topic_places(session: Session) -> dict[int, tuple[tuple[str, ...], Place]]:
    """By topic id: keys of the topic and of those above it, nearest first, and where it belongs."""
    topics = {row.id: row for row in reference.list_topics(session, inactive=True)}
    processes = {row.id: row for row in reference.list_processes(session, inactive=True)}
    steps = {row.id: row for row in reference.list_steps(session, inactive=True)}
    stages = {row.id: row.key for row in reference.list_stages(session, inactive=True)}
    found: dict[int, tuple[tuple[str, ...], Place]] = {}
    for topic in topics.values():
        chain = [topic]
        while (above := topics.get(chain[-1].parent_id or 0)) is not None and above not in chain:
            chain.append(above)
        process: Process | None = processes.get(topic.process_id or 0)
        step = steps.get(topic.step_id or 0)
        place = Place(
            process_id=process.id if process else None,
            process=process.key if process else "",
            process_name=process.name if process else "",
            step_id=step.id if step else None,
            step=step.key if step else "",
            step_name=step.name if step else "",
            stage=stages.get(process.stage_id or 0, "") if process else "",
        )
        found[topic.id] = (tuple(each.key for each in chain), place)
    return found
