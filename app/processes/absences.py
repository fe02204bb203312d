"""Owners say themselves when they are away."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from app.domain.actor import Actor, Scope
from app.errors import AppError, Kind
from app.processes.people_parts import AbsencePart
from app.processes.state import absence_fields
from app.store import reference
from app.store.tables import Owner


def set_own_absences(session: Session, actor: Actor, key: str, parts: Sequence[AbsencePart]) -> Owner:
    """Replace the absences that an owner has told.

    Those of the company document stand beside them and are not touched; applying a document leaves these alone.
    Somebody is away when either says so.

    Args:
        session: A write transaction.
        actor: The owner themself, or an administrator.
        key: Whose absences.
        parts: All of them; an empty list: the owner is not away but for what the document says.

    Raises:
        AppError: ``owner_not_found``; ``not_your_absences``: somebody else's, and the actor is no administrator.
    """
    row = reference.find_owner(session, key)
    if row is None or not row.active:
        raise AppError(Kind.NOT_FOUND, "owner_not_found", "There is no active owner with that key: list the owners.")
    if actor.owner_id != row.id and not actor.may(Scope.ADMIN):
        message = "Only the owner themself or an administrator says when an owner is away."
        raise AppError(Kind.FORBIDDEN, "not_your_absences", message)
    row.own_absences = [absence_fields(part) for part in parts]
    session.flush()
    return row
