"""Trustpilot: webhooks of service and product reviews, and pages of its review APIs.

One body holds several events. A revised or updated review is a later state of the same one; invitations, replies and
whatever else is told of hold no review. There is no e-mail address of the writer in service reviews: `referenceId` is
the join key.
Source: support.trustpilot.com "How to set up Trustpilot webhooks", developers.trustpilot.com; names of fields of
product reviews and of updates as in public code (the time of an update is unverified: several names are tried, and the
time of arrival stands in).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.connectors.contract import ConnectorConfig, Deleted, Example, Found, Ignored, Parsed, Spec, nothing_in
from app.payloads.delivery import RawDelivery
from app.payloads.examples import json_delivery
from app.payloads.languages import language_tag
from app.payloads.native import NativeItem, read_item
from app.payloads.particulars import Person
from app.payloads.reviews import Review, review_item
from app.payloads.schemes import StaticToken
from app.payloads.times import read_time, time_or_none
from app.payloads.walk import at, first, needed_id, needed_object, objects, text

_REVIEWS = ("service-review-", "product-review-")
_FIRST, _LATER, _GONE = "created", ("updated", "revised", "published"), "deleted"


class Config(ConnectorConfig):
    """How a source of this connector is set."""


SPEC = Spec(
    title="Trustpilot",
    auth=StaticToken(),
    setup=(
        "In Trustpilot Business open Integrations, then Developers, then Webhooks.",
        "Add a webhook with the address {url}?token={secret}: Trustpilot signs nothing.",
        "Choose the events Service review created, updated and deleted; those of product reviews as well.",
        "Invite customers with your order's number as reference number: it joins reviews with orders.",
    ),
)


def reference(_delivery: RawDelivery) -> str | None:
    """None: a delivery has no id, and the same review is told of more than once."""
    return None


def parse(delivery: RawDelivery, config: Config) -> Parsed:
    """The reviews of the events, or of a page of the API.

    Raises:
        AppError: It is neither, or a review has no id or no time.
    """
    body = needed_object(delivery.json())
    for name in ("reviews", "productReviews"):
        if isinstance(body.get(name), list):
            found: list[Found] = [_item(one, None, config) for one in objects(body[name])]
            return found or Ignored("the page holds no reviews")
    if "events" not in body and "stars" in body:
        return [_item(body, None, config)]
    events = objects(body["events"]) if isinstance(body.get("events"), list) else [body]
    found = [one for event in events if (one := _told(event, delivery, config)) is not None]
    return _once(found) or nothing_in(body, "no event of a review", "Trustpilot", ("events", "eventName"))


def _once(found: list[Found]) -> list[Found]:
    return list({repr(one): one for one in found}.values())


def _told(event: Mapping[str, Any], delivery: RawDelivery, config: Config) -> Found | None:
    name = text(event.get("eventName")) or ""
    kind = next((name.removeprefix(start) for start in _REVIEWS if name.startswith(start)), "")
    data = event.get("eventData")
    if kind == _GONE:
        return Deleted(needed_id(at(data, "id"), "eventData.id"))
    if kind == _FIRST:
        return _item(needed_object(data), None, config)
    if kind in _LATER:
        return _item(needed_object(data), delivery.arrived_at, config)
    return None


def _item(review: Mapping[str, Any], later: datetime | None, config: Config) -> NativeItem:
    """A review; `later` stands in for the time of an update that the sender does not tell."""
    zone, consumer = config.zone_info, review.get("consumer")
    written = time_or_none(first(review, ["createdAt"]), zone)
    updated = time_or_none(first(review, ["updatedAt"], ["revisedAt"], ["lastUpdatedAt"]), zone)
    when = written or updated or later or read_time(None, zone)
    return read_item(
        review_item(
            Review(
                external_id=needed_id(review.get("id"), "id"),
                occurred_at=when,
                title=text(review.get("title")),
                body=text(first(review, ["text"], ["content"])),
                stars=review.get("stars"),
                updated_at=updated or later or when,
                language=language_tag(review.get("language")),
                person=Person(at(consumer, "id"), at(consumer, "email"), first(consumer, ["name"], ["displayName"])),
                case_id=first(review, ["referenceId"], ["orderId"]),
                facts={
                    "verified": review.get("isVerified"),
                    "location": review.get("locationId"),
                    "product": first(review, ["product", "sku"], ["product", "name"]),
                    "experienced_at": review.get("experiencedAt"),
                },
            )
        )
    )


_DATA = {
    "id": "65bffd36",
    "language": "fr",
    "title": "Remboursement interminable",
    "text": "Trois semaines sans nouvelles.",
    "referenceId": "A-9",
    "stars": 1,
    "createdAt": "2026-03-01T09:34:44.000Z",
    "isVerified": True,
    "locationId": None,
    "consumer": {"id": "65bffc39", "name": "Client"},
    "companyReply": {"text": "Nous sommes désolés."},
}


def _event(kind: str, data: Mapping[str, object]) -> dict[str, object]:
    return {"eventName": kind, "version": "1", "eventData": data}


_READ = {
    "external_id": "65bffd36",
    "updated_at": "2026-03-01T09:34:44Z",
    "medium": "review",
    "occurred_at": "2026-03-01T09:34:44Z",
    "language": "fr",
    "question": "Remboursement interminable",
    "text": "Trois semaines sans nouvelles.",
    "scores": [{"metric": "stars", "value": 1, "min": 1, "max": 5}],
    "customer": {"ref": "65bffc39", "name": "Client"},
    "case_id": "A-9",
    "attributes": {"verified": True},
}
_REVISED = {**_DATA, "text": "Enfin remboursé.", "stars": 3, "updatedAt": "2026-03-09T08:00:00.000Z"}
_GONE_EVENT = _event("service-review-deleted", {"id": "65bffd36", "deletedAt": "2026-06-01T00:00:00.000Z"})
_INVITED = _event("service-review-invitation-sent", {"id": "1", "referenceId": "A-9"})

EXAMPLES = (
    Example(
        "a review, told of twice; the company's reply is left out",
        json_delivery({"events": [_event("service-review-created", _DATA), _event("service-review-created", _DATA)]}),
        [_READ],
    ),
    Example(
        "one body with a revision, an invitation and a deletion, in order",
        json_delivery({"events": [_event("service-review-updated", _REVISED), _INVITED, _GONE_EVENT]}),
        [
            {
                **_READ,
                "updated_at": "2026-03-09T08:00:00Z",
                "text": "Enfin remboursé.",
                "scores": [{"metric": "stars", "value": 3, "min": 1, "max": 5}],
            },
            Deleted("65bffd36"),
        ],
    ),
    Example(
        "a product review",
        json_delivery(
            {
                "events": [
                    _event(
                        "product-review-created",
                        {
                            "id": "9b",
                            "stars": 2,
                            "content": "Broke after a day.",
                            "createdAt": "2026-03-01T09:00:00Z",
                            "referenceId": "A-10",
                            "product": {"sku": "SKU-1", "name": "Kettle"},
                            "consumer": {"id": "c1", "name": "Ada", "email": "ada@example.com"},
                        },
                    )
                ]
            }
        ),
        [
            {
                "external_id": "9b",
                "updated_at": "2026-03-01T09:00:00Z",
                "medium": "review",
                "occurred_at": "2026-03-01T09:00:00Z",
                "text": "Broke after a day.",
                "scores": [{"metric": "stars", "value": 2, "min": 1, "max": 5}],
                "customer": {"ref": "c1", "name": "Ada", "email": "ada@example.com"},
                "case_id": "A-10",
                "attributes": {"product": "SKU-1"},
            }
        ],
    ),
    Example(
        "a page of the API",
        json_delivery({"reviews": [{**_DATA, "consumer": {"id": "65bffc39", "displayName": "Client"}}], "links": []}),
        [_READ],
    ),
    Example("an invitation", json_delivery({"events": [_INVITED]}), Ignored("no event of a review")),
    Example(
        "another event", json_delivery({"events": [_event("some-new-thing", {})]}), Ignored("no event of a review")
    ),
    Example(
        "a review without id",
        json_delivery({"events": [_event("service-review-created", {**_DATA, "id": ""})]}),
        "id_missing",
    ),
)
