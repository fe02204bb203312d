"""Action items over HTTP: lists that owners poll, and one item with why it exists and what happened to it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from app.api.bodies import ApiRoute
from app.api.conditions import unchanged, version_tag, weak_tag
from app.api.deps import Id, Reader, Reading
from app.api.instants import Instant
from app.api.paging import Listing, Paged
from app.api.quotes import QuoteOut, show_quote
from app.domain.actor import Actor
from app.domain.items import Action, ItemKind, State, allowed_actions
from app.errors import AppError, Kind
from app.store.case_tables import CaseRouting
from app.store.cases import deciding
from app.store.items import ItemFilter, Listed, Order, changes_of, get_item, history, items_etag, list_items
from app.store.quotes import evidence_of
from app.store.reference import find_owner
from app.store.tables import Routing

ME = "me"

_NEWEST_QUOTES = 3
_ETAG = {"ETag": {"description": "Send it back as `If-None-Match` or `If-Match`.", "schema": {"type": "string"}}}
NOT_MODIFIED: dict[int | str, dict[str, Any]] = {
    304: {"description": "Nothing has changed since the `ETag` that was sent.", "headers": _ETAG}
}

router = APIRouter(prefix="/v1/action-items", tags=["action items"], route_class=ApiRoute)


class ItemOut(BaseModel):
    """An action item as it stands in a list."""

    id: int
    kind: ItemKind = Field(description="`process` (fix the cause) or `case` (answer one customer).")
    title: str
    state: State
    version: int = Field(description="Send it back with every change.")
    owner: str = Field(description="Key of the owner.")
    owner_name: str
    process: str | None
    step: str | None
    theme_id: int | None
    theme: str | None
    feedback_id: int | None = Field(description="Of a case: what the customer said; null once they were erased.")
    opened_at: datetime
    goal_at: datetime
    deadline_at: datetime
    snoozed_until: datetime | None
    paused_since: datetime | None = Field(description="Since when its clock stands, if it does.")
    rungs_climbed: int = Field(description="How often it was escalated.")
    updated_at: datetime
    closed_at: datetime | None
    duplicate_of: int | None
    possible: list[Action] = Field(description="What can be done with it now.")


class RungOut(BaseModel):
    """One rung of the escalation ladder, fixed when the item opened."""

    at: datetime
    owner_id: int
    role: str | None = None


class WhyOut(BaseModel):
    """Why somebody has this item, and how its deadlines were counted."""

    rule: str | None = Field(description="Key of the rule that decided; null: the owner of the step.")
    sentences: list[str]
    complaints: int | None = Field(description="In the window that opened it; null for a case.")
    people: int | None
    window_from: str | None
    window_to: str | None
    goal: dict[str, Any] = Field(description="The counted working intervals, and the closed days between them.")
    deadline: dict[str, Any]


class EventOut(BaseModel):
    """One line of the history."""

    at: datetime
    actor: str
    kind: str
    from_state: str | None
    to_state: str | None
    text: str | None
    facts: dict[str, Any]


class WholeItemOut(ItemOut):
    """An action item with everything that an owner needs to act on it."""

    reason: str | None = Field(description="Why it was declined, or what the customer of a case was answered.")
    ladder: list[RungOut]
    why: WhyOut | None
    evidence: list[QuoteOut] = Field(
        description="The most central complaint first, then the newest; of a case what its customer said, in order."
    )
    changes: list[int] = Field(description="Ids of its process changes, oldest first.")
    history: list[EventOut]


@dataclass(frozen=True)
class ItemQuery:
    """Which items are asked for."""

    owner: Annotated[str | None, Query(max_length=64, description="`me` or the key of an owner.")] = None
    state: Annotated[list[State] | None, Query(description="One or more states.")] = None
    process: Annotated[str | None, Query(max_length=64, description="Key of a process.")] = None
    due_before: Annotated[Instant | None, Query(description="Deadline before this instant.")] = None
    updated_since: Annotated[Instant | None, Query(description="Changed at or after this instant.")] = None
    q: Annotated[str, Query(max_length=200, description="Words in the title.")] = ""
    sort: Annotated[Order, Query(description="`deadline` for people, `updated` to follow changes.")] = Order.DEADLINE

    def filter(self, session: Session, actor: Actor) -> ItemFilter:
        """The filter that the query layer takes.

        Raises:
            AppError: There is no such owner, or no `me`.
        """
        return ItemFilter(
            owner_id=None if self.owner is None else owner_id_of(session, actor, self.owner),
            states=frozenset(self.state or ()),
            process=self.process,
            due_before=self.due_before,
            updated_since=self.updated_since,
            text=self.q,
            order=self.sort,
        )


@router.get(
    "",
    operation_id="list_action_items",
    summary="List action items",
    responses=NOT_MODIFIED,
    response_model=Listing[ItemOut],
)
def index(
    request: Request,
    response: Response,
    session: Reading,
    page: Paged,
    actor: Reader,
    query: Annotated[ItemQuery, Depends()],
) -> Listing[ItemOut] | Response:
    """Items that you may see: your own and those escalated to you; analysts see all.

    Poll with `If-None-Match`: as long as nothing has changed, the answer is 304 and costs next to nothing.
    """
    wanted = query.filter(session, actor)
    tag = weak_tag(actor.name, str(request.query_params), *items_etag(session, actor, wanted))
    same = unchanged(request, tag)
    if same is not None:
        return same
    response.headers["ETag"] = tag
    rows = list_items(session, actor, wanted, page.after, page.limit + 1)
    shown, following = page.cut(rows, lambda row: row.cursor(wanted.order))
    return Listing(items=[show_item(row) for row in shown], next=following)


@router.get("/{item_id}", operation_id="get_action_item", summary="One action item with all about it")
def show(item_id: Id, response: Response, session: Reading, actor: Reader) -> WholeItemOut:
    """Evidence, how the deadline was counted, the ladder, the history. Other people's items are 404."""
    listed = get_item(session, actor, item_id)
    item = listed.item
    response.headers["ETag"] = version_tag(item.version)
    quotes = evidence_of(session, item, _NEWEST_QUOTES)
    return WholeItemOut(
        **show_item(listed).model_dump(),
        reason=item.reason,
        ladder=[RungOut.model_validate(rung) for rung in item.ladder],
        why=_why(deciding(session, item)),
        evidence=[show_quote(quote) for quote in quotes],
        changes=[change.id for change in changes_of(session, item.id)],
        history=[EventOut.model_validate(event, from_attributes=True) for event in history(session, item.id)],
    )


def show_item(listed: Listed) -> ItemOut:
    """An item as it stands in a list."""
    item = listed.item
    return ItemOut(
        id=item.id,
        kind=ItemKind(item.kind),
        title=item.title,
        state=State(item.state),
        version=item.version,
        owner=listed.owner_key,
        owner_name=listed.owner,
        process=listed.process_key,
        step=listed.step_key,
        theme_id=item.theme_id,
        theme=listed.theme,
        feedback_id=item.feedback_id,
        opened_at=item.opened_at,
        goal_at=item.goal_at,
        deadline_at=item.deadline_at,
        snoozed_until=item.snoozed_until,
        paused_since=listed.paused_since,
        rungs_climbed=item.rung,
        updated_at=item.updated_at,
        closed_at=item.closed_at,
        duplicate_of=item.duplicate_of_id,
        possible=list(allowed_actions(State(item.state), ItemKind(item.kind), paused=listed.paused_since is not None)),
    )


def owner_id_of(session: Session, actor: Actor, owner: str) -> int:
    """Id of the owner that a filter names.

    Raises:
        AppError: There is no such owner, or no `me`.
    """
    if owner == ME:
        if actor.owner_id is None:
            message = "Your key acts for no owner, so that there is no `me`. Name an owner by key."
            raise AppError(Kind.INVALID, "no_owner", message)
        return actor.owner_id
    found = find_owner(session, owner)
    if found is None:
        raise AppError(Kind.INVALID, "unknown_owner", "There is no owner with this key. List them at /v1/owners.")
    return found.id


def _why(decision: Routing | CaseRouting | None) -> WhyOut | None:
    if decision is None:
        return None
    theme = decision if isinstance(decision, Routing) else None
    return WhyOut(
        rule=decision.rule,
        sentences=[str(sentence) for sentence in decision.why],
        complaints=theme.complaints if theme is not None else None,
        people=theme.people if theme is not None else None,
        window_from=theme.trigger_from.isoformat() if theme is not None else None,
        window_to=theme.trigger_to.isoformat() if theme is not None else None,
        goal=decision.goal_why,
        deadline=decision.deadline_why,
    )
