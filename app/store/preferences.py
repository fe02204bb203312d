"""Reads of what owners chose to be told."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.telling import Occasion, Preferences, Rhythm, When
from app.store.act_tables import NoticePreference


def preferences_of(session: Session, owner_id: int) -> Preferences:
    """What an owner chose; nothing chosen is the default of everything."""
    row = session.scalar(select(NoticePreference).where(NoticePreference.owner_id == owner_id))
    return _read(row) if row is not None else Preferences()


def all_preferences(session: Session) -> Mapping[int, Preferences]:
    """What those owners chose who chose something, by owner id."""
    return {row.owner_id: _read(row) for row in session.scalars(select(NoticePreference))}


def _read(row: NoticePreference) -> Preferences:
    chosen = {Occasion(occasion): When(when) for occasion, when in row.events.items()}
    return Preferences(chosen, Rhythm(row.digest))
