"""API keys: made once, shown once, kept as a digest."""

import hashlib
import hmac
import re
import secrets
import string
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import NotRequired, TypedDict, Unpack

from sqlalchemy.orm import Session

from app.access.audit import record_audit
from app.domain.actor import Actor, Scope
from app.errors import AppError, Kind
from app.store.access import find_api_key
from app.store.tables import ApiKey, Owner, Source

PREFIX = "voc_live_"
"""What secret scanners look for."""

OVERLAP = timedelta(days=1)
"""How long a rotated key works on, unless somebody says otherwise."""

LONGEST_OVERLAP = timedelta(days=90)

_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_ID_LENGTH = 12
_SECRET_BYTES = 32
_SECRET_LENGTH = 43  # 32 bytes in base 62
_TOKEN = re.compile(rf"{PREFIX}(?P<id>[0-9A-Za-z]{{{_ID_LENGTH}}})_[0-9A-Za-z]{{{_SECRET_LENGTH}}}")
_NAME_LENGTH = 80
_SCOPES = {scope.value: scope for scope in Scope}


class KeyOrder(TypedDict):
    """What a new key shall be.

    Attributes:
        name: What people call it, e.g. "crm"; it appears in the audit.
        scopes: What it may do; at least one.
        owner_id: The process owner whose eyes it sees with.
        source_id: The only source that it may write to.
        expires_at: When it stops working; None: never.
    """

    name: str
    scopes: Collection[Scope]
    owner_id: NotRequired[int | None]
    source_id: NotRequired[int | None]
    expires_at: NotRequired[datetime | None]


def create_key(session: Session, now: datetime, actor: Actor, **order: Unpack[KeyOrder]) -> tuple[ApiKey, str]:
    """Make a key; the second value is the whole secret, which nobody can show again.

    Raises:
        AppError: The order does not fit: no scope, a name of no or too many letters, an unknown owner or source,
            an end that has passed.
    """
    _check_order(session, now, order)
    public_id = "".join(secrets.choice(_ALPHABET) for _ in range(_ID_LENGTH))
    token = f"{PREFIX}{public_id}_{_base62(secrets.token_bytes(_SECRET_BYTES))}"
    key = ApiKey(
        public_id=public_id,
        digest=digest_of(token),
        name=order["name"].strip(),
        scopes=sorted(set(order["scopes"])),
        owner_id=order.get("owner_id"),
        source_id=order.get("source_id"),
        created_at=now,
        expires_at=order.get("expires_at"),
    )
    session.add(key)
    session.flush()
    record_audit(session, now, actor, "key_created", f"api_key:{key.id}", name=key.name, scopes=key.scopes)
    return key, token


def rotate_key(
    session: Session,
    now: datetime,
    actor: Actor,
    key_id: int,
    *,
    old_until: datetime | None = None,
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """Make a key with the same name and rights in the place of another, which works on for a while.

    Args:
        session: A write transaction.
        now: The present.
        actor: Who asks.
        key_id: The key that is replaced.
        old_until: Until when that one works on; by default for a day, and never longer than it would have.
        expires_at: When the new one stops working; by default it lives as long as the old one was meant to.

    Returns:
        The new key and its secret, which nobody can show again.

    Raises:
        AppError: There is no such key, it works no more or was replaced before, or an instant does not fit.
    """
    old = get_key(session, key_id)
    if not is_live(old, now) or old.replaced_by_id is not None:
        message = (
            "This key works no more or was replaced before. Rotate the one that took its place, or make a new one."
        )
        raise AppError(Kind.CONFLICT, "key_not_rotatable", message)
    until = old_until or now + OVERLAP
    if not now <= until <= now + LONGEST_OVERLAP:
        message = f"The old key may work on from now until at most {LONGEST_OVERLAP.days} days from now."
        raise AppError(Kind.INVALID, "bad_overlap", message)
    if expires_at is None and old.expires_at is not None:
        expires_at = now + (old.expires_at - old.created_at)
    order = KeyOrder(
        name=old.name,
        scopes=known_scopes(old.scopes),
        owner_id=old.owner_id,
        source_id=old.source_id,
        expires_at=expires_at,
    )
    key, token = create_key(session, now, actor, **order)
    old.replaced_by_id = key.id
    old.expires_at = min(until, old.expires_at) if old.expires_at else until
    facts = {"replaced_by": key.id, "old_works_until": old.expires_at.isoformat()}
    record_audit(session, now, actor, "key_rotated", f"api_key:{old.id}", name=old.name, **facts)
    return key, token


def revoke_key(session: Session, now: datetime, actor: Actor, key_id: int) -> ApiKey:
    """Stop a key for good, from the next request on; revoking it again changes nothing.

    Raises:
        AppError: There is no such key.
    """
    key = get_key(session, key_id)
    if key.revoked_at is None:
        key.revoked_at = now
        record_audit(session, now, actor, "key_revoked", f"api_key:{key.id}", name=key.name)
    return key


def get_key(session: Session, key_id: int) -> ApiKey:
    """One key, locked for a change.

    Raises:
        AppError: There is no such key.
    """
    key = session.get(ApiKey, key_id, with_for_update=True)
    if key is None:
        raise AppError(Kind.NOT_FOUND, "not_found", "There is no API key with this id.")
    return key


def find_key(session: Session, now: datetime, token: str) -> ApiKey:
    """The live key that `token` belongs to; only reads.

    Raises:
        AppError: The key is unknown, wrong, expired, revoked, or its owner has left; one answer for all of these.
    """
    shape = _TOKEN.fullmatch(token)
    # A token without the shape of one is looked up all the same, so that the answer takes as long.
    found = find_api_key(session, shape["id"] if shape else "")
    right = hmac.compare_digest(digest_of(token), found[0].digest if found else digest_of(PREFIX))
    if found is None or not right or not found[1] or not is_live(found[0], now):
        raise refused()
    return found[0]


def is_live(key: ApiKey, now: datetime) -> bool:
    """Whether the key is neither revoked nor past its end."""
    return key.revoked_at is None and (key.expires_at is None or now < key.expires_at)


def note_use(session: Session, now: datetime, key_id: int) -> None:
    """Remember the day on which a key was last used; call it when that is not today yet."""
    key = session.get(ApiKey, key_id)
    if key is not None:
        key.last_used_on = now.date()


def actor_of(key: ApiKey) -> Actor:
    """The actor that a key stands for."""
    name = f"key:{key.name}/{key.public_id}"
    return Actor(name=name, scopes=known_scopes(key.scopes), owner_id=key.owner_id, source_id=key.source_id)


def known_scopes(words: Iterable[str]) -> frozenset[Scope]:
    """Stored scopes; those of a newer release that this one does not know are dropped."""
    return frozenset(_SCOPES[word] for word in words if word in _SCOPES)


def parse_scopes(words: Iterable[str]) -> frozenset[Scope]:
    """Read scopes as people write them.

    Raises:
        AppError: A word is no scope; the message lists those there are.
    """
    known = {scope.value: scope for scope in Scope}
    words = list(words)
    if any(word not in known for word in words):
        raise AppError(Kind.INVALID, "unknown_scope", f"That is no scope. Known: {', '.join(known)}.")
    return frozenset(known[word] for word in words)


def digest_of(token: str) -> str:
    """What is kept of a secret; with 256 random bits a plain SHA-256 is out of reach of guessing."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def refused() -> AppError:
    """The one answer to every credential that does not hold."""
    message = "The API key is missing or does not hold. Send a live one as `Authorization: Bearer voc_live_...`."
    return AppError(Kind.UNAUTHENTICATED, "invalid_credentials", message)


def _check_order(session: Session, now: datetime, order: KeyOrder) -> None:
    name, end = order["name"].strip(), order.get("expires_at")
    owner_id, source_id = order.get("owner_id"), order.get("source_id")
    if not 0 < len(name) <= _NAME_LENGTH or not name.isprintable():
        message = f"Give the key a name of 1 to {_NAME_LENGTH} printable characters."
        raise AppError(Kind.INVALID, "bad_key_name", message)
    if not order["scopes"]:
        raise AppError(Kind.INVALID, "no_scope", "Give the key at least one scope.")
    if end is not None and end <= now:
        raise AppError(Kind.INVALID, "expiry_in_the_past", "Give an end that lies in the future.")
    if owner_id is not None and session.get(Owner, owner_id) is None:
        raise AppError(Kind.INVALID, "unknown_owner", "There is no owner with this id. List them at /v1/owners.")
    if source_id is not None and session.get(Source, source_id) is None:
        raise AppError(Kind.INVALID, "unknown_source", "There is no source with this id. List them at /v1/sources.")


def _base62(value: bytes) -> str:
    number, letters = int.from_bytes(value), []
    for _ in range(_SECRET_LENGTH):
        number, rest = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[rest])
    return "".join(reversed(letters))
