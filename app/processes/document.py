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
          - {from: 2026-10-07, until: 2026-10-07, hours: "13:00-24:00"}   # of each day, by the wall clock
      - key: mira
        name: Mira Kaya
        email: mira@example.com
        calendar: berlin
        managers:                             # dated, like owners of a step; `deputies` too
          - {owner: clara, until: 2027-01-04}
          - {owner: jonas, from: 2027-01-04}
      - key: tomas
        name: Tomas Lind
        email: tomas@example.com
        calendar: berlin
        from: 2026-02-01                      # UTC days: joins, and `until` is the first day no longer here
        until: 2027-04-01
    teams:
      - key: desk
        name: Refund desk
        members: [{owner: mira}, {owner: tomas, until: 2027-03-01}]
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
              - {owner: jonas, from: 2026-03-01, until: 2027-01-04}
              - {team: desk, from: 2027-01-04}                         # a reorganisation entered before its day
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
      - key: storm
        when: {severity: [high, critical], min_growth: 1.5, score: {metric: nps, min_detractors: 0.5}}
        then: {team: desk, deadline: 2 days}                           # who of the team has the fewest open items
      - key: fast_refunds
        from: 2026-03-01                                               # UTC days; `until` is the first day without it
        when: {topic: [refund_speed]}
        then: {goal: 8 hours, deadline: 3 days}                        # the owner of the step keeps it
    ladder:                                   # who hears of an overdue item, working time after its deadline
      - {to: deputy, after: 4 hours}
      - {to: manager, after: 1 day}
      - {to: second_manager, after: 3 days}
      - {to: fallback, after: 5 days}         # or {owner: clara, after: 5 days}
    thresholds: {min_complaints: 5, min_people: 3, window_days: 28}    # what opens an item
    defaults: {goal: 2 days, deadline: 5 days, idle: 3 days, pause: 10 days}         # where no rule says otherwise
    reorganisation: {move_open: unanswered}                            # or none, all: which open items follow
    complaint_cost: {amount: 14.5, currency: EUR}                      # optional: what one complaint costs the company
    cases:                                    # optional: one feedback that somebody has to answer, in order
      within_hours: 72                        # said longer ago than that when it arrived: no case
      rules:
        - key: danger
          when: {signals: [legal_threat, safety], confidence: 0.6}
          then: {owner: clara, goal: 1 hours, deadline: 4 hours}
        - key: unhappy_and_asking
          when: {score: {metric: nps, max: 6}, response_needed: true}
          then: {deadline: 8 hours}           # the owner of the step answers
    fallback_owner: clara                     # mandatory: nothing is ever without an owner

Keys are lower case, start with a letter and are how the parts name each other. Durations are working time in the
calendar of the owner who gets the item. A list item that is new is created, one that
changed is changed, one that left the document is deactivated. Cross-references are checked in ``checks.py``; what the
conditions of rules mean is said at ``WhenPart`` and in docs/company.md.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from app.domain.feedback import Friction, Medium
from app.domain.routing import MoveOpen
from app.domain.severity import Severity
from app.processes.case_document import CasesPart
from app.processes.parts import (
    COUNTRY_PATTERN,
    METRIC_PATTERN,
    DayRange,
    Decimal,
    Duration,
    Hours,
    Key,
    Name,
    Part,
    Period,
    Text,
    check_order,
)
from app.processes.people_parts import Owned, OwnerPart, TeamPart


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


Share = Annotated[Decimal, Field(ge=0, le=1, allow_inf_nan=False)]


class ScorePart(Part):
    """A condition on the answers of one metric in the feedback that the complaints are in.

    ``max_mean`` is on the metric's own scale; ``min_detractors`` is a share and for scales from 0 to 10 (NPS).
    """

    metric: Annotated[str, Field(pattern=METRIC_PATTERN)]
    max_mean: Annotated[Decimal, Field(allow_inf_nan=False)] | None = None
    min_detractors: Share | None = None
    min_answers: Annotated[int, Field(ge=1)] = 5

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.max_mean is None and self.min_detractors is None:
            raise ValueError("a condition on a score says how low: write `max_mean` or `min_detractors`")
        return self


class WhenPart(Part):
    """Conditions on a theme; all that are written must hold, a list means one of them.

    ``topic`` also holds for the topics below the named one. ``friction``, ``medium`` and ``segment`` compare with the
    most frequent one among the theme's complaints in the window, ``severity`` as ``app/domain/severity.py`` says.
    ``min_growth`` is complaints for each one in the window of the same length before; sentiment is -1 to 1.
    """

    topic: tuple[Key, ...] = ()
    process: tuple[Key, ...] = ()
    step: tuple[Key, ...] = ()
    stage: tuple[Key, ...] = ()
    friction: tuple[Friction, ...] = ()
    medium: tuple[Medium, ...] = ()
    segment: tuple[Name, ...] = ()
    severity: tuple[Severity, ...] = ()
    min_complaints: Annotated[int, Field(ge=1)] | None = None
    max_complaints: Annotated[int, Field(ge=1)] | None = None
    min_people: Annotated[int, Field(ge=1)] | None = None
    min_growth: Annotated[Decimal, Field(gt=0, allow_inf_nan=False)] | None = None
    max_sentiment: Annotated[Decimal, Field(ge=-1, le=1, allow_inf_nan=False)] | None = None
    min_negative: Share | None = None
    score: ScorePart | None = None

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.max_complaints is not None and self.max_complaints < (self.min_complaints or 1):
            raise ValueError("`max_complaints` is below `min_complaints`: no theme can be both")
        return self


class ThenPart(Part):
    """What a rule decides: another owner than the step's (or a team), other durations than the defaults, or both."""

    owner: Key | None = None
    team: Key | None = None
    goal: Duration | None = None
    deadline: Duration | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.owner is None and self.team is None and self.goal is None and self.deadline is None:
            raise ValueError("a rule decides something: write `owner` or `team`, `goal` or `deadline`")
        if self.owner is not None and self.team is not None:
            raise ValueError("a rule gives work to `owner` or to `team`, not to both")
        check_order(self.goal, self.deadline)
        return self


class RulePart(Period):
    """One routing rule; without ``when`` it holds for every theme, without dates always."""

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


class ReorganisationPart(Part):
    """Which open items follow when their step, or the rule that gave them, goes to somebody else on a day."""

    move_open: MoveOpen = MoveOpen.UNANSWERED


class CostPart(Part):
    """What one complaint costs the company: turns complaints avoided into money."""

    amount: Annotated[Decimal, Field(gt=0, le=1_000_000, allow_inf_nan=False)]
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]


class Document(Part):
    """Everything about a company that Closeloop needs to know."""

    version: Literal[1]
    stages: tuple[StagePart, ...] = ()
    calendars: Annotated[tuple[CalendarPart, ...], Field(min_length=1)]
    owners: Annotated[tuple[OwnerPart, ...], Field(min_length=1)]
    teams: tuple[TeamPart, ...] = ()
    processes: Annotated[tuple[ProcessPart, ...], Field(min_length=1)]
    topics: Annotated[tuple[TopicPart, ...], Field(min_length=1)]
    rules: tuple[RulePart, ...] = ()
    ladder: tuple[RungPart, ...] = (RungPart(to="manager", after="1 day"), RungPart(to="fallback", after="3 days"))
    thresholds: ThresholdsPart = ThresholdsPart()
    defaults: DefaultsPart = DefaultsPart()
    reorganisation: ReorganisationPart = ReorganisationPart()
    complaint_cost: CostPart | None = None
    cases: CasesPart = CasesPart()
    fallback_owner: Key
