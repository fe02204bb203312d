"""When do sources begin to send, fall silent, and come back? Steps of the intake, not of what customers think."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

LATE_SOURCE = 28  # days after the start of the history from which a new source counts as a change of intake
NOTICEABLE = 0.1  # share of all feedback that a source must bring for its coming and going to matter
SILENT = 7  # days without any feedback from which a source counts as gone
SILENT_ITEMS = 10  # feedback that it would usually have brought in that time
HABIT = 2  # gaps half as long or longer beside one, above which gaps are how this source sends

Counts = Mapping[date, int]


@dataclass(frozen=True, slots=True)
class IntakeChange:
    """A source that began to send, fell silent, or sends again, from a day on."""

    day: date
    source: int
    what: str


def intake_changes(counts: Mapping[int, Counts], first: date, last: date) -> Iterator[IntakeChange]:
    """Changes of the intake between two days, of sources that bring a noticeable share.

    Args:
        counts: Feedback per source and day.
        first: First day of the history.
        last: Its last day.
    """
    for source, days in counts.items():
        begun = min(days)
        if share_since(counts, source, begun) < NOTICEABLE:
            continue
        if begun >= first + timedelta(days=LATE_SOURCE):
            yield IntakeChange(begun, source, "began to send")
        for gone, back in _silences(days, last):
            yield IntakeChange(gone, source, "fell silent")
            if back is not None:
                yield IntakeChange(back, source, "sends again")


def share_since(counts: Mapping[int, Counts], source: int, since: date) -> float:
    """Share of everything since a day that one source brought."""
    everything = sum(count for days in counts.values() for day, count in days.items() if day >= since)
    return sum(count for day, count in counts.get(source, {}).items() if day >= since) / max(everything, 1)


def _silences(days: Counts, last: date) -> Iterator[tuple[date, date | None]]:
    """Runs of days without a word that are too long for chance: first day, and the first day after it (None: still).

    What a source does again and again, such as a survey that is sent once a month, is its habit and no silence.
    """
    seen = sorted(days)
    usual = sum(days.values()) / max((seen[-1] - seen[0]).days + 1, 1)
    following: list[date | None] = [*seen[1:], None]
    gaps = [
        (before, after, ((last + timedelta(days=1) if after is None else after) - before).days - 1)
        for before, after in zip(seen, following, strict=True)
    ]
    for before, after, silent in gaps:
        alike = sum(2 * other >= silent for _, _, other in gaps) - 1
        if silent >= SILENT and silent * usual >= SILENT_ITEMS and alike <= HABIT:
            yield before + timedelta(days=1), after
