"""What else happened around a change: other changes, new models, published topics, sources that come and go.

What can move the counts by itself enters the case as a known event; the rest is told to the reader beside the chart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy.orm import Session

from app.domain.intake import intake_changes
from app.measure.days import observed_from
from app.store import impact
from app.store.act_tables import Change
from app.store.happenings import published_topics, source_actions, source_names
from app.store.impact import Span

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
    names = source_names(session)
    for change in intake_changes(impact.feedback_by_source(session, span), span.first, span.last):
        name = names.get(change.source, str(change.source))
        yield Happening(change.day, "intake_change", f"the source {name} {change.what}")


def _topics(session: Session, span: Span, judged: set[int]) -> Iterator[Happening]:
    keys = {topic.key for key, topic in impact.topics_by_id(session).items() if key in judged}
    for day, before, after in published_topics(session, span):
        moved = sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))
        ours = [key for key in moved if key in keys]
        what = f"{len(moved)} topics differ" + (f", {', '.join(ours)} among them" if ours else "")
        yield Happening(day, TOLD, f"the topics were published anew ({what})")
