"""Writing down what a look led to: alerts open, grow, end and open again; each line of their life stands once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.store.alert_counts import STANDING, Stormy
from app.store.alert_tables import Alert, AlertEvent, AlertLook, AlertWatch
from app.store.conflicts import insert_of
from app.store.theme_tables import Theme
from app.theme.alarm.life import QUIET_DAYS, AlertState, EndReason
from app.theme.alert_look import Expectation, Looked, Moved, Numbers, Opened

STATION = "station:alert"


def record_look(session: Session, now: datetime, looked: Looked) -> None:
    """Store a look; a second one at the same day changes nothing."""
    insert = insert_of(session)
    row = {"day": looked.day, "themes": looked.themes, "budget": looked.budget}
    first = insert(AlertLook).values(**row, threshold=looked.threshold, looked_at=now).on_conflict_do_nothing()
    if session.scalar(first.returning(AlertLook.day)) is None:
        return
    watches = _hold_watches(session, [each.theme_id for each in looked.expectations])
    barred = _barred(session, [each.theme_id for each in looked.opened])
    for moved in looked.moved:
        _move(session, now, moved)
    for opened in looked.opened:
        if opened.theme_id not in barred:
            _open(session, now, looked, opened)
    for alert_id in looked.orphaned:
        _orphan(session, now, alert_id)
    for expectation in looked.expectations:
        _expect(session, looked, expectation, watches.get(expectation.theme_id))
    session.flush()


def record_storms(session: Session, now: datetime, storms: tuple[Stormy, ...]) -> None:
    """Open alerts for themes whose people of today already reach what their last look said."""
    themes = [each.theme_id for each in storms]
    watches = _hold_watches(session, themes)
    barred = _barred(session, themes)
    look = session.scalars(select(AlertLook).order_by(AlertLook.day.desc()).limit(1)).one()
    for storm in storms:
        if storm.theme_id not in barred and watches[storm.theme_id].day == storm.watch.day:
            _storm(session, now, look, storm)
    session.flush()


def _hold_watches(session: Session, theme_ids: list[int]) -> dict[int, AlertWatch]:
    """Watches by theme, locked: whoever opens an alert of a theme holds its watch."""
    query = select(AlertWatch).where(AlertWatch.theme_id.in_(sorted(theme_ids))).order_by(AlertWatch.theme_id)
    rows = session.scalars(query.with_for_update().execution_options(populate_existing=True))
    return {row.theme_id: row for row in rows}


def _barred(session: Session, theme_ids: list[int]) -> set[int]:
    """Themes that have an alert by now, or were muted or retired meanwhile."""
    standing = select(Alert.theme_id).where(Alert.theme_id.in_(sorted(theme_ids)), Alert.state.in_(STANDING))
    inactive = select(Theme.id).where(Theme.id.in_(sorted(theme_ids)), Theme.state != "active")
    return {*session.scalars(standing), *session.scalars(inactive)}


def _held(session: Session, alert_id: int) -> Alert:
    query = select(Alert).where(Alert.id == alert_id).with_for_update()
    return session.scalars(query.execution_options(populate_existing=True)).one()


def _open(session: Session, now: datetime, looked: Looked, opened: Opened) -> None:
    if opened.reopens is not None:
        _reopen(session, now, opened)
        return
    alert = Alert(
        theme_id=opened.theme_id,
        kind=opened.kind,
        state=AlertState.OPEN if opened.explained is None else AlertState.EXPLAINED,
        reason=opened.explained,
        opened_at=now,
        opened_on=looked.day,
        excess_from=opened.excess_from,
        told_pace=opened.pace,
        evidence=opened.evidence,
        threshold=looked.threshold,
        budget=looked.budget,
        themes=looked.themes,
        exposure=opened.exposure,
        ended_on=None if opened.explained is None else looked.day,
        ended_at=None if opened.explained is None else now,
    )
    _fill(alert, now, opened.numbers)
    session.add(alert)
    session.flush()
    _note(session, now, alert, "opened" if opened.explained is None else "explained", pace=round(opened.pace, 3))


def _reopen(session: Session, now: datetime, opened: Opened) -> None:
    alert = _held(session, opened.reopens or 0)
    alert.state, alert.reason, alert.ended_at, alert.ended_on = AlertState.OPEN, None, None, None
    alert.reopened += 1
    alert.told_pace, alert.acknowledged_at, alert.acknowledged_by = opened.pace, None, None
    _fill(alert, now, opened.numbers)
    _note(session, now, alert, "reopened", pace=round(opened.pace, 3), excess_from=opened.excess_from.isoformat())


def _move(session: Session, now: datetime, moved: Moved) -> None:
    alert = _held(session, moved.alert_id)
    if alert.state not in STANDING:
        return
    _fill(alert, now, moved.numbers)
    alert.state, alert.told_pace = moved.state, moved.told_pace
    if moved.reason is not None:
        quiet = QUIET_DAYS if moved.reason is EndReason.OVER else 0
        _end(session, now, alert, moved.reason, quiet)
    elif moved.grew:
        _note(session, now, alert, "grew", pace=round(moved.told_pace, 3))


def _orphan(session: Session, now: datetime, alert_id: int) -> None:
    alert = _held(session, alert_id)
    if alert.state in STANDING:
        muted = session.get_one(Theme, alert.theme_id).state == "muted"
        _end(session, now, alert, EndReason.MUTED if muted else EndReason.RETIRED, 0)


def _end(session: Session, now: datetime, alert: Alert, reason: EndReason, quiet: int) -> None:
    alert.state, alert.reason, alert.ended_at, alert.updated_at = AlertState.ENDED, reason, now, now
    alert.version += 1
    alert.ended_on = max(alert.last_day - timedelta(days=quiet), alert.excess_from)
    _note(session, now, alert, "ended", reason=reason.value)


def _storm(session: Session, now: datetime, look: AlertLook, storm: Stormy) -> None:
    watch, people = storm.watch, float(storm.people)
    day = {"day": watch.day.isoformat(), "observed": storm.people, "expected": round(watch.expected, 3)}
    series = [day | {"low": watch.expected_low, "high": watch.expected_high}]
    alert = Alert(
        theme_id=storm.theme_id,
        kind="excess",
        state=AlertState.OPEN,
        opened_at=now,
        opened_on=watch.day,
        excess_from=watch.excess_from or watch.day,
        told_pace=max(people - watch.expected, 0.0),
        evidence=look.threshold,
        threshold=look.threshold,
        budget=look.budget,
        themes=look.themes,
    )
    sums = (people, watch.expected, watch.expected_low, watch.expected_high)
    _fill(alert, now, Numbers(watch.day, *sums, watch.day, people, series))
    session.add(alert)
    session.flush()
    _note(session, now, alert, "opened", pace=round(alert.told_pace, 3), by="the day so far")


def _fill(alert: Alert, now: datetime, numbers: Numbers) -> None:
    alert.last_day, alert.series, alert.updated_at = numbers.last_day, numbers.series, now
    alert.version = (alert.version or 0) + 1
    alert.observed, alert.expected = numbers.observed, numbers.expected
    alert.expected_low, alert.expected_high = numbers.low, numbers.high
    alert.peak_day, alert.peak = numbers.peak_day, numbers.peak


def _expect(session: Session, looked: Looked, expectation: Expectation, watch: AlertWatch | None) -> None:
    if watch is None:
        watch = AlertWatch(theme_id=expectation.theme_id)
        session.add(watch)
    watch.day = looked.day + timedelta(days=1)
    watch.expected, watch.expected_low = expectation.expected, expectation.low
    watch.expected_high, watch.trip, watch.excess_from = expectation.high, expectation.trip, expectation.excess_from


def _note(session: Session, now: datetime, alert: Alert, kind: str, **facts: Any) -> None:  # noqa: ANN401 - JSON values
    session.add(AlertEvent(alert_id=alert.id, kind=kind, actor=STATION, facts=facts, at=now))
