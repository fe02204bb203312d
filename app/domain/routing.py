"""The values that a routing decision is made of: facts about a theme, rules, policy, and the decision itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from app.domain.calendar import Calendar, Deadline
from app.domain.feedback import Friction, Medium
from app.domain.ownership import Named, Ownerships
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


@dataclass(frozen=True, slots=True)
class Conditions:
    """What has to hold for a rule; an empty part holds always, all parts must hold."""

    topic: frozenset[str] = frozenset()
    process: frozenset[str] = frozenset()
    step: frozenset[str] = frozenset()
    stage: frozenset[str] = frozenset()
    friction: frozenset[Friction] = frozenset()
    medium: frozenset[Medium] = frozenset()
    min_complaints: int = 0
    min_people: int = 0


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; None keeps what would be without it."""

    key: str
    when: Conditions
    owner_id: int | None = None
    goal: Working | None = None
    deadline: Working | None = None


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
