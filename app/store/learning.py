"""Reading what has been learnt: versions of the model, and whether anything that it is made of has changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.learning import TEACHING, Step, VersionState
from app.store.keyset import After, keyset_page
from app.store.label_tables import Correction, ModelVersion, TrafficSample, TrafficText
from app.store.tables import TaxonomyVersion, Topic

LearningKey = tuple[Any, ...]
"""Changes whenever topics, corrections, the versions that teach or the sample of unlabelled texts do."""


_TEACHES = ModelVersion.state.in_(TEACHING)
# Built once: every text that is asked about asks for it.
_KEY = select(
    *(
        part.scalar_subquery()
        for part in (
            select(func.max(TaxonomyVersion.id)),
            select(func.max(Topic.id)).where(Topic.active),
            select(func.count()).select_from(Topic).where(Topic.active),
            select(func.max(Correction.id)),
            select(func.count()).select_from(Correction),
            select(func.max(Correction.created_at)),
            select(func.max(ModelVersion.number)),
            select(func.count()).select_from(ModelVersion).where(_TEACHES),
            select(func.sum(ModelVersion.number)).where(_TEACHES),
            select(func.max(TrafficSample.id)),
            select(func.count()).select_from(TrafficText),
        )
    )
)


def learning_key(session: Session) -> LearningKey:
    """The key of now, in one query over small tables and indexes.

    Corrections are never changed, only added, and taken away with a person who is erased; topics change with the
    taxonomy's version alone; of versions only the state changes; of a sample texts are only taken away.
    """
    return tuple(session.execute(_KEY).one())


def list_steps(session: Session) -> Iterator[Step]:
    """What each version added, oldest first."""
    columns = (ModelVersion.number, ModelVersion.corrections_to, ModelVersion.state)
    after = 0
    for number, to, state in session.execute(select(*columns).order_by(ModelVersion.number)):
        yield Step(number, after, to, state)
        after = max(after, to)


def active_version(session: Session) -> ModelVersion | None:
    """The version that is in use; None before the first correction."""
    return session.scalar(select(ModelVersion).where(ModelVersion.state == VersionState.ACTIVE))


def find_version(session: Session, number: int) -> ModelVersion | None:
    """The version with this number."""
    return session.get(ModelVersion, number)


def version_states(session: Session) -> dict[int, str]:
    """State of each version by number."""
    rows = session.execute(select(ModelVersion.number, ModelVersion.state).order_by(ModelVersion.number))
    return {number: state for number, state in rows}  # noqa: C416 - rows are no pairs to the type checker


def list_versions(session: Session, after: After | None, limit: int) -> Sequence[ModelVersion]:
    """Versions, newest first; one more than `limit` where more follow."""
    query = select(ModelVersion)
    return session.scalars(keyset_page(query, (ModelVersion.number, ModelVersion.number), after, limit)).all()


def count_corrections(session: Session) -> dict[bool, int]:
    """How many corrections teach (False) and how many are gold (True)."""
    rows = session.execute(select(Correction.gold, func.count()).group_by(Correction.gold))
    return {gold: count for gold, count in rows}  # noqa: C416 - as above
