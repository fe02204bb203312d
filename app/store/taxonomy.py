"""Reading taxonomy versions, drafts, and how far history is read with them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.domain.relabelling import RunKind, RunState
from app.errors import AppError, Kind
from app.store.keyset import After, keyset_page
from app.store.label_tables import Mention, RelabelRun
from app.store.reference import latest_taxonomy
from app.store.tables import TaxonomyDraft, TaxonomyVersion
from app.store.theme_tables import ThemeMention

_MATCHED_AFTER = timedelta(days=1)
"""So long after a swap nobody waits any more for mentions that still have no theme: something else holds them up."""


def find_version(session: Session, version_id: int) -> TaxonomyVersion:
    """A published taxonomy.

    Raises:
        AppError: `taxonomy_version_not_found`.
    """
    version = session.get(TaxonomyVersion, version_id)
    if version is None:
        message = "There is no such version of the taxonomy. List them at /v1/taxonomy/versions."
        raise AppError(Kind.NOT_FOUND, "taxonomy_version_not_found", message)
    return version


def latest_published(session: Session) -> TaxonomyVersion:
    """The current taxonomy.

    Raises:
        AppError: `no_taxonomy`.
    """
    version = latest_taxonomy(session)
    if version is None:
        message = "No topics were published yet. Apply a company document first."
        raise AppError(Kind.CONFLICT, "no_taxonomy", message)
    return version


def find_draft(session: Session, draft_id: int) -> TaxonomyDraft:
    """A draft.

    Raises:
        AppError: `draft_not_found`.
    """
    draft = session.get(TaxonomyDraft, draft_id)
    if draft is None:
        message = "There is no such draft of the taxonomy. Make one with POST /v1/taxonomy/drafts."
        raise AppError(Kind.NOT_FOUND, "draft_not_found", message)
    return draft


def list_taxonomy_versions(session: Session, after: After | None, limit: int) -> Sequence[TaxonomyVersion]:
    """Versions, newest first; one more than `limit` where more follow."""
    query = select(TaxonomyVersion)
    return session.scalars(keyset_page(query, (TaxonomyVersion.id, TaxonomyVersion.id), after, limit)).all()


def last_run(session: Session, kind: RunKind, draft_id: int | None = None) -> RelabelRun | None:
    """The newest run of a kind, of one draft where it is given."""
    query = select(RelabelRun).where(RelabelRun.kind == kind)
    if draft_id is not None:
        query = query.where(RelabelRun.draft_id == draft_id)
    return session.scalar(query.order_by(RelabelRun.id.desc()).limit(1))


def running_history_run(session: Session, *, hold: bool = False) -> RelabelRun | None:
    """The run that reads history anew now.

    Args:
        session: A session; a write transaction to hold it in.
        hold: Whether it is to be changed. It is locked before what it has staged, as the station that stages does:
            in the other order the two wait for each other.
    """
    query = select(RelabelRun).where(RelabelRun.kind == RunKind.HISTORY, RelabelRun.state == RunState.RUNNING)
    if hold:
        query = query.with_for_update().execution_options(populate_existing=True)
    return session.scalar(query)


def awaits_run(session: Session, *, since: int | None = None) -> bool:
    """Whether a version was published that wants history read anew, after the last run's version or after `since`."""
    if since is None:
        run = last_run(session, RunKind.HISTORY)
        since = run.taxonomy_version_id if run else 0
    query = select(TaxonomyVersion.id).where(TaxonomyVersion.id > since, TaxonomyVersion.relabels).limit(1)
    return session.scalar(query) is not None


def is_history_moving(session: Session, now: datetime) -> bool:
    """Whether counts are about to change as a whole: history is read anew, or what was moved has no theme yet."""
    if running_history_run(session) is not None or awaits_run(session):
        return True
    run = last_run(session, RunKind.HISTORY)
    if run is None or run.finished_at is None or run.state != RunState.DONE or run.finished_at < now - _MATCHED_AFTER:
        return False
    themeless = (
        select(Mention.id)
        .outerjoin(ThemeMention, ThemeMention.mention_id == Mention.id)
        .where(Mention.complaint, ThemeMention.mention_id.is_(None))
        .limit(1)
    )
    return session.scalar(themeless) is not None


def hold_labels(session: Session, *, moving: bool = False) -> None:
    """Wait for a swap under way, and let none begin before this transaction ends; the swap itself is `moving`.

    A reader whose counts take several statements would else see the labels of before in one and of after in the next.
    On SQLite every write transaction is alone, and a lock of rows is no statement.
    """
    first = select(TaxonomyVersion.id).order_by(TaxonomyVersion.id).limit(1)
    session.execute(first.with_for_update(read=not moving, key_share=moving))


def is_of_model(column: InstrumentedAttribute[str], model: str) -> ColumnElement[bool]:
    """Whether a fingerprint (`MODEL.CORRECTIONS`) is of this model, whatever corrections have taught it."""
    return or_(column == model, column.startswith(f"{model}.", autoescape=True))


def model_part(fingerprint: str) -> str:
    """The part of a fingerprint that all readings by one model share."""
    return fingerprint.partition(".")[0]


def mentions_by_model(session: Session) -> dict[str, int]:
    """Mentions per model, most first; human corrections count with the model that they correct."""
    counts: dict[str, int] = {}
    query = select(Mention.fingerprint, func.count()).group_by(Mention.fingerprint)
    for fingerprint, count in session.execute(query):
        counts[model_part(fingerprint)] = counts.get(model_part(fingerprint), 0) + count
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def versions_published(session: Session, since: datetime) -> Sequence[TaxonomyVersion]:
    """Versions since an instant that moved labels, or could have, oldest first."""
    wanted = and_(TaxonomyVersion.published_at >= since, TaxonomyVersion.relabels)
    return session.scalars(select(TaxonomyVersion).where(wanted).order_by(TaxonomyVersion.id)).all()
