"""Reading what moves counts by itself: published topics, new models, holidays, and what people did to sources."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import holidays
from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.store.days import start_of
from app.store.impact import Span, holiday_regions, mentions_by_fingerprint
from app.store.tables import AuditEvent, Source, TaxonomyVersion

MODEL_SHARE = 0.02  # a model with a smaller share of the mentions left a few behind: no change of model
_SOURCE_ACTIONS = ("source_created", "source_configured", "source_paused", "source_resumed")


def published_topics(session: Session, span: Span) -> Sequence[tuple[date, dict[str, object], dict[str, object]]]:
    """Publications of the taxonomy in a span: day, topics before it and topics with it (key -> fields).

    The first publication is none: there was nothing to change.
    """
    rows = session.scalars(select(TaxonomyVersion).order_by(TaxonomyVersion.id)).all()
    found = []
    for before, after in pairwise(rows):
        day = after.published_at.astimezone(UTC).date()
        if span.first <= day <= span.last:
            found.append((day, before.document.get("topics", {}), after.document.get("topics", {})))
    return found


def source_actions(session: Session, span: Span) -> list[tuple[date, str, str]]:
    """What people did to sources in a span: day, action as the audit names it, key of the source."""
    names = {f"source:{source.id}": source.key for source in session.scalars(select(Source))}
    query = (
        select(AuditEvent.at, AuditEvent.action, AuditEvent.subject)
        .where(AuditEvent.action.in_(_SOURCE_ACTIONS), _during(AuditEvent.at, span))
        .order_by(AuditEvent.id)
    )
    return [
        (at.astimezone(UTC).date(), action, names[subject])
        for at, action, subject in session.execute(query)
        if subject in names
    ]


def source_names(session: Session) -> dict[int, str]:
    """Keys of sources by id."""
    return dict(session.execute(select(Source.id, Source.key)).all())


def model_changes(session: Session, span: Span) -> list[int]:
    """Indices of the days on which another model begins to label; none where one model labelled everything."""
    counts = mentions_by_fingerprint(session, span)
    total = sum(sum(days.values()) for days in counts.values())
    begun = [min(days) for days in counts.values() if sum(days.values()) > MODEL_SHARE * total]
    return sorted({span.index(day) for day in begun} - {span.index(min(begun))}) if begun else []


def holidays_in(session: Session, span: Span) -> set[date]:
    """Public holidays of the active business calendars in a span."""
    years = range(span.first.year, span.last.year + 1)
    days: set[date] = set()
    for country, subdivision in holiday_regions(session):
        days.update(holidays.country_holidays(country, subdiv=subdivision, years=years))
    return {day for day in days if span.first <= day <= span.last}


def _during(column: InstrumentedAttribute[datetime], span: Span) -> ColumnElement[bool]:
    return and_(column >= start_of(span.first), column < start_of(span.last + timedelta(days=1)))
