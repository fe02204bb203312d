"""Themes, changes and what came of them."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from app.api.deps import Id, Now, Reading, TransactionRoute, Writing
from app.domain.actor import Scope
from app.measure.design import set_controls
from app.measure.discoveries import judge_together
from app.measure.forecast import forecast_changes
from app.store.changes import get_change, list_changes
from app.store.impact import latest_measurement
from app.store.items import get_item, open_items_by_theme
from app.store.taxonomy import is_history_moving
from app.store.themes import list_themes
from app.store.trends import weekly_complaints
from app.ui.charts import sparkline
from app.ui.coverage_views import coverage_view
from app.ui.deps import Form, visit, visit_form
from app.ui.forecast_views import forecast_view
from app.ui.impact_views import change_card, design_view, expectation, measurement_view
from app.ui.rendering import render
from app.ui.wording import SAID

router = APIRouter(route_class=TransactionRoute, include_in_schema=False)

_MOST_THEMES = 60
_MOST_CHANGES = 100
TICKED = "topic-"


@router.get("/themes")
def show_themes(request: Request, session: Reading, now: Now) -> Response:
    """The themes with most complaints, with their trend and their open item; owners see those of their own items."""
    visitor = visit(request, session)
    rows = list_themes(session, visitor.actor, None, _MOST_THEMES)[:_MOST_THEMES]
    trends = weekly_complaints(session, {row.theme.id for row in rows}, now)
    items = open_items_by_theme(session, visitor.actor)
    return render(
        request,
        "themes.html",
        visitor=visitor,
        coverage=coverage_view(session, now) if visitor.actor.sees_all else None,
        themes=[
            {
                "name": row.theme.name if row.theme.kind == "cluster" else f"{row.theme.name}: everything else",
                "topic": row.topic_name,
                "topic_id": row.theme.topic_id,
                "complaints": row.complaints,
                "people": row.people,
                "spark": sparkline(trends[row.theme.id]),
                "item": items.get(row.theme.id),
            }
            for row in rows
            if row.complaints
        ],
    )


@router.get("/impact")
def show_changes(request: Request, session: Reading, now: Now) -> Response:
    """The changes that the visitor may see, newest first."""
    visitor = visit(request, session)
    found = list_changes(session, visitor.actor, None, _MOST_CHANGES)[:_MOST_CHANGES]
    judged = judge_together(session, now)
    cards = [
        change_card(session, change, get_item(session, visitor.actor, change.item_id), judged.get(change.id))
        for change in found
    ]
    return render(request, "impact.html", visitor=visitor, changes=cards)


@router.get("/impact/{change_id}")
def show_change(
    request: Request, session: Reading, now: Now, change_id: Id, said: Annotated[str, Query(max_length=20)] = ""
) -> Response:
    """One change: the verdict, the chart, and why it can be trusted; before that what it will be compared with."""
    visitor = visit(request, session)
    change = get_change(session, visitor.actor, change_id)
    judged = judge_together(session, now).get(change.id)
    card = change_card(session, change, get_item(session, visitor.actor, change.item_id), judged)
    look = latest_measurement(session, change.id)
    waits = is_history_moving(session, now)
    shown: dict[str, Any] = {"weeks": [], "candidates": [], "expected": "", "waits": waits}
    if look is not None:
        shown |= measurement_view(look, change.target_reduction)
    else:
        shown |= design_view(session, change) | {"expected": expectation(session, now, change)}
    words = SAID.get(said, "")
    return render(request, "change.html", visitor=visitor, here="/impact", change=card, said=words, **shown)


@router.post("/impact/{change_id}/controls")
def choose_controls(request: Request, session: Writing, now: Now, change_id: Id, form: Form) -> Response:
    """Write down what a planned change is compared with: the ticked topics, or what the rules choose."""
    visitor = visit_form(request, session, form, Scope.ITEMS_WRITE)
    change = get_change(session, visitor.actor, change_id)
    ticked = [name.removeprefix(TICKED) for name in form if name.startswith(TICKED)]
    set_controls(session, now, visitor.actor, change.id, keys=None if form.get("by") == "rules" else ticked)
    return RedirectResponse(f"/impact/{change_id}?said=controls", status_code=303)


@router.get("/forecast")
def show_forecast(request: Request, session: Reading, now: Now) -> Response:
    """Which change first: what changes to the open themes would avoid."""
    visitor = visit(request, session)
    forecast = forecast_changes(session, now, visitor.actor)
    return render(request, "forecast.html", visitor=visitor, **forecast_view(forecast))
