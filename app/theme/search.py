"""Command: somebody wants topics searched for themes now, not in a week; what has a theme keeps it all the same."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.audit import record_audit
from app.domain.actor import Actor
from app.engine.wake import wake
from app.errors import AppError, Kind
from app.store.tables import Topic
from app.store.theme_tables import Theme


def search_themes(session: Session, now: datetime, actor: Actor, topic: str | None = None) -> int:
    """Have topics searched for new themes, and their themes compared, as soon as a worker is free.

    Args:
        session: The caller's write transaction.
        now: When.
        actor: Who asks.
        topic: Key of the only topic wanted; None: all of them.

    Returns:
        How many topics will be searched: those about which anybody complained.

    Raises:
        AppError: `topic_not_found`.
    """
    wanted = select(Topic.id) if topic is None else select(Topic.id).where(Topic.key == topic)
    topic_ids = session.scalars(wanted).all()
    if topic is not None and not topic_ids:
        raise AppError(Kind.NOT_FOUND, "topic_not_found", "There is no such topic. List them at /v1/topics.")
    own = select(Theme).where(Theme.kind == "topic", Theme.topic_id.in_(topic_ids)).order_by(Theme.id)
    found = session.scalars(own.with_for_update()).all()
    for theme in found:
        theme.search_asked, theme.traced_at = True, None
    subject = f"topic:{topic}" if topic is not None else "topics"
    record_audit(session, now, actor, "themes_searched", subject, topics=len(found))
    session.flush()
    for station in ("extract", "trace"):
        wake(session, station, f"asked-{now.isoformat()}")
    return len(found)
