"""What the impact pages show: a change, its newest measurement, and the chart's weeks."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from markupsafe import Markup
from sqlalchemy.orm import Session

from app.domain.verdict import say_date
from app.measure.preview import preview_change
from app.store.impact import latest_measurement
from app.store.items import Listed
from app.store.tables import Change, Measurement
from app.ui.charts import Week, effect_chart, impact_chart
from app.ui.wording import VERDICTS, say_day, say_expected

_PHASES = {"trigger": "before, not counted: the spike that opened the item", "rollout": "roll-out, not counted"}


def change_card(session: Session, change: Change, listed: Listed) -> dict[str, Any]:
    """A change in a list: what was done, when, and what came of it so far."""
    look = latest_measurement(session, change.id)
    tone, icon, word = VERDICTS[look.verdict] if look is not None else ("", "…", _standing(change))
    planned = f"Planned to fall by {change.target_reduction:.0%}"
    return {
        "id": change.id,
        "item_id": listed.item.id,
        "theme": listed.theme or listed.item.title,
        "description": change.description,
        "owner": listed.owner,
        "when": _when(change),
        "tone": tone,
        "icon": icon,
        "word": word,
        "judged": look is not None,
        "headline": look.result["headline"] if look is not None else planned,
        "sentence": look.result["detail"] if look is not None else planned,
    }


def expectation(session: Session, now: datetime, change: Change) -> str:
    """What a planned change may expect of its measurement, in words; empty for one that is judged or withdrawn."""
    if change.withdrawn_at is not None or latest_measurement(session, change.id) is not None:
        return ""
    return say_expected(preview_change(session, now, change), change.target_reduction)


def _standing(change: Change) -> str:
    if change.withdrawn_at is not None:
        return "Withdrawn"
    return "Planned" if change.rollout_from is None else "Measurement begins"


def _when(change: Change) -> str:
    if change.rollout_from is None:
        return f"planned on {say_day(change.planned_at.date())}"
    if change.rollout_to is None:
        return f"in effect since {say_day(change.rollout_from)}"
    return f"rolled out {say_day(change.rollout_from)} to {say_day(change.rollout_to)}"


def measurement_view(look: Measurement, target: float) -> dict[str, Any]:
    """Charts, table and checks of one look."""
    weeks = [_week(entry) for entry in look.result["weekly"]]
    title = f"{look.result['headline']}. {look.result['detail']}."
    return {
        "weeks": [_table_row(week, entry) for week, entry in zip(weeks, look.result["weekly"], strict=True)],
        "chart_wide": impact_chart(weeks, title=title),
        "chart_narrow": impact_chart(weeks, title=title, narrow=True),
        "effect": _effect(look, target),
        "per": f"per 1,000 {look.result['facts']['exposure']}",
        "checks": [
            {"fine": check["state"] == "ok", "text": check["words"][0].upper() + check["words"][1:]}
            for check in look.result["checks"]
        ],
    }


def _effect(look: Measurement, target: float) -> Markup | str:
    if look.rate_ratio is None or look.ci_low is None or look.ci_high is None:
        return ""
    return effect_chart(look.rate_ratio, look.ci_low, look.ci_high, target)


def _week(entry: Mapping[str, Any]) -> Week:
    phase = entry["phase"] if entry["phase"] in {"rollout", "after"} else "before"
    start = date.fromisoformat(entry["start"])
    return Week(start, entry["observed"], entry["expected"], entry["low"], entry["high"], phase)


def _table_row(week: Week, entry: Mapping[str, Any]) -> dict[str, str]:
    numbers: Sequence[float | None] = (week.rate, week.expected, week.low, week.high)
    rate, expected, low, high = ("" if number is None else f"{number:.1f}" for number in numbers)
    return {
        "start": say_date(week.start),
        "rate": rate,
        "expected": expected,
        "range": f"{low} to {high}" if low else "",
        "phase": _PHASES.get(entry["phase"], entry["phase"]),
    }
