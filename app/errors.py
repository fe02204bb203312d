"""The one exception that the service raises on purpose; HTTP is unknown here (api/problems.py maps kinds to status)."""

from collections.abc import Callable
from enum import StrEnum
from functools import partial


class Kind(StrEnum):
    """What sort of refusal it is; an edge maps it to a status or an exit code."""

    BAD_REQUEST = "bad_request"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    PRECONDITION_FAILED = "precondition_failed"
    PRECONDITION_REQUIRED = "precondition_required"
    TOO_LARGE = "too_large"
    UNSUPPORTED_MEDIA = "unsupported_media"
    INVALID = "invalid"
    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"
    MISCONFIGURED = "misconfigured"


class AppError(Exception):
    """A refusal with a stable code and a message that says what to do.

    Args:
        kind: What sort of refusal it is.
        code: Stable snake_case name, documented in docs/errors.md.
        message: One or two sentences for a person. Never customer text, never a secret.
        facts: Extra members for the problem document, JSON values only.
    """

    def __init__(self, kind: Kind, code: str, message: str, **facts: object) -> None:
        """Keep the parts; `str()` of the error is the message."""
        super().__init__(message)
        self.kind = kind
        self.code = code
        self.message = message
        self.facts = facts

    def __reduce__(self) -> tuple[Callable[[], "AppError"], tuple[()]]:
        """How it goes from one process to another."""
        return partial(AppError, self.kind, self.code, self.message, **self.facts), ()
