"""Reading for the inner loop: feedback that no case rule has looked at yet, and the decision behind a case."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from app.domain.feedback import FeedbackState
from app.store.act_tables import ActionItem
from app.store.case_tables import CaseRouting
from app.store.label_tables import Mention, MentionVector
from app.store.tables import Feedback, Routing, Score


@dataclass(frozen=True, slots=True)
class Said:
    """A mention with its embedding, and the encoder that made it; both None where there is none."""

    mention: Mention
    vector: bytes | None
    model: str | None


@dataclass(frozen=True, slots=True)
class Unseen:
    """A feedback with its mentions and its answers by metric."""

    feedback_id: int
    content_rev: int
    occurred_at: datetime
    received_at: datetime
    medium: str
    segment: str | None
    said: Sequence[Said]
    answers: Mapping[str, Sequence[float]]


def unseen_feedback(session: Session, limit: int) -> list[Unseen]:
    """Labelled feedback that waits for the case rules, oldest first."""
    waiting = (Feedback.case_due.is_(True), Feedback.state == FeedbackState.LABELLED)
    rows = session.scalars(select(Feedback).where(*waiting).order_by(Feedback.id).limit(limit)).all()
    ids = [row.id for row in rows]
    if not ids:
        return []
    said, answers = _said(session, ids), _answers(session, ids)
    return [
        Unseen(
            row.id,
            row.content_rev,
            row.occurred_at,
            row.received_at,
            row.medium,
            row.segment,
            said[row.id],
            answers[row.id],
        )
        for row in rows
    ]


def deciding(session: Session, item: ActionItem) -> Routing | CaseRouting | None:
    """The decision that opened an item, of a theme or of one feedback; None where it was opened without one."""
    if item.case_routing_id is not None:
        return session.get(CaseRouting, item.case_routing_id)
    return None if item.routing_id is None else session.get(Routing, item.routing_id)


def unopened_cases(session: Session, limit: int) -> Sequence[CaseRouting]:
    """Decisions whose item does not exist yet, oldest first; not those whose customer was erased meanwhile."""
    opened = exists().where(ActionItem.case_routing_id == CaseRouting.id)
    query = select(CaseRouting).where(~opened, CaseRouting.feedback_id.is_not(None)).order_by(CaseRouting.id)
    return session.scalars(query.limit(limit)).all()


def _said(session: Session, ids: Sequence[int]) -> Mapping[int, Sequence[Said]]:
    query = (
        select(Mention, MentionVector.vector, MentionVector.model)
        .outerjoin(MentionVector, MentionVector.mention_id == Mention.id)
        .where(Mention.feedback_id.in_(ids))
        .order_by(Mention.turn, Mention.start, Mention.id)
    )
    found: defaultdict[int, list[Said]] = defaultdict(list)
    for row in session.execute(query):
        found[row[0].feedback_id].append(Said(*row))
    return found


def _answers(session: Session, ids: Sequence[int]) -> Mapping[int, Mapping[str, Sequence[float]]]:
    found: defaultdict[int, defaultdict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    query = select(Score).where(Score.feedback_id.in_(ids)).order_by(Score.position)
    for score in session.scalars(query):
        found[score.feedback_id][score.metric].append(score.value)
    return found
