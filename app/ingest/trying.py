"""Tries a hook out with its connector's examples: they come through the real door and nothing of them is stored.

The command that tries and the service share the installation's secret key, and mark each request with it: nobody else
can send a delivery that is acknowledged and not kept.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any

from app.access.secret import derive_key
from app.connectors.contract import Example, Ignored
from app.errors import AppError, Kind
from app.ingest.preview import Read, as_json, preview_delivery
from app.ingest.receive import check_open, find_hook, is_authentic, screen_delivery
from app.ingest.sources import CONNECTORS
from app.payloads.delivery import RawDelivery
from app.payloads.native import read_item
from app.plugins import load_plugin
from app.store.tables import Source

HEADER = "closeloop-try"
"""Marks a request that is only a try: the number of the example, a dot, and the mark."""


@dataclass(frozen=True)
class Tried:
    """What the door made of an example.

    Attributes:
        signed: Whether a live secret vouched for it.
        read: What was read, under the example's configuration.
    """

    signed: bool
    read: Read


def mark(secret_key: str, source: str, number: int, body: bytes) -> str:
    """The header's value for an example of a source."""
    message = f"{source}.{number}.{sha256(body).hexdigest()}".encode()
    return f"{number}.{hmac.digest(derive_key(secret_key, 'tries of hooks'), message, 'sha256').hex()}"


def try_delivery(source: Source | None, delivery: RawDelivery, now: datetime, secret_key: str) -> Tried | None:
    """Look at a marked delivery without keeping it; None if it has no mark and is meant.

    Raises:
        AppError: ``bad_try`` (the mark is not ours), ``unknown_source`` or ``source_paused``.
    """
    sent = delivery.headers.get(HEADER)
    if sent is None:
        return None
    source = find_hook(source, delivery, now, secret_key)
    examples = load_plugin(CONNECTORS, source.connector).EXAMPLES
    number = int(digits) if (digits := sent.partition(".")[0]).isdecimal() and len(digits) < 4 else len(examples)  # noqa: PLR2004 - nobody has a thousand examples
    right = mark(secret_key, source.key, number, delivery.body)
    if not hmac.compare_digest(right.encode(), sent.encode("utf-8", "replace")) or number >= len(examples):
        message = (
            "This request says that it is only a try, but this installation did not make it. Leave the header out."
        )
        raise AppError(Kind.UNAUTHENTICATED, "bad_try", message)
    signed = is_authentic(source, delivery, now, secret_key)
    check_open(source)
    try:
        screen_delivery(source, delivery)
    except AppError as error:
        return Tried(signed, Read("refused", error.message, error.code))
    example = examples[number]
    # The body came through the door; a file's name, its own time and an old time of signing could not.
    read = replace(example.delivery, body=delivery.body)
    return Tried(signed, preview_delivery(source.connector, example.config, read))


def is_as_expected(example: Example, read: Mapping[str, Any]) -> bool:
    """Whether what the service read (`Read` as JSON) is what the example says must come of it."""
    expect = example.expect
    if isinstance(expect, str):
        return bool(read["code"] == expect)
    if isinstance(expect, Ignored):
        return bool(read["outcome"] == "ignored" and read["reason"] == expect.reason)
    wanted = [dict(as_json(read_item(one) if isinstance(one, Mapping) else one)) for one in expect]
    return bool(read["outcome"] == "read" and read["found"] == wanted)
