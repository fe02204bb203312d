"""Asks a sender's API for one thing, when an operator has turned that on: public addresses only, nothing followed."""

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from app.connectors.contract import Pull
from app.errors import AppError, Kind

SECONDS = 15.0
MOST_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True)
class Downloaded:
    """What came back."""

    body: bytes
    content_type: str


def download(pull: Pull, *, public_only: bool = True) -> Downloaded:
    """Send one GET request; redirects and proxies of the environment are ignored.

    Args:
        pull: The request.
        public_only: Refuse addresses that are not https, or whose host is not on the public internet.

    Raises:
        AppError: ``pull_refused`` (the address may not be asked) or ``pull_failed``; neither repeats the address.
    """
    if public_only:
        _check_public(pull.url)
    try:
        with (
            httpx.Client(timeout=SECONDS, follow_redirects=False, trust_env=False) as client,
            client.stream("GET", pull.url, headers=dict(pull.headers)) as answer,
        ):
            if answer.status_code != httpx.codes.OK:
                raise _failed(f"the sender answered {answer.status_code}")
            return Downloaded(_read(answer), answer.headers.get("content-type", ""))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise _failed(type(error).__name__) from None


def _read(answer: httpx.Response) -> bytes:
    parts, size = [], 0
    for part in answer.iter_bytes():
        size += len(part)
        if size > MOST_BYTES:
            raise _failed(f"the answer has more than {MOST_BYTES:,} bytes")
        parts.append(part)
    return b"".join(parts)


def _check_public(url: str) -> None:
    try:
        parts = urlsplit(url)
        found = socket.getaddrinfo(parts.hostname, parts.port or 443, type=socket.SOCK_STREAM)
    except (OSError, ValueError):
        raise _failed("the host's name is not known") from None
    addresses = [ipaddress.ip_address(str(one[4][0]).partition("%")[0]) for one in found]
    if parts.scheme != "https" or parts.username or not all(address.is_global for address in addresses):
        message = "The sender's API is not asked: its address is not https on the public internet. Check the source."
        raise AppError(Kind.INVALID, "pull_refused", message)


def _failed(cause: str) -> AppError:
    return AppError(Kind.UNAVAILABLE, "pull_failed", f"The sender's API did not give it: {cause}. It is asked again.")
