"""Themes over HTTP: what recurs, how it develops, and the customers' words; analysts rename, merge and mute."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt
from sqlalchemy.orm import Session

from app.api.bodies import ApiRoute
from app.api.deps import LARGEST_ID, Analyst, Id, Now, Reader, Reading, Writing
from app.api.openapi import declare
from app.api.paging import Listing, Paged
from app.api.quotes import QuoteOut, show_quote
from app.engine.wake import wake
from app.route.override import route_theme
from app.store.curation import lineage_of
from app.store.quotes import theme_quotes
from app.store.tables import Owner
from app.store.themes import ThemeRow, list_themes, show_theme
from app.store.trends import weekly_complaints
from app.theme.curate import merge_themes, mute_theme, rename_theme

router = APIRouter(prefix="/v1/themes", tags=["themes"], route_class=ApiRoute)


class ThemeOut(BaseModel):
    """A recurring problem inside a topic."""

    id: int
    name: str
    named_by: str | None = Field(description="The person whose name it is; null: named from the data.")
    kind: str = Field(description="`cluster`, or `topic` for what is in no cluster of its topic.")
    state: str = Field(description="`active`, `muted` or `retired`.")
    topic: str = Field(description="Key of the topic.")
    topic_name: str
    terms: list[str]
    complaints: int
    people: int
    first_at: datetime | None
    last_at: datetime | None
    created_at: datetime
    updated_at: datetime


class LineageOut(BaseModel):
    """One line of a theme's lineage."""

    id: int
    at: datetime
    theme_id: int = Field(description="The theme that it happened to; another one's merge into this one is told too.")
    kind: str = Field(examples=["merged"])
    other_theme_id: int | None = Field(description="What it was merged into, or what was split off it.")
    actor: str
    facts: dict[str, Any]
    undone_by_id: int | None = Field(description="The line that took it back.")


class WholeThemeOut(ThemeOut):
    """A theme with where it comes from."""

    lineage: list[LineageOut]


class ThemeWeekOut(BaseModel):
    """Complaints in seven days."""

    starts_at: datetime
    complaints: int


class SeriesOut(BaseModel):
    """Complaints of a theme per week, oldest first; the last week ends now."""

    theme_id: int
    weeks: list[ThemeWeekOut]


class RenameIn(BaseModel):
    """A name."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"name": "Refund takes weeks"}]})

    name: str = Field(min_length=1, max_length=120)


class MergeIn(BaseModel):
    """Into which theme."""

    model_config = ConfigDict(extra="forbid")

    into: StrictInt = Field(ge=1, le=LARGEST_ID, description="Id of a theme of the same topic.")


class MuteIn(BaseModel):
    """Whether it is muted."""

    model_config = ConfigDict(extra="forbid")

    muted: StrictBool = True


_MUTED = MuteIn()


class OpenIn(BaseModel):
    """To whom; without an owner the rules and the map of owners decide."""

    model_config = ConfigDict(extra="forbid")

    owner: str | None = Field(default=None, max_length=64, description="Key of an owner.")


class OpenedOut(BaseModel):
    """Who got it, by when, and why."""

    owner: str
    goal_at: datetime
    deadline_at: datetime
    why: list[str]


_BY_THE_RULES = OpenIn()


@router.get("", operation_id="list_themes", summary="List themes")
def index(
    session: Reading,
    page: Paged,
    actor: Reader,
    topic: Annotated[str | None, Query(max_length=64, description="Key of a topic.")] = None,
    state: Annotated[Literal["active", "muted", "retired"] | None, Query()] = None,
) -> Listing[ThemeOut]:
    """Most complaints first. Owners see the themes of their own action items; analysts see all."""
    found = list_themes(session, actor, page.after, page.limit, topic=topic, state=state)
    rows, following = page.cut(found, lambda row: (row.complaints, row.theme.id))
    return Listing(items=[show_row(row) for row in rows], next=following)


@router.get("/{theme_id:int}", operation_id="get_theme", summary="One theme with its lineage")
def show(theme_id: Id, session: Reading, actor: Reader) -> WholeThemeOut:
    """Its counts, and what it came from or went into."""
    row = show_theme(session, actor, theme_id)
    return WholeThemeOut(**show_row(row).model_dump(), lineage=show_lineage(session, theme_id))


@router.get("/{theme_id}/series", operation_id="get_theme_series", summary="A theme's complaints per week")
def series(
    theme_id: Id,
    session: Reading,
    now: Now,
    actor: Reader,
    weeks: Annotated[int, Query(ge=1, le=260)] = 26,
) -> SeriesOut:
    """Periods of seven days that end now, oldest first."""
    show_theme(session, actor, theme_id)
    counts = weekly_complaints(session, [theme_id], now, weeks)[theme_id]
    first = now - timedelta(weeks=weeks)
    shown = [ThemeWeekOut(starts_at=first + timedelta(weeks=n), complaints=count) for n, count in enumerate(counts)]
    return SeriesOut(theme_id=theme_id, weeks=shown)


@router.get("/{theme_id}/mentions", operation_id="list_theme_mentions", summary="The words behind a theme")
def mentions(theme_id: Id, session: Reading, page: Paged, actor: Reader) -> Listing[QuoteOut]:
    """Newest first by when they were said."""
    show_theme(session, actor, theme_id)
    found = theme_quotes(session, theme_id, page.after, page.limit)
    rows, following = page.cut(found, lambda row: (row.feedback.occurred_at, row.mention.id))
    return Listing(items=[show_quote(row) for row in rows], next=following)


@router.post("/{theme_id}/rename", operation_id="rename_theme", summary="Name a theme", responses=declare(409))
def rename(theme_id: Id, body: RenameIn, session: Writing, now: Now, actor: Analyst) -> ThemeOut:
    """A person's name is never overwritten by the machine."""
    rename_theme(session, now, actor, theme_id, body.name)
    return show_row(show_theme(session, actor, theme_id))


@router.post("/{theme_id}/merge", operation_id="merge_theme", summary="Merge into another", responses=declare(409))
def merge(theme_id: Id, body: MergeIn, session: Writing, now: Now, actor: Analyst) -> ThemeOut:
    """The theme is retired; the answer is the one that goes on."""
    into = merge_themes(session, now, actor, theme_id, into_id=body.into)
    return show_row(show_theme(session, actor, into.id))


@router.post("/{theme_id}/mute", operation_id="mute_theme", summary="Mute or unmute", responses=declare(409))
def mute(theme_id: Id, session: Writing, now: Now, actor: Analyst, body: MuteIn = _MUTED) -> ThemeOut:
    """A muted theme raises no work; its complaints still count."""
    mute_theme(session, now, actor, theme_id, muted=body.muted)
    return show_row(show_theme(session, actor, theme_id))


@router.post(
    "/{theme_id}/action-items",
    operation_id="open_theme_item",
    summary="Open an action item now",
    status_code=202,
    responses=declare(409),
)
def open_item(theme_id: Id, session: Writing, now: Now, actor: Analyst, body: OpenIn = _BY_THE_RULES) -> OpenedOut:
    """Without waiting for the threshold; the item appears among the owner's within seconds."""
    routing = route_theme(session, now, actor, theme_id, owner=body.owner)
    wake(session, "open", f"routing-{routing.id}")
    owner = session.get_one(Owner, routing.owner_id)
    return OpenedOut(owner=owner.key, goal_at=routing.goal_at, deadline_at=routing.deadline_at, why=routing.why)


def show_lineage(session: Session, theme_id: int) -> list[LineageOut]:
    """What happened to a theme, oldest first."""
    return [LineageOut.model_validate(event, from_attributes=True) for event in lineage_of(session, theme_id)]


def show_row(row: ThemeRow) -> ThemeOut:
    """A theme with its counts."""
    theme = row.theme
    return ThemeOut(
        id=theme.id,
        name=theme.name,
        named_by=theme.named_by,
        kind=theme.kind,
        state=theme.state,
        topic=row.topic,
        topic_name=row.topic_name,
        terms=[str(term) for term in theme.terms],
        complaints=row.complaints,
        people=row.people,
        first_at=row.first_at,
        last_at=row.last_at,
        created_at=theme.created_at,
        updated_at=theme.updated_at,
    )
