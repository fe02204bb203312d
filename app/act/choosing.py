"""Commands: how an owner wants to be told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.access.audit import record_audit
from app.channels.contract import choosable
from app.domain.actor import Actor
from app.errors import AppError, Kind
from app.store.subscription_tables import ContactChoice
from app.store.tables import Owner


def choose_channels(
    session: Session, now: datetime, actor: Actor, owner: Owner, channels: Sequence[str] | None
) -> ContactChoice:
    """Have an owner told by these channels besides the log; None: by mail, as without a choice.

    Raises:
        AppError: ``unknown_channel``.
    """
    if unknown := set(channels or ()) - set(choosable()):
        message = f"Owners cannot be told by {len(unknown)} of these channels. Known: {', '.join(choosable())}."
        raise AppError(Kind.INVALID, "unknown_channel", message)
    choice = _choice(session, owner)
    choice.channels = None if channels is None else sorted(set(channels))
    record_audit(session, now, actor, "channels_chosen", f"owner:{owner.id}", channels=choice.channels)
    return choice


def choose_digests(session: Session, now: datetime, actor: Actor, owner: Owner, *, wanted: bool) -> ContactChoice:
    """Send an owner digests, or none; what they must answer is told all the same."""
    choice = _choice(session, owner)
    if choice.digests != wanted:
        choice.digests = wanted
        record_audit(session, now, actor, "digests_chosen", f"owner:{owner.id}", wanted=wanted)
    return choice


def _choice(session: Session, owner: Owner) -> ContactChoice:
    found = session.get(ContactChoice, owner.id)
    if found is not None:
        return found
    try:
        with session.begin_nested():
            made = ContactChoice(owner_id=owner.id, digests=True)
            session.add(made)
    except IntegrityError:
        return session.get_one(ContactChoice, owner.id)  # another request was faster
    return made
