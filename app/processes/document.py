"""The YAML document that describes a company: its shape, and nothing but its shape.

One file holds everything ``closeloop apply`` needs. A complete example (kept valid by ``tests/processes``)::

    version: 1
    stages:                                   # the customer journey, in order
      - {key: buy, name: Buying}
      - {key: own, name: Using}
    calendars:
      - key: berlin
        zone: Europe/Berlin                   # IANA name
        week:                                 # several intervals a day; a day that is not named is closed
          mon-thu: ["09:00-12:30", "13:15-17:30"]
          fri: ["09:00-15:00"]
        holidays: {country: DE, subdivision: BE}
        closed:                               # extra closed days
          - {date: 2026-12-24, name: Christmas Eve}
    owners:
      - {key: clara, name: Clara Otto, email: clara@example.com, calendar: berlin}
      - key: jonas
        name: Jonas Weber
        email: jonas@example.com
        calendar: berlin
        manager: clara
        deputy: mira
        absences:
          - {from: 2026-08-03, until: 2026-08-21, note: holiday}       # whole days in the owner's zone, both included
      - {key: mira, name: Mira Kaya, email: mira@example.com, calendar: berlin, manager: clara}
    processes:
      - key: returns
        name: Returns and refunds
        stage: own
        owner: jonas                          # always; or dated: see the step `refund`
        steps:                                # in order
          - {key: label, name: Return label}
          - key: refund
            name: Refund
            owners:
              - {owner: mira, until: 2026-03-01}                       # UTC days; `from` included, `until` not
              - {owner: jonas, from: 2026-03-01}
    topics:
      - key: refund_speed
        name: Refund takes long
        description: The money for a returned article arrives late or not at all
        examples: [I am still waiting for my refund after three weeks]
        process: returns
        step: refund
      - {key: refund_amount, name: Refund is too low, description: Less money came back than was paid,
         parent: refund_speed, process: returns, step: refund}
    rules:                                    # in order; the first whose conditions all hold decides
      - key: opaque_refunds
        when: {process: [returns], friction: [process_opacity], medium: [phone, chat]}
        then: {owner: clara, goal: 2 days, deadline: 8 days}
      - key: fast_refunds
        when: {topic: [refund_speed]}
        then: {goal: 8 hours, deadline: 3 days}                        # the owner of the step keeps it
    ladder:                                   # who hears of an overdue item, working time after its deadline
      - {to: deputy, after: 4 hours}
      - {to: manager, after: 1 day}
      - {to: second_manager, after: 3 days}
      - {to: fallback, after: 5 days}         # or {owner: clara, after: 5 days}
    thresholds: {min_complaints: 5, min_people: 3, window_days: 28}    # what opens an item
    defaults: {goal: 2 days, deadline: 5 days, idle: 3 days, pause: 10 days}         # where no rule says otherwise
    complaint_cost: {amount: 14.5, currency: EUR}                      # optional: what one complaint costs the company
    fallback_owner: clara                     # mandatory: nothing is ever without an owner

Keys are lower case, start with a letter and are how the parts name each other. Durations are working time in the
calendar of the owner who gets the item. A list item that is new is created, one that
changed is changed, one that left the document is deactivated. Cross-references are checked in ``checks.py``.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from app.domain.feedback import Friction, Medium
from app.domain.working import Working, parse_working

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

KEY_PATTERN = r"^[a-z][a-z0-9_-]{0,63}$"
DAY_PATTERN = r"^(mon|tue|wed|thu|fri|sat|sun)(-(mon|tue|wed|thu|fri|sat|sun))?$"
COUNTRY_PATTERN = r"^[A-Z]{2}$"

_EMAIL = re.compile(r"[^@\s<>,;\"]+@[^@\s<>,;\"]+", re.ASCII)
_HOURS = re.compile(r"(?P<h1>[01][0-9]|2[0-3]):(?P<m1>[0-5][0-9])-(?P<h2>[012][0-9]):(?P<m2>[0-5][0-9])", re.ASCII)


def _duration(text: str) -> str:
    parse_working(text)
    return text


def _email(text: str) -> str:
    if _EMAIL.fullmatch(text) is None:
        raise ValueError("an e-mail address looks like name@example.com")
    return text


def _amount(value: object) -> object:
    """Read a decimal number: the reader leaves every scalar that is no whole number as text."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,7}\.[0-9]{1,4}", value):
        return float(value)
    return value


def _one_line(text: str) -> str:
    if not text.strip():
        raise ValueError("write at least one visible character")
    if "\n" in text or "\r" in text:
        raise ValueError("a name stays on one line (it becomes mail subjects and column heads)")
    return text.strip()


def minutes_of(text: str) -> tuple[int, int]:
    """Read ``09:00-12:30`` as minutes since local midnight, e.g. ``(540, 750)``; ``24:00`` is the end of the day.

    Raises:
        ValueError: not an interval of one day; the message says how to write it.
    """
    shape = _HOURS.fullmatch(text)
    if shape is None:
        raise ValueError("opening hours look like '09:00-12:30', in quotes, with two digits each")
    start, end = (int(shape[f"h{part}"]) * 60 + int(shape[f"m{part}"]) for part in (1, 2))
    if end > 24 * 60:
        raise ValueError("a day ends at 24:00")
    if start >= end:
        raise ValueError("hours end after they start; split a night shift: '22:00-24:00' and, next day, '00:00-06:00'")
    return start, end


def _hours(text: str) -> str:
    minutes_of(text)
    return text


def check_order(goal: str | None, deadline: str | None) -> None:
    """Refuse a goal after its deadline where both are in the same unit (days against hours depends on the calendar).

    Raises:
        ValueError: the goal is longer than the deadline.
    """
    if goal is None or deadline is None:
        return
    first, last = parse_working(goal), parse_working(deadline)
    if _length(first) > _length(last) and bool(first.days) == bool(last.days):
        raise ValueError("the goal comes after the deadline; the deadline is the later of the two")


def _length(working: Working) -> tuple[int, float]:
    return working.days, working.time.total_seconds()


Key = Annotated[str, Field(pattern=KEY_PATTERN)]
Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_one_line)]
Text = Annotated[str, Field(max_length=2000)]
Email = Annotated[str, Field(max_length=254), AfterValidator(_email)]
Duration = Annotated[str, Field(max_length=30), AfterValidator(_duration)]
Hours = Annotated[str, Field(max_length=11), AfterValidator(_hours)]
DayRange = Annotated[
    str,
    Field(pattern=DAY_PATTERN),
]


class Part(BaseModel):
    """A part of the document: frozen, strict, and no word that is not known."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, populate_by_name=False)


class StagePart(Part):
    """A stage of the customer journey; the order in the document is the order of the journey."""

    key: Key
    name: Name


class HolidaysPart(Part):
    """Public holidays by ISO 3166 country and, where they differ inside it, subdivision."""

    country: Annotated[str, Field(pattern=COUNTRY_PATTERN)]
    subdivision: Annotated[str, Field(max_length=20)] | None = None


class ClosedPart(Part):
    """One extra closed day."""

    date: date
    name: Name


class CalendarPart(Part):
    """When people work: a zone, a week, public holidays and extra closed days."""

    key: Key
    zone: Annotated[str, Field(max_length=64)]
    week: Annotated[dict[DayRange, tuple[Hours, ...]], Field(min_length=1)]
    holidays: HolidaysPart | None = None
    closed: tuple[ClosedPart, ...] = ()


class AbsencePart(Part):
    """Whole days on which an owner is away, in the zone of the owner's calendar, first and last day included."""

    first: Annotated[date, Field(alias="from")]
    last: Annotated[date, Field(alias="until")]
    note: Annotated[str, Field(max_length=200)] = ""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.last < self.first:
            raise ValueError("`until` is before `from`")
        return self


class OwnerPart(Part):
    """A named person who can own a process or a step."""

    key: Key
    name: Name
    email: Email
    calendar: Key
    manager: Key | None = None
    deputy: Key | None = None
    absences: tuple[AbsencePart, ...] = ()


class OwnershipPart(Part):
    """Who owns from which day (included) until which day (not included), UTC days; absent is open."""

    owner: Key
    since: Annotated[date | None, Field(alias="from")] = None
    until: date | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.since is not None and self.until is not None and self.until <= self.since:
            raise ValueError("`until` is the first day that is no longer owned; it comes after `from`")
        return self


class Owned(Part):
    """Something with an owner: always the same one (``owner``) or one after the other (``owners``)."""

    owner: Key | None = None
    owners: tuple[OwnershipPart, ...] = ()

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.owner is not None and self.owners:
            raise ValueError("write `owner` (one, always) or `owners` (dated), not both")
        return self


class StepPart(Owned):
    """A step of a process; without an owner of its own the owner of the process owns it."""

    key: Key
    name: Name


class ProcessPart(Owned):
    """A process with its steps in order."""

    key: Key
    name: Name
    stage: Key | None = None
    steps: tuple[StepPart, ...] = ()


class TopicPart(Part):
    """A node of the taxonomy: what customers talk about, and where in which process it arises."""

    key: Key
    name: Name
    description: Text = ""
    examples: Annotated[tuple[Annotated[str, Field(min_length=1, max_length=500)], ...], Field(max_length=100)] = ()
    process: Key
    step: Key | None = None
    parent: Key | None = None


class WhenPart(Part):
    """Conditions on a theme; all that are written must hold, a list means one of them.

    ``topic`` also holds for the topics below the named one. ``friction`` and ``medium`` compare with the most frequent
    one among the theme's complaints in the window.
    """

    topic: tuple[Key, ...] = ()
    process: tuple[Key, ...] = ()
    step: tuple[Key, ...] = ()
    stage: tuple[Key, ...] = ()
    friction: tuple[Friction, ...] = ()
    medium: tuple[Medium, ...] = ()
    min_complaints: Annotated[int, Field(ge=1)] | None = None
    min_people: Annotated[int, Field(ge=1)] | None = None


class ThenPart(Part):
    """What a rule decides: another owner than the step's, other durations than the defaults, or both."""

    owner: Key | None = None
    goal: Duration | None = None
    deadline: Duration | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.owner is None and self.goal is None and self.deadline is None:
            raise ValueError("a rule decides something: write `owner`, `goal` or `deadline`")
        check_order(self.goal, self.deadline)
        return self


class RulePart(Part):
    """One routing rule; without ``when`` it holds for every theme."""

    key: Key
    when: WhenPart = WhenPart()
    then: ThenPart


class RungPart(Part):
    """One rung of the escalation ladder: who hears of an overdue item, so much working time after the deadline."""

    to: Literal["deputy", "manager", "second_manager", "fallback"] | None = None
    owner: Key | None = None
    after: Duration

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if (self.to is None) == (self.owner is None):
            raise ValueError("a rung names `to` (deputy, manager, second_manager, fallback) or `owner`, one of them")
        return self


class ThresholdsPart(Part):
    """How much has to be heard about a theme before somebody must act."""

    min_complaints: Annotated[int, Field(ge=1, le=1_000_000)] = 5
    min_people: Annotated[int, Field(ge=1, le=1_000_000)] = 3
    window_days: Annotated[int, Field(ge=1, le=366)] = 28


class DefaultsPart(Part):
    """Goal and deadline where no rule says otherwise; how long an item may lie untouched, and its clock may stand."""

    goal: Duration = "2 days"
    deadline: Duration = "5 days"
    idle: Duration = "3 days"
    pause: Duration = "10 days"

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        check_order(self.goal, self.deadline)
        return self


class CostPart(Part):
    """What one complaint costs the company: turns complaints avoided into money."""

    amount: Annotated[float, BeforeValidator(_amount), Field(gt=0, le=1_000_000, allow_inf_nan=False)]
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]


class Document(Part):
    """Everything about a company that Closeloop needs to know."""

    version: Literal[1]
    stages: tuple[StagePart, ...] = ()
    calendars: Annotated[tuple[CalendarPart, ...], Field(min_length=1)]
    owners: Annotated[tuple[OwnerPart, ...], Field(min_length=1)]
    processes: Annotated[tuple[ProcessPart, ...], Field(min_length=1)]
    topics: Annotated[tuple[TopicPart, ...], Field(min_length=1)]
    rules: tuple[RulePart, ...] = ()
    ladder: tuple[RungPart, ...] = (RungPart(to="manager", after="1 day"), RungPart(to="fallback", after="3 days"))
    thresholds: ThresholdsPart = ThresholdsPart()
    defaults: DefaultsPart = DefaultsPart()
    complaint_cost: CostPart | None = None
    fallback_owner: Key
