"""What items of every medium carry beside the words: ids, people, flat facts, in the form of the schema."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.domain.strict_json import decode_json
from app.errors import AppError
from app.payloads.delivery import RawDelivery
from app.payloads.native import MAX_ATTRIBUTE, MAX_ATTRIBUTES
from app.payloads.walk import at, ident

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_NOT_STORABLE = re.compile(r"[\x00\ud800-\udfff]")
_SCRIPTS = (
    (re.compile("[\u3041-\u309f\u30a0-\u30fa\uff66-\uff9f]"), "ja"),
    (re.compile("[\uac00-\ud7a3]"), "ko"),
    (re.compile("[\u0e01-\u0e3a]"), "th"),
    (re.compile("[\u10d0-\u10fa]"), "ka"),
    (re.compile("[\u0531-\u0587]"), "hy"),
)


@dataclass(frozen=True)
class Person:
    """Who said it, as far as the sender tells.

    Attributes:
        ref: The operator's own id of this person, or else the sender's.
        email: Their address.
        name: As they are called.
    """

    ref: object = None
    email: object = None
    name: object = None

    def fields(self) -> dict[str, str] | None:
        """The item's `customer`; None where nothing is known."""
        found = {"ref": short(self.ref), "email": short(self.email), "name": short(self.name)}
        return {name: value for name, value in found.items() if value} or None


def short(value: object) -> str | None:
    """An id, name or address on one line of at most 255 characters; None where there is none."""
    found = ident(value)
    return None if found is None else _CONTROL.sub(" ", found).strip()[:255].strip() or None


def said(value: object) -> str | None:
    """A customer's words, untouched; None where nobody would see anything, such as zero-width characters only."""
    if not isinstance(value, str):
        return None
    return value if any(unicodedata.category(sign)[0] not in "ZC" for sign in value) else None


def attributes(facts: Mapping[str, object]) -> dict[str, bool | int | float | str]:
    """Flat facts as an item takes them; nothing, long texts and what is not flat are left out, and what is too many."""
    found: dict[str, bool | int | float | str] = {}
    for name, value in facts.items():
        key = (short(name) or "")[:64].strip()
        flat = _flat(value)
        if key and flat is not None and len(found) < MAX_ATTRIBUTES:
            found.setdefault(key, flat)
    return found


def _flat(value: object) -> bool | int | float | str | None:
    if isinstance(value, bool | int | float):
        return value
    if isinstance(value, str) and value.strip() and len(value) <= MAX_ATTRIBUTE:
        return None if _NOT_STORABLE.search(value) else value
    return None


def tag_names(value: object) -> str | None:
    """The tags of a list, texts or objects with a name, as one text; None if there is none."""
    named = [one if isinstance(one, str) else at(one, "name") for one in value] if isinstance(value, list) else []
    return ", ".join(name for name in named if isinstance(name, str) and name.strip()) or None


def script_language(text: str) -> str | None:
    """The language of a text whose script only one language has, such as Japanese; None for all others."""
    return next((language for script, language in _SCRIPTS if script.search(text)), None)


def id_in_body(delivery: RawDelivery, *path: str | int) -> str | None:
    """The sender's own id of a delivery, where it stands in its JSON; None if there is none; never raises."""
    try:
        return short(at(decode_json(delivery.body), *path))
    except AppError:
        return None


def shown(parts: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of an item that are known; numbers, false and the empty text count as known."""
    return {name: value for name, value in parts.items() if value is not None and value not in ([], {})}
