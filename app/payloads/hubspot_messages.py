"""Messages of HubSpot's conversations and e-mails that its CRM logged: whose they are, and what they say."""

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Any

from app.domain.feedback import Medium, Role
from app.domain.strict_json import decode_json
from app.errors import AppError
from app.payloads.conversation import DESCRIPTION, Conversation, as_written, lower, message, person, shown
from app.payloads.times import read_time, time_or_none
from app.payloads.walk import at, first, flag, ident, needed_id, objects

_INCOMING = frozenset(("incoming", "inbound"))
_AGENTS = ("A-", "B-")


def thread_message(row: Mapping[str, Any], zone: tzinfo) -> Conversation | None:
    """A message of a thread; None for what only agents see or nobody said.

    Raises:
        AppError: It has no thread, or a time that cannot be read.
    """
    ref = ident(at(row, "id"))
    if ref is None or lower(at(row, "type")) != "message":
        return None
    incoming = lower(at(row, "direction")) in _INCOMING and not str(at(row, "createdBy")).startswith(_AGENTS)
    role = Role.CUSTOMER if incoming else Role.AGENT
    sender = _sender(row)
    changed = read_time(first(row, ("updatedAt",), ("createdAt",)), zone)
    began = time_or_none(at(row, "createdAt"), zone) or changed
    text = as_written(at(row, "text")) or shown(at(row, "richText"))
    said = message(ref, role, text, at=began, speaker=at(sender, "name"))
    thread = needed_id(at(row, "conversationsThreadId"), "conversationsThreadId")
    customer = _visitor(sender) if incoming else None
    return Conversation(thread, Medium.CHAT, began, changed, said, customer=customer) if said else None


def _sender(row: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Who sent a message; of a forwarded one, the visitor who wrote it first."""
    senders = objects(at(row, "senders"))
    visitors = [one for one in senders if str(at(one, "actorId")).startswith("V-")]
    return next(iter([*visitors, *senders]), None)


def _visitor(sender: object) -> dict[str, str] | None:
    address = first(sender, ("deliveryIdentifier", "value"), ("deliveryIdentifiers", 0, "value"))
    is_mail = isinstance(address, str) and "@" in address
    return person(at(sender, "actorId"), address if is_mail else None, at(sender, "name"))


def logged_mail(mail_id: str, row: Mapping[str, Any], changed: datetime, zone: tzinfo) -> Conversation:
    """An e-mail of the CRM: the customer's if it came in and no machine answered; who wrote a forwarded one is unclear.

    Raises:
        AppError: ``bad_time``.
    """
    properties = at(row, "properties")
    sent = time_or_none(at(properties, "hs_timestamp"), zone) or changed
    incoming = lower(at(properties, "hs_email_direction")) == "incoming_email"
    automatic = flag(at(properties, "hs_incoming_email_is_out_of_office")) is True
    role = Role.AGENT if not incoming else Role.BOT if automatic else Role.CUSTOMER
    sender = _from(properties)
    names = [at(sender, name) for name in ("firstname", "lastname")]
    name = " ".join(one for one in names if isinstance(one, str) and one)
    address = at(sender, "email")
    bodies = (at(properties, "hs_email_html"), at(properties, "hs_body_preview"))
    text = as_written(at(properties, "hs_email_text")) or next(filter(None, map(shown, bodies)), "")
    contact = at(row, "associations", "contacts", "results", 0, "id")
    return Conversation(
        external_id=mail_id,
        medium=Medium.EMAIL,
        began=sent,
        changed=changed,
        messages=message(DESCRIPTION, role, text, at=sent, speaker=name or address),
        subject=at(properties, "hs_email_subject"),
        customer=person(contact, address, name) if incoming else person(contact),
        facts={name: lower(at(properties, f"hs_email_{name}")) for name in ("direction", "status")},
    )


def _from(properties: object) -> Mapping[str, Any]:
    """Who sent an e-mail: its own properties, or else what its headers say, which are JSON in a text."""
    told = {name: at(properties, f"hs_email_from_{name}") for name in ("email", "firstname", "lastname")}
    try:
        written = at(decode_json(as_written(at(properties, "hs_email_headers")).encode()), "from")
    except (AppError, UnicodeEncodeError):
        written = None
    headed = written.items() if isinstance(written, Mapping) else ()
    return {str(name).lower(): value for name, value in headed} | {name: one for name, one in told.items() if one}


def as_record(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """An engagement of version 1 of the API in the form of a record of version 3; other rows as they are."""
    engagement, metadata, sender = at(row, "engagement"), at(row, "metadata"), at(row, "metadata", "from")
    kind = lower(at(engagement, "type"))
    if kind is None:
        return row
    properties = {f"hs_{kind}_body": at(metadata, "body")}
    if kind.endswith("email"):
        properties = {
            "hs_email_direction": kind,
            "hs_timestamp": at(engagement, "timestamp"),
            **{f"hs_email_{name}": at(metadata, name) for name in ("subject", "text", "html", "status")},
            **{f"hs_email_from_{name.lower()}": at(sender, name) for name in ("email", "firstName", "lastName")},
        }
    contacts = [{"id": one} for one in (at(row, "associations", "contactIds", 0),) if one]
    return {
        "id": at(engagement, "id"),
        "createdAt": at(engagement, "createdAt"),
        "updatedAt": at(engagement, "lastUpdated"),
        "properties": properties,
        "associations": {"contacts": {"results": contacts}},
    }
