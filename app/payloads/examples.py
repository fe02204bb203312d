"""Payloads written down in code, as senders would send them: for the EXAMPLES of connectors."""

import json
from collections.abc import Mapping

from app.payloads.delivery import RawDelivery


def json_delivery(value: object, headers: Mapping[str, str] | None = None) -> RawDelivery:
    """A value as a sender's JSON, with headers in lower case."""
    return RawDelivery(body=json.dumps(value, ensure_ascii=False).encode(), headers=headers or {})
