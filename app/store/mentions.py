"""Reading mentions, corrections, and the facts that reading a text needs."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import AppError, Kind
from app.store.label_tables import Correction, Mention
from app.store.tables import Turn


def find_mention(session: Session, mention_id: int) -> Mention:
    """The mention with this id; a text that is read anew gets new mentions.

    Raises:
        AppError: `mention_not_found`.
    """
    mention = session.get(Mention, mention_id)
    if mention is None:
        message = "There is no such mention. A text that was read anew has new mentions: read the feedback again."
        raise AppError(Kind.NOT_FOUND, "mention_not_found", message)
    return mention


def list_mentions(session: Session, feedback_id: int) -> Sequence[Mention]:
    """A feedback's mentions in reading order; of a span with several topics the surest first."""
    query = select(Mention).where(Mention.feedback_id == feedback_id)
    order = (Mention.turn, Mention.start, Mention.topic_confidence.desc(), Mention.id)
    return session.scalars(query.order_by(*order)).all()


def mentions_at(session: Session, span: Mention | Correction) -> Sequence[Mention]:
    """Every mention of one span, the surest topic first."""
    names = ("feedback_id", "turn", "start", "end")
    query = select(Mention).where(*(getattr(Mention, name) == getattr(span, name) for name in names))
    return session.scalars(query.order_by(Mention.topic_confidence.desc(), Mention.id)).all()


def mention_text(session: Session, mention: Mention) -> str:
    """The customer's words that a mention spans. Hostile text: escape it where it is shown, never log it."""
    turn = session.get(Turn, (mention.feedback_id, mention.turn))
    return turn.text[mention.start : mention.end] if turn is not None else ""


def list_corrections(session: Session) -> Sequence[Correction]:
    """Every correction, oldest first: of two on one text the later one counts."""
    return session.scalars(select(Correction).order_by(Correction.id)).all()


def latest_correction(session: Session, mention: Mention) -> Correction | None:
    """The last correction of the very span that a mention has."""
    same = (Correction.feedback_id == mention.feedback_id, Correction.turn == mention.turn)
    span = (Correction.start == mention.start, Correction.end == mention.end)
    return session.scalar(select(Correction).where(*same, *span).order_by(Correction.id.desc()).limit(1))
