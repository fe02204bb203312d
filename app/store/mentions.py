"""Reading mentions, corrections, and the facts that reading a text needs."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from app.store.keyset import After, keyset_page
from app.store.label_tables import Correction, Mention
from app.store.tables import Turn


def find_mention(session: Session, mention_id: int) -> Mention | None:
    """The mention with this id; a text that is read anew gets new mentions."""
    return session.get(Mention, mention_id)


def list_mentions(session: Session, feedback_id: int) -> Sequence[Mention]:
    """A feedback's mentions in reading order."""
    query = select(Mention).where(Mention.feedback_id == feedback_id)
    return session.scalars(query.order_by(Mention.turn, Mention.start, Mention.id)).all()


def mention_text(session: Session, mention: Mention) -> str:
    """The customer's words that a mention spans. Hostile text: escape it where it is shown, never log it."""
    turn = session.get(Turn, (mention.feedback_id, mention.turn))
    return turn.text[mention.start : mention.end] if turn is not None else ""


def list_corrections(session: Session) -> Sequence[Correction]:
    """Every correction, oldest first: of two on one text the later one counts."""
    return session.scalars(select(Correction).order_by(Correction.id)).all()


def review_queue(
    session: Session, after: After | None, limit: int, *, below: float = 0.7
) -> Sequence[tuple[Mention, str]]:
    """Complaints that a human should look at, the least sure first: no topic, or one that is doubtful.

    Args:
        session: A session.
        after: Topic confidence and id of the last row seen; None begins.
        limit: Rows of a page; one more is read, which says that more follow.
        below: Topic confidence from which on nobody needs to look.

    Returns:
        Mentions with their customers' words.
    """
    turn = and_(Turn.feedback_id == Mention.feedback_id, Turn.position == Mention.turn)
    doubtful = or_(Mention.topic_id.is_(None), Mention.topic_confidence < below)
    query = select(Mention, Turn.text).join(Turn, turn).where(Mention.complaint, ~Mention.corrected, doubtful)
    page = keyset_page(query, (Mention.topic_confidence, Mention.id), after, limit, newest_first=False)
    return [(mention, text[mention.start : mention.end]) for mention, text in session.execute(page)]
