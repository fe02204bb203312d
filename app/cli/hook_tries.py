"""Sends a connector's examples to the door of a source, as their sender would, and reads what comes back."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from app.connectors.contract import Example
from app.errors import AppError, Kind
from app.ingest.sources import CONNECTORS, NATIVE, auth_of
from app.ingest.trying import HEADER, is_as_expected, mark
from app.payloads.delivery import RawDelivery
from app.payloads.signing import sign
from app.plugins import load_plugin
from app.store.tables import Source

_PATIENCE_S = 30.0


@dataclass(frozen=True)
class Trial:
    """A source to be tried.

    Attributes:
        source: The source.
        secrets: Its live secrets, newest first.
        secret_key: The installation's key, by which the service knows that we only try.
        base_url: Where senders know the service: some of them sign it.
        address: Where to send to.
    """

    source: Source
    secrets: list[str]
    secret_key: str
    base_url: str
    address: str


def try_examples(trial: Trial, now: datetime) -> Iterator[dict[str, Any]]:
    """Send every example.

    Yields:
        Per example: its name, whether the door accepted it, `signature` (checked, or that only the sender can sign),
        whether it was read as expected, and what the service told.

    Raises:
        AppError: The source has no hook, or the service does not answer.
    """
    if trial.source.connector == NATIVE:
        raise AppError(Kind.INVALID, "no_hook", "A native source has no hook that could be tried.")
    for number, example in enumerate(load_plugin(CONNECTORS, trial.source.connector).EXAMPLES):
        delivery, signed = _signed(trial, example, now)
        body = delivery.body
        headers = {**delivery.headers, HEADER: mark(trial.secret_key, trial.source.key, number, body)}
        status, told = _send(trial, replace(delivery, headers=headers))
        yield _judged(example, status, told, can_sign=signed)


def _signed(trial: Trial, example: Example, now: datetime) -> tuple[RawDelivery, bool]:
    url = f"{trial.base_url}/v1/hooks/{trial.source.key}"
    plain = replace(example.delivery, method="POST", url=url)
    try:
        return sign(auth_of(trial.source), plain, trial.secrets[0] if trial.secrets else "", now), True
    except AppError:
        return plain, False


def _judged(example: Example, status: int, told: Any, *, can_sign: bool) -> dict[str, Any]:  # noqa: ANN401 - JSON
    if status != 200 or not isinstance(told, dict) or "read" not in told:  # noqa: PLR2004 - the status of acceptance
        detail = told.get("detail") if isinstance(told, dict) else None
        return {"example": example.name, "accepted": False, "signature": None, "as_expected": False} | {
            "told": f"{status} {detail or ''}".strip()
        }
    accepted = bool(told["signed"]) or not can_sign
    return {
        "example": example.name,
        "accepted": accepted,
        "signature": "signature checked"
        if told["signed"]
        else "not signed: only its sender can, or it comes by file or API",
        "as_expected": is_as_expected(example, told["read"]),
        "told": told["read"]["reason"] or ("the signature does not hold" if not accepted else told["read"]["outcome"]),
    }


def _send(trial: Trial, delivery: RawDelivery) -> tuple[int, Any]:
    parts = urlsplit(trial.address)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=_PATIENCE_S)
    target = urlsplit(delivery.url)
    path = f"{parts.path.rstrip('/')}/v1/hooks/{trial.source.key}" + (f"?{target.query}" if target.query else "")
    headers = _sendable(delivery)
    try:
        connection.request("POST", path, delivery.body, headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read() or b"null")
    except (OSError, HTTPException):
        message = f"The service does not answer at {trial.address}. Start it, or say with --at where it listens."
        raise AppError(Kind.UNAVAILABLE, "service_unreachable", message) from None
    except ValueError:
        return answer.status, None
    finally:
        connection.close()


def _sendable(delivery: RawDelivery) -> Mapping[str, str]:
    kind = {"content-type": delivery.content_type} if delivery.content_type else {}
    return {
        name: value for name, value in {**delivery.headers, **kind}.items() if value.isascii() and value.isprintable()
    }
