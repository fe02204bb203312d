"""A public review as a native item: its title is the question, its body the words, its rating stars."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.domain.feedback import Medium
from app.payloads.native import MAX_TEXT
from app.payloads.particulars import Person, attributes, said, short, shown
from app.payloads.walk import number

_LOW, _HIGH = 1, 5
_TRANSLATION = re.compile(r"\(Translated by Google\)", re.IGNORECASE)
_ORIGINAL = re.compile(r"\(Original\)", re.IGNORECASE)


@dataclass(frozen=True)
class Review:
    """One review as its connector found it; what the shop or developer replied is no part of it.

    Attributes:
        external_id: The sender's id of the review.
        occurred_at: When it was written.
        title: Its heading, if it has one.
        body: Its text, if it has one.
        stars: The rating: a number, also as text; None and what is not on 1..5 is no score.
        raw: The word that the sender wrote for the rating, if it was no number.
        updated_at: When this state of it came about.
        language: As a language tag.
        person: Who wrote it.
        case_id: The order that it is about.
        facts: More that is known of it.
    """

    external_id: str
    occurred_at: datetime
    title: str | None = None
    body: str | None = None
    stars: object = None
    raw: str | None = None
    updated_at: datetime | None = None
    language: str | None = None
    person: Person = field(default_factory=Person)
    case_id: object = None
    facts: Mapping[str, object] = field(default_factory=dict)


def review_item(review: Review) -> dict[str, Any]:
    """The native item of a review, as JSON. A review that is only a title has it as its words."""
    title, body = said(review.title), said(review.body)
    words = body if body is not None else title or ""
    rating = number(review.stars)
    on_scale = rating is not None and _LOW <= rating <= _HIGH
    score = shown({"metric": "stars", "value": rating, "min": _LOW, "max": _HIGH, "raw": short(review.raw)})
    odd = {"rating": review.raw or rating} if rating is not None and not on_scale else {}
    return shown(
        {
            "external_id": review.external_id,
            "updated_at": review.updated_at,
            "medium": Medium.REVIEW,
            "occurred_at": review.occurred_at,
            "language": review.language,
            "question": title[:2000] if title and body is not None else None,
            "text": words[:MAX_TEXT],
            "scores": [score] if on_scale else [],
            "customer": review.person.fields(),
            "case_id": short(review.case_id),
            "attributes": attributes({**review.facts, **odd}),
        }
    )


def original_text(text: str) -> str:
    """What the customer wrote, of a text beside which Google put its own translation, in either order."""
    before, *after = _TRANSLATION.split(text, maxsplit=1)
    if not after:
        return text
    translated, *original = _ORIGINAL.split(after[0], maxsplit=1)
    if original:
        return original[0].strip()
    return before.strip() or translated.strip()
