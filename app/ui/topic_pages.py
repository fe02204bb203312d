"""A topic over time, as it is read now and as it was read before."""

from typing import Any

from fastapi import APIRouter, Request, Response

from app.api.deps import Id, Now, Reading, TransactionRoute
from app.store.taxonomy import running_history_run
from app.store.trends import WEEK, Trend, Week, topic_trend
from app.ui.charts import TrendPoint, trend_chart
from app.ui.deps import visit
from app.ui.rendering import render
from app.ui.wording import say_day

router = APIRouter(route_class=TransactionRoute, include_in_schema=False)

_WEEKS = 52
_SHOWN = 2
"""Kept lines that are drawn: more could not be told apart."""


@router.get("/topics/{topic_id}")
def show_topic(request: Request, session: Reading, now: Now, topic_id: Id) -> Response:
    """Complaints per week with the lines kept from before history was read anew."""
    visitor = visit(request, session)
    trend = topic_trend(session, visitor.actor, topic_id, now, _WEEKS)
    run = running_history_run(session)
    begun = [at for at, week in enumerate(trend.current) if week.mentions] or [len(trend.current) - 1]
    points = _points(trend)[min(*begun, len(trend.current) - 8) :]
    marks = [at.date() for _, at in trend.published]
    title = f"Complaints about {trend.topic.name} per week"
    return render(
        request,
        "topic.html",
        visitor=visitor,
        here="/themes",
        topic=trend.topic,
        chart_wide=trend_chart(points, marks, title=title),
        chart_narrow=trend_chart(points, marks, title=title, narrow=True),
        weeks=[_row(point, trend.current) for point in reversed(points)],
        kept=[{"version": line.version, "replaced": say_day(line.replaced_at.date())} for line in trend.kept[:_SHOWN]],
        published=[{"version": version, "day": say_day(at.date())} for version, at in trend.published],
        relabelling=f"{run.done} of {run.total} texts" if run else "",
    )


def _points(trend: Trend) -> list[TrendPoint]:
    # The week in which a line ends is not whole: it would fall there for no reason.
    kept = [
        {week.starts_on: week.complaints for week in line.weeks if week.starts_on + WEEK <= line.until}
        for line in trend.kept[:_SHOWN]
    ]
    return [
        TrendPoint(week.starts_on, week.complaints, tuple(line.get(week.starts_on) for line in kept))
        for week in trend.current
    ]


def _row(point: TrendPoint, current: tuple[Week, ...]) -> dict[str, Any]:
    week = next(week for week in current if week.starts_on == point.start)
    return {
        "start": say_day(point.start),
        "complaints": week.complaints,
        "kept": ["" if value is None else f"{value:g}" for value in point.kept],
        "people": week.people,
        "mentions": week.mentions,
    }
