"""Before a change is made: what could be seen at all, when the verdict would come, compared with what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy.orm import Session

from app.measure.design import current_design
from app.measure.frequency import build_case
from app.store.act_tables import Change


@dataclass(frozen=True, slots=True)
class Expected:
    """What an owner may expect of measuring a change.

    Attributes:
        verdict_on: Day on which a fall as large as the target would be seen; None: never within a year.
        minimum_detectable: Mildest rate ratio that would be seen within the horizon; None without a baseline.
        chance: Chance (0..1) of seeing the target within the horizon; None without a baseline.
        horizon_days: Days after the change for which the two hold.
        controls: Keys of the topics that it will be compared with.
    """

    verdict_on: date | None
    minimum_detectable: float | None
    chance: float | None
    horizon_days: int
    controls: tuple[str, ...]


def preview_change(session: Session, now: datetime, change: Change) -> Expected:
    """What may be expected of measuring a planned (or just deployed) change; some 150 ms of maths.

    Args:
        session: A session; nothing is written.
        now: The instant; days up to yesterday are read.
        change: The change.
    """
    from app.measure.stats.plan import plan  # noqa: PLC0415 - scipy, which a web process needs for nothing else

    last = now.astimezone(UTC).date() - timedelta(days=1)
    design = current_design(session, change)
    case = build_case(session, change, design, max(last, design.first_day)).case
    planned = plan(case, 1 - change.target_reduction)
    verdict_on = None
    if planned.days_after_change is not None:
        verdict_on = case.start_date + timedelta(days=case.change_day + planned.days_after_change)
    return Expected(
        verdict_on, planned.minimum_detectable, planned.chance, planned.horizon_days, tuple(sorted(case.controls))
    )
