"""Parts of a Zendesk ticket as its API and its events write it: first text, comments, rating, requester."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from app.domain.feedback import Role
from app.payloads.conversation import (
    DESCRIPTION,
    SATISFACTION,
    Message,
    as_written,
    csat_binary,
    lower,
    message,
    person,
    shown,
)
from app.payloads.walk import at, first, flag, ident, objects
from app.payloads.zendesk_triggers import headed

_ALSO = {"ticket": ("request",)}
"""How the API for end users calls them."""
_MESSAGING = re.compile(r"conversation with [^\n]{1,100}", re.IGNORECASE)
"""What Zendesk writes as the first text of a messaging ticket."""
_BY_AGENTS = frozenset(("web", "web_service", "api", "voice", "phone", "rule", "system", "side_conversation"))


def listed(body: object, name: str) -> Sequence[Mapping[str, Any]]:
    """The objects of a page, of an array, under their own name, or the object itself."""
    if isinstance(body, list):
        return objects(body)
    if is_search(body):
        return [one for one in objects(at(body, "results")) if at(one, "result_type") == name]
    named = (name, *_ALSO.get(name, ()))
    for found in (at(body, path) for one in named for path in (f"{one}s", one)):
        if isinstance(found, list):
            return objects(found)
        if isinstance(found, Mapping):
            return [found]
    bare = isinstance(body, Mapping) and (name == "ticket" or "score" in body)
    return [body] if bare and "id" in body and "created_at" in body else []  # type: ignore[operator, list-item]


def is_search(body: object) -> bool:
    """Whether it is a page of the search API, which mixes tickets with users, groups and organizations."""
    results = at(body, "results")
    return isinstance(results, list) and all("result_type" in one for one in objects(results))


def people(body: object) -> dict[str | None, Mapping[str, Any]]:
    """The users that come beside the tickets of a page, by their ids."""
    found = [*objects(at(body, "users")), *(listed(body, "user") if is_search(body) else ())]
    return {ident(at(one, "id")): one for one in found}


def described(ticket: object) -> list[Message]:
    """A ticket's first text: the requester's own, unless an agent opened the ticket for them, or only for agents."""
    text, submitter, requester = (at(ticket, name) for name in ("description", "submitter_id", "requester_id"))
    if not isinstance(text, str) or flag(at(ticket, "is_public")) is False:
        return []
    if _MESSAGING.fullmatch(text.strip()) and _is_messaging(ticket):
        return []
    own = submitter is None or requester is None or ident(submitter) == ident(requester)
    by_agent = not own and (lower(at(ticket, "via", "channel")) or "web") in _BY_AGENTS
    writer, said = headed(shown(text))
    if writer is None:
        return message(DESCRIPTION, Role.AGENT if by_agent else Role.CUSTOMER, said)
    # A trigger's text begins with who wrote it; without the requester's name nobody can tell that it was them.
    by_requester = lower(writer) == lower(at(ticket, "requester_name")) and not by_agent
    role = Role.CUSTOMER if by_requester else Role.AGENT
    return message(DESCRIPTION, role, said, speaker=writer)


def _is_messaging(ticket: object) -> bool:
    channel = lower(at(ticket, "via", "channel")) or ""
    return "messag" in channel or bool(_MESSAGING.fullmatch(str(at(ticket, "subject") or "").strip()))


def commented(comment: object, ticket: object, when: datetime | None, opening: Sequence[Message]) -> list[Message]:
    """A comment that the customer may see; an author of whom nothing is known is an agent."""
    ref, body = ident(at(comment, "id")), first(comment, ("body",), ("html_body",))
    staff, public = flag(at(comment, "author", "is_staff")), flag(first(comment, ("is_public",), ("public",)))
    if staff is None:
        staff = ident(at(comment, "author", "id")) != (ident(at(ticket, "requester_id")) or "nobody")
    if ref is None or public is False or (public is None and staff):
        return []
    text = as_written(at(comment, "plain_body")) or shown(body)
    if any(one.text == text for one in opening):
        return []  # the description is the first comment
    return message(ref, Role.AGENT if staff else Role.CUSTOMER, text, at=when, speaker=at(comment, "author", "name"))


def remarked(rating: object, when: datetime | None) -> list[Message]:
    """What the customer wrote beside a rating."""
    text = at(rating, "comment")
    if not isinstance(text, str) or not csat_binary(at(rating, "score")):
        return []
    return message(SATISFACTION, Role.CUSTOMER, shown(text), at=when, question="satisfaction comment")


def asked_by(ticket: object, users: Mapping[str | None, Mapping[str, Any]]) -> dict[str, str] | None:
    """Who the ticket's requester is, as far as the ticket and the users beside it tell."""
    requester = ident(at(ticket, "requester_id"))
    user = users.get(requester) or at(ticket, "requester")
    sender = at(ticket, "via", "source", "from")
    return person(
        first(user, ("external_id",)) or requester,
        first(user, ("email",)) or at(sender, "address"),
        first(user, ("name",)) or at(sender, "name"),
    )
