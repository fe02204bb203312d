"""Days of feedback: UTC days, told alike by both databases."""

from datetime import UTC, date, datetime, time

from sqlalchemy import ColumnElement, Date, cast, func
from sqlalchemy.orm import Session

from app.store.tables import Feedback


def utc_day(session: Session) -> ColumnElement[date]:
    """UTC day on which a feedback was said: PostgreSQL would use its own zone, SQLite keeps UTC as text."""
    if session.get_bind().dialect.name == "postgresql":
        return cast(func.timezone("UTC", Feedback.occurred_at), Date)
    return func.date(Feedback.occurred_at)


def as_date(key: date | str) -> date:
    """A day as `utc_day` gives it."""
    return date.fromisoformat(key) if isinstance(key, str) else key


def start_of(day: date) -> datetime:
    """The instant at which a UTC day begins."""
    return datetime.combine(day, time(), tzinfo=UTC)
