"""The parts of a company document that are about people: owners, teams, and who has what from when until when."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Self

from pydantic import Field, model_validator

from app.processes.parts import Email, Hours, Key, Name, Part, Period


class AbsencePart(Part):
    """Days on which an owner is away, or the same hours of each, in the zone of the owner's calendar, both included."""

    first: Annotated[date, Field(alias="from")]
    last: Annotated[date, Field(alias="until")]
    hours: Hours | None = None
    note: Annotated[str, Field(max_length=200)] = ""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.last < self.first:
            raise ValueError("`until` is before `from`")
        return self


class OneOwnerPart(Period):
    """A period in which it is this owner: a manager, a deputy, a member of a team."""

    owner: Key


class OwnerPart(Period):
    """A named person who can own a process or a step, from the day they join until the day they have left."""

    key: Key
    name: Name
    email: Email
    calendar: Key
    manager: Key | None = None
    managers: tuple[OneOwnerPart, ...] = ()
    deputy: Key | None = None
    deputies: tuple[OneOwnerPart, ...] = ()
    absences: tuple[AbsencePart, ...] = ()

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.manager is not None and self.managers:
            raise ValueError("write `manager` (one, always) or `managers` (dated), not both")
        if self.deputy is not None and self.deputies:
            raise ValueError("write `deputy` (one, always) or `deputies` (dated), not both")
        return self


class TeamPart(Part):
    """Owners who share work: of them the one who is present and has the fewest open items gets the next."""

    key: Key
    name: Name
    members: Annotated[tuple[OneOwnerPart, ...], Field(min_length=1)]


class OwnershipPart(Period):
    """Which owner or team has a process or step in a period."""

    owner: Key | None = None
    team: Key | None = None

    @model_validator(mode="after")
    def _one_holder(self) -> Self:
        if (self.owner is None) == (self.team is None):
            raise ValueError("a period names `owner` or `team`, one of them")
        return self


class Owned(Part):
    """Something with an owner: always the same one (``owner`` or ``team``) or one after the other (``owners``)."""

    owner: Key | None = None
    team: Key | None = None
    owners: tuple[OwnershipPart, ...] = ()

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if sum((self.owner is not None, self.team is not None, bool(self.owners))) > 1:
            raise ValueError("write `owner` or `team` (one, always) or `owners` (dated), one of the three")
        return self
