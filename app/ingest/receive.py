"""Takes raw deliveries: checked for their signature, kept byte for byte, answered; read only later."""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from hashlib import sha256

from sqlalchemy.orm import Session

from app.access.audit import record_audit
from app.access.sealing import seal_secrets, unseal_secrets
from app.domain.actor import Actor
from app.domain.feedback import DeliveryState
from app.engine.wake import wake
from app.errors import AppError, Kind
from app.ingest.parsing import reference_of
from app.ingest.sources import CONNECTORS, NATIVE, auth_of
from app.payloads.delivery import RawDelivery, Reply
from app.payloads.schemes import StaticToken, credential_headers
from app.payloads.verifying import verify
from app.plugins import load_plugin
from app.store.deliveries import DeliveryFilter, find_repeat, select_replayable
from app.store.tables import Delivery, Source

STATION = "unpack"
RETRY_SECONDS = 120
"""How long a sender is asked to wait for a paused source."""

_MAX_HEADERS, _MAX_HEADER = 50, 1_000
_LONGEST_REF = 255
_CREDENTIALS = frozenset({"authorization", "proxy-authorization", "cookie", "x-api-key"})
_DECOY = StaticToken()


def find_hook(source: Source | None, delivery: RawDelivery, now: datetime, secret_key: str) -> Source:
    """The source that a hook's address names, if it has a hook.

    Raises:
        AppError: ``unknown_source``, after as much work as a wrong signature takes.
    """
    if source is None or source.connector == NATIVE:
        verify(_DECOY, delivery, unseal_secrets(_decoy_secrets(secret_key), secret_key), now)
        message = "There is no hook at this address. Copy the address from the source's page again."
        raise AppError(Kind.NOT_FOUND, "unknown_source", message)
    return source


def verify_delivery(source: Source | None, delivery: RawDelivery, now: datetime, secret_key: str) -> Source:
    """Let a delivery in, or say why not. Needs no transaction: a flood of forgeries must not wait for the database.

    Args:
        source: The source that the address names; None if there is none.
        delivery: The request.
        now: The arrival.
        secret_key: The installation's key that seals secrets.

    Returns:
        The source.

    Raises:
        AppError: ``unknown_source`` (not found; also for sources without a hook), ``bad_signature``
            (unauthenticated, the same for every cause) or ``source_paused`` (unavailable, with `retry_after` seconds);
            or what the connector's `screen` raises.
    """
    source = find_hook(source, delivery, now, secret_key)
    if not is_authentic(source, delivery, now, secret_key):
        message = "The delivery is not signed with a live secret of this source, or too old. Check the sender's secret."
        raise AppError(Kind.UNAUTHENTICATED, "bad_signature", message)
    check_open(source)
    screen_delivery(source, delivery)
    return source


def is_authentic(source: Source, delivery: RawDelivery, now: datetime, secret_key: str) -> bool:
    """Whether a live secret of the source vouches for the delivery."""
    return verify(auth_of(source), delivery, unseal_secrets(source.secrets, secret_key), now)


def screen_delivery(source: Source, delivery: RawDelivery) -> None:
    """Turn an attack away that is authentic all the same.

    Raises:
        AppError: What the connector's `screen` raises.
    """
    screen = load_plugin(CONNECTORS, source.connector).SPEC.screen
    if screen is not None:
        screen(delivery)


def check_open(source: Source) -> None:
    """Have the sender come back later if the source is paused.

    Raises:
        AppError: ``source_paused``.
    """
    if source.paused_at is not None:
        message = "This source is paused. Send the delivery again later."
        raise AppError(Kind.UNAVAILABLE, "source_paused", message, retry_after=RETRY_SECONDS)


def answer_handshake(source: Source | None, delivery: RawDelivery, now: datetime, secret_key: str) -> Reply | None:
    """The answer to a sender that asks whether we are there; None if it delivers something, or has not signed.

    The answer is made with the secret that the sender has, also in the middle of a rotation. It is given also where the
    source is paused.

    Raises:
        AppError: ``unknown_source``.
    """
    source = find_hook(source, delivery, now, secret_key)
    spec = load_plugin(CONNECTORS, source.connector).SPEC
    if spec.handshake is None:
        return None
    secrets = unseal_secrets(source.secrets, secret_key)
    if not spec.open_handshake:
        auth = auth_of(source)
        secrets = [secret for secret in secrets if verify(auth, delivery, [secret], now)]
        if not secrets:
            return None
    reply: Reply | None = spec.handshake(delivery, secrets)
    return reply


def acknowledgement(source: Source) -> Reply | None:
    """What the sender must read once its delivery is kept; None: our own answer will do."""
    reply: Reply | None = load_plugin(CONNECTORS, source.connector).SPEC.acknowledgement
    return reply


def receive_delivery(session: Session, now: datetime, source: Source, delivery: RawDelivery) -> tuple[int, bool]:
    """Keep a verified delivery; once the caller's transaction is committed, the sender may be told 2xx.

    The very same delivery again (the sender's id and the bytes) is not kept twice.

    Returns:
        The delivery's id, and whether it is new.
    """
    digest = sha256(delivery.body).hexdigest()
    ref = _reference(source, delivery)
    repeat = None if ref is None else find_repeat(session, source.id, ref, digest)
    if repeat is not None:
        return repeat, False
    row = Delivery(
        source_id=source.id,
        sender_ref=ref,
        digest=digest,
        content_type=delivery.content_type[:_MAX_HEADER],
        headers=_kept_headers(delivery.headers, _CREDENTIALS | credential_headers(auth_of(source))),
        body=delivery.body,
        received_at=now,
        state=DeliveryState.RECEIVED,
    )
    session.add(row)
    session.flush()
    wake(session, STATION, f"delivery-{row.id}")
    return row.id, True


def replay_deliveries(session: Session, now: datetime, actor: Actor, wanted: DeliveryFilter) -> int:
    """Have kept deliveries unpacked again, e.g. after a connector was mended; items that are known add nothing.

    Args:
        session: A write transaction.
        now: When.
        actor: Who.
        wanted: Which; by default the quarantined ones. Those whose body is gone, or still waiting, are left alone.

    Returns:
        How many will be unpacked.
    """
    rows = session.scalars(select_replayable(wanted)).all()
    for row in rows:
        row.state, row.reason, row.unpacked_at = DeliveryState.RECEIVED, None, None
        row.attempts, row.leased_until, row.last_error = 0, None, None
    if rows:
        wake(session, STATION, f"replay-{rows[-1].id}-{now.timestamp()}")
        subject = f"delivery:{rows[0].id}" if len(rows) == 1 else "deliveries"
        record_audit(session, now, actor, "deliveries_replayed", subject, count=len(rows))
    return len(rows)


def _reference(source: Source, delivery: RawDelivery) -> str | None:
    """The sender's id of the delivery in a form that every database can keep and index."""
    found = reference_of(source.connector, delivery)
    if found is None or (len(found) <= _LONGEST_REF and found.isprintable()):
        return found
    return f"sha256:{sha256(found.encode('utf-8', 'replace')).hexdigest()}"


@lru_cache(maxsize=1)
def _decoy_secrets(secret_key: str) -> bytes:
    return seal_secrets(["no delivery has this secret"], secret_key)


def _kept_headers(headers: Mapping[str, str], secret: frozenset[str]) -> dict[str, str]:
    kept = [(name, value) for name, value in headers.items() if name not in secret and len(value) <= _MAX_HEADER]
    # What PostgreSQL cannot store as JSON must not cost us the delivery.
    return {name: value.replace("\x00", "").encode("utf-8", "replace").decode() for name, value in kept[:_MAX_HEADERS]}
