"""What a delivery would become: read by its connector, nothing stored."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.connectors.contract import Deleted, Found, Ignored, Parsed, Undated
from app.errors import AppError
from app.ingest.sources import CONNECTORS, checked_config
from app.payloads.delivery import RawDelivery
from app.payloads.native import NativeItem
from app.plugins import load_plugin


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
    module = load_plugin(CONNECTORS, connector)
    checked = module.Config.model_validate(checked_config(connector, config))
    reference: str | None = module.reference(delivery)
    try:
        parsed: Parsed = module.parse(delivery, checked)
    except AppError as error:
        return Read("refused", error.message, error.code, reference)
    except Exception as error:  # noqa: BLE001 - a plug-in's mistake; its message could hold a customer's words
        told = f"{type(error).__name__} in connector {connector}"
        return Read("refused", told, "connector_failed", reference)
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
