"""Searching for themes now, over HTTP."""

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from app.api.bodies import ApiRoute
from app.api.deps import Analyst, Now, Writing
from app.api.openapi import declare
from app.theme.search import search_themes

router = APIRouter(prefix="/v1/themes", tags=["themes"], route_class=ApiRoute)


class SearchIn(BaseModel):
    """Where to search."""

    model_config = ConfigDict(extra="forbid")

    topic: str | None = Field(default=None, max_length=64, description="Key of the only topic wanted; null: all.")


class SearchOut(BaseModel):
    """What will be searched."""

    topics: int = Field(description="Topics about which anybody has complained.")


_EVERYWHERE = SearchIn()


@router.post(
    "/search",
    operation_id="search_themes",
    summary="Search for themes now",
    status_code=202,
    responses=declare(404),
)
def search(session: Writing, now: Now, actor: Analyst, body: SearchIn = _EVERYWHERE) -> SearchOut:
    """Without waiting for the week: new themes appear within minutes, and those that are there are compared."""
    return SearchOut(topics=search_themes(session, now, actor, body.topic))
