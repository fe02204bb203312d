"""Commands: what an owner is told at once, what waits for the digest, and how often that comes."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.audit import record_audit
from app.act.choosing import choose_digests
from app.domain.actor import Actor
from app.domain.telling import NEVER_MISSED, Preferences, Rhythm, When
from app.errors import AppError, Kind
from app.store.act_tables import NoticePreference
from app.store.tables import Owner


def choose_notices(session: Session, now: datetime, actor: Actor, owner_id: int, chosen: Preferences) -> Preferences:
    """Replace what an owner chose; what already waits for them stays as it was put.

    Args:
        session: The caller's write transaction.
        now: When.
        actor: Who chooses.
        owner_id: For whom.
        chosen: All of it; what is not in there is the default again.

    Raises:
        AppError: `cannot_be_missed`: somebody would not be told of work that is theirs.
    """
    missed = sorted(occasion for occasion in NEVER_MISSED if chosen.events.get(occasion) is When.NONE)
    if missed:
        message = "Work that is yours reaches you at once or with the digest. Choose one of them."
        raise AppError(Kind.INVALID, "cannot_be_missed", message, events=missed)
    # The owner is locked: two first choices at the same moment must not both be the first.
    owner = session.scalars(select(Owner).where(Owner.id == owner_id).with_for_update()).one()
    row = session.scalar(select(NoticePreference).where(NoticePreference.owner_id == owner_id))
    if row is None:
        row = NoticePreference(owner_id=owner_id)
        session.add(row)
    row.events = {str(occasion): str(when) for occasion, when in chosen.events.items()}
    row.digest, row.updated_at = Rhythm.WEEKLY if chosen.digest is Rhythm.NONE else chosen.digest, now
    choose_digests(session, now, actor, owner, wanted=chosen.digest is not Rhythm.NONE)
    record_audit(session, now, actor, "notices_chosen", f"owner:{owner_id}", **row.events, digest=chosen.digest)
    session.flush()
    return chosen
