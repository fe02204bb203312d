"""Generic signed webhook: Standard Webhooks signing, the native item as the body.

The body is one native item, `{"items": [...]}` with up to 1,000 of them, or either inside the specification's
envelope `{"type", "timestamp", "data"}`. Fields that we do not know are dropped.
Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import hmac
import re
import secrets as random_source
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime

from app.connectors.contract import ConnectorConfig, Example, Ignored, NativeItem, RawDelivery, known_parts, read_item
from app.domain.feedback import Medium
from app.domain.strict_json import decode_json
from app.errors import AppError, Kind

TOLERANCE_SECONDS = 300
MAX_ITEMS = 1_000
MAX_SIGNATURES = 50
"""Signatures of one header that are looked at: a sender in the middle of a rotation sends two."""

_PREFIX = "whsec_"
_KEY_BYTES = range(24, 65)
_ID = re.compile(r"[\x21-\x7e]{1,255}")
_SECONDS = re.compile(r"[0-9]{1,12}")
_JSON_TYPE = re.compile(r"\s*application/(?:[\w.-]+\+)?json\s*(?:;.*)?", re.IGNORECASE)


class Config(ConnectorConfig):
    """How a source of this connector is set.

    Attributes:
        medium: Counts where an item names none.
    """

    medium: Medium | None = None


def new_secret() -> str:
    """32 random bytes in the specification's form."""
    return _PREFIX + b64encode(random_source.token_bytes(32)).decode()


def check_secret(secret: str) -> None:
    """Whether `secret` is `whsec_` and 24 to 64 bytes in base64.

    Raises:
        AppError: ``unusable_secret``.
    """
    if _key(secret) is None:
        message = "A secret of this connector is whsec_ followed by 24 to 64 bytes in base64. Copy the sender's again."
        raise AppError(Kind.INVALID, "unusable_secret", message)


def verify(delivery: RawDelivery, secrets: Sequence[str], now: datetime) -> bool:
    """Whether a `v1` signature over `{id}.{timestamp}.{body}` was made with one of the secrets, within five minutes."""
    headers = delivery.headers
    sent_id, sent_at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not (_ID.fullmatch(sent_id) and _SECONDS.fullmatch(sent_at)):
        return False
    if abs(now.timestamp() - int(sent_at)) > TOLERANCE_SECONDS:
        return False
    entries = headers.get("webhook-signature", "").split(" ", MAX_SIGNATURES)[:MAX_SIGNATURES]
    sent = [entry[3:].encode("utf-8", "replace") for entry in entries if entry.startswith("v1,")]
    signed = f"{sent_id}.{sent_at}.".encode() + delivery.body
    right = [b64encode(hmac.digest(key, signed, "sha256")) for key in map(_key, secrets) if key is not None]
    matches = [hmac.compare_digest(one, other) for one in sent for other in right]
    return any(matches)


def reference(delivery: RawDelivery) -> str | None:
    """The `webhook-id`: the same when a delivery is repeated."""
    return delivery.headers.get("webhook-id")


def parse(delivery: RawDelivery, config: Config) -> Sequence[NativeItem] | Ignored:
    """The items of the body.

    Raises:
        AppError: It is not JSON, has too many items, or one of them does not fit.
    """
    if delivery.content_type and not _JSON_TYPE.fullmatch(delivery.content_type):
        raise AppError(Kind.UNSUPPORTED_MEDIA, "not_json", "The delivery is not application/json. Send JSON.")
    found = _items(decode_json(delivery.body))
    if not found:
        return Ignored("the delivery holds no items")
    if len(found) > MAX_ITEMS:
        message = f"A delivery may hold {MAX_ITEMS} items; this one has {len(found)}. Send smaller ones."
        raise AppError(Kind.TOO_LARGE, "too_many_items", message)
    filled = {} if config.medium is None else {"medium": config.medium}
    return [read_item(filled | dict(one) if isinstance(one, Mapping) else one) for one in map(known_parts, found)]


def _items(body: object) -> Sequence[object]:
    if isinstance(body, Mapping) and "external_id" not in body:
        inner = body.get("data", body)
        if isinstance(inner, list):
            return inner
        if isinstance(inner, Mapping) and isinstance(inner.get("items"), list):
            return list(inner["items"])
        return [inner]
    return [body]


def _key(secret: str) -> bytes | None:
    try:
        key = b64decode(secret.removeprefix(_PREFIX), validate=True)
    except ValueError:
        return None
    return key if len(key) in _KEY_BYTES else None


def _json(body: str) -> RawDelivery:
    return RawDelivery(body=body.encode(), content_type="application/json; charset=utf-8")


_ITEM = (
    '{"external_id": "0012345678901234567890", "medium": "survey", "occurred_at": "2026-03-01T14:05:00+01:00", '
    '"text": "Nobody called back.", "scores": [{"metric": "nps", "value": 0, "min": 0, "max": 10}]}'
)
_READ = {
    "external_id": "0012345678901234567890",
    "medium": "survey",
    "occurred_at": "2026-03-01T13:05:00Z",
    "text": "Nobody called back.",
    "scores": [{"metric": "nps", "value": 0, "min": 0, "max": 10}],
}

EXAMPLES = (
    Example("one item; the id keeps its zeros and NPS 0 is 0", _json(_ITEM), [_READ]),
    Example("a list of items", _json(f'{{"items": [{_ITEM}, {_ITEM}]}}'), [_READ, _READ]),
    Example("the specification's envelope", _json(f'{{"type": "feedback.created", "data": {_ITEM}}}'), [_READ]),
    Example("fields that we do not know are dropped", _json(_ITEM.replace("{", '{"color": "red", ')), [_READ]),
    Example(
        "a conversation: the agent's words stay the agent's",
        _json(
            '{"external_id": "chat-1", "updated_at": "2026-03-01T15:00:00Z", "occurred_at": "2026-03-01T14:40:00Z", '
            '"turns": [{"role": "agent", "text": "Sorry for that."}, {"role": "customer", "text": "Still no refund."}]}'
        ),
        [
            {
                "external_id": "chat-1",
                "updated_at": "2026-03-01T15:00:00Z",
                "medium": "chat",
                "occurred_at": "2026-03-01T14:40:00Z",
                "turns": [
                    {"role": "agent", "text": "Sorry for that."},
                    {"role": "customer", "text": "Still no refund."},
                ],
            }
        ],
        config={"medium": "chat"},
    ),
    Example("nothing in it", _json('{"items": []}'), Ignored("the delivery holds no items")),
    Example("not JSON", _json("{'external_id': 1}"), "bad_json"),
    Example("a time without zone", _json(_ITEM.replace("+01:00", "")), "invalid_item"),
    Example("another content type", RawDelivery(body=_ITEM.encode(), content_type="text/plain"), "not_json"),
)
