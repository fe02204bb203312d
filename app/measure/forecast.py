"""Which change first? What fixing each open theme would avoid, from its rate and from what changes like it achieved."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from app.domain.actor import Actor
from app.store import impact
from app.store.prospects import Achieved, Undone, achieved_changes, theme_frictions, undone_items, weekly_counts

if TYPE_CHECKING:
    from app.measure.stats.expected import Saving
    from app.measure.stats.shrinkage import Kind

HISTORY_WEEKS = 26
HORIZON_WEEKS = 12
RECENT_WEEKS = 4
WIDTH = 2 * 2.7
"""Standard deviations from end to end of an interval that is watched daily, for looks that keep no spread."""


@dataclass(frozen=True, slots=True)
class Prospect:
    """What a change to an open theme would bring.

    Attributes:
        undone: the open item.
        recent_per_week: complaints per week in the last four weeks.
        per_week: complaints per week that are expected for the coming weeks if nothing is done.
        rate_ratio: expected rate with a change, as a share of that without.
        saving: complaints avoided per week, with its ranges.
        kin: how many judged changes had the same process, step, topic and friction.
    """

    undone: Undone
    recent_per_week: float
    per_week: float
    rate_ratio: float
    saving: Saving
    kin: dict[str, int]


@dataclass(frozen=True, slots=True)
class Forecast:
    """All open themes, the one whose change would avoid most first.

    Attributes:
        until: last day that was counted.
        prospects: by expected saving.
        judged_changes: how many changes the effects are learnt from.
        complaint_cost: what one complaint costs (`amount`, `currency`), if the company says so.
    """

    until: date
    prospects: tuple[Prospect, ...]
    judged_changes: int
    complaint_cost: dict[str, Any] | None


def forecast_changes(session: Session, now: datetime, actor: Actor) -> Forecast:
    """Forecast what changes to the open themes would avoid; some 5 ms a theme.

    Args:
        session: A session; nothing is written.
        now: The instant; days up to yesterday (UTC) are counted.
        actor: Who asks: their own items, all for analysts. What is learnt comes from the changes of all.
    """
    from app.measure.stats.expected import ranked, saving  # noqa: PLC0415 - scipy, which a web process seldom needs
    from app.measure.stats.level import foresee  # noqa: PLC0415 - as above
    from app.measure.stats.shrinkage import prospects  # noqa: PLC0415 - as above

    until = now.astimezone(UTC).date() - timedelta(days=1)
    undone = undone_items(session, actor)
    judged = achieved_changes(session)
    counts = weekly_counts(session, undone, until, _weeks_of_history(session, until))
    since = now - timedelta(weeks=HISTORY_WEEKS)
    themes = {one.theme_id for one in undone} | {one.theme_id for one in judged}
    frictions = theme_frictions(session, themes, since)
    kinds = [_kind(one, frictions) for one in undone]
    kin = [_kind(one, frictions) for one in judged]
    found = []
    for one, kind, effect in zip(undone, kinds, prospects(_learnt(judged, kin), kinds), strict=True):
        series = counts[one.item_id]
        level = foresee(series, HORIZON_WEEKS)
        recent = sum(series[-RECENT_WEEKS:]) / len(series[-RECENT_WEEKS:])
        found.append(Prospect(one, recent, level.mean, effect.ratio, saving(level, effect), _alike(kind, kin)))
    order = ranked([one.saving for one in found])
    return Forecast(until, tuple(found[at] for at in order), len(judged), impact.complaint_cost(session))


def _weeks_of_history(session: Session, until: date) -> int:
    """Whole weeks since the first feedback: before it nothing was counted, which is not the same as no complaints."""
    first = impact.first_feedback_day(session) or until
    return max(min(((until - first).days + 1) // 7, HISTORY_WEEKS), 1)


def _learnt(judged: Sequence[Achieved], kinds: Sequence[Kind]) -> list[Any]:
    from app.measure.stats.shrinkage import Achieved as Learnt  # noqa: PLC0415 - as above

    return [
        Learnt(kind, math.log(one.rate_ratio), one.spread or math.log(one.ci_high / one.ci_low) / WIDTH)
        for one, kind in zip(judged, kinds, strict=True)
    ]


def _kind(one: Undone | Achieved, frictions: Mapping[int, str]) -> Kind:
    from app.measure.stats.shrinkage import Kind  # noqa: PLC0415 - as above

    return Kind(one.process_id, one.step_id, one.topic_id, frictions.get(one.theme_id))


def _alike(kind: Kind, others: Sequence[Kind]) -> dict[str, int]:
    from app.measure.stats.shrinkage import KINDS  # noqa: PLC0415 - as above

    return {
        name: sum(getattr(kind, name) is not None and getattr(kind, name) == getattr(other, name) for other in others)
        for name in KINDS
    }
