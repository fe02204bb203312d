"""Commands that take data away: erase a person, erase raw payloads whose retention has ended."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

from sqlalchemy import ColumnElement, Text, cast, delete, func, insert, or_, select, update
from sqlalchemy.orm import Session

from app.access.audit import record_audit
from app.domain.actor import Actor
from app.domain.feedback import DeliveryState, FeedbackState, Medium
from app.engine.wake import wake
from app.ingest.prepared import tombstone_id
from app.store.import_tables import ImportReject
from app.store.tables import Delivery, Feedback, Score, Source

ERASED = "erased"
_CHUNK = 500


@dataclass(frozen=True)
class Erased:
    """What was taken away.

    Attributes:
        feedback: Utterances whose words, mentions, vectors and corrections are gone.
        deliveries: Raw payloads whose bytes are gone.
    """

    feedback: int
    deliveries: int


def erase_customer(session: Session, now: datetime, actor: Actor, customer_ref: str) -> Erased:
    """Erase a person, by reference or e-mail, in every source: their words and everything derived from them.

    What stays of each utterance is one anonymous row (source, medium, language, instant, scores), so that volumes and
    scores of past days do not change; its complaint mentions go with its words. It is known by a hash of its id only,
    so that the same utterance, sent again later, is not stored again. Raw payloads that name the person lose their
    bytes, quarantined ones too; one that still waits to be unpacked keeps them (it may hold other people's words that
    were acknowledged) and is to be erased once it has been read. Rejected rows of imports that name the person are
    deleted; a file that still waits to be read is read.
    """
    theirs = or_(Feedback.customer_ref == customer_ref, Feedback.customer_email == customer_ref)
    rows = session.scalars(select(Feedback).where(theirs).order_by(Feedback.id)).all()
    for start in range(0, len(rows), _CHUNK):
        _bury(session, rows[start : start + _CHUNK])
    deliveries = _erase_bodies(session, or_(*_names(session, customer_ref)), reason=ERASED)
    _erase_rejects(session, customer_ref)
    digest = blake2b(customer_ref.encode(), digest_size=8).hexdigest()
    facts = {"feedback": len(rows), "deliveries": deliveries}
    record_audit(session, now, actor, "customer_erased", f"customer:{digest}", **facts)
    return Erased(len(rows), deliveries)


def purge_deliveries(session: Session, now: datetime, retention_days: int) -> int:
    """Erase the bytes of deliveries older than the retention, unless they still wait to be unpacked.

    Returns:
        How many lost their bytes; they are still listed, but cannot be replayed.
    """
    return _erase_bodies(session, Delivery.received_at < now - timedelta(days=retention_days), reason=None)


def delete_items(session: Session, now: datetime, source: Source, external_ids: Collection[str]) -> int:
    """Take away what the sender says is gone, as if its person had been erased: one anonymous row stays of each.

    What we do not have yet leaves its row as well, so that it is not stored when it comes late; its medium is that of
    the source's newest utterance. Raw payloads from which these were last read lose their bytes.

    Returns:
        How many had words.
    """
    known = Feedback.source_id == source.id
    rows = session.scalars(select(Feedback).where(known, Feedback.external_id.in_(external_ids))).all()
    deliveries = [row.delivery_id for row in rows if row.delivery_id is not None]
    graves = {tombstone_id(source.id, each) for each in set(external_ids) - {row.external_id for row in rows}}
    graves -= set(session.scalars(select(Feedback.external_id).where(known, Feedback.external_id.in_(graves))))
    medium = session.scalar(select(Feedback.medium).where(known).order_by(Feedback.id.desc()).limit(1))
    for grave in sorted(graves):
        session.add(_grave(source.id, grave, medium or Medium.SURVEY, now))
    _bury(session, rows)
    _erase_bodies(session, Delivery.id.in_(deliveries), reason=ERASED)
    actor = Actor(name=f"source:{source.key}")
    record_audit(session, now, actor, "feedback_deleted", f"source:{source.id}", count=len(rows))
    return len(rows)


def _grave(source_id: int, tombstone: str, medium: str, now: datetime) -> Feedback:
    return Feedback(
        source_id=source_id,
        external_id=tombstone,
        digest=ERASED,
        medium=medium,
        occurred_at=now,
        received_at=now,
        attributes={},
        state=FeedbackState.LABELLED,
    )


def _bury(session: Session, rows: Sequence[Feedback]) -> None:
    ids = [row.id for row in rows]
    if not ids:
        return
    scores = session.scalars(select(Score).where(Score.feedback_id.in_(ids)).order_by(Score.position)).all()
    kept = [(score.feedback_id, score.position, score.metric, score.value, score.low, score.high) for score in scores]
    graves: list[dict[str, Any]] = [
        {
            "source_id": row.source_id,
            "external_id": tombstone_id(row.source_id, row.external_id),
            "version": row.version,
            "digest": ERASED,
            "medium": row.medium,
            "occurred_at": row.occurred_at,
            "received_at": row.received_at,
            "language": row.language,
            "attributes": {},
            "state": FeedbackState.LABELLED,
        }
        for row in rows
    ]
    for row in (*rows, *scores):
        session.expunge(row)
    session.execute(delete(Feedback).where(Feedback.id.in_(ids)).execution_options(synchronize_session=False))
    made = session.scalars(insert(Feedback).returning(Feedback.id, sort_by_parameter_order=True), graves).all()
    new_ids = dict(zip(ids, made, strict=True))
    wake(session, "clear", f"erased-{made[-1]}")
    names = ("feedback_id", "position", "metric", "value", "low", "high")
    if kept:
        values = [dict(zip(names, (new_ids[old], *rest), strict=True)) for old, *rest in kept]
        session.execute(insert(Score), values)


def _erase_rejects(session: Session, customer_ref: str) -> None:
    """Delete rejected rows of imports that name the person: in a cell of their own, or as a text inside a JSON line."""
    rows = cast(ImportReject.original, Text)
    forms = {json.dumps(customer_ref), json.dumps(customer_ref, ensure_ascii=False)}
    inside = {json.dumps(form, ensure_ascii=ascii_only)[1:-1] for form in forms for ascii_only in (True, False)}
    named = or_(*(rows.contains(form, autoescape=True) for form in sorted(forms | inside)))
    session.execute(delete(ImportReject).where(named))


def _names(session: Session, customer_ref: str) -> list[ColumnElement[bool]]:
    """Conditions on a body that holds the reference as a JSON string, however it is escaped."""
    forms = {json.dumps(customer_ref).encode(), json.dumps(customer_ref, ensure_ascii=False).encode()}
    if session.get_bind().dialect.name == "postgresql":
        return [func.pg_catalog.position(Delivery.body, form) > 0 for form in sorted(forms)]
    return [func.instr(Delivery.body, form) > 0 for form in sorted(forms)]


def _erase_bodies(session: Session, which: ColumnElement[bool], *, reason: str | None) -> int:
    due = select(Delivery.id).where(which, Delivery.body.is_not(None), Delivery.state != DeliveryState.RECEIVED)
    ids = list(session.scalars(due.order_by(Delivery.id)))
    values: dict[str, Any] = {"body": None, "headers": {}} | ({} if reason is None else {"reason": reason})
    for start in range(0, len(ids), _CHUNK):
        session.execute(update(Delivery).where(Delivery.id.in_(ids[start : start + _CHUNK])).values(values))
    return len(ids)
