"""Who is responsible: owners and teams by date, deputies while they are away, managers above, and never nobody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from enum import StrEnum

from app.domain.calendar import DAY_MINUTES, load_zone


class Dated:
    """Something that holds from a UTC day (included) until a UTC day (not included); None is open."""

    __slots__ = ()

    since: date | None
    until: date | None

    def covers(self, at: datetime) -> bool:
        """Whether the period includes the UTC day of ``at``."""
        day = at.astimezone(UTC).date()
        return (self.since is None or self.since <= day) and (self.until is None or day < self.until)


@dataclass(frozen=True, slots=True)
class Absence:
    """Days away, first and last included, in the owner's zone; ``minutes`` of each day, by the wall clock."""

    first: date
    last: date
    minutes: tuple[int, int] = (0, DAY_MINUTES)

    def covers(self, local: datetime) -> bool:
        """Whether somebody whose wall clock shows ``local`` is away."""
        start, end = self.minutes
        return self.first <= local.date() <= self.last and start <= local.hour * 60 + local.minute < end


def _begin(absence: Absence, local: datetime) -> datetime:
    # Hours of each day are an absence each day; whole days are one.
    start, end = absence.minutes
    first = absence.first if (start, end) == (0, DAY_MINUTES) else local.date()
    return datetime(first.year, first.month, first.day, start // 60, start % 60, tzinfo=local.tzinfo)


class Role(StrEnum):
    """What one owner is to another."""

    MANAGER = "manager"
    DEPUTY = "deputy"


@dataclass(frozen=True, slots=True)
class Link(Dated):
    """One period in which another owner is somebody's manager or deputy."""

    role: Role
    owner_id: int
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Person(Dated):
    """An owner as routing sees them; ``since`` and ``until`` say when they belong to the company.

    ``manager_id`` and ``deputy_id`` hold always, except where a dated link says otherwise.
    """

    id: int
    key: str
    name: str
    calendar_id: int
    zone: str
    manager_id: int | None = None
    deputy_id: int | None = None
    absences: tuple[Absence, ...] = ()
    active: bool = True
    links: tuple[Link, ...] = ()
    since: date | None = None
    until: date | None = None

    def here(self, at: datetime) -> bool:
        """Whether the person belongs to the company then: has come, has not left, is in the document."""
        return self.active and self.covers(at)

    def away(self, at: datetime) -> bool:
        """Whether the person is absent when their clock shows ``at``."""
        return self.away_since(at) is not None

    def away_since(self, at: datetime) -> datetime | None:
        """The instant at which the absence that covers ``at`` began; None for somebody who is not away."""
        zone = load_zone(self.zone)
        local = at.astimezone(zone)
        begun = [_begin(absence, local) for absence in self.absences if absence.covers(local)]
        return min(begun).astimezone(UTC) if begun else None

    def present(self, at: datetime) -> bool:
        """Whether the person is here and not away: somebody who can be given work."""
        return self.here(at) and not self.away(at)

    def linked(self, role: Role, at: datetime) -> int | None:
        """Id of the manager or deputy at an instant."""
        dated = next((link.owner_id for link in self.links if link.role is role and link.covers(at)), None)
        return dated or (self.manager_id if role is Role.MANAGER else self.deputy_id)

    def missing(self, at: datetime) -> str:
        """Why somebody who is not present cannot act: ``is away``, ``has left``, ``has not started yet``."""
        if self.here(at):
            return "is away"
        early = self.active and self.since is not None and at.astimezone(UTC).date() < self.since
        return "has not started yet" if early else "has left"


@dataclass(frozen=True, slots=True)
class Membership(Dated):
    """One period in which an owner belongs to a team."""

    owner_id: int
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Team:
    """Owners who share work; each piece goes to one of them."""

    id: int
    key: str
    name: str
    members: tuple[Membership, ...] = ()
    active: bool = True


@dataclass(frozen=True, slots=True)
class Holding(Dated):
    """One period in which a person, or a team, owns a process or one step of it."""

    process_id: int
    step_id: int | None
    owner_id: int | None
    since: date | None = None
    until: date | None = None
    team_id: int | None = None


FALLBACK = "fallback"


@dataclass(frozen=True, slots=True)
class Named:
    """A person and the sentences that say why it is this one.

    Args:
        person: Who it is.
        why: Sentences.
        fallback: Whether nobody owned it.
        holder: Whose it is by rule or map, before absence and load are looked at: ``owner:jonas``, ``team:refunds``,
            ``fallback``; None where a person chose.
    """

    person: Person
    why: tuple[str, ...]
    fallback: bool = False
    holder: str | None = FALLBACK

    @property
    def drawn(self) -> bool:
        """Whether the person is one of a team, chosen by how much each has open."""
        return (self.holder or "").startswith("team:")


@dataclass(frozen=True, slots=True)
class Ownerships:
    """Everybody, what they own and when, and who gets what nobody owns; ``loads`` are open items by owner id."""

    people: Mapping[int, Person]
    holdings: tuple[Holding, ...]
    fallback_id: int
    teams: Mapping[int, Team] = field(default_factory=dict)
    loads: Mapping[int, int] = field(default_factory=dict)

    def with_loads(self, loads: Mapping[int, int]) -> Ownerships:
        """The same with other numbers of open items."""
        return replace(self, loads=loads)

    def owner_at(self, process_id: int | None, step_id: int | None, at: datetime) -> Named:
        """Who owns a step at an instant: the owner of the step, else of its process, else the fallback owner.

        Of a team it is the member who is present and has the fewest open items. Absences of persons are not looked
        at here: see ``stand_in``.
        """
        subjects = [(step_id, "owns the step"), (None, "owns the process")]
        for wanted, said in subjects[step_id is None :]:
            for holding in self.holdings:
                if holding.process_id == process_id and holding.step_id == wanted and holding.covers(at):
                    named = self.held(holding.owner_id, holding.team_id, said, at)
                    if named is not None:
                        return named
        fallback = self.people[self.fallback_id]
        return Named(
            fallback, (f"nobody owns this step or process: {fallback.name} is the fallback owner",), fallback=True
        )

    def held(self, owner_id: int | None, team_id: int | None, said: str, at: datetime) -> Named | None:
        """The person or the member of the team, ``said`` being what they do; None where they are no longer here."""
        person = self.people.get(owner_id) if owner_id is not None else None
        if person is not None and person.here(at):
            return Named(person, (f"{person.name} {said}",), holder=f"owner:{person.key}")
        team = self.teams.get(team_id) if team_id is not None else None
        return self.drawn_from(team, (f"the team {team.name} {said}",), at) if team is not None else None

    def members_at(self, team: Team, at: datetime) -> list[Person]:
        """The members of a team who are here, fewest open items first, then by key."""
        if not team.active:
            return []
        ids = {member.owner_id for member in team.members if member.covers(at)}
        found = [self.people[number] for number in ids if number in self.people and self.people[number].here(at)]
        return sorted(found, key=lambda one: (self.loads.get(one.id, 0), one.key))

    def drawn_from(self, team: Team, why: tuple[str, ...], at: datetime) -> Named | None:
        """The member with the fewest open items among those who are present; the first by key where several have.

        Where all are away it is the one with the fewest of all, for whom somebody stands in. None: it has no members.
        """
        members = self.members_at(team, at)
        if not members:
            return None
        ready = [member for member in members if not member.away(at)]
        chosen = (ready or members)[0]
        counts = ", ".join(f"{one.name} {self.loads.get(one.id, 0)}" for one in ready)
        away = ", ".join(one.name for one in members if one not in ready)
        reason = f"{chosen.name} has the fewest open items of its members ({counts}{'; away: ' if away else ''}{away})"
        if not ready:
            reason = f"all of its members are away; {chosen.name} has the fewest open items"
        return Named(chosen, (*why, reason), holder=f"team:{team.key}")

    def stand_in(self, named: Named, at: datetime) -> Named:
        """Who acts for the named person at an instant.

        The person, unless away; then the deputy, the deputy's deputy and so on; then the manager and those above;
        then the fallback owner, who is named even when away: somebody always is. No chain is walked twice.
        """
        person = named.person
        if person.present(at):
            return named
        fallback = self.people[self.fallback_id]
        chain = [*self._chain(person, Role.DEPUTY, at), *self._chain(person, Role.MANAGER, at), fallback]
        here = next((other for other in chain if other.present(at)), fallback)
        if here == person:
            return named
        return replace(
            named, person=here, why=(*named.why, f"{person.name} {person.missing(at)}: {here.name} stands in")
        )

    def heir_of(self, leaver: Person, process_id: int | None, step_id: int | None, at: datetime) -> Named:
        """Who takes over work at a step from somebody who is no longer here.

        The owner of the step or process at that instant; where nobody owns it, a member of a team that the leaver was
        in; then the leaver's deputies, managers, and the fallback owner. Whoever is away is stood in for.
        """
        gone = f"{leaver.name} {leaver.missing(at)}"
        named = self.owner_at(process_id, step_id, at)
        if named.fallback:
            named = self._of_team(leaver, gone, at) or replace(named, person=leaver, why=named.why[:0])
        else:
            named = replace(named, why=(gone, *named.why))
        return self.stand_in(named, at)

    def manager_of(self, person: Person, at: datetime, levels: int = 1) -> Person | None:
        """The manager so many levels above, or None where the chain is shorter."""
        above = self._chain(person, Role.MANAGER, at)
        return above[levels - 1] if len(above) >= levels else None

    def deputy_of(self, person: Person, at: datetime) -> Person | None:
        """The deputy, if one is named."""
        return self.people.get(person.linked(Role.DEPUTY, at) or 0)

    def changed_at(self) -> Iterator[date]:
        """Every day on which somebody comes, leaves, or begins or ends to own something or to belong to a team."""
        dated: list[Dated] = [*self.people.values(), *self.holdings]
        dated += [member for team in self.teams.values() for member in team.members]
        for one in dated:
            yield from (day for day in (one.since, one.until) if day is not None)

    def _of_team(self, leaver: Person, gone: str, at: datetime) -> Named | None:
        for team in sorted(self.teams.values(), key=lambda one: one.key):
            if any(member.owner_id == leaver.id for member in team.members):
                named = self.drawn_from(team, (f"{gone} and was in the team {team.name}",), at)
                if named is not None:
                    return named
        return None

    def _chain(self, person: Person, role: Role, at: datetime) -> list[Person]:
        chain: list[Person] = []
        seen = {person.id}
        following = self.people.get(person.linked(role, at) or 0)
        while following is not None and following.id not in seen:
            seen.add(following.id)
            chain.append(following)
            following = self.people.get(following.linked(role, at) or 0)
        return chain
