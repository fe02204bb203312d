"""What is counted: complaints that are no copies and no boilerplate, and the people behind them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, case, distinct, exists, func, select
from sqlalchemy.orm import Session

from app.domain.feedback import Role
from app.store.copy_tables import PrintKey, TextPrint, UncountedMention
from app.store.label_tables import Mention
from app.store.tables import Feedback, Turn

_KEYS_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Origin:
    """Where and when a feedback was said.

    Attributes:
        feedback_id: The feedback.
        occurred_at: When.
        source_id: By which source it came.
        case_ref: What it is about.
        people: Whatever it says of who said it: reference, e-mail address, name.
    """

    feedback_id: int
    occurred_at: datetime
    source_id: int
    case_ref: str | None
    people: frozenset[str]


@dataclass(frozen=True, slots=True)
class Written:
    """A feedback as its copies are looked for.

    Attributes:
        origin: Where it comes from.
        content_rev: Of its words.
        text: The customer's turns.
        lines: Texts of its complaint mentions, by mention id.
    """

    origin: Origin
    content_rev: int
    text: str
    lines: dict[int, str]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A stored text that shares a key with one that is looked at."""

    key: int
    origin: Origin
    words: int
    exact: int
    slots: bytes
    signed: bool


def is_counted() -> ColumnElement[bool]:
    """That a mention is counted: it is in no copy of another feedback, and no boilerplate."""
    return ~exists().where(UncountedMention.mention_id == Mention.id)


def people_counted() -> ColumnElement[int]:
    """Distinct people behind feedback: by customer reference; each feedback without one is somebody of its own."""
    nameless = case((Feedback.customer_ref.is_(None), Feedback.id))
    return func.count(distinct(Feedback.customer_ref)) + func.count(distinct(nameless))


def load_written(session: Session, mention_ids: Collection[int]) -> list[Written]:
    """Texts of the feedback that these mentions stand in, by id, each with all of its complaints."""
    lines: dict[int, dict[int, tuple[int, int, int]]] = {}
    whole = select(Mention.feedback_id).where(Mention.id.in_(sorted(mention_ids)))
    spans = select(Mention.id, Mention.feedback_id, Mention.turn, Mention.start, Mention.end)
    for row in session.execute(spans.where(Mention.feedback_id.in_(whole), Mention.complaint)):
        lines.setdefault(row.feedback_id, {})[row.id] = (row.turn, row.start, row.end)
    turns: dict[int, dict[int, str]] = {}
    said = select(Turn.feedback_id, Turn.position, Turn.text).where(Turn.feedback_id.in_(sorted(lines)))
    for feedback_id, position, text in session.execute(said.where(Turn.role == Role.CUSTOMER).order_by(Turn.position)):
        turns.setdefault(feedback_id, {})[position] = text
    found = select(Feedback.content_rev, *_ORIGIN).where(Feedback.id.in_(sorted(turns))).order_by(Feedback.id)
    return [
        Written(
            origin=_origin(row),
            content_rev=row.content_rev,
            text="\n".join(turns[row.id].values()),
            lines={at: turns[row.id].get(turn, "")[start:end] for at, (turn, start, end) in lines[row.id].items()},
        )
        for row in session.execute(found)
    ]


def find_candidates(session: Session, keys: Iterable[int]) -> list[Candidate]:
    """Stored texts that have one of the keys, oldest first."""
    found = []
    wanted = sorted(set(keys))
    for start in range(0, len(wanted), _KEYS_AT_ONCE):
        query = (
            select(PrintKey.key, TextPrint.words, TextPrint.exact, TextPrint.slots, TextPrint.signed, *_ORIGIN)
            .join(TextPrint, TextPrint.feedback_id == PrintKey.feedback_id)
            .join(Feedback, Feedback.id == PrintKey.feedback_id)
            .where(PrintKey.key.in_(wanted[start : start + _KEYS_AT_ONCE]))
            .order_by(PrintKey.feedback_id)
        )
        found += [
            Candidate(row.key, _origin(row), row.words, row.exact, row.slots, row.signed)
            for row in session.execute(query)
        ]
    return found


def complaints_in(session: Session, feedback_ids: Collection[int]) -> Sequence[int]:
    """Ids of the complaint mentions of feedback."""
    query = select(Mention.id).where(Mention.feedback_id.in_(sorted(feedback_ids)), Mention.complaint)
    return session.scalars(query).all()


def count_topics(session: Session, feedback_ids: Collection[int]) -> int:
    """How many topics feedback is about in all."""
    query = select(func.count(distinct(Mention.topic_id))).where(Mention.feedback_id.in_(sorted(feedback_ids)))
    return session.scalar(query) or 0


def marked(session: Session, mention_ids: Collection[int]) -> set[int]:
    """Those of these mentions that are marked as not counted."""
    query = select(UncountedMention.mention_id).where(UncountedMention.mention_id.in_(sorted(mention_ids)))
    return set(session.scalars(query))


_ORIGIN = (
    Feedback.id,
    Feedback.occurred_at,
    Feedback.source_id,
    Feedback.case_ref,
    Feedback.customer_ref,
    Feedback.customer_email,
    Feedback.customer_name,
)


def _origin(row: Row[*tuple[Any, ...]]) -> Origin:
    said = {"ref": row.customer_ref, "email": row.customer_email, "name": row.customer_name}
    people = {f"{kind}:{' '.join(value.casefold().split())}" for kind, value in said.items() if value and value.strip()}
    return Origin(row.id, row.occurred_at, row.source_id, row.case_ref, frozenset(people))
