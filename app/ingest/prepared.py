"""What is stored of an item: words without personal numbers, the version as one number, a digest of the content."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b, sha256
from typing import Any

from app.domain.feedback import Role
from app.ingest.redact import redact_text
from app.payloads.native import NativeItem

ITEM_COLUMNS = (
    *("medium", "occurred_at", "language", "question", "customer_ref", "customer_email", "customer_name", "segment"),
    *("case_ref", "attributes"),
)
"""Columns of the feedback row whose values come from the item."""

_OLD = frozenset(("at", "speaker"))
"""Parts that digests of the first release held even where they were unknown."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=datetime.isoformat)


@dataclass(frozen=True)
class Prepared:
    """One item, ready to be stored.

    Attributes:
        external_id: The source's id.
        version: The sender's number, or its update time in microseconds since 1970; 0 if it sent neither.
        digest: SHA-256 of everything else, after redaction: equal digests mean equal content.
        columns: Values of the feedback row that come from the item.
        turns: Rows of turns without the feedback's id.
        scores: Rows of scores without the feedback's id.
    """

    external_id: str
    version: int
    digest: str
    columns: dict[str, Any]
    turns: list[dict[str, Any]]
    scores: list[dict[str, Any]]


def prepare_item(item: NativeItem, *, dated: bool = True) -> Prepared:
    """Redact an item and bring it into the form of the tables.

    Args:
        item: A valid item.
        dated: Whether `occurred_at` comes from the sender; a time that we assumed is no part of the content.
    """
    columns = {
        "medium": item.medium.value,
        "occurred_at": item.occurred_at,
        "language": item.language,
        "question": None if item.question is None else redact_text(item.question),
        "customer_ref": _who(item),
        "customer_email": item.customer.email if item.customer else None,
        "customer_name": item.customer.name if item.customer else None,
        "segment": item.customer.segment if item.customer else None,
        "case_ref": item.case_id,
        "attributes": {
            name: redact_text(value) if isinstance(value, str) else value for name, value in item.attributes.items()
        },
    }
    version = _version(item)
    turns = _turns(item, version)
    scores = [
        {
            "position": position,
            "metric": score.metric,
            "value": score.value,
            "low": score.min,
            "high": score.max,
            "raw": score.raw,
        }
        for position, score in enumerate(item.scores)
    ]
    digest = digest_of(columns, turns, scores, dated=dated)
    return Prepared(item.external_id, version, digest, columns, turns, scores)


def digest_of(
    columns: Mapping[str, Any],
    turns: Sequence[Mapping[str, Any]],
    scores: Sequence[Mapping[str, Any]],
    *,
    dated: bool = True,
) -> str:
    """SHA-256 of an item's content: equal digests mean equal content, whatever version it came with."""
    content = {**columns, "turns": [_shown(turn) for turn in turns], "scores": [_shown(score) for score in scores]}
    if not dated:
        del content["occurred_at"]
    return sha256(_canonical(content)).hexdigest()


def _shown(part: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in part.items() if name != "version" and (value is not None or name in _OLD)}


def tombstone_id(source_id: int, external_id: str) -> str:
    """What an erased utterance is known by: enough to recognise it when it is sent again, not to say what it was."""
    return "erased:" + blake2b(f"{source_id}\0{external_id}".encode(), digest_size=16).hexdigest()


def content_id(item: NativeItem, *, dated: bool) -> str:
    """An external id for an item that has none: the same words of the same customer at the same time are one item."""
    prepared = prepare_item(item, dated=dated)
    kept = (
        ("occurred_at", "question", "customer_ref", "case_ref") if dated else ("question", "customer_ref", "case_ref")
    )
    content = {**{name: prepared.columns[name] for name in kept}, "turns": [_shown(turn) for turn in prepared.turns]}
    return "sha:" + blake2b(_canonical(content), digest_size=20).hexdigest()


def _turns(item: NativeItem, version: int) -> list[dict[str, Any]]:
    if item.turns is None:
        return [_turn(0, Role.CUSTOMER, item.text, version)] if item.text else []
    return [
        _turn(position, turn.role, turn.text, version)
        | {
            "at": turn.at,
            "speaker": None if turn.speaker is None else redact_text(turn.speaker),
            "ref": turn.ref,
            "question": None if turn.question is None else redact_text(turn.question),
        }
        for position, turn in enumerate(item.turns)
    ]


def _turn(position: int, role: Role, text: str, version: int) -> dict[str, Any]:
    told = {"position": position, "role": role.value, "text": redact_text(text), "version": version}
    return {**told, "at": None, "speaker": None, "ref": None, "question": None}


def _who(item: NativeItem) -> str | None:
    customer = item.customer
    if customer is None:
        return None
    return customer.ref or (customer.email.lower() if customer.email else None)


def _version(item: NativeItem) -> int:
    if item.updated_at is not None:
        return (item.updated_at - _EPOCH) // _MICROSECOND
    return item.version or 0


def _canonical(content: dict[str, Any]) -> bytes:
    # Unknown values are left out, so that a field added in a later release does not change what was stored before. An
    # empty text is known; numbers stand only inside.
    known = {name: value for name, value in content.items() if value or value == ""}
    return _ENCODER.encode(known).encode()
