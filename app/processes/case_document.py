"""The part `cases` of the company document: when one feedback becomes an item of its own, and for whom."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from app.domain.cases import Feeling, Signal
from app.domain.feedback import Medium
from app.processes.parts import METRIC_PATTERN, Decimal, Duration, Key, Name, Part, check_order


class BandPart(Part):
    """Answers of one metric between `min` and `max`, both included: `{metric: nps, max: 6}` are detractors."""

    metric: Annotated[str, Field(pattern=METRIC_PATTERN)]
    low: Annotated[Decimal | None, Field(alias="min", allow_inf_nan=False)] = None
    high: Annotated[Decimal | None, Field(alias="max", allow_inf_nan=False)] = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low is None and self.high is None:
            raise ValueError("a score is asked for with `min`, `max` or both")
        if self.low is not None and self.high is not None and self.high < self.low:
            raise ValueError("`max` is below `min`: no answer is both")
        return self


class CaseWhenPart(Part):
    """Conditions on one feedback; all that are written must hold, a list means one of them.

    `signals` count from the probability `confidence` on; at the default one in a hundred everyday texts, or fewer, was
    taken for a risk. `topic` also holds for the topics below the named one.
    """

    signals: tuple[Signal, ...] = ()
    confidence: Annotated[Decimal, Field(ge=0.05, le=1, allow_inf_nan=False)] = 0.4
    response_needed: bool | None = None
    sentiment: tuple[Feeling, ...] = ()
    topic: tuple[Key, ...] = ()
    medium: tuple[Medium, ...] = ()
    segment: tuple[Name, ...] = ()
    score: BandPart | None = None

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        asked = (self.signals, self.sentiment, self.topic, self.medium, self.segment, self.score)
        if not any(asked) and self.response_needed is None:
            raise ValueError("without a condition every feedback would become an item: ask for something")
        return self


class CaseThenPart(Part):
    """Who answers the customer (absent: the owner of the step that it is about), and by when, in working time."""

    owner: Key | None = None
    team: Key | None = None
    goal: Duration = "4 hours"
    deadline: Duration = "8 hours"

    @model_validator(mode="after")
    def _one_holder(self) -> Self:
        if self.owner is not None and self.team is not None:
            raise ValueError("a case goes to `owner` or to `team`, not to both")
        check_order(self.goal, self.deadline)
        return self


class CaseRulePart(Part):
    """One rule; the first whose conditions all hold opens the case."""

    key: Key
    when: CaseWhenPart
    then: CaseThenPart = CaseThenPart()


class CasesPart(Part):
    """The inner loop: which feedback somebody has to answer.

    What was said more than `within_hours` before it arrived opens no case: history that is imported has been answered
    or is past it. What arrived before a rule was written is not looked at again.
    """

    within_hours: Annotated[int, Field(ge=1, le=744)] = 72
    rules: Annotated[tuple[CaseRulePart, ...], Field(max_length=100)] = ()
