"""The chart of a measurement as a file: for programs under /v1, for people beside the page."""

from fastapi import APIRouter, Request, Response

from app.api.bodies import ApiRoute
from app.api.deps import Id, Reader, Reading, TransactionRoute
from app.api.impact_files import csv_answer, not_measured
from app.store.changes import get_change
from app.store.impact import latest_measurement
from app.store.tables import Measurement
from app.ui.deps import HEADERS, visit
from app.ui.impact_views import draw_weeks
from app.ui.standalone import standalone

machines = APIRouter(prefix="/v1/changes", tags=["changes"], route_class=ApiRoute)
people = APIRouter(route_class=TransactionRoute, include_in_schema=False)

SVG = "image/svg+xml"


@machines.get(
    "/{change_id}/impact.svg",
    operation_id="get_change_impact_svg",
    summary="The chart as SVG",
    response_class=Response,
    responses={200: {"content": {SVG: {}}, "description": "Weekly rate, expectation with its band, roll-out, events."}},
)
def chart(change_id: Id, session: Reading, actor: Reader) -> Response:
    """The same drawing as on the page, with its colours inside."""
    change = get_change(session, actor, change_id)
    look = latest_measurement(session, change.id)
    if look is None:
        raise not_measured()
    return _drawn(look)


@people.get("/impact/{change_id}.svg")
def save_chart(request: Request, session: Reading, change_id: Id) -> Response:
    """The chart, for somebody who is signed in."""
    answer = _drawn(_look(request, session, change_id))
    answer.headers.update({**HEADERS, "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"})
    return answer


@people.get("/impact/{change_id}.csv")
def save_weeks(request: Request, session: Reading, change_id: Id) -> Response:
    """The weekly numbers, for somebody who is signed in."""
    answer = csv_answer(_look(request, session, change_id))
    answer.headers.update(HEADERS)
    return answer


def _look(request: Request, session: Reading, change_id: int) -> Measurement:
    change = get_change(session, visit(request, session).actor, change_id)
    look = latest_measurement(session, change.id)
    if look is None:
        raise not_measured()
    return look


def _drawn(look: Measurement) -> Response:
    name = f"change-{look.change_id}-{look.day.isoformat()}.svg"
    headers = {"Content-Disposition": f'inline; filename="{name}"'}
    return Response(standalone(draw_weeks(look.result)), media_type=SVG, headers=headers)
