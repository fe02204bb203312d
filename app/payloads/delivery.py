"""One request of a sender, as it came in, and an answer to it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from app.domain.strict_json import Json, decode_json
from app.errors import AppError, Kind

_JSON_TYPE = re.compile(r"\s*(?:application|text)/(?:[\w.-]+\+)?json\s*(?:;.*)?", re.IGNORECASE)

ASKED_ID, ASKED_AT = "closeloop-item", "closeloop-item-at"
"""Headers of an answer that we fetched: which item it was asked for, and when the event says that it happened."""


@dataclass(frozen=True)
class RawDelivery:
    """One request or file as it came in.

    Attributes:
        body: The raw bytes: signatures are over these.
        headers: Names in lower case.
        content_type: As sent, parameters included; empty if none was.
        method: Of the request.
        url: The address as the sender knows it, with its query: our public base address and the path.
        name: Of the file, where it is one.
        arrived_at: When it came; the time of items whose sender gives none.
    """

    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    method: str = "POST"
    url: str = ""
    name: str = ""
    arrived_at: datetime | None = None

    @property
    def text(self) -> str:
        """The body as text: UTF-8 with or without a byte order mark.

        Raises:
            AppError: ``bad_encoding``.
        """
        try:
            return self.body.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            message = f"The delivery is not UTF-8 text (byte {error.start}). Send UTF-8."
            raise AppError(Kind.BAD_REQUEST, "bad_encoding", message) from None

    def json(self) -> Json:
        """The body as strict JSON.

        Raises:
            AppError: ``not_json`` (another content type) or ``bad_json``.
        """
        if self.content_type and not _JSON_TYPE.fullmatch(self.content_type):
            raise AppError(Kind.UNSUPPORTED_MEDIA, "not_json", "The delivery is not application/json. Send JSON.")
        return decode_json(self.body)

    def json_or_none(self) -> Json:
        """The same; None where it cannot be read."""
        try:
            return self.json()
        except AppError:
            return None


@dataclass(frozen=True)
class Reply:
    """An answer with a body that the sender wants exactly so."""

    body: bytes
    content_type: str
    status: int = 200
