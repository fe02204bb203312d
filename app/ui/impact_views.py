"""What the impact pages show: a change, its newest measurement, and the chart's weeks."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from markupsafe import Markup
from sqlalchemy.orm import Session

from app.domain.verdict import say_date
from app.measure.design import candidates_of, current_design
from app.measure.discoveries import Judged
from app.measure.preview import preview_change
from app.store.act_tables import Change
from app.store.impact import latest_measurement
from app.store.items import Listed
from app.store.tables import Measurement
from app.ui.charts import Mark, Size, Week, effect_chart, impact_chart
from app.ui.wording import VERDICTS, say_avoided, say_day, say_expected, say_holding

_MOST_CONTROLS = 6
_PHASES = {"trigger": "before, not counted: the spike that opened the item", "rollout": "roll-out, not counted"}


def change_card(session: Session, change: Change, listed: Listed, judged: Judged | None = None) -> dict[str, Any]:
    """A change in a list: what was done, when, what came of it so far, and whether that holds among all changes."""
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
        "among": say_holding(judged),
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
    result = look.result
    weeks = [_week(entry) for entry in result["weekly"]]
    return {
        "weeks": [_table_row(week, entry) for week, entry in zip(weeks, result["weekly"], strict=True)],
        "chart_wide": draw_weeks(result),
        "chart_narrow": draw_weeks(result, narrow=True),
        "effect": _effect(look, target),
        "per": f"per 1,000 {result['facts']['exposure']}",
        "avoided": say_avoided(result.get("avoided")),
        "happened": [
            {"when": say_date(date.fromisoformat(one["day"])), "what": one["words"]}
            for one in result["facts"].get("happened", [])
        ],
        "checks": [
            {"fine": check["state"] == "ok", "text": check["words"][0].upper() + check["words"][1:]}
            for check in result["checks"]
        ],
    }


def draw_weeks(result: Mapping[str, Any], *, narrow: bool = False) -> Markup:
    """The chart of a stored result: weeks seen, weeks ahead until the verdict, and what else happened."""
    weeks = [_week(entry) for entry in result["weekly"]]
    weeks += [_week({"observed": None, "phase": "ahead"} | entry) for entry in result.get("ahead", [])]
    happened = result["facts"].get("happened", [])
    marks = [Mark(date.fromisoformat(one["day"]), one["words"]) for one in happened]
    return impact_chart(weeks, title=f"{result['headline']}. {result['detail']}.", marks=marks, narrow=narrow)


def design_view(session: Session, change: Change) -> dict[str, Any]:
    """What a planned change would be compared with, to choose from; empty once that is fixed."""
    if change.deployed_at is not None or change.withdrawn_at is not None:
        return {"candidates": [], "chosen_by": None}
    design = current_design(session, change)
    chosen = set(design.controls)
    return {
        "chosen_by": design.chosen_by,
        "candidates": [
            {
                "key": one.key,
                "name": one.name,
                "per_week": f"{one.per_week:.1f}",
                "chosen": one.topic_id in chosen,
                "barred": one.barred,
                "why": one.why,
            }
            for one in candidates_of(session, change)
        ],
    }


def _effect(look: Measurement, target: float) -> Markup | str:
    if look.rate_ratio is None or look.ci_low is None or look.ci_high is None:
        return ""
    sizes = [Size("This change", look.rate_ratio, look.ci_low, look.ci_high, "change")]
    panel = look.result["sizes"]
    if panel.get("together"):
        sizes.append(_size(panel["together"], "control"))
    shown = sorted(panel["controls"], key=lambda one: one["high"] / one["low"])[:_MOST_CONTROLS]
    sizes += [_size(one, "control" if one["used"] else "unused") for one in shown]
    return effect_chart(sizes, target)


def _size(entry: Mapping[str, Any], css: str) -> Size:
    name = entry["name"].replace("_", " ")
    unused = " (moved by itself, not used)" if css == "unused" else ""
    return Size(name[:1].upper() + name[1:] + unused, entry["ratio"], entry["low"], entry["high"], css)


def _week(entry: Mapping[str, Any]) -> Week:
    phase = entry["phase"] if entry["phase"] in {"rollout", "after", "ahead"} else "before"
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
