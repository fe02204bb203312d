"""How many requests a credential may send: a token bucket for each, in this process only."""

import math
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from fastapi import Request

from app.api.deps import now_of
from app.errors import AppError, Kind

WINDOW_S = 60
"""Seconds over which a bucket fills."""

_NAME = "default"
_MANY = 10_000  # buckets; full ones say nothing and are forgotten


@dataclass(frozen=True)
class Standing:
    """Where a credential stands.

    Attributes:
        quota: Requests in a minute.
        left: Requests that could be sent at once.
        full_in_s: Seconds until nothing is used any more.
    """

    quota: int
    left: int
    full_in_s: int

    def headers(self) -> dict[str, str]:
        """The fields of draft-ietf-httpapi-ratelimit-headers."""
        return {
            "RateLimit-Policy": f'"{_NAME}";q={self.quota};w={WINDOW_S}',
            "RateLimit": f'"{_NAME}";r={self.left};t={self.full_in_s}',
        }


class Quotas:
    """Buckets by name; safe in threads.

    Args:
        per_minute: What a bucket holds, and what flows into it in a minute.
    """

    def __init__(self, per_minute: int) -> None:
        """Every bucket begins full."""
        self._quota = per_minute
        self._rate = per_minute / WINDOW_S
        self._buckets: dict[str, tuple[float, datetime]] = {}
        self._lock = Lock()

    def take(self, name: str, now: datetime) -> tuple[bool, Standing]:
        """Take one token; whether there was one, and where that leaves the name."""
        with self._lock:
            tokens = self._tokens(name, now)
            taken = tokens >= 1
            tokens -= taken
            if len(self._buckets) >= _MANY and name not in self._buckets:
                self._forget_full(now)
            self._buckets[name] = tokens, now
        return taken, self._standing(tokens)

    def look(self, name: str, now: datetime) -> Standing:
        """Where a name stands; takes nothing."""
        with self._lock:
            return self._standing(self._tokens(name, now))

    def exceeded(self) -> AppError:
        """The refusal of a request without a token."""
        message = "You have sent more requests than your quota allows. Wait as long as `Retry-After` says."
        return AppError(Kind.RATE_LIMITED, "quota_exceeded", message, retry_after=math.ceil(1 / self._rate))

    def _standing(self, tokens: float) -> Standing:
        return Standing(self._quota, int(tokens), math.ceil((self._quota - tokens) / self._rate))

    def _tokens(self, name: str, now: datetime) -> float:
        tokens, at = self._buckets.get(name, (float(self._quota), now))
        return min(float(self._quota), tokens + max(0.0, (now - at).total_seconds()) * self._rate)

    def _forget_full(self, now: datetime) -> None:
        self._buckets = {name: kept for name, kept in self._buckets.items() if self._tokens(name, now) < self._quota}


def spend(request: Request, quotas: Quotas, name: str) -> None:
    """Count a request against its sender; the answer tells where that leaves them.

    Raises:
        AppError: ``quota_exceeded`` (rate limited).
    """
    taken, request.state.standing = quotas.take(name, now_of(request))
    if not taken:
        raise quotas.exceeded()
