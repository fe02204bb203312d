"""Themes taken apart and put back over HTTP: split with a preview, undo, and the lineage that tells of all of it."""

from typing import Annotated, Self

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, StrictInt, model_validator
from sqlalchemy.orm import Session

from app.api.bodies import ApiRoute
from app.api.deps import LARGEST_ID, Analyst, Id, Now, Reader, Reading, Writing
from app.api.openapi import declare
from app.api.quotes import QuoteOut, show_quote
from app.api.themes import LineageOut, ThemeOut, show_lineage, show_row
from app.store.quotes import mention_quotes, theme_evidence
from app.store.themes import show_theme
from app.theme.split import Part, propose_split, split_as_proposed, split_theme
from app.theme.undo import undo_curation

router = APIRouter(prefix="/v1/themes/{theme_id}", tags=["themes"], route_class=ApiRoute)

_NEWEST = 3
_MOST_NAMED = 5_000


class LineagePage(BaseModel):
    """What happened to a theme."""

    items: list[LineageOut] = Field(description="Oldest first.")


class EvidenceOut(BaseModel):
    """A theme in its customers' words."""

    items: list[QuoteOut] = Field(description="The most central ones, then the newest; no copies, no feedback twice.")


class PartOut(BaseModel):
    """One part of a proposed split."""

    name: str
    terms: list[str]
    complaints: int
    mention_ids: list[int] = Field(description="The most central first, at most 5,000.")
    quotes: list[QuoteOut] = Field(description="The most central ones.")


class ProposalOut(BaseModel):
    """How a theme would fall apart; nothing has changed yet."""

    stays: PartOut
    leaves: PartOut = Field(description="The smaller part: it would become a new theme.")
    proposal: str = Field(description="Send it to split exactly like this.")


class SplitIn(BaseModel):
    """Which mentions leave: named, or as it was proposed."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"mention_ids": [7, 12], "name": "Voucher instead of money"}]}
    )

    mention_ids: list[Annotated[StrictInt, Field(ge=1, le=LARGEST_ID)]] = Field(
        default_factory=list, max_length=_MOST_NAMED
    )
    proposal: str | None = Field(default=None, max_length=64, description="Of the preview; instead of `mention_ids`.")
    name: str | None = Field(
        default=None, min_length=1, max_length=120, description="Of the new theme; null: named from the data."
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if bool(self.mention_ids) == (self.proposal is not None):
            raise ValueError("send `mention_ids` or `proposal`")
        return self


@router.get("/lineage", operation_id="get_theme_lineage", summary="Where a theme comes from")
def lineage(theme_id: Id, session: Reading, actor: Reader) -> LineagePage:
    """Everything that happened to it, by people and by the machine, and what was taken back."""
    show_theme(session, actor, theme_id)
    return LineagePage(items=show_lineage(session, theme_id))


@router.get("/evidence", operation_id="get_theme_evidence", summary="What to read first about a theme")
def evidence(theme_id: Id, session: Reading, actor: Reader) -> EvidenceOut:
    """The customers' words that stand for it."""
    show_theme(session, actor, theme_id)
    return EvidenceOut(items=[show_quote(quote) for quote in theme_evidence(session, theme_id, _NEWEST)])


@router.post("/split/preview", operation_id="preview_theme_split", summary="Propose a split", responses=declare(409))
def preview(theme_id: Id, session: Reading, actor: Analyst) -> ProposalOut:
    """The two parts that its newest 5,000 complaints fall into most clearly."""
    show_theme(session, actor, theme_id)
    proposal = propose_split(session, theme_id)
    return ProposalOut(
        stays=_part(session, proposal.stays), leaves=_part(session, proposal.leaves), proposal=proposal.token
    )


@router.post("/split", operation_id="split_theme", summary="Split a theme", status_code=201, responses=declare(409))
def split(theme_id: Id, body: SplitIn, session: Writing, now: Now, actor: Analyst) -> ThemeOut:
    """The mentions that leave become a new theme of the same topic, which is the answer; the old one keeps its id."""
    if body.proposal is not None:
        new = split_as_proposed(session, now, actor, theme_id, body.proposal, name=body.name)
    else:
        new = split_theme(session, now, actor, theme_id, mention_ids=body.mention_ids, name=body.name)
    return show_row(show_theme(session, actor, new.id))


@router.post("/undo", operation_id="undo_theme_curation", summary="Take the last curation back", responses=declare(409))
def undo(theme_id: Id, session: Writing, now: Now, actor: Analyst) -> ThemeOut:
    """A rename, merge, split or mute by a person; again takes the one before back. The answer is the curated theme."""
    theme = undo_curation(session, now, actor, theme_id)
    return show_row(show_theme(session, actor, theme.id))


def _part(session: Session, part: Part) -> PartOut:
    quotes = {quote.mention.id: show_quote(quote) for quote in mention_quotes(session, part.central)}
    return PartOut(
        name=part.name,
        terms=list(part.terms),
        complaints=len(part.mention_ids),
        mention_ids=list(part.mention_ids[:_MOST_NAMED]),
        quotes=[quotes[each] for each in part.central if each in quotes],
    )
