"""Whom a verified change concerns over HTTP: so that a CRM can tell them that what they complained about is fixed."""

import csv
import io
from datetime import datetime

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from app.api.bodies import ApiRoute
from app.api.deps import Id, Reader, Reading
from app.api.openapi import declare
from app.api.paging import Listing, Paged, position_of
from app.domain.actor import Actor, Scope
from app.domain.cells import harmless_cell
from app.domain.masking import mask_ref
from app.store.changes import get_change
from app.store.customers import Customer, affected_customers, check_verified, every_customer

router = APIRouter(prefix="/v1/changes", tags=["changes"], route_class=ApiRoute, responses=declare(409))

CSV = "text/csv; charset=utf-8"
COLUMNS = ("source", "ref", "cases", "complaints", "first_at", "last_at")


class CustomerOut(BaseModel):
    """Somebody who complained before the change."""

    source: str = Field(description="Key of the source that knows them.")
    ref: str | None = Field(description="Their reference there; an address is masked without `pii:read`.")
    cases: list[str] = Field(description="The source's ids of what they complained about: orders, tickets.")
    complaints: int
    first_at: datetime
    last_at: datetime = Field(description="Their last complaint before the change was in effect for all.")


@router.get("/{change_id}/customers", operation_id="list_change_customers", summary="Whom a verified change concerns")
def index(change_id: Id, session: Reading, page: Paged, actor: Reader) -> Listing[CustomerOut]:
    """Everybody who complained about it in the year before, the latest first; erased people are not among them."""
    change = get_change(session, actor, change_id)
    check_verified(session, change)
    found = affected_customers(session, change, page.after, page.limit)
    rows, following = page.cut(found, lambda row: position_of(row, "last_at"))
    return Listing(items=[_shown(row, actor) for row in rows], next=following)


@router.get(
    "/{change_id}/customers.csv",
    operation_id="get_change_customers_csv",
    summary="Whom a verified change concerns, as CSV",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}}, "description": "One line per customer; several cases by spaces."}},
)
def table(change_id: Id, session: Reading, actor: Reader) -> Response:
    """Columns: source, ref, cases, complaints, first_at, last_at. What a spreadsheet would run is made harmless."""
    change = get_change(session, actor, change_id)
    check_verified(session, change)
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    for row in every_customer(session, change):
        shown = _shown(row, actor)
        cells = (shown.source, shown.ref or "", " ".join(shown.cases))
        writer.writerow(
            [*map(harmless_cell, cells), shown.complaints, shown.first_at.isoformat(), shown.last_at.isoformat()]
        )
    headers = {"Content-Disposition": f'attachment; filename="change-{change.id}-customers.csv"'}
    return Response(file.getvalue(), media_type=CSV, headers=headers)


def _shown(row: Customer, actor: Actor) -> CustomerOut:
    ref = row.ref if actor.may(Scope.PII_READ) else mask_ref(row.ref)
    return CustomerOut(
        source=row.source,
        ref=ref,
        cases=list(row.cases),
        complaints=row.complaints,
        first_at=row.first_at,
        last_at=row.last_at,
    )
