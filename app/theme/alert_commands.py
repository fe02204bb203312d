"""Command: a person has seen an alert, or knows its cause: nobody is told of it any more, but it is still counted."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.audit import record_audit
from app.domain.actor import Actor
from app.store.alert_tables import Alert, AlertEvent

LONGEST_NOTE = 500


def acknowledge_alert(session: Session, now: datetime, actor: Actor, alert_id: int, *, note: str | None) -> Alert:
    """Write down that somebody has seen an alert; again changes only the note.

    Args:
        session: The caller's write transaction.
        now: When.
        actor: Who; ask `get_alert` first whether they may see it.
        alert_id: The alert.
        note: A known cause, in their words; none leaves what stands there.
    """
    locked = select(Alert).where(Alert.id == alert_id).with_for_update()
    alert = session.scalars(locked.execution_options(populate_existing=True)).one()
    if alert.acknowledged_at is None:
        alert.acknowledged_at, alert.acknowledged_by = now, actor.name
    alert.note, alert.updated_at, alert.version = note or alert.note, now, alert.version + 1
    facts = {"noted": note is not None}
    session.add(AlertEvent(alert_id=alert.id, kind="acknowledged", actor=actor.name, facts=facts, at=now))
    record_audit(session, now, actor, "alert_acknowledged", f"alert:{alert.id}", **facts)
    session.flush()
    return alert
