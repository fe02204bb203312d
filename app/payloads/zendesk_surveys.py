"""Responses to Zendesk's satisfaction surveys: what a customer answered about a ticket."""

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import Any

from app.domain.feedback import Medium, Role
from app.payloads.conversation import SATISFACTION, Conversation, Message, csat_binary, message, person, shown
from app.payloads.times import read_time
from app.payloads.walk import at, first, ident, number, objects

_SUBJECTS = ("zen:ticket:", "zrn:ticket:", "zen:request:")


def surveyed(body: object, zone: tzinfo) -> list[Conversation]:
    """What the survey responses of a page, or one by itself, add to their tickets.

    The rating's category is a score, as the ticket's own rating is; how many steps the rating has is not sent.

    Raises:
        AppError: ``bad_time``.
    """
    listed = objects(at(body, "survey_responses")) or objects([at(body, "survey_response")]) or objects([body])
    told = [(one, _ticket_id(one)) for one in listed]
    return [_told(one, ticket_id, zone) for one, ticket_id in told if ticket_id and _given(one)]


def _ticket_id(response: object) -> str | None:
    names = at(response, "subject_zrns")
    found = [ident(at(one, "id")) for one in objects(at(response, "subjects")) if at(one, "type") == "ticket"]
    for name in names if isinstance(names, list) else ():
        found += [str(name).removeprefix(begin) for begin in _SUBJECTS if str(name).startswith(begin)]
    return next((one for one in found if one), None)


def _given(response: object) -> list[Mapping[str, Any]]:
    return [one for one in objects(at(response, "answers")) if at(one, "type") != "skipped"]


def _told(response: object, ticket_id: str, zone: tzinfo) -> Conversation:
    given = _given(response)
    times = [read_time(first(one, ("updated_at",), ("created_at",)), zone) for one in given]
    ratings = [one for one in given if at(one, "type") == "rating_scale"]
    rating = ratings[0] if ratings else None
    return Conversation(
        external_id=ticket_id,
        medium=Medium.TICKET,
        began=min(times),
        changed=max(times),
        messages=_words(given, zone),
        customer=person(at(response, "responder_id")),
        scores=csat_binary(at(rating, "rating_category")),
        facts={
            "csat_rating": number(at(rating, "rating")),
            "csat_reason": [
                label
                for one in given
                for picked in objects(at(one, "selections"))
                if isinstance(label := first(picked, ("option", "label", "value"), ("label", "value")), str)
            ],
        },
    )


def _words(given: Sequence[Mapping[str, Any]], zone: tzinfo) -> list[Message]:
    found: list[Message] = []
    for one in given:
        asked, when = at(one, "question", "headline", "value"), read_time(at(one, "created_at"), zone)
        ref = f"{SATISFACTION}:{ident(at(one, 'question', 'id'))}" if found else SATISFACTION
        question = asked if isinstance(asked, str) else "satisfaction comment"
        found += message(ref, Role.CUSTOMER, shown(at(one, "value")), at=when, question=question)
    return found
