"""Slows guessing down: wrong sign-ins fill a bucket for the account and one for the address, which drain in time."""

import ipaddress
import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from app.access.keys import digest_of
from app.errors import AppError, Kind
from app.store.conflicts import insert_of
from app.store.people_tables import SignInLimit


@dataclass(frozen=True)
class Bucket:
    """How many attempts are free, and how often another one becomes so.

    Attributes:
        what: What it counts for; two kinds never share a row.
        size: Attempts in a row.
        drains: How long one attempt stays in it.
    """

    what: str
    size: int
    drains: timedelta


ACCOUNT = Bucket("account", 10, timedelta(minutes=6))
"""Guesses at one account: ten, then ten an hour."""

ADDRESS = Bucket("address", 10, timedelta(minutes=1))
"""Wrong sign-ins from one address, at whatever accounts: ten, then one a minute (an office may share an address)."""

REDIRECTS = Bucket("redirects", 30, timedelta(seconds=10))
"""Trips to the OpenID Connect provider begun from one address."""

_V6_NETWORK = 64  # bits: what one customer of a provider has


def take_attempt(session: Session, now: datetime, bucket: Bucket, who: str) -> None:
    """Count an attempt before it is looked at, so that guesses sent at once are counted too.

    Args:
        session: A write transaction.
        now: The present.
        bucket: What is counted.
        who: The account's name as it was typed, whether there is one or not; or the network address.

    Raises:
        AppError: Too many; `retry_after` says in how many seconds there is room.
    """
    digest = _digest(bucket, who)
    insert = insert_of(session)
    session.execute(insert(SignInLimit).values(digest=digest, level=0.0, at=now).on_conflict_do_nothing())
    row = session.get_one(SignInLimit, digest, with_for_update=True)
    level = max(0.0, row.level - (now - row.at) / bucket.drains)
    if level > bucket.size - 1:
        wait = max(1, math.ceil((level - (bucket.size - 1)) * bucket.drains.total_seconds()))
        message = f"Too many attempts to sign in. Try again in {wait} seconds."
        raise AppError(Kind.RATE_LIMITED, "too_many_sign_ins", message, retry_after=wait)
    row.level, row.at = level + 1, now


def give_back(session: Session, bucket: Bucket, who: str, *, all_of_it: bool = False) -> None:
    """Undo the count of an attempt that was right; `all_of_it` forgets the wrong ones before it too."""
    row = session.get(SignInLimit, _digest(bucket, who), with_for_update=True)
    if row is not None:
        row.level = 0.0 if all_of_it else max(0.0, row.level - 1)


def sweep_limits(session: Session, now: datetime) -> None:
    """Forget buckets that have drained long ago."""
    longest = max(bucket.size * bucket.drains for bucket in (ACCOUNT, ADDRESS, REDIRECTS))
    session.execute(delete(SignInLimit).where(SignInLimit.at < now - longest))


def network_of(address: str | None) -> str:
    """What counts as one address: an IPv4 address, or the IPv6 network that one household or office has."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed.packed, _V6_NETWORK), strict=False))
    return str(parsed)


def _digest(bucket: Bucket, who: str) -> str:
    return digest_of(f"{bucket.what}:{who}")
