"""Topics and corrections as the classifiers want them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from app.store.mentions import list_corrections
from app.store.reference import list_topics

if TYPE_CHECKING:
    from classifiers.contract import Correction, TopicSpec


@dataclass(frozen=True)
class Known:
    """What a reader is built from, as plain values.

    Attributes:
        topics: Key, name, description and examples of each active topic.
        topic_ids: Id of each topic by key.
        corrections: Text and labels of each correction, oldest first.
    """

    topics: tuple[tuple[str, str, str, tuple[str, ...]], ...]
    topic_ids: dict[str, int]
    corrections: tuple[tuple[str, tuple[tuple[str, object], ...]], ...]

    def specs(self) -> tuple[TopicSpec, ...]:
        """The topics for a reader."""
        from classifiers import contract  # noqa: PLC0415 - the classifiers are loaded when they are needed

        return tuple(contract.TopicSpec(*topic) for topic in self.topics)

    def taught(self) -> tuple[Correction, ...]:
        """The corrections for a reader."""
        from classifiers import contract  # noqa: PLC0415 - as above

        return tuple(contract.Correction(text, **_read(dict(labels))) for text, labels in self.corrections)


def load_known(session: Session) -> Known:
    """Read the active topics and all corrections."""
    topics = list_topics(session)
    return Known(
        topics=tuple((row.key, row.name, row.description, tuple(map(str, row.examples))) for row in topics),
        topic_ids={row.key: row.id for row in topics},
        corrections=tuple((row.text, tuple(sorted(row.labels.items()))) for row in list_corrections(session)),
    )


def _read(labels: dict[str, object]) -> dict[str, Any]:
    """A stored null says "none of them", which a reader spells as the empty string; a missing key says nothing."""
    read: dict[str, Any] = {}
    for name in ("topic", "friction"):
        if name in labels:
            read[name] = labels[name] or ""
    if "sentiment_label" in labels:
        read["sentiment"] = labels["sentiment_label"]
    if "complaint" in labels:
        read["complaint"] = labels["complaint"]
    return read
