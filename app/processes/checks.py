"""What one part of a document says of another: keys that exist, chains that end, periods that do not overlap."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from itertools import pairwise

from app.domain.calendar import CalendarError
from app.processes.calendars import check_calendar, check_holidays
from app.processes.document import CalendarPart, Document, ProcessPart, RulePart, TopicPart
from app.processes.parts import Period
from app.processes.people_parts import OneOwnerPart, Owned, OwnerPart, OwnershipPart

Path = tuple[int | str, ...]

_ANY_YEAR = 2026
"""Holidays differ from year to year, whether a calendar can be counted with does not."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong at a path of the document, and what to do."""

    path: Path
    message: str

    @property
    def where(self) -> str:
        """The path as people write it: ``rules[2].then.owner``."""
        steps = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.path)
        return steps.removeprefix(".") or "document"


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys that parts may name."""

    stages: Collection[str]
    calendars: Collection[str]
    owners: Collection[str]
    teams: Collection[str]
    processes: Collection[str]
    steps: Collection[str]
    topics: Collection[str]


def keys_of(document: Document) -> Keys:
    """The keys that a document defines."""
    return Keys(
        stages=[stage.key for stage in document.stages],
        calendars=[calendar.key for calendar in document.calendars],
        owners=[owner.key for owner in document.owners],
        teams=[team.key for team in document.teams],
        processes=[process.key for process in document.processes],
        steps=[step.key for process in document.processes for step in process.steps],
        topics=[topic.key for topic in document.topics],
    )


def check_document(document: Document) -> list[Problem]:
    """Everything in a well-shaped document that does not fit together; empty when it does."""
    keys = keys_of(document)
    problems = [*_twice(document)]
    for index, calendar in enumerate(document.calendars):
        problems += _calendar(calendar, ("calendars", index))
    problems += [*_owners(document, keys), *_teams(document, keys)]
    for index, process in enumerate(document.processes):
        problems += _process(process, ("processes", index), keys)
    steps = {process.key: [step.key for step in process.steps] for process in document.processes}
    problems += check_topics(document.topics, keys, steps)
    problems += [*check_rules(document.rules, keys), *_cases(document, keys)]
    for index, rung in enumerate(document.ladder):
        problems += _known(rung.owner, keys.owners, "owner", ("ladder", index, "owner"))
    problems += _fallback(document, keys)
    return problems


def check_rules(rules: Iterable[RulePart], keys: Keys) -> list[Problem]:
    """Everything in rules that names what does not exist."""
    problems: list[Problem] = []
    kinds: Mapping[str, Collection[str]] = {
        "topic": keys.topics,
        "process": keys.processes,
        "step": keys.steps,
        "stage": keys.stages,
    }
    for index, rule in enumerate(rules):
        path: Path = ("rules", index)
        for kind, known in kinds.items():
            for place, named in enumerate(getattr(rule.when, kind)):
                problems += _known(named, known, kind, (*path, "when", kind, place))
        problems += _known(rule.then.owner, keys.owners, "owner", (*path, "then", "owner"))
        problems += _known(rule.then.team, keys.teams, "team", (*path, "then", "team"))
    return problems


def _cases(document: Document, keys: Keys) -> Iterator[Problem]:
    for index, rule in enumerate(document.cases.rules):
        path: Path = ("cases", "rules", index)
        for place, named in enumerate(rule.when.topic):
            yield from _known(named, keys.topics, "topic", (*path, "when", "topic", place))
        yield from _known(rule.then.owner, keys.owners, "owner", (*path, "then", "owner"))
        yield from _known(rule.then.team, keys.teams, "team", (*path, "then", "team"))


def check_topics(topics: Sequence[TopicPart], keys: Keys, steps: Mapping[str, list[str]]) -> list[Problem]:
    """Everything in topics that names what does not exist, or goes in circles; `steps` are keys by process."""
    problems: list[Problem] = []
    parents = {topic.key: topic.parent for topic in topics}
    for index, topic in enumerate(topics):
        problems += _topic(topic, ("topics", index), keys, steps)
        if _circles(topic.key, parents.get):
            message = "this chain of parents comes back to its start: break it here"
            problems.append(Problem(("topics", index, "parent"), message))
    return problems


def repeated_keys(topics: Sequence[TopicPart]) -> list[Problem]:
    """Keys that more than one topic has."""
    return list(_repeated([topic.key for topic in topics], ("topics",)))


def _known(named: str | None, known: Collection[str], kind: str, path: Path) -> Iterator[Problem]:
    if named is None or named in known:
        return
    near = get_close_matches(named, known, n=3)
    hint = f"did you mean {' or '.join(near)}?" if near else f"add it or name one of: {_some(known)}"
    yield Problem(path, f"there is no {kind} with the key {named}; {hint}")


def _some(known: Collection[str]) -> str:
    names = list(dict.fromkeys(known))
    return ", ".join(names[:8]) + (", ..." if len(names) > 8 else "") if names else "(none yet)"  # noqa: PLR2004 - a line


def _twice(document: Document) -> Iterator[Problem]:
    for kind in ("stages", "calendars", "owners", "teams", "processes", "topics", "rules"):
        yield from _repeated([part.key for part in getattr(document, kind)], (kind,))
    for index, process in enumerate(document.processes):
        yield from _repeated([step.key for step in process.steps], ("processes", index, "steps"))
    yield from _repeated([rule.key for rule in document.cases.rules], ("cases", "rules"))


def _repeated(keys: list[str], path: Path) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, key in enumerate(keys):
        if key in seen:
            yield Problem((*path, index, "key"), f"the key {key} is taken by an earlier entry: choose another")
        seen.add(key)


def _calendar(part: CalendarPart, path: Path) -> Iterator[Problem]:
    if part.holidays is not None:
        try:
            check_holidays(part.holidays)
        except CalendarError as error:
            yield Problem((*path, "holidays"), str(error))
            return
    try:
        check_calendar(part, _ANY_YEAR)
    except CalendarError as error:
        yield Problem(path, str(error))


def _owners(document: Document, keys: Keys) -> Iterator[Problem]:
    managers = {owner.key: _managers(owner) for owner in document.owners}
    days = sorted({period.since or date.min for periods in managers.values() for period in periods})
    for index, owner in enumerate(document.owners):
        path: Path = ("owners", index)
        yield from _known(owner.calendar, keys.calendars, "calendar", (*path, "calendar"))
        yield from _known(owner.manager, keys.owners, "owner", (*path, "manager"))
        yield from _known(owner.deputy, keys.owners, "owner", (*path, "deputy"))
        yield from _links(owner, path, keys)
        where = "managers" if owner.managers else "manager"
        if any(_circles(owner.key, _above(managers, day).get) for day in days):
            yield Problem((*path, where), "this chain of managers comes back to its start: somebody has no manager")


def _managers(part: OwnerPart) -> Sequence[OneOwnerPart]:
    return part.managers or ((OneOwnerPart(owner=part.manager),) if part.manager else ())


def _above(managers: Mapping[str, Sequence[OneOwnerPart]], day: date) -> dict[str, str | None]:
    return {key: _holding(periods, day) for key, periods in managers.items()}


def _holding(periods: Iterable[OneOwnerPart], day: date) -> str | None:
    return next(
        (
            period.owner
            for period in periods
            if (period.since or date.min) <= day and (period.until is None or day < period.until)
        ),
        None,
    )


def _links(part: OwnerPart, path: Path, keys: Keys) -> Iterator[Problem]:
    for name in ("managers", "deputies"):
        periods: tuple[OneOwnerPart, ...] = getattr(part, name)
        for index, period in enumerate(periods):
            yield from _known(period.owner, keys.owners, "owner", (*path, name, index, "owner"))
        yield from _overlaps(periods, (*path, name), f"are {name} of {part.key}")
    if part.key in (part.deputy, *(period.owner for period in part.deputies)):
        where = "deputies" if part.deputies else "deputy"
        yield Problem((*path, where), "nobody is their own deputy: name another owner or leave it out")


def _teams(document: Document, keys: Keys) -> Iterator[Problem]:
    for index, team in enumerate(document.teams):
        path: Path = ("teams", index, "members")
        for place, member in enumerate(team.members):
            yield from _known(member.owner, keys.owners, "owner", (*path, place, "owner"))
        for key in sorted({member.owner for member in team.members}):
            periods = [member for member in team.members if member.owner == key]
            yield from _overlaps(periods, path, f"are in {team.key}")


def _fallback(document: Document, keys: Keys) -> Iterator[Problem]:
    yield from _known(document.fallback_owner, keys.owners, "owner", ("fallback_owner",))
    for owner in document.owners:
        if owner.key == document.fallback_owner and (owner.since or owner.until):
            message = (
                f"{owner.key} joins or leaves on a day, and the fallback owner is always there: name somebody without"
                " `from` and `until`, and apply the document again when that changes"
            )
            yield Problem(("fallback_owner",), message)


def _circles(key: str, above: Callable[[str], str | None]) -> bool:
    seen: set[str] = set()
    step = above(key)
    while step is not None and step not in seen:
        if step == key:
            return True
        seen.add(step)
        step = above(step)
    return False


def _process(part: ProcessPart, path: Path, keys: Keys) -> Iterator[Problem]:
    yield from _known(part.stage, keys.stages, "stage", (*path, "stage"))
    yield from _owned(part, path, keys)
    for index, step in enumerate(part.steps):
        yield from _owned(step, (*path, "steps", index), keys)


def _owned(part: Owned, path: Path, keys: Keys) -> Iterator[Problem]:
    yield from _known(part.owner, keys.owners, "owner", (*path, "owner"))
    yield from _known(part.team, keys.teams, "team", (*path, "team"))
    for index, period in enumerate(part.owners):
        yield from _known(period.owner, keys.owners, "owner", (*path, "owners", index, "owner"))
        yield from _known(period.team, keys.teams, "team", (*path, "owners", index, "team"))
    yield from _overlaps(part.owners, (*path, "owners"), "own this")


def _overlaps(periods: Sequence[OneOwnerPart] | Sequence[OwnershipPart], path: Path, said: str) -> Iterator[Problem]:
    in_order: list[OneOwnerPart | OwnershipPart] = sorted(periods, key=_since)
    for first, second in pairwise(in_order):
        if first.until is None or first.until > _since(second):
            message = f"{_who(first)} and {_who(second)} {said} at the same time: end the one when the other begins"
            yield Problem(path, message)


def _who(period: OneOwnerPart | OwnershipPart) -> str:
    return period.owner or f"the team {getattr(period, 'team', '')}"


def _since(period: Period) -> date:
    return period.since or date.min


def _topic(part: TopicPart, path: Path, keys: Keys, steps: Mapping[str, list[str]]) -> Iterator[Problem]:
    yield from _known(part.process, keys.processes, "process", (*path, "process"))
    yield from _known(part.parent, keys.topics, "topic", (*path, "parent"))
    if part.process in steps:
        yield from _known(part.step, steps[part.process], f"step of {part.process}", (*path, "step"))
