"""What is stored of an item: words without personal numbers, the version as one number, a digest of the content."""

from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any, NamedTuple

from app.domain.feedback import Role
from app.ingest.digest import digest_of, write_content
from app.ingest.redact import redact_text
from app.payloads.native import ItemCustomer, NativeItem

ITEM_COLUMNS = (
    *("medium", "occurred_at", "language", "question", "customer_ref", "customer_email", "customer_name", "segment"),
    *("case_ref", "attributes"),
)
"""Columns of the feedback row whose values come from the item."""

_CUSTOMER = Role.CUSTOMER.value
_UNSAID = dict.fromkeys(("at", "speaker", "ref", "question"))
"""What a plain text does not tell of its turn."""
_NOBODY = ItemCustomer()
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

MAX_BATCH = 1_000
"""Items of one call."""


class Prepared(NamedTuple):
    """One item, ready to be stored.

    Attributes:
        external_id: The source's id.
        version: The sender's number, or its update time in microseconds since 1970; 0 if it sent neither.
        digest: Of everything else, after redaction: equal digests mean equal content.
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


class Ready(NamedTuple):
    """An item that needs nothing but the database.

    Attributes:
        prepared: What is stored of it.
        merges: Whether it is added to what is stored, or replaces that.
        latest: The latest instant that it tells of.
    """

    prepared: Prepared
    merges: bool
    latest: datetime


def make_ready(item: NativeItem, *, dated: bool = True) -> Ready:
    """Do what needs no database: in a transaction it would keep others waiting.

    Args:
        item: A valid item.
        dated: Whether `occurred_at` comes from the sender.
    """
    latest = max(item.occurred_at, item.updated_at or item.occurred_at)
    return Ready(prepare_item(item, dated=dated or item.merge), item.merge, latest)


def prepare_item(item: NativeItem, *, dated: bool = True) -> Prepared:
    """Redact an item and bring it into the form of the tables.

    Args:
        item: A valid item.
        dated: Whether `occurred_at` comes from the sender; a time that we assumed is no part of the content.
    """
    customer = item.customer or _NOBODY
    columns = {
        "medium": item.medium.value,
        "occurred_at": item.occurred_at,
        "language": item.language,
        "question": None if item.question is None else redact_text(item.question),
        "customer_ref": customer.ref or (customer.email.lower() if customer.email else None),
        "customer_email": customer.email,
        "customer_name": customer.name,
        "segment": customer.segment,
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


def tombstone_id(source_id: int, external_id: str) -> str:
    """What an erased utterance is known by: enough to recognise it when it is sent again, not to say what it was."""
    return "erased:" + blake2b(f"{source_id}\0{external_id}".encode(), digest_size=16).hexdigest()


def content_id(item: NativeItem, *, dated: bool) -> str:
    """An external id for an item that has none: the same words of the same customer at the same time are one item."""
    prepared = prepare_item(item, dated=dated)
    kept = (
        ("occurred_at", "question", "customer_ref", "case_ref") if dated else ("question", "customer_ref", "case_ref")
    )
    content = write_content({name: prepared.columns[name] for name in kept}, prepared.turns)
    return "sha:" + blake2b(content, digest_size=20).hexdigest()


def _turns(item: NativeItem, version: int) -> list[dict[str, Any]]:
    if item.turns is None:
        if not item.text:
            return []
        return [{"position": 0, "role": _CUSTOMER, "text": redact_text(item.text), "version": version, **_UNSAID}]
    return [
        {
            "position": position,
            "role": turn.role.value,
            "text": redact_text(turn.text),
            "version": version,
            "at": turn.at,
            "speaker": None if turn.speaker is None else redact_text(turn.speaker),
            "ref": turn.ref,
            "question": None if turn.question is None else redact_text(turn.question),
        }
        for position, turn in enumerate(item.turns)
    ]


def _version(item: NativeItem) -> int:
    if item.updated_at is not None:
        return (item.updated_at - _EPOCH) // _MICROSECOND
    return item.version or 0
