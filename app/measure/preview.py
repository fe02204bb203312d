"""Before a change is made: what could be seen at all, when the verdict would come, compared with what."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from app.measure.design import choose_design, load_design
from app.measure.frequency import build_case
from app.measure.stats.plan import plan
from app.store import impact
from app.store.tables import Change


def preview_change(session: Session, now: datetime, change: Change) -> dict[str, Any]:
    """What an owner may expect of measuring a planned (or just deployed) change.

    Args:
        session: A session; nothing is written.
        now: The instant; days up to yesterday are read.
        change: The change.

    Returns:
        `verdict_on` (ISO date or None: never within a year), `minimum_detectable` (rate ratio within the horizon, None
        without a baseline), `chance` of seeing the target within the horizon, `horizon_days`, `controls` (names).
    """
    last = now.astimezone(UTC).date() - timedelta(days=1)
    registration = impact.find_registration(session, change.id)
    design = choose_design(session, change) if registration is None else load_design(registration.design)
    case = build_case(session, change, design, max(last, design.first_day)).case
    planned = plan(case, 1 - change.target_reduction)
    verdict_on = None
    if planned.days_after_change is not None:
        first = case.start_date + timedelta(days=case.change_day)
        verdict_on = (first + timedelta(days=planned.days_after_change)).isoformat()
    return {
        "verdict_on": verdict_on,
        "minimum_detectable": planned.minimum_detectable,
        "chance": planned.chance,
        "horizon_days": planned.horizon_days,
        "controls": sorted(case.controls),
    }
