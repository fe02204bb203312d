"""Command: daily denominators (orders, contacts, customers) from operations, in bulk and as often as they like."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.audit import record_audit
from app.domain.actor import Actor
from app.errors import AppError, Kind
from app.store.conflicts import insert_of
from app.store.tables import Exposure

MAX_ROWS = 5_000
MAX_NAME = 64
CHUNK = 400


def put_exposures(session: Session, now: datetime, actor: Actor, series: str, counts: Mapping[date, float]) -> int:
    """Write denominators of one series; the same day again replaces its count, so that a repeat changes nothing.

    Args:
        session: The caller's write transaction.
        now: The instant; days after tomorrow are refused.
        actor: Who asks; denominators belong to the whole company, so any actor that got here may write them.
        series: Name of the series, e.g. "orders" or the key of the process that it is the denominator of.
        counts: Count per UTC day, 0 or more.

    Returns:
        How many days are new or have another count than before.

    Raises:
        AppError: the name, a day or a count cannot be used; the message says which.
    """
    _check(now, series, counts)
    stored = select(Exposure.day, Exposure.count).where(Exposure.series == series)
    known = dict(session.execute(stored).all())
    changed = {day: float(count) for day, count in counts.items() if known.get(day) != float(count)}
    rows = [{"series": series, "day": day, "count": count} for day, count in sorted(changed.items())]
    insert = insert_of(session)
    for start in range(0, len(rows), CHUNK):
        statement = insert(Exposure).values(rows[start : start + CHUNK])
        session.execute(
            statement.on_conflict_do_update(index_elements=["series", "day"], set_={"count": statement.excluded.count})
        )
    if rows:
        record_audit(session, now, actor, "exposures_put", f"exposures:{series}", days=len(rows))
    return len(rows)


def _check(now: datetime, series: str, counts: Mapping[date, float]) -> None:
    if not series or len(series) > MAX_NAME or not series.isprintable() or series != series.strip():
        message = f"Name the series with 1 to {MAX_NAME} printable characters, e.g. orders."
        raise AppError(Kind.INVALID, "bad_exposure_series", message)
    if len(counts) > MAX_ROWS:
        message = f"Send at most {MAX_ROWS} days at once; this request has {len(counts)}."
        raise AppError(Kind.TOO_LARGE, "too_many_exposures", message)
    latest = now.date() + timedelta(days=1)
    for day, count in counts.items():
        if day > latest:
            message = f"{day} has not happened yet: send denominators of days that are over."
            raise AppError(Kind.INVALID, "exposure_in_future", message, day=day.isoformat())
        if not math.isfinite(count) or count < 0:
            message = f"The count of {day} must be a number of 0 or more."
            raise AppError(Kind.INVALID, "bad_exposure_count", message, day=day.isoformat())
