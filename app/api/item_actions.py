"""What owners do with action items over HTTP; every call says which version it saw."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Response
from pydantic import BaseModel, ConfigDict, Field, StrictFloat, StrictInt

from app.act.aside import decline_item, mark_duplicate, reopen_item, resume_item, snooze_item
from app.act.handing import Handover, comment_item, reassign_item
from app.act.progress import acknowledge_item, answer_item, close_item, mark_deployed, plan_change
from app.api.action_items import ItemOut, show_item
from app.api.bodies import ApiRoute
from app.api.conditions import seen_version, version_tag
from app.api.deps import LARGEST_ID, Doer, Id, Now, Writing
from app.api.instants import Day, Instant
from app.api.openapi import declare
from app.domain.actor import OPERATOR
from app.domain.changes import Plan, Rollout
from app.errors import AppError, Kind
from app.measure.design import freeze_deployed
from app.store.act_tables import ActionItem
from app.store.items import get_item
from app.store.reference import find_owner

router = APIRouter(
    prefix="/v1/action-items/{item_id}",
    tags=["action items"],
    route_class=ApiRoute,
    responses=declare(409, 412, 428),
)

Text = Annotated[str, Field(max_length=4000)]
IfMatch = Annotated[
    str | None,
    Header(
        max_length=200,
        description="The `ETag` of the item that you saw.",
        json_schema_extra={"pattern": '^"[1-9][0-9]{0,15}"$'},
    ),
]


class Seen(BaseModel):
    """The version that the caller saw; `If-Match` says the same."""

    model_config = ConfigDict(extra="forbid")

    version: StrictInt | None = Field(default=None, ge=1, le=LARGEST_ID, description="Instead of `If-Match`.")


class PlanIn(Seen):
    """A change, written down before its outcome is known."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "version": 2,
                    "description": "Refunds below 50 EUR are paid without a second check",
                    "planned_for": "2026-10-01",
                    "target_reduction": 0.3,
                }
            ]
        },
    )

    description: Text
    planned_for: Day | None = Field(default=None, description="The day on which it is expected to start (UTC).")
    target_reduction: StrictFloat = Field(gt=0, le=1, allow_inf_nan=False, description="0.3: a third fewer complaints.")
    margin: StrictFloat = Field(
        default=0.2, gt=0, lt=1, allow_inf_nan=False, description="Less than this is no change."
    )


class DeployIn(Seen):
    """From when the planned change is in effect (UTC days)."""

    rollout_from: Day = Field(description="First day on which any customer meets it.")
    rollout_to: Day | None = Field(default=None, description="Last day on which not all do; absent: all at once.")


class ReasonIn(Seen):
    """A reason."""

    reason: Text


class ReassignIn(ReasonIn):
    """To whom an item goes."""

    owner: str = Field(max_length=64, description="Key of the new owner.")


class SnoozeIn(Seen):
    """Until when an item rests."""

    until: Instant


class DuplicateIn(Seen):
    """Of which item it is a duplicate."""

    of: StrictInt = Field(ge=1, le=LARGEST_ID)


class CommentIn(Seen):
    """Words: a comment (whose version is only checked if it is given) or what a customer was answered."""

    text: Text


class CloseIn(Seen):
    """What was learned, if anything."""

    note: Text = ""


class Change:
    """One change of one item: the transaction, who and when, and how to answer."""

    def __init__(
        self, item_id: Id, session: Writing, now: Now, actor: Doer, response: Response, if_match: IfMatch = None
    ) -> None:
        """Collect what every action needs."""
        self.item_id, self.session, self.now, self.actor = item_id, session, now, actor
        self._response, self._if_match = response, if_match

    def carry_out(self, command: Callable[..., ActionItem], body: Seen, **facts: object) -> ItemOut:
        """Run a command at the version that the caller saw, and answer with the item after it.

        Raises:
            AppError: They do not say which version, or contradict themselves; or the command refuses. Those who asked
                with `If-Match` get 412 instead of 409 when somebody was faster.
        """
        version = seen_version(self._if_match, body.version)
        try:
            item = command(self.session, self.now, self.actor, self.item_id, version=version, **facts)
        except AppError as error:
            if error.code == "stale_version" and self._if_match is not None:
                raise AppError(Kind.PRECONDITION_FAILED, error.code, error.message, **error.facts) from None
            raise
        return self.answer(item)

    def answer(self, item: ActionItem) -> ItemOut:
        """The item after the change; also for those who have just given it away."""
        self._response.headers["ETag"] = version_tag(item.version)
        return show_item(get_item(self.session, OPERATOR, item.id))


_NOT_SAID = Seen()  # then `If-Match` says it, and no body is needed
Asked = Annotated[Change, Depends(Change)]


@router.post("/acknowledge", operation_id="acknowledge_action_item", summary="Say that you have seen it")
def acknowledge(asked: Asked, body: Seen = _NOT_SAID) -> ItemOut:
    """The deadline for an answer runs on."""
    return asked.carry_out(acknowledge_item, body)


@router.post("/plan", operation_id="plan_action_item", summary="Answer with a planned change")
def plan(asked: Asked, body: PlanIn) -> ItemOut:
    """Target and expected day are fixed before the outcome is known; a new plan replaces one not yet deployed."""
    wanted = Plan(body.description, body.planned_for, body.target_reduction, body.margin)
    return asked.carry_out(plan_change, body, plan=wanted)


@router.post("/deploy", operation_id="deploy_action_item", summary="Record that the change is in effect")
def deploy(asked: Asked, body: DeployIn) -> ItemOut:
    """From here on only a verdict moves the item, and what it is judged by is fixed: implemented is not verified."""
    rollout = Rollout(body.rollout_from, body.rollout_to)
    answer = asked.carry_out(mark_deployed, body, rollout=rollout)
    freeze_deployed(asked.session, asked.now, asked.actor, asked.item_id)
    return answer


@router.post("/decline", operation_id="decline_action_item", summary="Answer that nothing will be changed")
def decline(asked: Asked, body: ReasonIn) -> ItemOut:
    """The reason stays with the item."""
    return asked.carry_out(decline_item, body, reason=body.reason)


@router.post("/reassign", operation_id="reassign_action_item", summary="Hand it to another owner")
def reassign(asked: Asked, body: ReassignIn) -> ItemOut:
    """Its clock, ladder and state stay; the new owner is told."""
    owner = find_owner(asked.session, body.owner)
    if owner is None:
        raise AppError(Kind.INVALID, "unknown_owner", "There is no owner with this key. List them at /v1/owners.")
    to = Handover(owner.id, body.reason)
    return asked.carry_out(reassign_item, body, to=to)


@router.post("/snooze", operation_id="snooze_action_item", summary="Let it rest until an instant")
def snooze(asked: Asked, body: SnoozeIn) -> ItemOut:
    """It comes back by itself; its deadline does not move."""
    return asked.carry_out(snooze_item, body, until=body.until)


@router.post("/resume", operation_id="resume_action_item", summary="Take it up again before its time")
def resume(asked: Asked, body: Seen = _NOT_SAID) -> ItemOut:
    """Back to where it was when it was snoozed."""
    return asked.carry_out(resume_item, body)


@router.post("/duplicate", operation_id="mark_action_item_duplicate", summary="Say that another item is about the same")
def duplicate(asked: Asked, body: DuplicateIn) -> ItemOut:
    """It is closed, with a link to the other one."""
    return asked.carry_out(mark_duplicate, body, of_id=body.of)


@router.post("/reopen", operation_id="reopen_action_item", summary="Open a finished item again")
def reopen(asked: Asked, body: ReasonIn) -> ItemOut:
    """The reason stays with the item."""
    return asked.carry_out(reopen_item, body, reason=body.reason)


@router.post("/comments", operation_id="comment_action_item", summary="Comment on it", status_code=201)
def comment(asked: Asked, body: CommentIn) -> ItemOut:
    """A comment overwrites nothing: it needs no version and leaves the item's as it is."""
    item = comment_item(asked.session, asked.now, asked.actor, asked.item_id, text=body.text, version=body.version)
    return asked.answer(item)


@router.post("/answer", operation_id="answer_action_item", summary="Say what the customer of a case was answered")
def answer(asked: Asked, body: CommentIn) -> ItemOut:
    """It closes the case. The words go when the customer is erased."""
    return asked.carry_out(answer_item, body, text=body.text)


@router.post("/close", operation_id="close_action_item", summary="Put a judged item away")
def close(asked: Asked, body: CloseIn) -> ItemOut:
    """A relapse of a verified improvement opens it again."""
    return asked.carry_out(close_item, body, note=body.note)
