"""The tables of alerts: what stands out, how it went on, and what every theme was last compared with."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.store.row import Document, Row, row_id, unique_where
from app.store.theme_tables import Theme


class Alert(Row):
    """A theme above what was expected: one row from its opening to its end, and again if it comes back soon."""

    __tablename__ = "alerts"
    __writer__ = "theme"
    __table_args__ = (
        unique_where("uq_alerts_standing", "theme_id", where="state IN ('open', 'growing')"),
        Index(None, "theme_id", "last_day"),
        Index(None, "updated_at"),
    )
    id: Mapped[int] = row_id()
    theme_id: Mapped[int] = mapped_column(ForeignKey(Theme.id))
    kind: Mapped[str] = mapped_column(String(16))  # excess, or emerging: the theme itself is new
    state: Mapped[str] = mapped_column(String(16))  # theme.alarm.life.AlertState
    reason: Mapped[str | None]  # why it ended, or the known event that explains it
    opened_at: Mapped[datetime]
    opened_on: Mapped[date]  # the last day that was counted when it opened (UTC)
    excess_from: Mapped[date]  # the day from which the excess explains the counts best
    last_day: Mapped[date]  # the newest day that is counted in the numbers below
    observed: Mapped[float]  # people since excess_from
    expected: Mapped[float]
    expected_low: Mapped[float]  # 95 % of such sums lie between these, if all is as expected
    expected_high: Mapped[float]
    peak_day: Mapped[date]
    peak: Mapped[float]  # people on that day
    told_pace: Mapped[float]  # excess per day when people were told last
    evidence: Mapped[float]  # natural logarithm of the e-detector at opening
    threshold: Mapped[float]  # what it had to reach
    budget: Mapped[float]  # false alerts a week over all themes that the threshold stands for
    themes: Mapped[int]  # watched together
    exposure: Mapped[str | None]  # series of denominators; None: counts as they are
    series: Mapped[list[Any]]  # [{"day", "observed", "expected", "low", "high"}, ...]
    reopened: Mapped[int] = mapped_column(default=0)
    ended_on: Mapped[date | None]  # the last day of the excess
    ended_at: Mapped[datetime | None]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[str | None]
    note: Mapped[str | None]  # a known cause, in a person's words
    version: Mapped[int] = mapped_column(default=0)  # +1 with each change
    updated_at: Mapped[datetime]


class AlertEvent(Row):
    """One line of an alert's life: opened, explained, grew, reopened, ended, acknowledged."""

    __tablename__ = "alert_events"
    __writer__ = "theme"
    id: Mapped[int] = row_id()
    alert_id: Mapped[int] = mapped_column(ForeignKey(Alert.id), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    actor: Mapped[str]
    facts: Mapped[Document]
    at: Mapped[datetime]


class AlertLook(Row):
    """One daily look at all themes; its row keeps a second worker from looking again."""

    __tablename__ = "alert_looks"
    __writer__ = "theme"
    day: Mapped[date] = mapped_column(primary_key=True)  # the last day that was counted (UTC)
    themes: Mapped[int]
    budget: Mapped[float]
    threshold: Mapped[float]
    looked_at: Mapped[datetime]


class AlertWatch(Row):
    """What a theme is expected to bring on the day after the last look, and the count from which that is an alert."""

    __tablename__ = "alert_watches"
    __writer__ = "theme"
    theme_id: Mapped[int] = mapped_column(ForeignKey(Theme.id), primary_key=True)
    day: Mapped[date]
    expected: Mapped[float]
    expected_low: Mapped[float]
    expected_high: Mapped[float]
    trip: Mapped[float | None]  # None: no count would be one
    excess_from: Mapped[date | None]  # the day from which it would then have begun


class AlertTelling(Row):
    """That people were told of an alert event, or that there was nobody to tell."""

    __tablename__ = "alert_tellings"
    __writer__ = "act"
    event_id: Mapped[int] = mapped_column(ForeignKey(AlertEvent.id), primary_key=True)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("owners.id"))
    told_at: Mapped[datetime]
