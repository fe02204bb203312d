"""The audit over HTTP: who did what; read only, because the record itself is append-only."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from app.api.bodies import ApiRoute
from app.api.deps import Admin, Reading
from app.api.paging import Listing, Paged, position_of
from app.store.access import list_audit_events

router = APIRouter(prefix="/v1/audit", tags=["audit"], route_class=ApiRoute)


class AuditOut(BaseModel):
    """One line of the audit."""

    id: int
    at: datetime
    actor: str = Field(examples=["key:crm/4fZ0aQ9LxT2b"])
    action: str = Field(examples=["item_acknowledged"])
    subject: str = Field(examples=["action_item:12"])
    facts: dict[str, Any]


@router.get("", operation_id="list_audit_events", summary="Who did what")
def index(
    session: Reading,
    page: Paged,
    _actor: Admin,
    subject: Annotated[str | None, Query(max_length=200, description="Such as `action_item:12`.")] = None,
    by: Annotated[str | None, Query(max_length=200, description="Name of the actor.")] = None,
) -> Listing[AuditOut]:
    """Newest first."""
    found = list_audit_events(session, page.after, page.limit, subject=subject, actor=by)
    rows, following = page.cut(found, lambda row: position_of(row, "at"))
    return Listing(items=[AuditOut.model_validate(row, from_attributes=True) for row in rows], next=following)
