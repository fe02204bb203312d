"""Station: a decision that somebody has to answer one feedback opens a case and tells its owner."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from app.act.deadlines import first_counting
from app.act.opened import open_item
from app.act.wording import assigned_case, write_case_title
from app.domain.actor import Actor
from app.domain.items import ItemKind, State
from app.store.act_tables import ActionItem
from app.store.case_tables import CaseRouting
from app.store.cases import unopened_cases
from app.store.tables import Feedback

STATION = Actor(name="station:open_case")
BATCH = 200


@dataclass(frozen=True, slots=True)
class Batch:
    """Ids of decisions that no item stands for."""

    routing_ids: tuple[int, ...]


Outcome = Batch


def claim(session: Session, now: datetime) -> Batch | None:  # noqa: ARG001 - the stations' shape
    """Decisions that no item stands for; None when there are none."""
    found = tuple(routing.id for routing in unopened_cases(session, BATCH))
    return Batch(found) if found else None


def work(batch: Batch, tools: object) -> Outcome:  # noqa: ARG001 - the stations' shape
    """Nothing to compute: the decision was the computation."""
    return batch


def record(session: Session, now: datetime, outcome: Outcome) -> None:
    """Open the cases; where another worker was faster the unique index decides, and nothing happens here."""
    for routing_id in outcome.routing_ids:
        opened = exists().where(ActionItem.case_routing_id == CaseRouting.id)
        query = select(CaseRouting, Feedback.medium).join(Feedback, Feedback.id == CaseRouting.feedback_id)
        row = session.execute(query.where(CaseRouting.id == routing_id, ~opened)).one_or_none()
        if row is not None:
            routing, medium = row
            open_item(session, now, STATION, _item(now, routing, medium), routing, assigned_case)


def _item(now: datetime, routing: CaseRouting, medium: str) -> ActionItem:
    return ActionItem(
        kind=ItemKind.CASE,
        feedback_id=routing.feedback_id,
        process_id=routing.process_id,
        step_id=routing.step_id,
        owner_id=routing.owner_id,
        case_routing_id=routing.id,
        title=write_case_title([str(signal) for signal, _ in routing.signals], medium, routing.topic),
        state=State.NEW,
        opened_at=now,
        goal_at=routing.goal_at,
        deadline_at=routing.deadline_at,
        ladder=routing.ladder,
        counting=first_counting(routing),
        updated_at=now,
    )
