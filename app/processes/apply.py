"""Applying a company document: make what is stored what the document says, and say what changed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from app.domain.actor import Actor
from app.log import get_logger
from app.processes.difference import Difference, compare
from app.processes.document import Document
from app.processes.state import read_state, want_state
from app.processes.taxonomy import publish_topics
from app.processes.writing import write_difference

_log = get_logger("processes")


def apply_document(session: Session, now: datetime, actor: Actor, document: Document, *, dry_run: bool) -> Difference:
    """Make the reference data what the document says.

    Applying the same document again changes nothing. What left the document is deactivated, never deleted: items and
    measurements still name it. When topics change, the taxonomy is published as a new version.

    Args:
        session: A write transaction; with ``dry_run`` a read transaction will do.
        now: The day from which undated owners own.
        actor: Who applies it.
        document: From ``reader.read_document``.
        dry_run: Only say what would change.

    Returns:
        What changed, or would change; falsy when it was already so.
    """
    stored = read_state(session)
    difference = compare(stored, want_state(document, stored, now.date()))
    if dry_run or not difference:
        return difference
    write_difference(session, now, difference)
    publish_topics(session, now, actor)
    _log.info("document_applied", actor=actor.name, **difference.counts())
    return difference
