"""The values that a routing decision is made of: facts about a theme, rules, policy, and the decision itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from enum import StrEnum

from app.domain.calendar import Calendar, Deadline
from app.domain.feedback import Friction, Medium
from app.domain.ownership import Dated, Named, Ownerships
from app.domain.severity import Severity
from app.domain.working import Working


@dataclass(frozen=True, slots=True)
class Place:
    """Where in which process something arises; ids for rows, keys for rules, names for people."""

    process_id: int | None = None
    process: str = ""
    process_name: str = ""
    step_id: int | None = None
    step: str = ""
    step_name: str = ""
    stage: str = ""


@dataclass(frozen=True, slots=True)
class Scores:
    """The answers of one metric beside the complaints, on its own scale.

    Args:
        answers: How many there are.
        mean: Their mean.
        detractors: Share of answers from 0 to 6 on a scale from 0 to 10 (NPS); None on other scales.
    """

    answers: int
    mean: float
    detractors: float | None = None


@dataclass(frozen=True, slots=True)
class ThemeFacts:
    """What is known about a theme in the window that is looked at.

    Args:
        theme_id: The theme.
        topics: Keys of its topic and of the topics above it, nearest first.
        place: Process and step of its topic.
        complaints: Complaint mentions in the window.
        people: Different customers among them.
        first: First day of the window (UTC).
        last: Last day of the window.
        friction: The most frequent friction among the complaints, None where none was recognised.
        medium: The most frequent medium.
        segment: The most frequent segment of customers.
        severity: See ``app/domain/severity.py``.
        before: Complaint mentions in the window of the same length just before.
        sentiment: Mean sentiment of the complaints, -1 to 1; None without complaints.
        negative: Share of the complaints with the label negative.
        scores: By metric, of the feedback that the complaints are in.
    """

    theme_id: int
    topics: tuple[str, ...]
    place: Place
    complaints: int
    people: int
    first: date
    last: date
    friction: Friction | None = None
    medium: Medium | None = None
    segment: str | None = None
    severity: Severity = Severity.LOW
    before: int = 0
    sentiment: float | None = None
    negative: float = 0.0
    scores: Mapping[str, Scores] = field(default_factory=dict)

    @property
    def growth(self) -> float:
        """Complaints in the window for each one in the window before; none before counts as one."""
        return self.complaints / max(self.before, 1)


@dataclass(frozen=True, slots=True)
class ScoreCondition:
    """What has to hold for the answers of one metric; with fewer than ``min_answers`` it does not hold."""

    metric: str
    max_mean: float | None = None
    min_detractors: float | None = None
    min_answers: int = 5


@dataclass(frozen=True, slots=True)
class Conditions:
    """What has to hold for a rule; an empty part holds always, all parts must hold."""

    topic: frozenset[str] = frozenset()
    process: frozenset[str] = frozenset()
    step: frozenset[str] = frozenset()
    stage: frozenset[str] = frozenset()
    friction: frozenset[Friction] = frozenset()
    medium: frozenset[Medium] = frozenset()
    segment: frozenset[str] = frozenset()  # case-folded
    severity: frozenset[Severity] = frozenset()
    min_complaints: int = 0
    max_complaints: int | None = None
    min_people: int = 0
    min_growth: float = 0.0
    max_sentiment: float | None = None
    min_negative: float = 0.0
    score: ScoreCondition | None = None


@dataclass(frozen=True, slots=True)
class Rule(Dated):
    """One rule and when it holds; None keeps what would be without it. It names an owner or a team, not both."""

    key: str
    when: Conditions
    owner_id: int | None = None
    goal: Working | None = None
    deadline: Working | None = None
    team_id: int | None = None
    since: date | None = None
    until: date | None = None


class RungTarget(StrEnum):
    """Whom a rung of the ladder reaches, seen from the owner of the item."""

    DEPUTY = "deputy"
    MANAGER = "manager"
    SECOND_MANAGER = "second_manager"
    FALLBACK = "fallback"
    OWNER = "owner"


@dataclass(frozen=True, slots=True)
class Rung:
    """One rung as configured; ``owner_id`` only with target ``owner``, ``after`` counts from the deadline."""

    target: RungTarget
    after: Working
    owner_id: int | None = None


class MoveOpen(StrEnum):
    """Which open items follow when a reorganisation gives their step to somebody else."""

    NONE = "none"
    UNANSWERED = "unanswered"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Policy:
    """Thresholds, default durations and the ladder."""

    min_complaints: int
    min_people: int
    window_days: int
    goal: Working
    deadline: Working
    ladder: tuple[Rung, ...]


@dataclass(frozen=True, slots=True)
class Climb:
    """One rung with its instant and person, fixed when the item opens."""

    at: datetime
    owner_id: int
    target: RungTarget


@dataclass(frozen=True, slots=True)
class Decision:
    """Who has to act on a theme by when, and why."""

    named: Named
    place: Place
    rule: str | None
    why: tuple[str, ...]
    goal: Deadline
    deadline: Deadline
    ladder: tuple[Climb, ...]


@dataclass(frozen=True, slots=True)
class Rulebook:
    """All that a decision looks up: policy, rules in order, who owns what, and calendars by id."""

    policy: Policy
    rules: tuple[Rule, ...]
    ownerships: Ownerships
    calendars: Mapping[int, Calendar]

    def with_loads(self, loads: Mapping[int, int]) -> Rulebook:
        """The same with other numbers of open items by owner id."""
        return replace(self, ownerships=self.ownerships.with_loads(loads))

    def changed_before(self, now: datetime) -> datetime | None:
        """The last dated change of owners, teams or rules up to ``now``; None where nothing is dated."""
        days = [*self.ownerships.changed_at(), *_ends(self.rules)]
        passed = [at for day in days if (at := datetime.combine(day, time(0), tzinfo=UTC)) <= now]
        return max(passed, default=None)


def _ends(rules: tuple[Rule, ...]) -> Iterator[date]:
    for rule in rules:
        yield from (day for day in (rule.since, rule.until) if day is not None)
