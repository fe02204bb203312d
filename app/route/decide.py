"""The decision: theme -> step -> owner -> deadlines, with its reasons. Pure: the same values give the same decision."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime

from app.domain.calendar import Calendar, CalendarError, Deadline, deadline_after, load_zone
from app.domain.ownership import Named, Ownerships, Person
from app.domain.routing import Climb, Conditions, Decision, Rule, Rulebook, Rung, RungTarget, ThemeFacts
from app.domain.working import Working

_ALWAYS = (((0, 24 * 60),),) * 7


def decide(facts: ThemeFacts, rulebook: Rulebook, opened_at: datetime, chosen: Named | None = None) -> Decision:
    """Decide who must act on a theme by when.

    The first rule whose conditions all hold wins; it may name an owner, a goal, a deadline. What it leaves open comes
    from the map of owners and from the defaults. Whoever is away is stood in for. Deadlines are counted in the
    calendar of the person who gets the work; the goal is never after the deadline.

    Args:
        facts: What is known about the theme.
        rulebook: Policy, rules, ownership and calendars.
        opened_at: The instant at which the clock starts, aware.
        chosen: Whom a person chose: then neither rule, map nor absence does; the rule's durations stay.
    """
    rule = next((rule for rule in rulebook.rules if applies(rule.when, facts)), None)
    named = chosen or rulebook.ownerships.stand_in(_named(facts, rule, rulebook.ownerships, opened_at), opened_at)
    calendar = rulebook.calendars[named.person.calendar_id]
    deadline = _count(opened_at, (rule.deadline if rule else None) or rulebook.policy.deadline, calendar)
    goal = _count(opened_at, (rule.goal if rule else None) or rulebook.policy.goal, calendar)
    if goal.at > deadline.at:
        goal = deadline
    reasons = (*_reasons(facts, rule, rulebook), *named.why, _said("goal", goal), _said("deadline", deadline))
    return Decision(
        named=named,
        place=facts.place,
        rule=rule.key if rule else None,
        why=reasons,
        goal=goal,
        deadline=deadline,
        ladder=tuple(_ladder(named.person, deadline.at, rulebook)),
    )


def applies(when: Conditions, facts: ThemeFacts) -> bool:
    """Whether all conditions hold."""
    return (
        (not when.topic or not when.topic.isdisjoint(facts.topics))
        and (not when.process or facts.place.process in when.process)
        and (not when.step or facts.place.step in when.step)
        and (not when.stage or facts.place.stage in when.stage)
        and (not when.friction or facts.friction in when.friction)
        and (not when.medium or facts.medium in when.medium)
        and facts.complaints >= when.min_complaints
        and facts.people >= when.min_people
    )


def _named(facts: ThemeFacts, rule: Rule | None, ownerships: Ownerships, at: datetime) -> Named:
    if rule is not None and rule.owner_id is not None:
        person = ownerships.people[rule.owner_id]
        return Named(person, (f"the rule names {person.name}",))
    return ownerships.owner_at(facts.place.process_id, facts.place.step_id, at)


def _count(start: datetime, working: Working, calendar: Calendar) -> Deadline:
    try:
        return deadline_after(start, working, calendar)
    except CalendarError:
        # A calendar that opens too rarely must not leave a theme without an owner: then every hour counts.
        return deadline_after(
            start, working, replace(calendar, key=f"{calendar.key} (every hour)", week=_ALWAYS, closed={})
        )


def _ladder(owner: Person, deadline: datetime, rulebook: Rulebook) -> Iterator[Climb]:
    calendar = rulebook.calendars[owner.calendar_id]
    rungs = [(_count(deadline, rung.after, calendar).at, rung) for rung in rulebook.policy.ladder]
    reached = {owner.id}
    for at, rung in sorted(rungs, key=_instant):
        person = _target(rung, owner, rulebook.ownerships)
        if person is None:
            continue
        person = rulebook.ownerships.stand_in(Named(person, ()), at).person
        if person.id not in reached:
            reached.add(person.id)
            yield Climb(at=at, owner_id=person.id, target=rung.target)


def _instant(pair: tuple[datetime, Rung]) -> datetime:
    return pair[0]


def _target(rung: Rung, owner: Person, ownerships: Ownerships) -> Person | None:
    if rung.target is RungTarget.DEPUTY:
        return ownerships.deputy_of(owner)
    if rung.target is RungTarget.MANAGER:
        return ownerships.manager_of(owner)
    if rung.target is RungTarget.SECOND_MANAGER:
        return ownerships.manager_of(owner, 2)
    if rung.target is RungTarget.FALLBACK or rung.owner_id is None:
        return ownerships.people[ownerships.fallback_id]
    return ownerships.people[rung.owner_id]


def _reasons(facts: ThemeFacts, rule: Rule | None, rulebook: Rulebook) -> Iterator[str]:
    policy = rulebook.policy
    complaints, people = _many(facts.complaints, "complaint", "complaints"), _many(facts.people, "person", "people")
    yield (
        f"{complaints} by {people} from {_day(facts.first)} to {_day(facts.last)}"
        f" (threshold: {policy.min_complaints} by {policy.min_people} in {policy.window_days} days)"
    )
    if facts.place.step_name:
        yield f"its topic belongs to the step {facts.place.step_name} of {facts.place.process_name}"
    elif facts.place.process_name:
        yield f"its topic belongs to the process {facts.place.process_name}"
    if rule is None:
        yield "no rule applies: the map of owners and the default durations decide"
    else:
        held = "; ".join(_held(rule.when, facts)) or "it holds for every theme"
        yield f"rule {rule.key} applies: {held}"


def _held(when: Conditions, facts: ThemeFacts) -> Iterator[str]:
    topic = next((key for key in facts.topics if key in when.topic), "")
    pairs: Sequence[tuple[object, str, str]] = (
        (when.topic, "topic", topic),
        (when.process, "process", facts.place.process),
        (when.step, "step", facts.place.step),
        (when.stage, "stage", facts.place.stage),
        (when.friction, "most frequent friction", facts.friction or ""),
        (when.medium, "most frequent medium", facts.medium or ""),
    )
    yield from (f"{name} is {value}" for asked, name, value in pairs if asked)
    if when.min_complaints:
        yield f"at least {_many(when.min_complaints, 'complaint', 'complaints')}"
    if when.min_people:
        yield f"at least {_many(when.min_people, 'person', 'people')}"


def _said(name: str, mark: Deadline) -> str:
    local = mark.at.astimezone(load_zone(mark.zone))
    closed = ", ".join(f"{_day(shut.day)} {shut.name}" for shut in mark.closed)
    passed = f", stepping over {closed}" if closed else ""
    return (
        f"{name}: {mark.working} in the calendar {mark.calendar}{passed},"
        f" so {local:%a} {_day(local.date())} {local:%H:%M} ({mark.zone})"
    )


def _many(count: int, one: str, more: str) -> str:
    return f"{count} {one if count == 1 else more}"


def _day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"
