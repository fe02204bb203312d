"""How pages say times, states and verdicts. Pure: values in, words out."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from app.domain.items import AWAITS_ANSWER, State
from app.domain.verdict import VerdictState
from app.measure.discoveries import Judged
from app.measure.preview import Expected

STATES = {state: state.value.replace("_", " ").capitalize() for state in State}

VERDICTS: dict[str, tuple[str, str, str]] = {
    VerdictState.IMPROVED: ("good", "↓", "Improved"),
    VerdictState.NO_CHANGE: ("", "→", "No change seen"),
    VerdictState.WORSE: ("bad", "↑", "Worse"),
    VerdictState.INCONCLUSIVE: ("warn", "?", "Cannot tell"),
    VerdictState.TOO_EARLY: ("", "…", "Too early"),
    VerdictState.INVALID: ("warn", "!", "Cannot be judged"),
}
"""Tone, icon and word of each verdict: never colour alone."""

SAID = {
    "acknowledge": "Acknowledged.",
    "plan": "The change is planned. Its target was written down.",
    "deploy": "Deployed. The measurement has begun.",
    "decline": "Declined.",
    "reassign": "Handed over.",
    "snooze": "Snoozed.",
    "resume": "Taken up again.",
    "pause": "The clock stands.",
    "continue": "The clock goes on.",
    "duplicate": "Marked as a duplicate.",
    "comment": "Comment added.",
    "close": "Closed.",
    "answer": "Answered and closed.",
    "reopen": "Reopened.",
    "controls": "The comparison is written down. It is fixed when the change is marked as deployed.",
}

_WEEK = timedelta(days=7)


def say_day(day: date) -> str:
    """A day, short: 7 Dec 2026."""
    return f"{day.day} {day:%b %Y}"


def say_time(at: datetime, zone: ZoneInfo) -> str:
    """An instant in the reader's zone: 7 Dec 2026, 14:05."""
    local = at.astimezone(zone)
    return f"{say_day(local.date())}, {local:%H:%M}"


def say_expected(expected: Expected, target: float) -> str:
    """What the measurement of a planned change can show, and when."""
    if expected.minimum_detectable is None or expected.chance is None:
        return "There are too few complaints yet to say what a measurement could show."
    least = 1 - expected.minimum_detectable
    smallest = f"The smallest fall that {expected.horizon_days} days would show is {least:.0%}"
    if expected.verdict_on is None:
        return f"A fall by {target:.0%} would hardly be seen within a year. {smallest}."
    when = f"A fall by {target:.0%} would be seen around {say_day(expected.verdict_on)}"
    return f"{when}; the chance that {expected.horizon_days} days show it is {expected.chance:.0%}. {smallest}."


def say_avoided(avoided: Mapping[str, Any] | None) -> str:
    """Complaints avoided since the change, with the range, and what they would have cost if that is known."""
    if avoided is None:
        return ""
    low, middle, high = avoided["low"], avoided["complaints"], avoided["high"]
    if low < 0 < high:
        return f"Between {_fewer(high)} and {_fewer(low)} complaints than expected since the change."
    words = f"About {_fewer(middle)} complaints since the change (95 % interval {_fewer(low)} to {_fewer(high)})"
    words += f", {abs(avoided['per_week']):.1f} a week"
    saved = avoided.get("saved")
    if saved is not None:
        money = [f"{saved[name]:,.0f}" for name in ("amount", "low", "high")]
        words += f". By the cost of one complaint: {saved['currency']} {money[0]} ({money[1]} to {money[2]})"
    return f"{words}."


def _fewer(count: float) -> str:
    return f"{abs(count):.0f} {'fewer' if count >= 0 else 'more'}"


def say_holding(judged: Judged | None) -> str:
    """Whether a verdict also holds among all changes that are watched; empty where there is nothing to hold."""
    if judged is None or judged.holds is None:
        return ""
    among = f"{judged.together} changes judged together"
    if judged.together < 2:  # noqa: PLR2004 - alone there is nothing to control
        return ""
    return f"Holds among {among}" if judged.holds else f"Among {among} this can be chance: wait for more weeks"


def say_distance(at: datetime, now: datetime) -> str:
    """How far an instant is away: in 3 days, 2 hours late."""
    gap = abs(at - now)
    if gap >= timedelta(days=1):
        much = f"{gap.days} day{'s' if gap.days > 1 else ''}"
    elif gap >= timedelta(hours=1):
        hours = gap // timedelta(hours=1)
        much = f"{hours} hour{'s' if hours > 1 else ''}"
    else:
        much = "less than an hour"
    return f"{much} late" if at < now else f"in {much}"


def due_tone(state: State, deadline: datetime, now: datetime) -> str:
    """Red when an answer is late, amber when it is due within two days, else nothing."""
    if state not in AWAITS_ANSWER:
        return ""
    if deadline < now:
        return "bad"
    return "warn" if deadline < now + timedelta(days=2) else ""


def due_group(state: State, deadline: datetime, now: datetime) -> str:
    """Under which heading of the inbox an item stands."""
    if state not in AWAITS_ANSWER:
        return STATES[state]
    if deadline < now:
        return "Overdue"
    return "Due this week" if deadline < now + _WEEK else "Later"
