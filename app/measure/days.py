"""From which day a change counts."""

from __future__ import annotations

from datetime import date, timedelta

from app.store.act_tables import Change


def starts_on(change: Change) -> date:
    """First day of the roll-out (or of the effect); planned changes: the planned day."""
    start = change.rollout_from or change.planned_for
    return change.planned_at.date() + timedelta(days=1) if start is None else start


def observed_from(change: Change) -> date:
    """First day that counts as "after"."""
    return starts_on(change) if change.rollout_to is None else change.rollout_to + timedelta(days=1)
