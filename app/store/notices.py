"""Reads of notices: what was sent to whom, and what could not be."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.store.act_tables import Notice
from app.store.keyset import After, keyset_page


def list_notices(session: Session, after: After | None, limit: int, *, state: str | None = None) -> list[Notice]:
    """Notices, newest first; one more than `limit` where more follow."""
    query = select(Notice) if state is None else select(Notice).where(Notice.state == state)
    return list(session.scalars(keyset_page(query, (Notice.created_at, Notice.id), after, limit)))
