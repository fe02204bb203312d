"""Google Business Profile: notices by Pub/Sub push, and reviews as its API answers them.

A notice only names a review: it is fetched, or comes by file or API. Stars are words (`FIVE`). Where Google put its own
translation beside the customer's words, only the words count. What the business replied is not read.
Source: developers.google.com/my-business (reviews v4, notifications v1); the names inside a notice's data are
unverified: both spellings in use are taken.
"""

from base64 import b64decode
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from app.connectors.contract import ConnectorConfig, Example, Ignored, Parsed, Pull, Spec, Wanted, nothing_in
from app.domain.strict_json import decode_json
from app.errors import AppError, Kind
from app.payloads.delivery import RawDelivery
from app.payloads.examples import json_delivery
from app.payloads.native import NativeItem, read_item
from app.payloads.particulars import Person, id_in_body
from app.payloads.presets import GOOGLE_PUSH
from app.payloads.reviews import Review, original_text, review_item
from app.payloads.schemes import AnyOf, StaticToken
from app.payloads.times import read_time, time_or_none
from app.payloads.walk import at, first, needed_id, needed_object, objects, text

_STARS: Mapping[str, int] = {"ONE": 1, "TWO": 2, "THREE": 3, "FOUR": 4, "FIVE": 5}
_REVIEW_NOTICES = ("NEW_REVIEW", "UPDATED_REVIEW")


class Config(ConnectorConfig):
    """How a source of this connector is set."""


def pull(wanted: Wanted, _config: Config, token: str) -> Pull:
    """The call for a review."""
    return Pull(f"https://mybusiness.googleapis.com{wanted.path}", {"Authorization": f"Bearer {token}"})


SPEC = Spec(
    title="Google Business Profile",
    auth=AnyOf((StaticToken(), GOOGLE_PUSH)),
    setup=(
        "Make a Pub/Sub topic and let mybusiness-api-pubsub@system.gserviceaccount.com publish to it.",
        "Set the account's notificationSetting to that topic with the types NEW_REVIEW and UPDATED_REVIEW.",
        "Add a push subscription of the topic to {url}?token={secret}.",
        (
            "A notice holds no words: turn the puller of this source on, or send what "
            "https://mybusiness.googleapis.com/v4/accounts/ID/locations/ID/reviews answers."
        ),
    ),
    also=("google_my_business", "google_reviews"),
    pull=pull,
)


def reference(delivery: RawDelivery) -> str | None:
    """The notice's `messageId`: the same when it is repeated."""
    return id_in_body(delivery, "message", "messageId")


def parse(delivery: RawDelivery, config: Config) -> Parsed:
    """What a notice names, or the reviews of an answer of the API.

    Raises:
        AppError: It is neither, or an id or a time is missing.
    """
    body = needed_object(delivery.json())
    if isinstance(body.get("message"), Mapping):
        return _told(body["message"], config)
    if isinstance(body.get("locationReviews"), list):
        page = [(one.get("review"), text(one.get("name"))) for one in objects(body["locationReviews"])]
    elif isinstance(body.get("reviews"), list):
        page = [(one, None) for one in objects(body["reviews"])]
    else:
        page = [(body, None)] if "reviewId" in body or "starRating" in body else []
    found = [_item(needed_object(review), location, config) for review, location in page]
    return found or nothing_in(body, "no review in it", "Google", ("reviews", "locationReviews", "nextPageToken"))


def _told(message: Mapping[str, Any], config: Config) -> Parsed:
    notice = _notice(message.get("data"))
    if first(notice, ["type"], ["notificationType"], ["notification_type"]) not in _REVIEW_NOTICES:
        return Ignored("a notice that tells of no review")
    name = needed_id(first(notice, ["review_name"], ["reviewName"], ["review"], ["name"]), "review name")
    when = time_or_none(first(message, ["publishTime"], ["publish_time"]), config.zone_info)
    review = needed_id(name.rpartition("/")[2], "review name")
    return [Wanted(review[:255], f"/v4/{quote(name.lstrip('/'), safe='/')}", when)]


def _notice(data: object) -> Mapping[str, Any]:
    try:
        content = b64decode(text(data) or "", validate=True)
    except ValueError:
        message = "The notice's data is not base64. Check that the subscription pushes it unchanged."
        raise AppError(Kind.INVALID, "bad_notice", message) from None
    return needed_object(decode_json(content)) if content else {}


def _item(review: Mapping[str, Any], location: str | None, config: Config) -> NativeItem:
    stars, zone = text(review.get("starRating")), config.zone_info
    created = time_or_none(review.get("createTime"), zone)
    updated = time_or_none(review.get("updateTime"), zone)
    name = text(review.get("name")) or ""
    reviewer = review.get("reviewer")
    is_anonymous = at(reviewer, "isAnonymous") is True
    return read_item(
        review_item(
            Review(
                external_id=needed_id(first(review, ["reviewId"]) or name.rpartition("/")[2], "reviewId"),
                occurred_at=created or updated or read_time(None, zone),
                body=original_text(text(review.get("comment")) or ""),
                stars=_STARS.get(stars or ""),
                raw=stars,
                updated_at=updated or created,
                person=Person(name=None if is_anonymous else at(reviewer, "displayName")),
                facts={"location": location or name.partition("/reviews/")[0]},
            )
        )
    )


_REVIEW = {
    "name": "accounts/1/locations/2/reviews/AbF_x",
    "reviewId": "AbF_x",
    "reviewer": {"displayName": "Ada Wong", "profilePhotoUrl": "https://example.com/a.png"},
    "starRating": "ONE",
    "comment": "(Translated by Google) Nobody answers the phone.\n\n(Original)\nNiemand geht ans Telefon.",
    "createTime": "2026-03-01T09:02:30.123456789Z",
    "updateTime": "2026-03-02T10:00:00.000Z",
    "reviewReply": {"comment": "We are sorry.", "updateTime": "2026-03-03T10:00:00Z"},
}
_READ = {
    "external_id": "AbF_x",
    "updated_at": "2026-03-02T10:00:00Z",
    "medium": "review",
    "occurred_at": "2026-03-01T09:02:30.123456Z",
    "text": "Niemand geht ans Telefon.",
    "scores": [{"metric": "stars", "value": 1, "min": 1, "max": 5, "raw": "ONE"}],
    "customer": {"name": "Ada Wong"},
    "attributes": {"location": "accounts/1/locations/2"},
}
_OTHER_WAY = {
    **_REVIEW,
    "comment": "Zu teuer.\n\n(Translated by Google)\nToo expensive.",
    "reviewer": {"displayName": "A Google user", "isAnonymous": True},
}


def _push(data: str) -> RawDelivery:
    message = {"data": data, "messageId": "136969346945", "publishTime": "2026-03-01T09:02:31.5Z"}
    return json_delivery({"message": message, "subscription": "projects/p/subscriptions/s"})


_NEW = (
    "eyJ0eXBlIjogIk5FV19SRVZJRVciLCAicmV2aWV3X25hbWUiOiAiYWNjb3VudHMvMS9sb2NhdGlvbnMvMi9yZXZpZXdzL0FiRl94IiwgImxvY2F0"
    "aW9uX25hbWUiOiAiYWNjb3VudHMvMS9sb2NhdGlvbnMvMiJ9"
)

EXAMPLES = (
    Example(
        "a notice names a review that has to be fetched",
        _push(_NEW),
        [
            Wanted(
                "AbF_x",
                "/v4/accounts/1/locations/2/reviews/AbF_x",
                read_time("2026-03-01T09:02:31.5Z", ConnectorConfig().zone_info),
            )
        ],
    ),
    Example(
        "a page: stars as words, the original beside a translation, the reply left out",
        json_delivery({"reviews": [_REVIEW], "averageRating": 3.2, "totalReviewCount": 1}),
        [_READ],
    ),
    Example(
        "reviews of several locations; the translation comes second, the writer is anonymous",
        json_delivery({"locationReviews": [{"name": "accounts/1/locations/2", "review": _OTHER_WAY}]}),
        [{**{name: value for name, value in _READ.items() if name != "customer"}, "text": "Zu teuer."}],
    ),
    Example(
        "a rating without words",
        json_delivery({name: value for name, value in _REVIEW.items() if name != "comment"}),
        [{**_READ, "text": ""}],
    ),
    Example(
        "a notice of a question", _push("eyJ0eXBlIjogIk5FV19RVUVTVElPTiJ9"), Ignored("a notice that tells of no review")
    ),
    Example("a notice that is no base64", _push("{}"), "bad_notice"),
    Example("a notice without its review", _push("eyJ0eXBlIjogIk5FV19SRVZJRVcifQ=="), "id_missing"),
    Example("an empty page", json_delivery({"reviews": []}), Ignored("no review in it")),
)
