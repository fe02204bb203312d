"""What can be said about a change and the sentence that says it: always with range and date, never "proved"."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class VerdictState(StrEnum):
    """The answer to "did complaints fall because of the change?"."""

    IMPROVED = "improved"
    NO_CHANGE = "no_change"
    WORSE = "worse"
    INCONCLUSIVE = "inconclusive"
    TOO_EARLY = "too_early"
    INVALID = "invalid"


class Tone(StrEnum):
    """How a sentence is coloured; an icon and the words say the same."""

    GOOD = "good"
    BAD = "bad"
    SOON = "soon"
    NEUTRAL = "neutral"


@dataclass(frozen=True, slots=True)
class Finding:
    """What is known about a change on a day.

    Attributes:
        subject: what the complaints are about, e.g. "late refunds".
        state: the verdict.
        seen_until: last day that was counted.
        rate_ratio, ci_low, ci_high: complaint rate after / expected without the change, with its 95 % interval.
        target_reduction: what the owner aimed for, 0..1.
        verdict_on: when the verdict is expected or was due.
        weeks_seen, weeks_planned: weeks of observation, and how many the verdict needs.
        complaints: complaints counted so far.
        complaints_needed: about how many are needed, where there are too few.
        detectable: the mildest rate ratio that would have shown.
        reason: why nothing can be said (state `invalid`).
        relapse: whether the improvement has been lost since.
        pace_on: when an undecided change is judged if its rate stays what it is; None: decided, unknown or never.
    """

    subject: str
    state: VerdictState
    seen_until: date
    rate_ratio: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    target_reduction: float | None = None
    verdict_on: date | None = None
    weeks_seen: int = 0
    weeks_planned: int | None = None
    complaints: int = 0
    complaints_needed: int | None = None
    detectable: float | None = None
    reason: str = ""
    relapse: bool = False
    pace_on: date | None = None


@dataclass(frozen=True, slots=True)
class Sentence:
    """A headline, the numbers under it, and its colour."""

    headline: str
    detail: str
    tone: Tone


def say_verdict(finding: Finding) -> Sentence:
    """The sentence for a finding."""
    if finding.relapse:
        headline = f"Complaints about {finding.subject} came back after they had fallen"
        return Sentence(headline, f"Seen until {say_date(finding.seen_until)}", Tone.BAD)
    return _SAY[finding.state](finding)


def say_change(ratio: float | None) -> str:
    """A rate ratio in words: "20 % down", "9 % up"."""
    if ratio is None:
        return "unknown"
    change = ratio - 1
    if abs(change) < 0.005:  # noqa: PLR2004 - rounds to nothing
        return "no change"
    return f"{_share(abs(change))} {'down' if change < 0 else 'up'}"


def say_date(day: date) -> str:
    """A date as people write it: "7 December 2026"."""
    return f"{day.day} {day:%B %Y}"


def _worse(finding: Finding) -> Sentence:
    return Sentence(f"Complaints about {finding.subject} rose after the change", _numbers(finding), Tone.BAD)


def _no_change(finding: Finding) -> Sentence:
    shown = (
        "" if finding.detectable is None else f". A fall of {_share(1 - finding.detectable)} or more would have shown"
    )
    return Sentence(f"No change seen in complaints about {finding.subject}{shown}", _numbers(finding), Tone.NEUTRAL)


def _inconclusive(finding: Finding) -> Sentence:
    spread = f"between {say_change(finding.ci_low)} and {say_change(finding.ci_high)}"
    headline = f"Cannot tell whether complaints about {finding.subject} changed: {spread}"
    then = _pace(finding) or "Four more weeks would narrow it"
    return Sentence(headline, f"{_numbers(finding)}. {then}", Tone.NEUTRAL)


def _invalid(finding: Finding) -> Sentence:
    return Sentence(f"Cannot be judged: {finding.reason}", f"Seen until {say_date(finding.seen_until)}", Tone.NEUTRAL)


def _improved(finding: Finding) -> Sentence:
    ratio = finding.rate_ratio or 1.0
    target = finding.target_reduction
    met = target is None or 1 - ratio >= target
    if met:
        headline = f"Complaints about {finding.subject} fell by about {_roughly(1 - ratio)}"
    else:
        headline = f"Complaints about {finding.subject} fell, but less than planned"
    return Sentence(headline, _numbers(finding), Tone.GOOD)


def _waiting(finding: Finding) -> Sentence:
    if finding.complaints_needed is not None and finding.complaints < finding.complaints_needed:
        needed = f"{finding.complaints} so far, about {finding.complaints_needed} needed"
        return Sentence(
            f"Not enough messages to judge: {needed}", f"Seen until {say_date(finding.seen_until)}", Tone.SOON
        )
    when = "" if finding.verdict_on is None else f" Verdict on {say_date(finding.verdict_on)}"
    weeks = f"{finding.weeks_seen} weeks seen"
    if finding.weeks_planned is not None:
        weeks = f"{finding.weeks_seen} of {finding.weeks_planned} weeks seen"
    headline = f"Too early.{when}; {weeks}" if when else f"Too early; {weeks}"
    detail = f"Seen until {say_date(finding.seen_until)}"
    return Sentence(headline, f"{detail}. {_pace(finding)}" if finding.pace_on else detail, Tone.SOON)


def _pace(finding: Finding) -> str:
    return f"At this pace the verdict will come on {say_date(finding.pace_on)}" if finding.pace_on else ""


def _numbers(finding: Finding) -> str:
    parts = []
    if finding.rate_ratio is not None and finding.ci_low is not None and finding.ci_high is not None:
        size = say_change(finding.rate_ratio)
        interval = _range(finding.ci_low, finding.ci_high)
        parts.append(f"{size[0].upper()}{size[1:]} (95 % interval {interval})")
    if finding.target_reduction is not None:
        parts.append(f"target {_share(finding.target_reduction)} down")
    parts.append(f"seen until {say_date(finding.seen_until)}")
    return ", ".join(parts)


def _range(low: float, high: float) -> str:
    """The milder end first; the direction once where both ends share it."""
    if high < 1:
        return f"{_share(1 - high)} to {_share(1 - low)}"
    if low > 1:
        return f"{_share(low - 1)} to {_share(high - 1)}"
    return f"{say_change(low)} to {say_change(high)}"


def _share(share: float) -> str:
    return f"{100 * share:.0f} %" if share < 10 else "more than 900 %"  # noqa: PLR2004 - a number nobody reads


def _roughly(reduction: float) -> str:
    """A reduction in words where a common fraction is near, else in per cent."""
    fractions = {1 / 4: "a quarter", 1 / 3: "a third", 1 / 2: "half", 2 / 3: "two thirds", 3 / 4: "three quarters"}
    nearest = min(fractions, key=lambda value: abs(value - reduction))
    return fractions[nearest] if abs(nearest - reduction) <= 0.03 else _share(reduction)  # noqa: PLR2004 - "about"


_SAY: dict[VerdictState, Callable[[Finding], Sentence]] = {
    VerdictState.IMPROVED: _improved,
    VerdictState.WORSE: _worse,
    VerdictState.NO_CHANGE: _no_change,
    VerdictState.INCONCLUSIVE: _inconclusive,
    VerdictState.INVALID: _invalid,
    VerdictState.TOO_EARLY: _waiting,
}
