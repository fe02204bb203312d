"""The weekly numbers of a measurement as CSV, for those who draw their own charts."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Response

from app.api.bodies import ApiRoute
from app.api.deps import Id, Reader, Reading
from app.errors import AppError, Kind
from app.store.changes import get_change
from app.store.impact import latest_measurement
from app.store.tables import Measurement

router = APIRouter(prefix="/v1/changes", tags=["changes"], route_class=ApiRoute)

COLUMNS = ("start", "stop", "phase", "complaints", "exposure", "observed", "expected", "low", "high")
CSV = "text/csv; charset=utf-8"


@router.get(
    "/{change_id}/impact.csv",
    operation_id="get_change_impact_csv",
    summary="The weekly numbers as CSV",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}}, "description": "One line per week; rates are per 1,000 exposure."}},
)
def weeks(change_id: Id, session: Reading, actor: Reader) -> Response:
    """Columns: start, stop (one day past), phase, complaints, exposure, observed, expected, low, high."""
    change = get_change(session, actor, change_id)
    look = latest_measurement(session, change.id)
    if look is None:
        raise not_measured()
    return csv_answer(look)


def csv_answer(look: Measurement) -> Response:
    """A look's weeks as a file to keep."""
    headers = {"Content-Disposition": f'attachment; filename="change-{look.change_id}-{look.day.isoformat()}.csv"'}
    return Response(write_weeks(look.result), media_type=CSV, headers=headers)


def write_weeks(result: Mapping[str, Any]) -> str:
    """The weeks of a stored result, then those ahead, as CSV."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    for week in [*result["weekly"], *({"phase": "ahead"} | week for week in result.get("ahead", []))]:
        writer.writerow(_row(week))
    return file.getvalue()


def not_measured() -> AppError:
    """The one answer while there is nothing to draw."""
    message = "There is no measurement yet: the first comes on the day after the change is in effect for everybody."
    return AppError(Kind.NOT_FOUND, "not_measured", message)


def _row(week: Mapping[str, Any]) -> Sequence[object]:
    return ["" if week.get(column) is None else week[column] for column in COLUMNS]
