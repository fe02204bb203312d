"""App Store: customer reviews as App Store Connect answers them, one or a page, and the public feed of them as JSON.

There is no webhook of reviews. The feed counts reviews by other ids than App Store Connect: one source for each.
What the developer answered comes as an own object and is not read. A territory is no language; only where a script
belongs to one language is it told. An edited review keeps its id and has a new date.
Source: Apple's OpenAPI of App Store Connect (CustomerReview, CustomerReviewsResponse); of the feed
(itunes.apple.com/rss/customerreviews) only public code that reads it.
"""

from collections.abc import Mapping
from typing import Any

from app.connectors.contract import ConnectorConfig, Example, Ignored, Parsed, Spec, nothing_in
from app.payloads.delivery import RawDelivery
from app.payloads.examples import json_delivery
from app.payloads.native import NativeItem, read_item
from app.payloads.particulars import Person, script_language
from app.payloads.reviews import Review, review_item
from app.payloads.schemes import StaticToken
from app.payloads.times import read_time
from app.payloads.walk import as_page, at, needed_id, objects, text

_KIND = "customerReviews"
_RATING = "im:rating"


class Config(ConnectorConfig):
    """How a source of this connector is set."""


SPEC = Spec(
    title="App Store Connect",
    auth=StaticToken(),
    setup=(
        (
            "The App Store sends no reviews: fetch GET https://api.appstoreconnect.apple.com/v1/apps/ID/customerReviews"
            "?sort=-createdDate&limit=200 with your key, page by page."
        ),
        "Send each answer to {url} with the header X-Webhook-Token: {secret}, or load it as a file.",
    ),
    also=("app_store", "apple_app_store", "ios"),
)


def reference(_delivery: RawDelivery) -> str | None:
    """None: pages have no id; reviews are known by their own."""
    return None


def parse(delivery: RawDelivery, config: Config) -> Parsed:
    """The reviews of a page.

    Raises:
        AppError: It is no such JSON, or a review has no id or no time.
    """
    body = as_page(delivery.json(), "data")
    data = body.get("data")
    page = objects(data) if isinstance(data, list) else objects([data])
    found = [_item(one, config) for one in page if one.get("type", _KIND) == _KIND and "attributes" in one]
    entries = at(body, "feed", "entry")
    fed = objects(entries) if isinstance(entries, list) else objects([entries])
    found += [_fed(one, config) for one in fed if _RATING in one]
    return found or nothing_in(body, "no customer review in it", "the App Store", ("data", "feed"))


def _item(review: Mapping[str, Any], config: Config) -> NativeItem:
    facts = review.get("attributes")
    title, body = text(at(facts, "title")), text(at(facts, "body"))
    when = read_time(at(facts, "createdDate"), config.zone_info)
    return read_item(
        review_item(
            Review(
                external_id=needed_id(review.get("id"), "id"),
                occurred_at=when,
                title=title,
                body=body,
                stars=at(facts, "rating"),
                updated_at=when,
                language=script_language(f"{title or ''} {body or ''}"),
                person=Person(name=at(facts, "reviewerNickname")),
                facts={"territory": at(facts, "territory")},
            )
        )
    )


def _fed(entry: Mapping[str, Any], config: Config) -> NativeItem:
    """An entry of the public feed, in which every value is a `label`; the app itself is one without rating."""
    told = {name: at(entry, name, "label") for name in ("id", "title", "content", "updated", _RATING, "im:version")}
    title, body = text(told["title"]), text(told["content"])
    when = read_time(told["updated"], config.zone_info)
    return read_item(
        review_item(
            Review(
                external_id=needed_id(told["id"], "id"),
                occurred_at=when,
                title=title,
                body=body,
                stars=told[_RATING],
                updated_at=when,
                language=script_language(f"{title or ''} {body or ''}"),
                person=Person(name=at(entry, "author", "name", "label")),
                facts={"app_version": told["im:version"]},
            )
        )
    )


_REVIEW: dict[str, Any] = {
    "type": "customerReviews",
    "id": "00000001-aaaa",
    "attributes": {
        "rating": 1,
        "title": "Logged out again",
        "body": "I type my code every morning.",
        "reviewerNickname": "tired",
        "createdDate": "2026-03-01T22:14:05-07:00",
        "territory": "JPN",
    },
}
_READ = {
    "external_id": "00000001-aaaa",
    "updated_at": "2026-03-02T05:14:05Z",
    "medium": "review",
    "occurred_at": "2026-03-02T05:14:05Z",
    "question": "Logged out again",
    "text": "I type my code every morning.",
    "scores": [{"metric": "stars", "value": 1, "min": 1, "max": 5}],
    "customer": {"name": "tired"},
    "attributes": {"territory": "JPN"},
}
_FED = {
    "author": {"name": {"label": "tired"}},
    "updated": {"label": "2026-03-01T22:14:05-07:00"},
    "im:rating": {"label": "1"},
    "im:version": {"label": "4.2"},
    "id": {"label": "12345678901"},
    "title": {"label": "Logged out again"},
    "content": {"label": "I type my code every morning.", "attributes": {"type": "text"}},
}
_REPLY = {"type": "customerReviewResponses", "id": "r1", "attributes": {"responseBody": "We are sorry."}}

EXAMPLES = (
    Example(
        "a page; the developer's answer is left out, a territory is no language",
        json_delivery({"data": [_REVIEW], "included": [_REPLY], "links": {"next": "https://example.com/2"}}),
        [_READ],
    ),
    Example(
        "one review that is only a title, in a script of one language",
        json_delivery({"data": {**_REVIEW, "attributes": {**_REVIEW["attributes"], "title": "最高です", "body": ""}}}),
        [{**{name: _READ[name] for name in _READ if name != "question"}, "text": "最高です", "language": "ja"}],
    ),
    Example(
        "the public feed; its first entry is the app",
        json_delivery({"feed": {"entry": [{"im:name": {"label": "App"}, "id": {"label": "7"}}, _FED]}}),
        [{**_READ, "external_id": "12345678901", "attributes": {"app_version": "4.2"}}],
    ),
    Example("an answer of the developer", json_delivery({"data": _REPLY}), Ignored("no customer review in it")),
    Example("an empty page", json_delivery({"data": [], "links": {}}), Ignored("no customer review in it")),
    Example("a review without id", json_delivery({"data": [{**_REVIEW, "id": None}]}), "id_missing"),
    Example("a review without date", json_delivery({"data": [{**_REVIEW, "attributes": {"rating": 3}}]}), "bad_time"),
)
