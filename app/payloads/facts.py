"""Flat facts beside a conversation, and what a file without an id of its own is known by."""

from collections.abc import Mapping
from hashlib import sha256
from itertools import islice
from typing import Any

from app.payloads.delivery import RawDelivery
from app.payloads.native import MAX_ATTRIBUTES
from app.payloads.particulars import attributes
from app.payloads.talk import speaker_name


def flat_facts(*sources: object) -> dict[str, Any]:
    """Attributes of what is flat and short in these objects; where two have the same name, the first one counts."""
    found: dict[str, Any] = {}
    for source in sources:
        for name, value in attributes(source if isinstance(source, Mapping) else {}).items():
            found.setdefault(name, value)
    return dict(islice(found.items(), MAX_ATTRIBUTES))


def file_id(delivery: RawDelivery) -> str:
    """The file's name, or a digest of its bytes where it has none: the same file is the same conversation."""
    return speaker_name(delivery.name) or f"sha256:{sha256(delivery.body).hexdigest()[:40]}"
