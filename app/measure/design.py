"""What a change will be judged by: its series, denominator and comparison topics, frozen before the result is known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy.orm import Session

from app.store import impact
from app.store.impact import Span
from app.store.tables import Change, Topic

LONGEST_BASELINE = 364
FEWEST_PER_WEEK = 0.7
MAX_CONTROLS = 30
FEWEST_ELSEWHERE = 3  # with two nobody knows which one is odd
COVERED = 0.9  # share of the baseline's days that a series of denominators must have
TOUCHED_BEFORE = 90  # days: a topic that was itself changed so shortly before is no calm comparison


@dataclass(frozen=True, slots=True)
class Design:
    """A frozen design; ids and days as JSON values in `registrations.design`.

    Attributes:
        theme_id: theme whose complaints are the target, None where the whole topic is.
        topic_id: topic of the target.
        first_day: first day of the baseline.
        exposure: series of denominators; None: all feedback per day.
        controls: comparison topics, most complaints first.
    """

    theme_id: int | None
    topic_id: int
    first_day: date
    exposure: str | None
    controls: tuple[int, ...]

    def dump(self, names: dict[int, str]) -> dict[str, Any]:
        """As stored; the names are for readers and are not read back."""
        return {
            "theme_id": self.theme_id,
            "topic_id": self.topic_id,
            "first_day": self.first_day.isoformat(),
            "exposure": self.exposure,
            "controls": list(self.controls),
            "control_names": [names.get(topic, str(topic)) for topic in self.controls],
        }


def load_design(document: dict[str, Any]) -> Design:
    """A stored design."""
    return Design(
        theme_id=document["theme_id"],
        topic_id=document["topic_id"],
        first_day=date.fromisoformat(document["first_day"]),
        exposure=document["exposure"],
        controls=tuple(document["controls"]),
    )


def starts_on(change: Change) -> date:
    """First day of the roll-out (or of the effect); planned changes: the planned day."""
    start = change.rollout_from or change.planned_for
    return change.planned_at.date() + timedelta(days=1) if start is None else start


def observed_from(change: Change) -> date:
    """First day that counts as "after"."""
    return starts_on(change) if change.rollout_to is None else change.rollout_to + timedelta(days=1)


def choose_design(session: Session, change: Change) -> Design:
    """Choose series, denominator and controls from what was known before the change began.

    A topic of the same step, of the same process (unless there are too few others), of the same branch of the
    taxonomy, one that another change is meant for, and one with fewer complaints than `FEWEST_PER_WEEK` is no control.
    """
    theme = impact.theme_of(session, change)
    last = starts_on(change) - timedelta(days=1)
    oldest = impact.first_feedback_day(session) or last
    span = Span(max(oldest, last - timedelta(days=LONGEST_BASELINE - 1)), max(last, oldest))
    return Design(
        theme_id=theme.id if theme.kind != "topic" else None,
        topic_id=theme.topic_id,
        first_day=span.first,
        exposure=_exposure(session, change, span),
        controls=_controls(session, change, theme.topic_id, span),
    )


def _exposure(session: Session, change: Change, span: Span) -> str | None:
    available = impact.exposure_series(session)
    own = impact.process_key(session, change.process_id)
    preferred: list[str] = [
        name for name in (own, *(available if len(available) == 1 else ()), "orders", "all") if name
    ]
    for name in preferred:
        if name in available and len(impact.exposure_by_day(session, name, span)) >= COVERED * span.days:
            return name
    return None


def _controls(session: Session, change: Change, topic_id: int, span: Span) -> tuple[int, ...]:
    topics = impact.topics_by_id(session)
    counts = impact.complaints_by_topic(session, span)
    changed = _changed_topics(session, change)
    enough = FEWEST_PER_WEEK * span.days / 7
    target = topics[topic_id]
    usable = [
        topic
        for key, topic in topics.items()
        if topic.active
        and key not in changed
        and not _related(topic, target, change)
        and sum(counts.get(key, {}).values()) >= enough
    ]
    usable.sort(key=lambda topic: (_same_process(topic, target, change), -sum(counts[topic.id].values()), topic.id))
    elsewhere = [topic.id for topic in usable if not _same_process(topic, target, change)]
    chosen = elsewhere if len(elsewhere) >= FEWEST_ELSEWHERE else [topic.id for topic in usable]
    return tuple(chosen[:MAX_CONTROLS])


def _changed_topics(session: Session, change: Change) -> set[int]:
    """Topics that another change is meant for, in effect from shortly before this one on."""
    since = starts_on(change) - timedelta(days=TOUCHED_BEFORE)
    return {
        topic
        for other, topic in impact.other_changes(session, change)
        if topic is not None and starts_on(other) >= since
    }


def _related(topic: Topic, target: Topic, change: Change) -> bool:
    """Whether the change may touch this topic: the same topic, branch or step."""
    same_branch = topic.parent_id is not None and topic.parent_id == target.parent_id
    family = target.id in {topic.id, topic.parent_id} or topic.id == target.parent_id
    step = change.step_id or target.step_id
    return family or same_branch or (step is not None and topic.step_id == step)


def _same_process(topic: Topic, target: Topic, change: Change) -> bool:
    process = change.process_id or target.process_id
    return process is not None and topic.process_id == process
