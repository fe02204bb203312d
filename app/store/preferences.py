"""Reads of what owners chose to be told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.telling import Occasion, Preferences, Rhythm, When
from app.store.act_tables import NoticePreference
from app.store.subscription_tables import ContactChoice
from app.store.tables import Owner


def preferences_of(session: Session, owner_id: int) -> Preferences:
    """What an owner chose; nothing chosen is the default of everything."""
    return _preferences(session, [owner_id])[owner_id]


def all_preferences(session: Session) -> Mapping[int, Preferences]:
    """What every owner chose, by owner id."""
    return _preferences(session, session.scalars(select(Owner.id)).all())


def _preferences(session: Session, owner_ids: Sequence[int]) -> dict[int, Preferences]:
    chosen = session.scalars(select(NoticePreference).where(NoticePreference.owner_id.in_(owner_ids)))
    rows = {row.owner_id: row for row in chosen}
    without = select(ContactChoice.owner_id).where(ContactChoice.digests.is_(False))
    unwanted = set(session.scalars(without.where(ContactChoice.owner_id.in_(owner_ids))))
    return {owner_id: _read(rows.get(owner_id), wanted=owner_id not in unwanted) for owner_id in owner_ids}


def _read(row: NoticePreference | None, *, wanted: bool) -> Preferences:
    events = row.events if row is not None else {}
    rhythm = Rhythm(row.digest) if row is not None else Rhythm.WEEKLY
    chosen = {Occasion(occasion): When(when) for occasion, when in events.items()}
    return Preferences(chosen, rhythm if wanted else Rhythm.NONE)
