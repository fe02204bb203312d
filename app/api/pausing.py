"""Stopping the clock of an action item and letting it go on, and how its deadlines were counted."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app.act.pausing import Waiting, continue_item, pause_item
from app.api.action_items import ItemOut
from app.api.bodies import ApiRoute
from app.api.deps import Id, Reader, Reading
from app.api.item_actions import Asked, Seen, Text
from app.api.openapi import declare
from app.domain.items import PauseReason
from app.store.act_tables import Pause
from app.store.items import get_item
from app.store.pauses import counting_of, pauses_since

router = APIRouter(prefix="/v1/action-items/{item_id}", tags=["action items"], route_class=ApiRoute)

_CHANGES = declare(409, 412, 428)
_NOT_SAID = Seen()


class PauseIn(Seen):
    """For whom an item waits."""

    reason: PauseReason
    note: Text = Field(default="", description="What is waited for.")


class PauseOut(BaseModel):
    """A time for which the clock stood, or stands."""

    reason: PauseReason
    note: str | None
    since: datetime
    by: str
    limit_at: datetime = Field(description="When the manager is told that it stands so long.")
    until: datetime | None = Field(description="Null: it stands now.")
    ended_by: str | None
    why: dict[str, Any] | None = Field(
        description="The working time that was counted, by which hours and closed days; each mark before and after."
    )


class CountedRungOut(BaseModel):
    """One rung of the ladder."""

    fixed_at: datetime = Field(description="As it was fixed when the clock began.")
    at: datetime = Field(description="After all pauses.")
    owner_id: int
    role: str | None
    climbed: bool


class DeadlinesOut(BaseModel):
    """What the marks of an item were counted from: anyone can come to the same instants (docs/deadlines.md)."""

    since: datetime = Field(description="When the clock began: at the routing, or when the item was opened again.")
    goal_at: datetime
    deadline_at: datetime
    goal: dict[str, Any] = Field(description="How the goal was counted before any pause.")
    deadline: dict[str, Any] = Field(description="How the deadline was counted before any pause.")
    ladder: list[CountedRungOut]
    pauses: list[PauseOut] = Field(description="Oldest first.")


@router.post("/pause", operation_id="pause_action_item", summary="Stop its clock", responses=_CHANGES)
def pause(asked: Asked, body: PauseIn) -> ItemOut:
    """While it waits for somebody outside nobody is reminded; its deadline moves by the working time that passes."""
    return asked.carry_out(pause_item, body, waiting=Waiting(body.reason, body.note))


@router.post("/continue", operation_id="continue_action_item", summary="Let its clock go on", responses=_CHANGES)
def go_on(asked: Asked, body: Seen = _NOT_SAID) -> ItemOut:
    """Goal, deadline and rungs that lay ahead come later by exactly the working time that passed in the pause."""
    return asked.carry_out(continue_item, body)


@router.get("/deadlines", operation_id="explain_deadlines", summary="How its deadlines were counted")
def explain(item_id: Id, session: Reading, actor: Reader) -> DeadlinesOut:
    """The counted intervals, the closed days between them, and every pause. Other people's items are 404."""
    item = get_item(session, actor, item_id).item
    counting = counting_of(session, item)
    return DeadlinesOut(
        since=counting.since,
        goal_at=item.goal_at,
        deadline_at=item.deadline_at,
        goal=dict(counting.goal),
        deadline=dict(counting.deadline),
        ladder=_rungs(counting.ladder, item.ladder, item.rung),
        pauses=[_pause(pause) for pause in pauses_since(session, item.id, counting.since)],
    )


def _rungs(fixed: Sequence[Mapping[str, Any]], now: Sequence[Mapping[str, Any]], climbed: int) -> list[CountedRungOut]:
    return [
        CountedRungOut(
            fixed_at=first["at"],
            at=rung["at"],
            owner_id=rung["owner_id"],
            role=rung.get("role"),
            climbed=place < climbed,
        )
        for place, (first, rung) in enumerate(zip(fixed, now, strict=False))
    ]


def _pause(pause: Pause) -> PauseOut:
    return PauseOut(
        reason=PauseReason(pause.reason),
        note=pause.note,
        since=pause.started_at,
        by=pause.actor,
        limit_at=pause.limit_at,
        until=pause.ended_at,
        ended_by=pause.ended_by,
        why=pause.why,
    )
