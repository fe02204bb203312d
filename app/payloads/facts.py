"""Flat facts beside a conversation, and what a file without an id of its own is known by."""

import re
from collections.abc import Mapping
from hashlib import sha256
from math import isfinite
from typing import Any

from app.payloads.delivery import RawDelivery
from app.payloads.native import MAX_ATTRIBUTES
from app.payloads.talk import speaker_name

_LONGEST_NAME, _LONGEST_TEXT = 64, 255
_NOT_STORABLE = re.compile(r"[\x00\ud800-\udfff]")


def flat_facts(*sources: object) -> dict[str, Any]:
    """Attributes of what is flat and short in these objects; where two have the same name, the first one counts."""
    found: dict[str, Any] = {}
    for source in sources:
        for name, value in source.items() if isinstance(source, Mapping) else ():
            plain = speaker_name(name)
            if plain and len(plain) <= _LONGEST_NAME and _is_flat(value) and len(found) < MAX_ATTRIBUTES:
                found.setdefault(plain, value)
    return found


def file_id(delivery: RawDelivery) -> str:
    """The file's name, or a digest of its bytes where it has none: the same file is the same conversation."""
    return speaker_name(delivery.name) or f"sha256:{sha256(delivery.body).hexdigest()[:40]}"


def _is_flat(value: object) -> bool:
    if isinstance(value, str):
        return bool(value.strip()) and len(value) <= _LONGEST_TEXT and not _NOT_STORABLE.search(value)
    if isinstance(value, float):
        return isfinite(value)
    return isinstance(value, int) and -(2**63) <= value < 2**63
