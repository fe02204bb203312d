"""Who is responsible: owners by date, deputies while they are away, managers above, and never nobody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from app.domain.calendar import load_zone


@dataclass(frozen=True, slots=True)
class Absence:
    """Whole days away, first and last included, in the owner's zone."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Person:
    """An owner as routing sees them."""

    id: int
    key: str
    name: str
    calendar_id: int
    zone: str
    manager_id: int | None = None
    deputy_id: int | None = None
    absences: tuple[Absence, ...] = ()
    active: bool = True

    def away(self, at: datetime) -> bool:
        """Whether the person is absent on the day that ``at`` is in their zone."""
        day = at.astimezone(load_zone(self.zone)).date()
        return any(absence.first <= day <= absence.last for absence in self.absences)


@dataclass(frozen=True, slots=True)
class Holding:
    """One period in which a person owns a process, or one step of it; UTC days, half-open, None is open."""

    process_id: int
    step_id: int | None
    owner_id: int
    since: date | None = None
    until: date | None = None

    def covers(self, at: datetime) -> bool:
        """Whether the period includes the UTC day of ``at``."""
        day = at.astimezone(UTC).date()
        return (self.since is None or self.since <= day) and (self.until is None or day < self.until)


@dataclass(frozen=True, slots=True)
class Named:
    """A person and the sentences that say why it is this one; ``fallback`` where nobody owned it."""

    person: Person
    why: tuple[str, ...]
    fallback: bool = False


@dataclass(frozen=True, slots=True)
class Ownerships:
    """Everybody, what they own and when, and who gets what nobody owns."""

    people: Mapping[int, Person]
    holdings: tuple[Holding, ...]
    fallback_id: int

    def owner_at(self, process_id: int | None, step_id: int | None, at: datetime) -> Named:
        """Who owns a step at an instant: the owner of the step, else of its process, else the fallback owner.

        Absences are not looked at here: see ``stand_in``.
        """
        subjects = [(step_id, "owns the step"), (None, "owns the process")]
        for wanted, said in subjects[step_id is None :]:
            person = self._holder(process_id, wanted, at)
            if person is not None:
                return Named(person, (f"{person.name} {said}",))
        fallback = self.people[self.fallback_id]
        return Named(
            fallback, (f"nobody owns this step or process: {fallback.name} is the fallback owner",), fallback=True
        )

    def _holder(self, process_id: int | None, step_id: int | None, at: datetime) -> Person | None:
        for holding in self.holdings:
            person = self.people.get(holding.owner_id)
            same = holding.process_id == process_id and holding.step_id == step_id
            if same and holding.covers(at) and person is not None and person.active:
                return person
        return None

    def stand_in(self, named: Named, at: datetime) -> Named:
        """Who acts for the named person at an instant.

        The person, unless away; then the deputy, the deputy's deputy and so on; then the manager and those above;
        then the fallback owner, who is named even when away: somebody always is. No chain is walked twice.
        """
        person = named.person
        if person.active and not person.away(at):
            return named
        chain = [*self._chain(person, "deputy_id"), *self._chain(person, "manager_id"), self.people[self.fallback_id]]
        here = next((other for other in chain if other.active and not other.away(at)), self.people[self.fallback_id])
        if here == person:
            return named
        reason = "is away" if person.active else "has left"
        return Named(here, (*named.why, f"{person.name} {reason}: {here.name} stands in"), named.fallback)

    def manager_of(self, person: Person, levels: int = 1) -> Person | None:
        """The manager so many levels above, or None where the chain is shorter."""
        above = self._chain(person, "manager_id")
        return above[levels - 1] if len(above) >= levels else None

    def deputy_of(self, person: Person) -> Person | None:
        """The deputy, if one is named."""
        return self.people.get(person.deputy_id) if person.deputy_id is not None else None

    def _chain(self, person: Person, link: str) -> list[Person]:
        chain: list[Person] = []
        seen = {person.id}
        following = self.people.get(getattr(person, link))
        while following is not None and following.id not in seen:
            seen.add(following.id)
            chain.append(following)
            following = self.people.get(getattr(following, link))
        return chain
