"""Reads texts on request; nothing is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.classify.judged import labels_of
from app.classify.taxonomy import Known

if TYPE_CHECKING:
    from app.classify.loading import Readers
    from classifiers.contract import Mention


@dataclass(frozen=True)
class Asked:
    """One conversation to read: turns as (role, text), and the question that it answers, where known."""

    turns: tuple[tuple[str, str], ...]
    question: str | None = None


def classify_texts(readers: Readers, known: Known, asked: Sequence[Asked]) -> list[dict[str, Any]]:
    """What each conversation says as plain values, by the same reader as the station's.

    Args:
        readers: From the runtime's tools.
        known: From `taxonomy.load_known`, read in a session that is closed again before this is called.
        asked: What to read.

    Returns:
        Per conversation: `language` and `unread` as `Reading` has them, and `mentions`, of a span with several topics
        the surest first: turn, start, end, text, topic (key or None), topic_confidence, sentiment, sentiment_label,
        sentiment_confidence, complaint, complaint_confidence, friction, friction_confidence, the yes/no signals with
        their confidences, corrected, fingerprint.
    """
    from classifiers import contract  # noqa: PLC0415 - the classifiers are loaded when they are needed

    reader = readers.current(known)
    conversations = [[contract.Turn(role, text) for role, text in one.turns] for one in asked]
    found = reader.read(conversations, [one.question for one in asked])
    return [
        {
            "language": reading.language,
            "unread": reading.unread,
            "mentions": [_plain(mention, turns, reader.fingerprint) for mention in reading.mentions],
        }
        for reading, turns in zip(found, conversations, strict=True)
    ]


def _plain(mention: Mention, turns: Sequence[Any], fingerprint: str) -> dict[str, Any]:
    text = turns[mention.turn].text[mention.start : mention.end]
    return {"text": text, "topic": mention.topic, **labels_of(mention, fingerprint)}
