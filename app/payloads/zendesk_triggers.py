"""Bodies that an admin writes for Zendesk's triggers and automations, under the names of its placeholders."""

import re
from collections.abc import Mapping
from typing import Any

from app.domain.feedback import Role
from app.payloads.conversation import Message, lower, message, shown, text_ref
from app.payloads.walk import at, first, flag, ident

_TEMPLATED = frozenset(("title", "latest_comment", "latest_public_comment", "requester_email", "requester_name"))
"""Names that only an admin's body has: a ticket of the API has none of them."""
CUSTOMERS = frozenset(("end-user", "end_user", "end user", "customer", "requester"))
"""How Zendesk calls people who are no agents."""


_HEADED = re.compile(r"\s*-{5,}\s+(?P<who>[^\n,]{1,80}), [^\n]{4,40}\d:\d\d[^\n]{0,12}\n")


def headed(text: str) -> tuple[str | None, str]:
    """Who wrote a description, where its first line says it as placeholders do, and what they wrote."""
    found = _HEADED.match(text)
    return (found["who"], text[found.end() :].strip()) if found else (None, text)


def template_of(body: object) -> Mapping[str, Any] | None:
    """What an admin wrote, under the names that the fields of a ticket have; None: it is no such body."""
    inner = at(body, "ticket")
    found: dict[str, Any] = {}
    for part in (body, inner):
        if isinstance(part, Mapping):
            own = {name.removeprefix("ticket_"): value for name, value in part.items() if name.startswith("ticket_")}
            found |= {name: value for name, value in part.items() if name != "ticket"} | own
    flat = isinstance(body, Mapping) and "ticket_id" in body and "score" not in body
    if not flat and ("id" not in found or _TEMPLATED.isdisjoint(found) or not isinstance(body, Mapping)):
        return None
    who = at(body, "requester") or at(inner, "requester")
    told = {name: at(who, name.removeprefix("requester_")) for name in ("requester_name", "requester_email")}
    return {name: value for name, value in told.items() if value} | found


def latest_comment(body: Mapping[str, Any]) -> list[Message]:
    """The comment that the body calls the latest: the customer's only where the body says so."""
    text = first(body, ("latest_public_comment",), ("latest_comment",), ("comment",))
    public = first(body, ("latest_comment_is_public",), ("comment_is_public",), ("is_public",))
    if not isinstance(text, str) or flag(public) is False:
        return []
    plain = shown(text)
    if plain == shown(at(body, "description")):
        return []
    ref = ident(first(body, ("latest_comment_id",), ("comment_id",))) or text_ref("comment", plain)
    author = first(body, ("latest_comment_author_name",), ("latest_comment_author",), ("current_user_name",))
    role = Role.CUSTOMER if _is_requester(body) else Role.AGENT
    return message(ref, role, plain, speaker=author if isinstance(author, str) else None)


def _is_requester(body: Mapping[str, Any]) -> bool:
    """Whether the body says that the latest comment is the customer's; where it says nothing, it is not."""
    role = lower(first(body, ("latest_comment_author_role",), ("author_role",), ("current_user_role",)))
    if role:
        return role in CUSTOMERS
    mail = lower(first(body, ("latest_comment_author_email",), ("author_email",), ("current_user_email",)))
    return mail is not None and mail == lower(at(body, "requester_email"))
