"""Yotpo: webhooks of reviews (created, updated) and pages of its reviews API.

Numbers and truths come as text or as themselves, and texts with HTML entities. Deleted reviews say so in a field. What
the shop itself wrote is not a customer's, and what Yotpo thinks of the mood is not read.
Source: apidocs.yotpo.com/reference/about-webhooks.
"""

from collections.abc import Mapping
from typing import Any

from app.connectors.contract import ConnectorConfig, Deleted, Example, Found, Ignored, Parsed, Spec, nothing_in
from app.payloads.delivery import RawDelivery
from app.payloads.examples import json_delivery
from app.payloads.markup import plain_text
from app.payloads.native import read_item
from app.payloads.particulars import Person, short
from app.payloads.reviews import Review, review_item
from app.payloads.schemes import StaticToken
from app.payloads.times import read_time, time_or_none
from app.payloads.walk import at, first, needed_id, needed_object, objects, text

_EVENTS = ("review_create", "review_created", "review_updated", "review_update")
_GONE = ("review_delete", "review_deleted")


class Config(ConnectorConfig):
    """How a source of this connector is set."""


SPEC = Spec(
    title="Yotpo",
    auth=StaticToken(),
    setup=(
        "Ask your Yotpo representative to enable webhooks for the account.",
        (
            "POST to https://api.yotpo.com/apps/APP_KEY/webhooks: event_name review_create and url "
            "{url}?token={secret}; once more for review_updated. Yotpo signs nothing."
        ),
    ),
)


def reference(delivery: RawDelivery) -> str | None:
    """The header `eventid`: the same when a delivery is repeated."""
    return short(delivery.headers.get("eventid"))


def parse(delivery: RawDelivery, config: Config) -> Parsed:
    """The review of a webhook, or those of a page of the API.

    Raises:
        AppError: It is neither, or a review has no id or no time.
    """
    body = needed_object(delivery.json())
    if "event" in body:
        if body["event"] in _GONE:
            return [Deleted(needed_id(at(body, "data", "id"), "id"))]
        if body["event"] not in _EVENTS:
            return Ignored("an event that holds no review")
        page = [needed_object(body.get("data"))]
    else:
        page = objects(first(body, ["reviews"], ["response", "reviews"])) or ([body] if "score" in body else [])
    found = [one for review in page if (one := _found(review, config)) is not None]
    return found or nothing_in(body, "no customer's review in it", "Yotpo", ("event", "reviews", "response", "score"))


def _found(review: Mapping[str, Any], config: Config) -> Found | None:
    external_id = needed_id(review.get("id"), "id")
    if _is_true(review.get("deleted")):
        return Deleted(external_id)
    if _is_true(review.get("shop_owner")):
        return None
    title, content, zone = text(review.get("title")), text(review.get("content")), config.zone_info
    user = first(review, ["user_id"], ["user", "user_id"])
    return read_item(
        review_item(
            Review(
                external_id=external_id,
                occurred_at=read_time(review.get("created_at"), zone),
                title=plain_text(title) if title else None,
                body=plain_text(content) if content else None,
                stars=review.get("score"),
                updated_at=time_or_none(first(review, ["updated_at"], ["created_at"]), zone),
                person=Person(
                    None if user in (0, "0") else user,
                    first(review, ["customer_email"], ["email"]),
                    first(review, ["reviewer_display_name"], ["name"], ["user", "display_name"]),
                ),
                case_id=first(review, ["order", "external_id"], ["external_order_id"], ["order_id"], ["order", "id"]),
                facts={
                    "product": first(review, ["external_product_id"], ["sku"], ["product_id"]),
                    "user_type": first(review, ["user_type"], ["reviewer_type"]),
                    "verified": None if review.get("verified_buyer") is None else _is_true(review["verified_buyer"]),
                    "escalated": _is_true(at(review, "escalated")) or None,
                },
            )
        )
    )


def _is_true(value: object) -> bool:
    return value is True or (isinstance(value, str) and value.strip().lower() in {"true", "1"}) or value == 1


_TEXTUAL = {
    "id": "219",
    "title": "Don&#39;t buy",
    "content": "It broke &amp; nobody answers.",
    "user_id": "209",
    "score": "1",
    "deleted": "false",
    "created_at": "2026-03-01 09:12:13 UTC",
    "updated_at": "2026-03-01 09:12:13 UTC",
    "user_type": "verifiedBuyer",
    "order": {"id": 523556, "external_id": "A-9"},
    "customer_email": "ada@example.com",
    "verified_buyer": "true",
    "shop_owner": "false",
    "sentiment": "0.2",
}
_READ = {
    "external_id": "219",
    "updated_at": "2026-03-01T09:12:13Z",
    "medium": "review",
    "occurred_at": "2026-03-01T09:12:13Z",
    "question": "Don't buy",
    "text": "It broke & nobody answers.",
    "scores": [{"metric": "stars", "value": 1, "min": 1, "max": 5}],
    "customer": {"ref": "209", "email": "ada@example.com"},
    "case_id": "A-9",
    "attributes": {"user_type": "verifiedBuyer", "verified": True},
}
_TYPED = {
    "id": 9007199254740993,
    "title": "Fine",
    "reviewer_display_name": "Ada W.",
    "content": "Came in time.",
    "user_id": 209,
    "score": 5,
    "deleted": False,
    "created_at": "2026-03-01T21:31:13.000Z",
    "updated_at": "2026-03-02T08:00:00.000Z",
    "verified_buyer": False,
    "shop_owner": False,
    "external_order_id": "123",
    "external_product_id": "p-7",
}

EXAMPLES = (
    Example(
        "a new review, everything as text; entities are unescaped",
        json_delivery({"event": "review_create", "data": _TEXTUAL}, {"eventid": "066c9f28"}),
        [_READ],
    ),
    Example(
        "an updated one, everything typed; a long id keeps its digits",
        json_delivery({"event": "review_updated", "data": _TYPED}),
        [
            {
                "external_id": "9007199254740993",
                "updated_at": "2026-03-02T08:00:00Z",
                "medium": "review",
                "occurred_at": "2026-03-01T21:31:13Z",
                "question": "Fine",
                "text": "Came in time.",
                "scores": [{"metric": "stars", "value": 5, "min": 1, "max": 5}],
                "customer": {"ref": "209", "name": "Ada W."},
                "case_id": "123",
                "attributes": {"product": "p-7", "verified": False},
            }
        ],
    ),
    Example(
        "a page of the API: a deleted review, and one that the shop wrote",
        json_delivery({"reviews": [{**_TEXTUAL, "deleted": "true"}, {**_TYPED, "shop_owner": "true"}]}),
        [Deleted("219")],
    ),
    Example("a deleted review", json_delivery({"event": "review_delete", "data": {"id": 219}}), [Deleted("219")]),
    Example(
        "another event",
        json_delivery({"event": "question_create", "data": {"id": 1}}),
        Ignored("an event that holds no review"),
    ),
    Example("a review without id", json_delivery({"event": "review_create", "data": {"score": 1}}), "id_missing"),
    Example(
        "a review without time",
        json_delivery({"event": "review_create", "data": {**_TYPED, "created_at": None}}),
        "bad_time",
    ),
)
