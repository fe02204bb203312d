"""Asks a sender's API for one thing, when an operator has turned that on."""

from dataclasses import dataclass
from http import HTTPStatus

from app.connectors.contract import Pull
from app.errors import AppError, Kind
from app.outbound.asking import Limits, Request, ask
from app.outbound.guard import Guard, NoAnswer

MOST_BYTES = 16 * 1024 * 1024
_LIMITS = Limits(seconds=60.0, most_bytes=MOST_BYTES)


@dataclass(frozen=True)
class Downloaded:
    """What came back."""

    body: bytes
    content_type: str


def download(pull: Pull, guard: Guard) -> Downloaded:
    """Send one GET request; redirects and proxies of the environment are ignored.

    Raises:
        AppError: ``pull_refused`` (the address may not be asked) or ``pull_failed``; neither repeats the address.
    """
    try:
        answer = ask(guard, Request("GET", pull.url, pull.headers), _LIMITS)
    except NoAnswer as error:
        raise _failed(str(error)) from None
    except AppError as error:
        raise AppError(Kind.INVALID, "pull_refused", f"The sender's API is not asked. {error.message}") from None
    if answer.status != HTTPStatus.OK:
        raise _failed(f"the sender answered {answer.status}")
    if not answer.whole:
        raise _failed(f"the answer has more than {MOST_BYTES:,} bytes, or takes too long")
    return Downloaded(answer.body, answer.headers.get("content-type", ""))


def _failed(cause: str) -> AppError:
    return AppError(Kind.UNAVAILABLE, "pull_failed", f"The sender's API did not give it: {cause}. It is asked again.")
