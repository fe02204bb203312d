"""Generic signed webhook: Standard Webhooks signing, the native item as the body.

The body is one native item, `{"items": [...]}` with up to 1,000 of them, or either inside the specification's
envelope `{"type", "timestamp", "data"}`. Fields that we do not know are dropped.
Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from collections.abc import Mapping, Sequence

from app.connectors.contract import ConnectorConfig, Example, Ignored, Parsed, Spec
from app.domain.feedback import Medium
from app.errors import AppError, Kind
from app.payloads.delivery import RawDelivery
from app.payloads.native import known_parts, read_item
from app.payloads.presets import ED25519, STANDARD_WEBHOOKS, SVIX
from app.payloads.schemes import AnyOf

MAX_ITEMS = 1_000


class Config(ConnectorConfig):
    """How a source of this connector is set.

    Attributes:
        medium: Counts where an item names none.
    """

    medium: Medium | None = None


SPEC = Spec(
    title="Standard Webhooks",
    auth=AnyOf((STANDARD_WEBHOOKS, SVIX, ED25519)),
    setup=(
        "Add an endpoint with the address {url}.",
        "Give it the signing secret {secret}; if it signs with a key of its own, give us its whpk_ key instead.",
        "Send native items as JSON; the schema is NativeItem in /v1/openapi.json.",
    ),
    also=("svix", "generic"),
)


def reference(delivery: RawDelivery) -> str | None:
    """The `webhook-id` (`svix-id` with Svix): the same when a delivery is repeated."""
    return delivery.headers.get("webhook-id") or delivery.headers.get("svix-id")


def parse(delivery: RawDelivery, config: Config) -> Parsed:
    """The items of the body.

    Raises:
        AppError: It is not JSON, has too many items, or one of them does not fit.
    """
    found = _items(delivery.json())
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
