"""What the page "which change first" shows: a forecast turned into words and bars."""

from collections.abc import Mapping
from typing import Any

from app.measure.forecast import HORIZON_WEEKS, Forecast, Prospect
from app.ui.charts import saving_bar
from app.ui.wording import say_day


def forecast_view(forecast: Forecast) -> dict[str, Any]:
    """Rows in the order of the expected saving, and what they rest on."""
    ends = [abs(end) for one in forecast.prospects for end in one.saving.range80]
    most = max(ends, default=1.0)
    return {
        "until": say_day(forecast.until),
        "weeks": HORIZON_WEEKS,
        "learnt": _learnt(forecast.judged_changes),
        "currency": forecast.complaint_cost["currency"] if forecast.complaint_cost else "",
        "rows": [_row(rank, one, most, forecast) for rank, one in enumerate(forecast.prospects, start=1)],
    }


def _learnt(judged: int) -> str:
    if not judged:
        return "No change has a verdict yet: the effects are the documented prior, alike for every theme."
    return f"The effects are learnt from {judged} change{'s' if judged > 1 else ''} with a verdict."


def _row(rank: int, one: Prospect, most: float, forecast: Forecast) -> dict[str, Any]:
    saving, cost = one.saving, forecast.complaint_cost
    low, high = saving.range80
    return {
        "rank": rank,
        "item_id": one.undone.item_id,
        "theme": one.undone.theme,
        "owner": one.undone.owner,
        "recent": f"{one.recent_per_week:.1f}",
        "per_week": f"{one.per_week:.1f}",
        "avoided": f"{saving.expected:.1f}",
        "range": f"{low:.1f} to {high:.1f}",
        "bar": saving_bar(saving.expected, low, high, most),
        "chance": f"{saving.chance:.0%}",
        "saved": f"{float(cost['amount']) * saving.expected:,.0f}" if cost else "",
        "kin": _kin(one.kin),
    }


def _kin(kin: Mapping[str, int]) -> str:
    parts = [f"{count} of its {name}" for name, count in kin.items() if count]
    return ", ".join(parts) if parts else "none of its kind"
