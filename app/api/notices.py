"""Notices over HTTP: what was sent to owners, and what could not be."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from app.api.bodies import ApiRoute
from app.api.deps import Admin, Reading
from app.api.paging import Listing, Paged, position_of
from app.store.notices import list_notices

NoticeState = Literal["waiting", "pending", "sent", "skipped", "parked", "merged", "withdrawn", "digest"]

router = APIRouter(prefix="/v1/notices", tags=["notices"], route_class=ApiRoute)


class NoticeOut(BaseModel):
    """One message to one owner, without its text."""

    id: int
    item_id: int | None
    owner_id: int
    channel: str
    event: str
    subject: str
    state: NoticeState = Field(
        description="`waiting` (for the receiver's working time), `pending`, `sent`, `skipped` (no such channel), "
        "`parked` (failed too often), `merged` (went out as a part of another), `withdrawn` (had lost its point) or "
        "`digest` (kept for it)."
    )
    not_before: datetime
    coalesced_into_id: int | None = Field(description="The message that told this among other things.")
    attempts: int
    last_error: str | None
    created_at: datetime
    sent_at: datetime | None


@router.get("", operation_id="list_notices", summary="List notices")
def index(
    session: Reading,
    page: Paged,
    _actor: Admin,
    state: Annotated[NoticeState | None, Query()] = None,
) -> Listing[NoticeOut]:
    """Newest first."""
    found = list_notices(session, page.after, page.limit, state=state)
    rows, following = page.cut(found, lambda row: position_of(row, "created_at"))
    return Listing(items=[NoticeOut.model_validate(row, from_attributes=True) for row in rows], next=following)
