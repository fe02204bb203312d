"""Has a connector read a delivery: what it refuses, and where it is mistaken itself, is an answer like any other."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.connectors.contract import Parsed
from app.errors import AppError
from app.ingest.sources import CONNECTORS
from app.payloads.delivery import RawDelivery
from app.plugins import load_plugin


@dataclass(frozen=True)
class Refused:
    """Why a delivery cannot be read."""

    code: str
    message: str


def parse_delivery(connector: str, config: Mapping[str, Any], delivery: RawDelivery) -> Parsed | Refused:
    """What a connector makes of a delivery under a source's configuration; never raises."""
    try:
        module = load_plugin(CONNECTORS, connector)
        parsed: Parsed = module.parse(delivery, module.Config.model_validate(config))
    except AppError as error:
        return Refused(error.code, error.message)
    except Exception as error:  # noqa: BLE001 - a plug-in's mistake; its message could hold a customer's words
        return Refused("connector_failed", f"{type(error).__name__} in connector {connector}")
    return parsed


def reference_of(connector: str, delivery: RawDelivery) -> str | None:
    """The sender's own id of a delivery; None if there is none, or the connector is mistaken; never raises."""
    try:
        found: str | None = load_plugin(CONNECTORS, connector).reference(delivery)
    except Exception:  # noqa: BLE001 - a plug-in's mistake must not cost the delivery
        return None
    return found
