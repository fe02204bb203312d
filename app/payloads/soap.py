"""XML of senders as plain values: no document type, no entities, nothing fetched."""

from collections.abc import Iterator
from contextlib import suppress
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from app.errors import AppError, Kind
from app.payloads.delivery import RawDelivery

_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"


def read_xml(body: bytes) -> Element:
    """The root of a document.

    Raises:
        AppError: ``bad_xml``: it cannot be read, or has a document type, an entity or a reference outside of itself.
    """
    try:
        return _parse(body)
    except (ParseError, ValueError, LookupError):
        message = "The delivery cannot be read as XML. Check what the sender sends."
        raise AppError(Kind.BAD_REQUEST, "bad_xml", message) from None


def screen_xml(delivery: RawDelivery) -> None:
    """Turn an attack away at the door; what is only broken is kept, like everything that a sender vouches for.

    Raises:
        AppError: ``bad_xml``: there is a document type, an entity or a reference outside of the document.
    """
    with suppress(ParseError, ValueError, LookupError):
        _parse(delivery.body)


def _parse(body: bytes) -> Element:
    try:
        return fromstring(body, forbid_dtd=True, forbid_entities=True, forbid_external=True)
    except DefusedXmlException:
        message = "The delivery has a document type or entities, which are never read. Send plain XML."
        raise AppError(Kind.BAD_REQUEST, "bad_xml", message) from None


def name_of(element: Element) -> str:
    """An element's name without its namespace."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def inside(element: Element, name: str) -> Iterator[Element]:
    """The direct children with this name, whatever their namespace."""
    return (child for child in element if name_of(child) == name)


def text_in(element: Element, name: str) -> str | None:
    """The text of the first direct child with this name; None if it is not there, empty or nil."""
    child = next(inside(element, name), None)
    return None if child is None or child.get(_NIL) in {"true", "1"} else (child.text or "").strip() or None


def texts_in(element: Element) -> dict[str, str]:
    """The texts of all direct children by their names; what is empty or nil is left out."""
    names = dict.fromkeys(name_of(child) for child in element)
    return {name: found for name in names if (found := text_in(element, name)) is not None}


def type_of(element: Element) -> str:
    """What an element says that it is (`xsi:type`), without its prefix."""
    return (element.get(_TYPE) or "").rpartition(":")[2]
