"""Station: once a day, whether what customers say, and what is made of it, is still like it was."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
from sqlalchemy.orm import Session

from app.access.audit import record_audit
from app.classify.drift import FEWEST_MENTIONS, FEWEST_WEEKS, GAP, WEEKS, Reading, Week, alarmed, read_drift
from app.domain.actor import Actor
from app.log import get_logger
from app.store.drift import last_readings, newest_model, week_labels, week_texts, week_vectors
from app.store.label_tables import DriftReading

_STATION = Actor(name="station:watch")
_WEEK = timedelta(days=7)
_log = get_logger("classify")


@dataclass(frozen=True)
class Batch:
    """The week that ended with `day`, and the weeks before it."""

    day: date
    last: Week
    earlier: tuple[Week, ...]


@dataclass(frozen=True)
class Outcome:
    """What was read for `day`."""

    day: date
    readings: tuple[Reading, ...]


def claim(session: Session, now: datetime) -> Batch | None:
    """The last whole day (UTC), once, if there is enough to compare."""
    day, model = now.date() - timedelta(days=1), newest_model(session)
    if model is None or _seen(session, day):
        return None
    fingerprint, encoder = model
    ends = [day, *(day - _WEEK * (back + GAP) for back in range(1, WEEKS + 1))]
    counted = [week_labels(session, end, fingerprint) for end in ends]
    enough = [sum(one.values()) >= FEWEST_MENTIONS for one in counted]
    if not enough[0] or sum(enough[1:]) < FEWEST_WEEKS:
        return None
    weeks = [
        Week(labels, week_texts(session, end, fingerprint), _array(week_vectors(session, end, encoder)))
        for labels, end in zip(counted, ends, strict=True)
    ]
    return Batch(day, weeks[0], tuple(weeks[1:]))


def work(batch: Batch, tools: object) -> Outcome:  # noqa: ARG001 - every station has it
    """Compare."""
    return Outcome(batch.day, tuple(read_drift(batch.last, batch.earlier)))


def record(session: Session, now: datetime, outcome: Outcome) -> None:
    """Write the readings down, and tell when an alarm opens or closes."""
    if _seen(session, outcome.day):
        return
    before = {row.statistic: row.alarm for row in last_readings(session)}
    for reading in outcome.readings:
        was = before.get(reading.statistic, False)
        alarm = alarmed(reading, before=was)
        session.add(
            DriftReading(
                day=outcome.day,
                statistic=reading.statistic,
                value=reading.value,
                expected_low=reading.low,
                expected_high=reading.high,
                p_value=reading.p,
                alarm=alarm,
                facts=reading.facts,
            )
        )
        if alarm != was:
            _tell(session, now, outcome.day, reading, opened=alarm)
    session.flush()


def _seen(session: Session, day: date) -> bool:
    return any(row.day >= day for row in last_readings(session))


def _tell(session: Session, now: datetime, day: date, reading: Reading, *, opened: bool) -> None:
    action = "drift_alarm_opened" if opened else "drift_alarm_closed"
    facts = {
        "day": day.isoformat(),
        "value": round(reading.value, 4),
        "expected": [round(reading.low, 4), round(reading.high, 4)],
        "p": round(reading.p, 6),
    }
    record_audit(session, now, _STATION, action, f"drift:{reading.statistic}", **facts)
    (_log.warning if opened else _log.info)(action, statistic=reading.statistic.value, **facts)


def _array(vectors: list[bytes]) -> np.ndarray:
    if not vectors:
        return np.zeros((0, 0), np.float32)
    return np.frombuffer(b"".join(vectors), "<f2").reshape(len(vectors), -1).astype(np.float32)
