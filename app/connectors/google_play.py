"""Google Play: reviews as the Android Publisher API answers them, one or a page; there is no webhook of reviews.

Title and body come as one text with a tab between them. Where the text is a translation, the original stands beside it.
An edited review keeps its id and moves `lastModified`. What the developer replied is not read. The API answers only the
last seven days: fetch at least that often.
Source: developers.google.com/android-publisher/api-ref/rest/v3/reviews.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo
from typing import Any

from app.connectors.contract import ConnectorConfig, Example, Ignored, Parsed, Spec, nothing_in
from app.payloads.delivery import RawDelivery
from app.payloads.examples import json_delivery
from app.payloads.languages import language_tag
from app.payloads.native import NativeItem, read_item
from app.payloads.particulars import Person
from app.payloads.reviews import Review, review_item
from app.payloads.schemes import StaticToken
from app.payloads.times import read_time
from app.payloads.walk import as_page, at, first, needed_id, number, objects, text

_FACTS = ("device", "androidOsVersion", "appVersionCode", "appVersionName", "thumbsUpCount", "thumbsDownCount")
_NANOS = 10**9


class Config(ConnectorConfig):
    """How a source of this connector is set."""


SPEC = Spec(
    title="Google Play",
    auth=StaticToken(),
    setup=(
        (
            "Google Play sends no reviews: fetch GET https://androidpublisher.googleapis.com/androidpublisher/v3/"
            "applications/PACKAGE/reviews with a service account, at least once a week."
        ),
        "Send each answer to {url} with the header X-Webhook-Token: {secret}, or load it as a file.",
    ),
    also=("play_store", "android"),
)


def reference(_delivery: RawDelivery) -> str | None:
    """None: pages have no id; reviews are known by their own."""
    return None


def parse(delivery: RawDelivery, config: Config) -> Parsed:
    """The reviews of a page.

    Raises:
        AppError: It is no such JSON, or a review has no id or no time.
    """
    body = as_page(delivery.json(), "reviews")
    page = [body] if "reviewId" in body or "comments" in body else objects(body.get("reviews"))
    told = [(one, _comment(one)) for one in page]
    found = [_item(review, comment, config.zone_info) for review, comment in told if comment is not None]
    return found or nothing_in(body, "no customer's review in it", "Google Play", ("reviews", "reviewId", "comments"))


def _comment(review: Mapping[str, Any]) -> Mapping[str, Any] | None:
    users = objects([at(one, "userComment") for one in objects(review.get("comments"))])
    return users[-1] if users else None


def _item(review: Mapping[str, Any], comment: Mapping[str, Any], zone: tzinfo) -> NativeItem:
    words = text(first(comment, ["originalText"], ["text"])) or ""
    title, tab, body = words.partition("\t")
    when = _modified(comment, zone)
    facts: dict[str, object] = {name: comment.get(name) for name in _FACTS}
    facts["manufacturer"] = at(comment, "deviceMetadata", "manufacturer")
    facts["product"] = at(comment, "deviceMetadata", "productName")
    return read_item(
        review_item(
            Review(
                external_id=needed_id(review.get("reviewId"), "reviewId"),
                occurred_at=when,
                title=title.strip() if tab else None,
                body=body.strip() if tab else words,
                stars=comment.get("starRating"),
                updated_at=when,
                language=language_tag(comment.get("reviewerLanguage")),
                person=Person(name=review.get("authorName")),
                facts=facts,
            )
        )
    )


def _modified(comment: Mapping[str, Any], zone: tzinfo) -> datetime:
    seconds = read_time(at(comment, "lastModified", "seconds"), zone)
    nanos = number(at(comment, "lastModified", "nanos")) or 0
    return seconds + timedelta(microseconds=nanos // 1000) if 0 <= nanos < _NANOS else seconds


def _reviewed(words: str, stars: int, **more: object) -> dict[str, object]:
    modified = {"seconds": "1767607200", "nanos": 436000000}
    comment = {"text": words, "lastModified": modified, "starRating": stars, "reviewerLanguage": "en_GB", **more}
    reply = {"text": "Thanks, we are looking into it", "lastModified": {"seconds": "1767693600"}}
    return {
        "reviewId": "gp:AOqp",
        "authorName": "Jan",
        "comments": [{"userComment": comment}, {"developerComment": reply}],
    }


_READ = {
    "external_id": "gp:AOqp",
    "updated_at": "2026-01-05T10:00:00.436Z",
    "medium": "review",
    "occurred_at": "2026-01-05T10:00:00.436Z",
    "language": "en-GB",
    "question": "Bad update",
    "text": "I cannot change my address.",
    "scores": [{"metric": "stars", "value": 1, "min": 1, "max": 5}],
    "customer": {"name": "Jan"},
}
_UNTITLED = {name: value for name, value in _READ.items() if name != "question"}

EXAMPLES = (
    Example(
        "a page: title and body with a tab between, the developer's reply left out",
        json_delivery({"reviews": [_reviewed("Bad update\tI cannot change my address.", 1)], "tokenPagination": {}}),
        [_READ],
    ),
    Example(
        "one review without a title, with facts of the device",
        json_delivery(_reviewed("\tok", 4, device="flounder", appVersionCode=12345)),
        [
            {
                **_UNTITLED,
                "text": "ok",
                "scores": [{"metric": "stars", "value": 4, "min": 1, "max": 5}],
                "attributes": {"device": "flounder", "appVersionCode": 12345},
            }
        ],
    ),
    Example(
        "a translated review: the customer's own words count",
        json_delivery({"reviews": [_reviewed("Too slow", 2, originalText="Zu langsam", reviewerLanguage="de")]}),
        [
            {
                **_UNTITLED,
                "language": "de",
                "text": "Zu langsam",
                "scores": [{"metric": "stars", "value": 2, "min": 1, "max": 5}],
            }
        ],
    ),
    Example("an empty page", json_delivery({}), Ignored("no customer's review in it")),
    Example(
        "a reply without a review",
        json_delivery({"reviews": [{"reviewId": "gp:1", "comments": [{"developerComment": {"text": "Hi"}}]}]}),
        Ignored("no customer's review in it"),
    ),
    Example("a review without id", json_delivery({"reviews": [{**_reviewed("x", 1), "reviewId": ""}]}), "id_missing"),
    Example("a review without time", json_delivery({"reviews": [_reviewed("x", 1, lastModified=None)]}), "bad_time"),
)
