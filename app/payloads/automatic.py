"""Mails that no person wrote: answers of absent people's mailboxes, bounces, receipts."""

from collections.abc import Iterator, Mapping

from app.payloads.walk import at, ident

_PRECEDENCE = frozenset(("auto_reply", "auto-reply", "bulk", "junk"))
"""Not `list`: mail to a support address that is a group comes so."""
_MARKS = frozenset(("x-autoreply", "x-autorespond", "x-autoresponse", "x-auto-reply", "x-auto-respond"))


def is_automatic(headers: object) -> bool:
    """Whether the headers of a mail say that a machine sent it.

    Told by `Auto-Submitted` (RFC 3834, section 5), by `Precedence` and by what autoresponders used before those.

    Args:
        headers: Names and values as an object, or a list of objects with `name` and `value`; in any case.
    """
    return any(_tells(name, value) for name, value in _pairs(headers))


def _pairs(headers: object) -> Iterator[tuple[str, str]]:
    named = headers.items() if isinstance(headers, Mapping) else _listed(headers)
    for name, value in named:
        given = value[0] if isinstance(value, list) and value else value
        yield str(name).strip().lower().replace("_", "-"), (ident(given) or "").lower()


def _listed(headers: object) -> Iterator[tuple[object, object]]:
    for one in headers if isinstance(headers, list) else ():
        yield at(one, "name"), at(one, "value")


def _tells(name: str, value: str) -> bool:
    if name == "auto-submitted":
        return value.partition(";")[0].strip() not in ("", "no")
    return value in _PRECEDENCE if name == "precedence" else name in _MARKS and value not in ("", "no", "false")
