"""From the tables to a panel: people per theme and day, denominators, and since when counts can be compared.

What moves counts by itself (a source that begins or comes back, another model, topics published anew) ends the
comparability of a theme's history: its level is learned anew from that day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, timedelta

import numpy as np
from sqlalchemy.orm import Session

from app.domain.intake import NOTICEABLE, intake_changes, share_since
from app.store import impact
from app.store.alert_counts import (
    WatchedTheme,
    alerts_between,
    gathering_themes,
    known_watches,
    last_searches,
    people_by_theme,
    watched_themes,
)
from app.store.alert_tables import Alert
from app.store.days import start_of
from app.store.happenings import holidays_in, model_changes, published_topics, source_names
from app.store.impact import Span
from app.store.taxonomy import versions_published
from app.theme.alarm.life import AlertState, EndReason
from app.theme.alarm.panel import HOLIDAY, Floats, Ints, Panel

HISTORY = 392
"""Days that are looked at: a year to learn from and the days in which an excess may have begun."""

NEW = timedelta(days=7)
"""A theme found so recently, and not looked at before, is an emerging one."""

PICKED_FROM = 200  # mentions, where a search did not say


@dataclass(frozen=True, slots=True)
class Known:
    """A known event that moves a theme's counts from a day on."""

    day: date
    words: str


@dataclass(frozen=True, slots=True)
class Standing:
    """An alert as the look needs it; `told_pace` is the excess per day that people know of."""

    alert_id: int
    theme_id: int
    state: AlertState
    excess_from: date
    told_pace: float
    peak_day: date
    peak: float


@dataclass(frozen=True, slots=True)
class Ended:
    """The last alert of a theme that is over."""

    alert_id: int
    ended_on: date
    excess_from: date
    again: bool  # whether it may open again


@dataclass(frozen=True, slots=True)
class Watch:
    """Everything that one look needs; rows of the panel belong to `themes`. The panel's last day is tomorrow, empty.

    Attributes:
        span: days of the panel without tomorrow.
        themes: that may alert and have had complaints in these days.
        panel: counts, with histories that begin at known events.
        unbroken: (K,) where histories would begin without known events.
        known: newest known event of a theme, by row.
        searched: (K,) how many mentions an emerging theme was picked from; 1 for others.
        standing: alerts that stand, by row.
        ended: newest alert that ended, by row.
        exposures: series of denominators by row.
        orphaned: alerts that stand and whose theme is not watched any more.
    """

    span: Span
    themes: tuple[WatchedTheme, ...]
    panel: Panel
    unbroken: Ints
    known: Mapping[int, Known]
    searched: Floats
    standing: Mapping[int, Standing]
    ended: Mapping[int, Ended]
    exposures: tuple[str | None, ...]
    orphaned: tuple[int, ...]

    @property
    def emerging(self) -> Ints:
        """Rows of themes that were just found."""
        return np.flatnonzero(self.searched > 1)


def read_watch(session: Session, day: date) -> Watch | None:
    """Read what is needed to look at all days up to `day`; None before there is anything."""
    oldest = impact.first_feedback_day(session)
    if oldest is None or oldest >= day:
        return None
    # The very first day was hardly a whole one.
    span = Span(max(oldest + timedelta(days=1), day - timedelta(days=HISTORY - 1)), day)
    rows = people_by_theme(session, span)
    seen = {theme for theme, *_ in rows}
    gathering = gathering_themes(session)
    themes = tuple(theme for theme in watched_themes(session) if theme.id in seen - gathering)
    place = {theme.id: at for at, theme in enumerate(themes)}
    counts = np.zeros((len(themes), span.days + 1))
    sources: dict[int, dict[int, dict[date, int]]] = {}
    for theme, source, when, people in rows:
        if theme in place:
            counts[place[theme], span.index(when)] += people
            sources.setdefault(place[theme], {}).setdefault(source, {})[when] = people
    known = _known_events(session, span, themes, sources)
    alerts = alerts_between(session, span)
    begins, searched = _beginnings(session, span, themes, alerts)
    exposure, exposures = _exposure(session, span, themes)
    unbroken = np.array(begins, dtype=np.int64)
    broken = [max(at, span.index(known[row].day)) if row in known else at for row, at in enumerate(begins)]
    panel = Panel(counts, exposure, _kinds(session, span), _usable(span, place, alerts), np.array(broken, np.int64))
    return Watch(
        span=span,
        themes=themes,
        panel=panel,
        unbroken=unbroken,
        known=known,
        searched=searched,
        standing=_standing(place, alerts),
        ended=_ended(place, alerts),
        exposures=exposures,
        orphaned=tuple(a.id for a in alerts if _stands(a) and a.theme_id not in place.keys() | gathering),
    )


def _stands(alert: Alert) -> bool:
    return alert.state in {AlertState.OPEN, AlertState.GROWING}


def _kinds(session: Session, span: Span) -> Ints:
    """Kinds of the days of a span and of the day after it."""
    longer = Span(span.first, span.last + timedelta(days=1))
    free = holidays_in(session, longer)
    return np.array([HOLIDAY if day in free else day.weekday() for day in longer.dates()], np.int64)


def _exposure(session: Session, span: Span, themes: Sequence[WatchedTheme]) -> tuple[Floats, tuple[str | None, ...]]:
    """Denominators scaled to a mean of 1; a day without one is as the same weekday before."""
    found: dict[str | None, str | None] = {}
    values: dict[str | None, Floats] = {None: np.ones(span.days + 1)}
    for process in {theme.process for theme in themes}:
        name = found[process] = impact.covering_series(session, process, span)
        if name not in values and name is not None:
            values[name] = _filled(impact.exposure_by_day(session, name, span), span)
    chosen = tuple(found[theme.process] for theme in themes)
    return np.array([values[name] for name in chosen]).reshape(len(themes), span.days + 1), chosen


def _filled(counts: Mapping[date, float], span: Span) -> Floats:
    mean = sum(counts.values()) / max(len(counts), 1) or 1.0
    series: list[float] = []
    for at in range(span.days + 1):
        given = counts.get(span.first + timedelta(days=at))
        before = series[at - 7] if at >= 7 else 1.0  # noqa: PLR2004 - days of a week
        series.append(before if given is None or given <= 0 else given / mean)
    return np.array(series)


def _usable(span: Span, place: Mapping[int, int], alerts: Sequence[Alert]) -> np.ndarray:
    usable = np.ones((len(place), span.days + 1), bool)
    usable[:, -1] = False  # tomorrow
    for alert in alerts:
        lasting = alert.reason == EndReason.NEW_LEVEL or alert.state == AlertState.EXPLAINED
        if alert.theme_id in place and not lasting:
            last = span.last if _stands(alert) else alert.ended_on or alert.last_day
            usable[place[alert.theme_id], max(span.index(alert.excess_from), 0) : span.index(last) + 1] = False
    return usable


def _beginnings(
    session: Session, span: Span, themes: Sequence[WatchedTheme], alerts: Sequence[Alert]
) -> tuple[list[int], Floats]:
    """First comparable day of each theme, known events aside, and what emerging themes were picked from."""
    searches, known = last_searches(session), known_watches(session)
    levels = {a.theme_id: a.excess_from for a in alerts if a.reason == EndReason.NEW_LEVEL}
    begins, searched = [], []
    for theme in themes:
        created = theme.created_at.astimezone(UTC).date()
        found = theme.kind != "topic" and span.index(created) > 0
        emerging = found and theme.id not in known and created > span.last - NEW
        searched.append(max(searches.get(theme.topic_id, 0), PICKED_FROM) if emerging else 1)
        since = span.index(created) + 1 if found and not emerging else 0
        begins.append(min(max(since, span.index(levels.get(theme.id, span.first)), 0), span.days))
    return begins, np.array(searched, float)


def _known_events(
    session: Session,
    span: Span,
    themes: Sequence[WatchedTheme],
    sources: Mapping[int, Mapping[int, Mapping[date, int]]],
) -> dict[int, Known]:
    """The newest event of each theme that moves its counts by itself, by row."""
    found: dict[int, list[Known]] = {row: [] for row in range(len(themes))}
    names = source_names(session)
    for change in _risen(session, span):
        for row, brought in sources.items():
            if share_since(brought, change[1], change[0]) >= NOTICEABLE:
                words = f"the source {names.get(change[1], change[1])} {change[2]}"
                found[row].append(Known(change[0], words))
    models = [
        Known(span.first + timedelta(days=at), "another model began to read") for at in model_changes(session, span)
    ]
    read_anew = {
        version.published_at.astimezone(UTC).date() for version in versions_published(session, start_of(span.first))
    }
    for day, before, after in published_topics(session, span):
        moved = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
        for row, theme in enumerate(themes):
            if theme.topic in moved and day not in read_anew:
                found[row].append(Known(day, "the topics were published anew"))
    newest = {row: max([*events, *models], key=lambda one: one.day, default=None) for row, events in found.items()}
    return {row: event for row, event in newest.items() if event is not None}


def _risen(session: Session, span: Span) -> list[tuple[date, int, str]]:
    changes = intake_changes(impact.feedback_by_source(session, span), span.first, span.last)
    return [(one.day, one.source, one.what) for one in changes if one.what != "fell silent"]


def _standing(place: Mapping[int, int], alerts: Sequence[Alert]) -> dict[int, Standing]:
    return {
        place[a.theme_id]: Standing(
            a.id, a.theme_id, AlertState(a.state), a.excess_from, a.told_pace, a.peak_day, a.peak
        )
        for a in alerts
        if _stands(a) and a.theme_id in place
    }


def _ended(place: Mapping[int, int], alerts: Sequence[Alert]) -> dict[int, Ended]:
    return {
        place[a.theme_id]: Ended(a.id, a.ended_on or a.last_day, a.excess_from, a.reason == EndReason.OVER)
        for a in alerts
        if not _stands(a) and a.theme_id in place
    }
