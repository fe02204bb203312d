"""Command: feedback that was parked is read again, e.g. after the cause was mended."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.audit import record_audit
from app.domain.actor import Actor
from app.domain.feedback import FeedbackState
from app.engine.wake import wake
from app.store.tables import Feedback

AT_ONCE = 1_000


def retry_parked(session: Session, now: datetime, actor: Actor, *, ids: tuple[int, ...] = ()) -> int:
    """Have parked feedback read again, with its attempts counted from nothing.

    Args:
        session: A write transaction.
        now: When.
        actor: Who.
        ids: Which; by default the oldest thousand. What is not parked is left alone.

    Returns:
        How many will be read.
    """
    query = select(Feedback).where(Feedback.state == FeedbackState.PARKED).order_by(Feedback.id).limit(AT_ONCE)
    rows = session.scalars(query.where(Feedback.id.in_(ids)) if ids else query).all()
    for row in rows:
        row.state, row.attempts, row.leased_until, row.last_error = FeedbackState.PENDING, 0, None, None
    if rows:
        wake(session, "label", f"retry-{rows[-1].id}-{now.timestamp()}")
        record_audit(session, now, actor, "feedback_retried", "feedback", count=len(rows))
    return len(rows)
