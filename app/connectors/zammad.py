"""Zammad: the default payload of its webhooks (ticket and article), tickets and articles of its API.

An article's `sender` and `internal` tell whose it is and who may see it. What an agent writes down of a phone call has
the customer as its sender and is still the agent's text. Fields without a value are sent too.
Source: https://admin-docs.zammad.org/en/latest/manage/webhook/payload.html and
https://docs.zammad.org/en/latest/api/ticket/articles.html.
"""

from collections.abc import Mapping
from json import loads
from typing import Any

from app.connectors.contract import ConnectorConfig, Example, Found, Ignored, Parsed, Spec
from app.domain.feedback import Medium, Role
from app.payloads.conversation import Conversation, Message, as_written, lower, message, person, shown
from app.payloads.delivery import RawDelivery
from app.payloads.examples import json_delivery
from app.payloads.languages import language_tag
from app.payloads.schemes import Hmac
from app.payloads.times import read_time, time_or_none
from app.payloads.walk import at, first, flag, ident, needed_id, objects, unknown_shape


class Config(ConnectorConfig):
    """How a source of this connector is set.

    Attributes:
        language: In which customers write, as BCP 47 tag; Zammad does not tell. Empty: it is found from the text.
    """

    language: str = ""


SPEC = Spec(
    title="Zammad",
    auth=Hmac(header="x-hub-signature", digest="sha1", prefix="sha1="),
    setup=(
        "Settings > Webhook > New webhook: endpoint {url}, HMAC SHA1 signature token {secret}, SSL verification on.",
        "Settings > Trigger > New trigger for Article > Action is created; another for Ticket > State has changed.",
        "Both execute Webhook with this webhook; leave its payload as it is.",
    ),
)

_SENDERS = {"customer": Role.CUSTOMER, "agent": Role.AGENT, "system": Role.SYSTEM}
_SENDER_IDS = {"1": "agent", "2": "customer", "3": "system"}


def reference(delivery: RawDelivery) -> str | None:
    """The header `X-Zammad-Delivery`, the same when it is sent again."""
    return delivery.headers.get("x-zammad-delivery") or None


def parse(delivery: RawDelivery, config: Config) -> Parsed:
    """What the delivery tells of its ticket.

    Raises:
        AppError: It is not JSON, is of no shape that Zammad sends, or lacks an id or a time.
    """
    body = delivery.json()
    if isinstance(at(body, "ticket"), Mapping):
        return [_conversation(at(body, "ticket"), at(body, "article"), config)]
    rows = objects(body) or objects([body])
    found: list[Found] = []
    for row in rows:
        if "ticket_id" in row and "body" in row:
            found += _article_alone(row, config)
        elif "title" in row and "created_at" in row:
            found.append(_conversation(row, None, config))
        else:
            raise unknown_shape("Zammad")
    return found or Ignored("there is nothing of a customer in it")


def _conversation(ticket: Mapping[str, Any], article: object, config: Config) -> Found:
    began = read_time(at(ticket, "created_at"), config.zone_info)
    updated = [at(ticket, "updated_at"), at(article, "updated_at"), at(article, "created_at")]
    times = [moment for moment in (time_or_none(one, config.zone_info) for one in updated) if moment]
    customer = at(ticket, "customer")
    known = isinstance(customer, Mapping)
    names = [at(customer, "firstname"), at(customer, "lastname")]
    return Conversation(
        external_id=needed_id(at(ticket, "id"), "ticket id"),
        medium=Medium.TICKET,
        began=began,
        changed=max(times, default=began),
        messages=_article(article, config),
        subject=at(ticket, "title"),
        language=first(customer, ("preferences", "locale")) or config.language,
        customer=person(
            first(customer, ("id",)) or at(ticket, "customer_id"),
            first(customer, ("email",)) if known else customer,
            " ".join(name for name in names if isinstance(name, str) and name),
        ),
        facts={
            "status": lower(first(ticket, ("state", "name"), ("state",))),
            "priority": lower(first(ticket, ("priority", "name"), ("priority",))),
            "group": first(ticket, ("group", "name"), ("group",)),
            "channel": lower(at(ticket, "create_article_type")),
            "tags": at(ticket, "tags"),
            "number": at(ticket, "number"),
            "reopened": at(ticket, "reopen_count"),
        },
    ).item()


def _article(article: object, config: Config) -> list[Message]:
    ref = ident(at(article, "id"))
    if ref is None or flag(at(article, "internal")) is not False:
        return []
    sender = lower(first(article, ("sender", "name"), ("sender",)))
    sender = sender or _SENDER_IDS.get(ident(at(article, "sender_id")) or "")
    role = _SENDERS.get(sender or "", Role.AGENT)
    if role is Role.CUSTOMER and lower(first(article, ("type", "name"), ("type",))) == "phone":
        role = Role.AGENT
    if flag(at(article, "preferences", "is-auto-response")) is True and role is Role.CUSTOMER:
        role = Role.BOT
    when = time_or_none(at(article, "created_at"), config.zone_info)
    plain = (lower(at(article, "content_type")) or "").startswith("text/plain")
    text = (as_written if plain else shown)(at(article, "body"))
    return message(ref, role, text, at=when, speaker=at(article, "from"))


def _article_alone(row: Mapping[str, Any], config: Config) -> list[Found]:
    said = _article(row, config)
    if not said:
        return []
    began = read_time(at(row, "created_at"), config.zone_info)
    changed = time_or_none(at(row, "updated_at"), config.zone_info) or began
    ticket_id = needed_id(at(row, "ticket_id"), "ticket id")
    return [Conversation(ticket_id, Medium.TICKET, began, changed, said, language=language_tag(config.language)).item()]


def _json(value: object) -> RawDelivery:
    return json_delivery(value, {"x-zammad-delivery": "4f1c"})


_TICKET = loads(
    '{"id": 9007199254740993, "number": "10081", "title": "Router defekt", "state": "open", '
    '"priority": {"id": 2, "name": "2 normal"}, "group": {"id": 3, "name": "Technik"}, '
    '"customer": {"id": 8, "firstname": "Eva", "lastname": "Brandt", "email": "eva@example.com", "note": "schwierig"}, '
    '"created_at": "2026-03-13T14:34:35.282Z", "updated_at": "2026-03-13T14:34:35.333Z"}'
)
_ARTICLE = loads(
    '{"id": 104, "ticket_id": 9007199254740993, "from": "Eva Brandt <eva@example.com>", "sender": "Customer", '
    '"type": "email", "internal": false, "content_type": "text/html", "body": "Zum <b>dritten</b> Mal&nbsp;kaputt.", '
    '"created_at": "2026-03-13T14:34:35.318Z", "updated_at": "2026-03-13T15:00:00Z"}'
)
_READ = loads(
    '{"external_id": "9007199254740993", "updated_at": "2026-03-13T15:00:00Z", "medium": "ticket", "merge": true, '
    '"occurred_at": "2026-03-13T14:34:35.282Z", "question": "Router defekt", '
    '"customer": {"ref": "8", "email": "eva@example.com", "name": "Eva Brandt"}, '
    '"attributes": {"status": "open", "priority": "2 normal", "group": "Technik", "number": "10081"}}'
)


def _told(**article: object) -> RawDelivery:
    return _json({"ticket": _TICKET, "article": _ARTICLE | article})


def _turn(role: str) -> dict[str, str]:
    speaker = "Eva Brandt <eva@example.com>"
    found = {"role": role, "text": "Zum dritten Mal kaputt.", "ref": "104", "at": "2026-03-13T14:34:35.318Z"}
    return found | {"speaker": speaker}


EXAMPLES = (
    Example("a customer's article, an id beyond 2^53", _told(), [_READ | {"turns": [_turn("customer")]}]),
    Example("an agent's article", _told(sender="Agent"), [_READ | {"turns": [_turn("agent")]}]),
    Example("what an agent notes of a call", _told(type="phone"), [_READ | {"turns": [_turn("agent")]}]),
    Example(
        "an automatic answer of a mailbox",
        _told(preferences={"send-auto-response": False, "is-auto-response": True}),
        [_READ | {"turns": [_turn("bot")]}],
    ),
    Example("an internal note is left out", _told(sender="Agent", internal=True), [_READ | {"turns": []}]),
    Example(
        "a change without an article",
        _json({"ticket": _TICKET, "article": {}}),
        [_READ | {"turns": [], "updated_at": "2026-03-13T14:34:35.333Z"}],
    ),
    Example(
        "a source that says its language",
        _told(),
        [_READ | {"turns": [_turn("customer")], "language": "de"}],
        {"language": "de"},
    ),
    Example(
        "a page of articles",
        _json([_ARTICLE, _ARTICLE | {"id": 105, "internal": True}]),
        [
            {"external_id": "9007199254740993", "medium": "ticket", "merge": True, "turns": [_turn("customer")]}
            | {"updated_at": "2026-03-13T15:00:00Z", "occurred_at": "2026-03-13T14:34:35.318Z"}
        ],
    ),
    Example(
        "an internal article alone",
        _json(_ARTICLE | {"internal": True}),
        Ignored("there is nothing of a customer in it"),
    ),
    Example("no ticket at all", _json({"hello": 1}), "unknown_shape"),
    Example("a ticket without id", _json({"ticket": {"title": "x", "created_at": "2026-03-13"}}), "id_missing"),
)
