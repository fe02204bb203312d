"""Feedback on its way to a reader, and what the reader found in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.classify.judged import labels_of
from app.store.tables import Feedback, Turn

if TYPE_CHECKING:
    from classifiers import contract
    from classifiers.reader import Reader


@dataclass(frozen=True)
class Unread:
    """One feedback to read; `content_rev` is the revision that will have been read.

    A turn is its position, role, text and the question that it answers.
    """

    id: int
    content_rev: int
    question: str | None
    turns: tuple[tuple[int, str, str, str | None], ...]


@dataclass(frozen=True)
class Read:
    """What a feedback says.

    Attributes:
        id: The feedback's.
        content_rev: The revision that was read.
        mentions: Their turn is already the turn's position; of one span with several topics the surest first.
        language: What it seems to be written in.
        unread: Why there are no mentions, or not of every turn.
    """

    id: int
    content_rev: int
    mentions: tuple[contract.Mention, ...]
    language: str | None
    unread: str | None


def load_texts(session: Session, rows: Sequence[Feedback]) -> tuple[Unread, ...]:
    """The turns of feedback, in its order."""
    turns: dict[int, list[tuple[int, str, str, str | None]]] = defaultdict(list)
    wanted = Turn.feedback_id.in_([row.id for row in rows])
    query = select(Turn.feedback_id, Turn.position, Turn.role, Turn.text, Turn.question).where(wanted)
    for feedback_id, position, role, text, question in session.execute(query.order_by(Turn.feedback_id, Turn.position)):
        turns[feedback_id].append((position, role, text, question))
    return tuple(Unread(row.id, row.content_rev, row.question, tuple(turns[row.id])) for row in rows)


def read_texts(reader: Reader, texts: Sequence[Unread]) -> tuple[Read, ...]:
    """Read all of them; one encoder pass."""
    from classifiers import contract  # noqa: PLC0415 - the classifiers are loaded when they are needed

    conversations = [[contract.Turn(role, text, question) for _, role, text, question in one.turns] for one in texts]
    found = reader.read(conversations, [one.question for one in texts])
    return tuple(
        Read(
            one.id,
            one.content_rev,
            tuple(replace(mention, turn=one.turns[mention.turn][0]) for mention in reading.mentions),
            reading.language,
            reading.unread,
        )
        for one, reading in zip(texts, found, strict=True)
    )


def note_reading(row: Feedback, read: Read) -> None:
    """Write down at the feedback itself what was read, beside its mentions."""
    row.language_guess, row.unread = read.language, read.unread


def mention_rows(
    read: Read, topic_ids: Mapping[str, int], fingerprint: str
) -> list[tuple[dict[str, Any], contract.Mention]]:
    """Values for the mentions' rows, one for each span and topic, each with the mention that it comes from.

    A topic that is no longer active, as a corrected one may be, is none: its confidence stands for that then. Where
    that makes two of a span equal the first one counts.
    """
    rows: dict[tuple[Any, ...], tuple[dict[str, Any], contract.Mention]] = {}
    for mention in read.mentions:
        topic_id = topic_ids.get(mention.topic) if mention.topic else None
        row = {
            "feedback_id": read.id,
            "content_rev": read.content_rev,
            "topic_id": topic_id,
            **labels_of(mention, fingerprint),
        }
        rows.setdefault((mention.turn, mention.start, mention.end, topic_id), (row, mention))
    return list(rows.values())
