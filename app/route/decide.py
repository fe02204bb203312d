"""The decision: theme -> step -> owner -> deadlines, with its reasons. Pure: the same values give the same decision."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from app.domain.calendar import Calendar, CalendarError, Deadline, deadline_after, load_zone
from app.domain.ownership import Named, Ownerships, Person
from app.domain.routing import Climb, Decision, Rule, Rulebook, Rung, RungTarget, ThemeFacts
from app.domain.working import Working
from app.route.conditions import applies, held, said_count, said_day

_ALWAYS = (((0, 24 * 60),),) * 7


CLOCK_SENTENCES = 2
"""The last sentences of a decision are about its goal and its deadline."""


def decide(facts: ThemeFacts, rulebook: Rulebook, opened_at: datetime, chosen: Named | None = None) -> Decision:
    """Decide who must act on a theme by when.

    The first rule in force whose conditions all hold wins; it may name an owner or a team, a goal, a deadline. What it
    leaves open comes from the map of owners and from the defaults. Of a team the member with the fewest open items
    gets it. Whoever is away is stood in for. Deadlines are counted in the calendar of the person who gets the work;
    the goal is never after the deadline.

    Args:
        facts: What is known about the theme.
        rulebook: Policy, rules, ownership and calendars.
        opened_at: The instant at which the clock starts, aware.
        chosen: Whom a person chose: then neither rule, map nor absence does; the rule's durations stay.
    """
    in_force = (rule for rule in rulebook.rules if rule.covers(opened_at))
    rule = next((rule for rule in in_force if applies(rule.when, facts)), None)
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


def decide_all(themes: Iterable[ThemeFacts], rulebook: Rulebook, at: datetime) -> list[Decision]:
    """Decide one theme after the other: whoever of a team gets one has one more open item when the next is decided."""
    loads = Counter(rulebook.ownerships.loads)
    book = rulebook.with_loads(loads)
    decided = []
    for facts in themes:
        decision = decide(facts, book, at)
        loads[decision.named.person.id] += 1
        decided.append(decision)
    return decided


def _named(facts: ThemeFacts, rule: Rule | None, ownerships: Ownerships, at: datetime) -> Named:
    process_id, step_id = facts.place.process_id, facts.place.step_id
    if rule is not None and (rule.owner_id is not None or rule.team_id is not None):
        named = ownerships.held(rule.owner_id, rule.team_id, "is named by the rule", at)
        if named is not None:
            return named
        if rule.owner_id is not None:
            return ownerships.heir_of(ownerships.people[rule.owner_id], process_id, step_id, at)
        team = ownerships.teams[rule.team_id or 0]
        named = ownerships.owner_at(process_id, step_id, at)
        return replace(named, why=(f"the rule names the team {team.name}, which has no members", *named.why))
    return ownerships.owner_at(process_id, step_id, at)


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
        person = _target(rung, owner, rulebook.ownerships, at)
        if person is None:
            continue
        person = rulebook.ownerships.stand_in(Named(person, ()), at).person
        if person.id not in reached:
            reached.add(person.id)
            yield Climb(at=at, owner_id=person.id, target=rung.target)


def _instant(pair: tuple[datetime, Rung]) -> datetime:
    return pair[0]


def _target(rung: Rung, owner: Person, ownerships: Ownerships, at: datetime) -> Person | None:
    if rung.target is RungTarget.DEPUTY:
        return ownerships.deputy_of(owner, at)
    if rung.target is RungTarget.MANAGER:
        return ownerships.manager_of(owner, at)
    if rung.target is RungTarget.SECOND_MANAGER:
        return ownerships.manager_of(owner, at, 2)
    if rung.target is RungTarget.FALLBACK or rung.owner_id is None:
        return ownerships.people[ownerships.fallback_id]
    return ownerships.people[rung.owner_id]


def _reasons(facts: ThemeFacts, rule: Rule | None, rulebook: Rulebook) -> Iterator[str]:
    policy = rulebook.policy
    yield (
        f"{said_count(facts.complaints, 'complaint', 'complaints')} by {said_count(facts.people, 'person', 'people')}"
        f" from {said_day(facts.first)} to {said_day(facts.last)}"
        f" (threshold: {policy.min_complaints} by {policy.min_people} in {policy.window_days} days)"
    )
    if facts.place.step_name:
        yield f"its topic belongs to the step {facts.place.step_name} of {facts.place.process_name}"
    elif facts.place.process_name:
        yield f"its topic belongs to the process {facts.place.process_name}"
    if rule is None:
        yield "no rule applies: the map of owners and the default durations decide"
    else:
        until = f" (in force until {said_day(rule.until)})" if rule.until else ""
        yield f"rule {rule.key} applies{until}: {'; '.join(held(rule.when, facts)) or 'it holds for every theme'}"


def _said(name: str, mark: Deadline) -> str:
    local = mark.at.astimezone(load_zone(mark.zone))
    closed = ", ".join(f"{said_day(shut.day)} {shut.name}" for shut in mark.closed)
    passed = f", stepping over {closed}" if closed else ""
    return (
        f"{name}: {mark.working} in the calendar {mark.calendar}{passed},"
        f" so {local:%a} {said_day(local.date())} {local:%H:%M} ({mark.zone})"
    )
