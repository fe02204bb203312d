"""What a delivery would become: read by its connector, nothing stored."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.connectors.contract import Deleted, Found, Ignored, Undated
from app.ingest.parsing import Refused, parse_delivery, reference_of
from app.ingest.sources import checked_config
from app.payloads.delivery import RawDelivery
from app.payloads.native import NativeItem


@dataclass(frozen=True)
class Read:
    """What was made of a delivery.

    Attributes:
        outcome: `read`, `ignored` or `refused`.
        reason: Why it is ignored or refused.
        code: The stable name of the refusal.
        reference: The sender's own id of the delivery.
        found: What is in it, each as JSON with its `action`: `upsert` with the `item` (and whether its time is the
            sender's), `delete` or `fetch` with the `external_id`.
    """

    outcome: str
    reason: str | None = None
    code: str | None = None
    reference: str | None = None
    found: tuple[Mapping[str, Any], ...] = ()


def preview_delivery(connector: str, config: Mapping[str, Any], delivery: RawDelivery) -> Read:
    """Have a connector read a delivery as it would for a source with this configuration.

    Raises:
        AppError: The connector is unknown or the configuration does not fit; what is wrong with the delivery itself
            is the outcome.
    """
    parsed = parse_delivery(connector, checked_config(connector, config), delivery)
    reference = reference_of(connector, delivery)
    if isinstance(parsed, Refused):
        return Read("refused", parsed.message, parsed.code, reference)
    if isinstance(parsed, Ignored):
        return Read("ignored", parsed.reason, None, reference)
    return Read("read", None, None, reference, tuple(as_json(one) for one in parsed))


def as_json(found: Found) -> Mapping[str, Any]:
    """One thing that a connector found."""
    if isinstance(found, NativeItem):
        return {"action": "upsert", "dated": True, "item": _shown(found)}
    if isinstance(found, Undated):
        return {"action": "upsert", "dated": False, "item": _shown(found.item)}
    if isinstance(found, Deleted):
        return {"action": "delete", "external_id": found.external_id}
    at = None if found.occurred_at is None else found.occurred_at.isoformat()
    return {"action": "fetch", "external_id": found.external_id, "path": found.path, "occurred_at": at}


def _shown(item: NativeItem) -> Mapping[str, Any]:
    shown: dict[str, Any] = item.model_dump(mode="json", exclude_defaults=True)
    return shown
