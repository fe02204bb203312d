"""What else happened around a change: other changes, new models, published topics, sources that come and go.

What can move the counts by itself enters the case as a known event; the rest is told to the reader beside the chart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy.orm import Session

from app.measure.days import observed_from
from app.store import impact
from app.store.act_tables import Change
from app.store.happenings import published_topics, source_actions, source_names
from app.store.impact import CountByDay, Span

LATE_SOURCE = 28  # days after the start of the history from which a new source counts as a change of intake
NOTICEABLE = 0.1  # share of all feedback that a source must bring for its coming and going to matter
SILENT = 7  # days without any feedback from which a source counts as gone
SILENT_ITEMS = 10  # feedback that it would usually have brought in that time
HABIT = 2  # gaps half as long or longer beside one, above which gaps are how this source sends
TOLD = "told"
"""Kind of a happening that does not enter the case."""

_DONE = {
    "source_configured": "the source {} was configured",
    "source_paused": "the source {} was paused",
    "source_resumed": "the source {} was resumed",
}


@dataclass(frozen=True, slots=True)
class Happening:
    """Something on a day; `kind` is that of a known event of the case, or `TOLD`."""

    day: date
    kind: str
    words: str


def list_happenings(
    session: Session, change: Change, span: Span, topics: tuple[int, Iterable[int]], models: Iterable[int]
) -> list[Happening]:
    """Everything that happened in a span, in order of time.

    Args:
        session: A session.
        change: The change itself, which is none of it.
        span: Days of the case.
        topics: Topic of the target, and those of the controls.
        models: Indices of the days on which another model began to label.
    """
    target, controls = topics
    found = [*_changes(session, change, span, target)]
    found += [Happening(span.first + timedelta(days=day), "classifier_version", "another model began to read")
              for day in models]  # fmt: skip
    found += _intake(session, span)
    found += _topics(session, span, {target, *controls})
    found += [
        Happening(day, TOLD, _DONE[action].format(key))
        for day, action, key in source_actions(session, span)
        if action in _DONE
    ]
    return sorted(set(found), key=lambda one: (one.day, one.kind, one.words))


def _changes(session: Session, change: Change, span: Span, target: int) -> Iterator[Happening]:
    for other, topic in impact.other_changes(session, change):
        same_step = change.step_id is not None and other.step_id == change.step_id
        if (topic == target or same_step) and span.first < observed_from(other) <= span.last:
            yield Happening(observed_from(other), "process_change", f"change {other.id} came into effect")


def _intake(session: Session, span: Span) -> Iterator[Happening]:
    """Sources that began to send, fell silent, or came back, where they bring a noticeable share."""
    counts = impact.feedback_by_source(session, span)
    names = source_names(session)
    for source, days in counts.items():
        name = names.get(source, str(source))
        first = min(days)
        if first >= span.first + timedelta(days=LATE_SOURCE) and _share(counts, source, first) >= NOTICEABLE:
            yield Happening(first, "intake_change", f"the source {name} began to send")
        if _share(counts, source, first) >= NOTICEABLE:
            for gone, back in _silences(days, span.last):
                yield Happening(gone, "intake_change", f"the source {name} fell silent")
                if back is not None:
                    yield Happening(back, "intake_change", f"the source {name} sends again")


def _share(counts: dict[int, CountByDay], source: int, since: date) -> float:
    everything = sum(count for days in counts.values() for day, count in days.items() if day >= since)
    return sum(counts[source].values()) / max(everything, 1)


def _silences(days: CountByDay, last: date) -> Iterator[tuple[date, date | None]]:
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


def _topics(session: Session, span: Span, judged: set[int]) -> Iterator[Happening]:
    keys = {topic.key for key, topic in impact.topics_by_id(session).items() if key in judged}
    for day, before, after in published_topics(session, span):
        moved = sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))
        ours = [key for key in moved if key in keys]
        what = f"{len(moved)} topics differ" + (f", {', '.join(ours)} among them" if ours else "")
        yield Happening(day, TOLD, f"the topics were published anew ({what})")
