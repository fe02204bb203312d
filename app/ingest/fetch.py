"""Station: fetches what thin events name from the sender's API, for sources that have a pull token and no others."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Protocol

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from app.access.sealing import unseal_secrets
from app.connectors.contract import Pull, Wanted
from app.domain.feedback import DeliveryState, FetchState
from app.engine.wake import wake
from app.errors import AppError
from app.ingest.download import Downloaded
from app.ingest.fetches import answer_ref
from app.ingest.sources import CONNECTORS
from app.payloads.delivery import ASKED_AT, ASKED_ID
from app.plugins import load_plugin
from app.store.tables import Delivery, Fetch, Source

BATCH = 10
LEASE = timedelta(minutes=5)
FIRST_PAUSE = timedelta(minutes=1)
"""Before a second try; each further one doubles it, up to ``LONGEST_PAUSE``."""
LONGEST_PAUSE = timedelta(hours=6)


class FetchTools(Protocol):
    """What the station needs of the process around it."""

    @property
    def secret_key(self) -> str:
        """The installation's key that seals tokens."""

    def download(self, pull: Pull) -> Downloaded:
        """Send one request.

        Raises:
            AppError: Nothing came.
        """


@dataclass(frozen=True)
class Asked:
    """One leased fetch with what its connector needs."""

    id: int
    connector: str
    config: Mapping[str, Any]
    token: bytes
    wanted: Wanted


@dataclass(frozen=True)
class Batch:
    """Fetches leased together."""

    rows: tuple[Asked, ...]


@dataclass(frozen=True)
class Outcome:
    """What came for each, or why nothing did."""

    found: Mapping[int, Downloaded | str]


def claim(session: Session, now: datetime) -> Batch | None:
    """Lease up to ``BATCH`` fetches of sources that may be asked."""
    due = or_(Fetch.leased_until.is_(None), Fetch.leased_until <= now)
    rows = session.execute(
        select(Fetch, Source)
        .join(Source)
        .where(Fetch.state == FetchState.OPEN, due, Source.pull_token.is_not(None), Source.paused_at.is_(None))
        .order_by(Fetch.id)
        .limit(BATCH)
        .with_for_update(of=Fetch, skip_locked=True)
    ).all()
    if not rows:
        return None
    for fetch, _ in rows:
        fetch.attempts, fetch.leased_until = fetch.attempts + 1, now + LEASE
    session.flush()
    return Batch(tuple(_asked(fetch, source) for fetch, source in rows))


def work(batch: Batch, tools: FetchTools) -> Outcome:
    """Ask for each; what one sender refuses holds up no other."""
    return Outcome({one.id: _ask(one, tools) for one in batch.rows})


def record(session: Session, now: datetime, outcome: Outcome) -> None:
    """Keep each answer as a delivery of its own, which is read like any other; try the rest again later."""
    rows = session.scalars(select(Fetch).where(Fetch.id.in_(list(outcome.found)), Fetch.state == FetchState.OPEN)).all()
    for row in rows:
        answer = outcome.found[row.id]
        if isinstance(answer, Downloaded):
            session.add(_delivery(row, answer, now))
            row.leased_until, row.last_error = now + LONGEST_PAUSE, None  # until the answer has been read
        else:
            row.leased_until, row.last_error = now + _pause(row.attempts), answer
    session.flush()
    if any(isinstance(answer, Downloaded) for answer in outcome.found.values()):
        wake(session, "unpack", f"fetch-{max(outcome.found)}-{now.timestamp()}")


def release(session: Session, now: datetime, batch: Batch, reason: str) -> None:
    """Try them again after the first pause."""
    ids = [one.id for one in batch.rows]
    values = {"leased_until": now + FIRST_PAUSE, "last_error": reason}
    session.execute(update(Fetch).where(Fetch.id.in_(ids), Fetch.state == FetchState.OPEN).values(values))


def _asked(fetch: Fetch, source: Source) -> Asked:
    wanted = Wanted(fetch.external_id, fetch.path, fetch.occurred_at)
    return Asked(fetch.id, source.connector, source.config, source.pull_token or b"", wanted)


def _ask(one: Asked, tools: FetchTools) -> Downloaded | str:
    try:
        (token,) = unseal_secrets(one.token, tools.secret_key)
        connector = load_plugin(CONNECTORS, one.connector)
        config = connector.Config.model_validate(one.config)
        return tools.download(connector.SPEC.pull(one.wanted, config, token))
    except AppError as error:
        return f"{error.code}: {error.message}"
    except Exception as error:  # noqa: BLE001 - a plug-in's mistake; its message could hold the token
        return f"connector_failed: {type(error).__name__} in connector {one.connector}"


def _delivery(row: Fetch, answer: Downloaded, now: datetime) -> Delivery:
    asked = {ASKED_ID: row.external_id}
    if row.occurred_at is not None:
        asked[ASKED_AT] = row.occurred_at.isoformat()
    return Delivery(
        source_id=row.source_id,
        sender_ref=answer_ref(row.id, row.attempts),
        digest=sha256(answer.body).hexdigest(),
        content_type=answer.content_type,
        headers=asked,
        body=answer.body,
        received_at=now,
        state=DeliveryState.RECEIVED,
    )


def _pause(attempts: int) -> timedelta:
    doubled: timedelta = FIRST_PAUSE * 2 ** min(attempts - 1, 10)
    return min(LONGEST_PAUSE, doubled)
