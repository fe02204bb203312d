"""Steps through decoded JSON that may hold anything: what is not there, or is of another kind, is None."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from app.errors import AppError, Kind

_LONGEST_ID = 255
_FLAGS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def at(value: object, *steps: str | int) -> Any:  # noqa: ANN401 - any JSON value
    """What lies under these keys and positions; None if a step leads nowhere."""
    for step in steps:
        if isinstance(value, Mapping) and isinstance(step, str):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and -len(value) <= step < len(value):
            value = value[step]
        else:
            return None
    return value


def first(value: object, *paths: Sequence[str | int]) -> Any:  # noqa: ANN401 - any JSON value
    """What lies under the first of these paths where there is something; null and empty texts are nothing, 0 is not."""
    for path in paths:
        found = at(value, *path)
        if found is not None and found != "":
            return found
    return None


def objects(value: object) -> list[Mapping[str, Any]]:
    """The objects of a list; empty if it is none."""
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def text(value: object) -> str | None:
    """A text that says something; None for anything else."""
    return value if isinstance(value, str) and value.strip() else None


def ident(value: object) -> str | None:
    """An id as text, digit for digit; None for anything that is no id."""
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return None


def needed_id(value: object, name: str) -> str:
    """An id that must be there, of a length that can be stored and looked for.

    Raises:
        AppError: ``id_missing`` or ``bad_id``; the message says which.
    """
    found = ident(value)
    if found is None:
        message = f"The delivery has no {name}, so that it cannot be told from others. Check what the sender sends."
        raise AppError(Kind.INVALID, "id_missing", message)
    if len(found) > _LONGEST_ID or _CONTROL.search(found):
        message = f"The delivery's {name} is too long or has control characters. Check what the sender sends."
        raise AppError(Kind.INVALID, "bad_id", message)
    return found


def flag(value: object) -> bool | None:
    """Yes or no, also where the sender wrote it as text or as 1 and 0; None for anything else.

    Who may see a text hangs on it: a private one must not pass because a gateway turned `true` into a text.
    """
    if isinstance(value, bool):
        return value
    return _FLAGS.get((ident(value) or "").lower())


def number(value: object) -> float | None:
    """A number, also where the sender wrote it as text; None for anything else, true and false included."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, str):
        try:
            found = float(value.strip().replace(",", "."))
        except ValueError:
            return None
        return found if abs(found) < float("inf") else None
    return None


def needed_object(value: object) -> Mapping[str, Any]:
    """A JSON object.

    Raises:
        AppError: ``not_an_object``.
    """
    if not isinstance(value, Mapping):
        message = "The delivery is not a JSON object. Check what the sender sends."
        raise AppError(Kind.INVALID, "not_an_object", message)
    return value


def as_page(value: object, name: str) -> Mapping[str, Any]:
    """A JSON object; an array is taken for a page that has its objects under this name.

    Raises:
        AppError: ``not_an_object``.
    """
    return {name: value} if isinstance(value, list) else needed_object(value)


def unknown_shape(sender: str) -> AppError:
    """The refusal of a body in which nothing of this sender is known."""
    message = f"The delivery has no shape that {sender} is known to send. Check what is sent, and to which source."
    return AppError(Kind.INVALID, "unknown_shape", message)
