"""The append-only record of who did what."""

from datetime import datetime

from sqlalchemy.orm import Session

from app.domain.actor import Actor
from app.store.tables import AuditEvent


def record_audit(session: Session, now: datetime, actor: Actor, action: str, subject: str, **facts: object) -> None:
    """Add one line to the audit, in the caller's transaction.

    Args:
        session: The command's write transaction.
        now: When it happened.
        actor: Who did it.
        action: snake_case verb in the past, e.g. `item_acknowledged`.
        subject: Kind and id of the object, e.g. `action_item:12`.
        facts: JSON values that explain it; never customer text, never a secret.
    """
    session.add(AuditEvent(at=now, actor=actor.name, action=action, subject=subject, facts=facts))
