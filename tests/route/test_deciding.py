"""The decision names the right person and the right instants, and says why."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.calendar import Calendar
from app.domain.feedback import Friction, Medium
from app.domain.ownership import Absence, Holding, Membership, Ownerships, Person, Team
from app.domain.routing import (
    Conditions,
    Place,
    Policy,
    Rule,
    Rulebook,
    Rung,
    RungTarget,
    ScoreCondition,
    Scores,
    ThemeFacts,
)
from app.domain.severity import Severity
from app.domain.working import Working
from app.route.conditions import applies, held
from app.route.decide import decide

NOW = datetime(2026, 9, 16, 9, 0, tzinfo=UTC)  # Wednesday, 11:00 in Berlin
OFFICE = Calendar("office", "Europe/Berlin", (*((((540, 1020),),) * 5), (), ()))
PLACE = Place(7, "returns", "Returns", 70, "refund", "Refund", "own")
FACTS = ThemeFacts(
    theme_id=1,
    topics=("slow", "money"),
    place=PLACE,
    complaints=12,
    people=9,
    first=date(2026, 8, 20),
    last=date(2026, 9, 16),
    friction=Friction.PROCESS_OPACITY,
    medium=Medium.CHAT,
)
HOURS = timedelta(hours=1)


def person(number, name, **more):
    return Person(id=number, key=name.lower(), name=name, calendar_id=1, zone="Europe/Berlin", **more)


def rulebook(*rules, people=None, ladder=(), fallback=3):
    known = people or [
        person(1, "Jonas", manager_id=3, deputy_id=2),
        person(2, "Mira", manager_id=3),
        person(3, "Clara"),
    ]
    return Rulebook(
        policy=Policy(5, 3, 28, goal=Working(days=2), deadline=Working(days=5), ladder=tuple(ladder)),
        rules=rules,
        ownerships=Ownerships({one.id: one for one in known}, (Holding(7, None, 1),), fallback),
        calendars={1: OFFICE},
    )


def berlin(day, hour, month=9):
    return datetime(2026, month, day, hour - 2, tzinfo=UTC)


def test_without_rules_the_map_of_owners_and_the_defaults_decide():
    decision = decide(FACTS, rulebook(), NOW)
    assert decision.named.person.name == "Jonas"
    assert decision.rule is None
    assert decision.goal.at == berlin(18, 17)
    assert decision.deadline.at == berlin(23, 17)
    assert decision.why == (
        "12 complaints by 9 people from 20 Aug 2026 to 16 Sep 2026 (threshold: 5 by 3 in 28 days)",
        "its topic belongs to the step Refund of Returns",
        "no rule applies: the map of owners and the default durations decide",
        "Jonas owns the process",
        "goal: 2 working days in the calendar office, so Fri 18 Sep 2026 17:00 (Europe/Berlin)",
        "deadline: 5 working days in the calendar office, so Wed 23 Sep 2026 17:00 (Europe/Berlin)",
    )


def test_the_first_rule_that_holds_wins_and_leaves_open_what_it_does_not_say():
    no = Rule("no", Conditions(topic=frozenset({"other"})), owner_id=3)
    yes = Rule("yes", Conditions(topic=frozenset({"money"})), deadline=Working(time=8 * HOURS))
    later = Rule("later", Conditions(), owner_id=3)
    decision = decide(FACTS, rulebook(no, yes, later), NOW)
    assert decision.rule == "yes"
    assert decision.named.person.name == "Jonas"
    assert decision.deadline.at == berlin(17, 11)
    assert "rule yes applies: topic is money" in decision.why


def test_a_rule_can_name_another_owner():
    decision = decide(FACTS, rulebook(Rule("all", Conditions(), owner_id=2)), NOW)
    assert decision.named.person.name == "Mira"
    assert "Mira is named by the rule" in decision.why
    assert "rule all applies: it holds for every theme" in decision.why


def test_the_goal_is_never_after_the_deadline():
    hurry = Rule("hurry", Conditions(), deadline=Working(time=2 * HOURS))
    decision = decide(FACTS, rulebook(hurry), NOW)
    assert decision.goal.at == decision.deadline.at == berlin(16, 13)


def test_who_is_away_is_stood_in_for_and_it_is_said():
    away = (Absence(date(2026, 9, 14), date(2026, 9, 18)),)
    people = [person(1, "Jonas", deputy_id=2, absences=away), person(2, "Mira"), person(3, "Clara")]
    decision = decide(FACTS, rulebook(people=people), NOW)
    assert decision.named.person.name == "Mira"
    assert "Jonas is away: Mira stands in" in decision.why


def test_a_theme_of_no_process_goes_to_the_fallback_owner():
    decision = decide(replace(FACTS, place=Place()), rulebook(), NOW)
    assert decision.named.person.name == "Clara"
    assert decision.named.fallback


def test_deadlines_are_counted_in_the_calendar_of_the_one_who_gets_the_work():
    new_york = Calendar("ny", "America/New_York", OFFICE.week)
    people = [replace(person(1, "Jonas"), calendar_id=2, zone="America/New_York"), person(3, "Clara")]
    book = replace(rulebook(people=people), calendars={1: OFFICE, 2: new_york})
    assert decide(FACTS, book, NOW).deadline.at == datetime(2026, 9, 23, 21, tzinfo=UTC)


def test_the_ladder_is_fixed_with_its_instants_in_working_time_after_the_deadline():
    ladder = [
        Rung(RungTarget.MANAGER, Working(days=1)),
        Rung(RungTarget.DEPUTY, Working(time=4 * HOURS)),
        Rung(RungTarget.SECOND_MANAGER, Working(days=3)),
        Rung(RungTarget.FALLBACK, Working(days=5)),
    ]
    people = [
        person(1, "Jonas", manager_id=3, deputy_id=2),
        person(2, "Mira"),
        person(3, "Clara", manager_id=4),
        person(4, "Ines"),
    ]
    decision = decide(FACTS, rulebook(ladder=ladder, people=people), NOW)
    assert [(climb.at, climb.owner_id, climb.target) for climb in decision.ladder] == [
        (berlin(24, 13), 2, RungTarget.DEPUTY),
        (berlin(24, 17), 3, RungTarget.MANAGER),
        (berlin(28, 17), 4, RungTarget.SECOND_MANAGER),
    ]


def test_a_rung_that_nobody_stands_on_is_left_out_and_nobody_stands_on_two():
    ladder = [Rung(RungTarget.MANAGER, Working(days=1)), Rung(RungTarget.OWNER, Working(days=2), owner_id=1)]
    assert decide(FACTS, rulebook(ladder=ladder, people=[person(1, "Jonas"), person(3, "Clara")]), NOW).ladder == ()


def test_a_rung_looks_at_who_is_there_at_its_own_instant():
    away = (Absence(date(2026, 9, 24), date(2026, 9, 30)),)
    people = [
        person(1, "Jonas", manager_id=2),
        person(2, "Mira", deputy_id=4, absences=away),
        person(3, "Clara"),
        person(4, "Ines"),
    ]
    decision = decide(FACTS, rulebook(ladder=[Rung(RungTarget.MANAGER, Working(days=1))], people=people), NOW)
    assert decision.ladder[0].owner_id == 4


def test_a_calendar_that_hardly_opens_still_gives_a_deadline_and_says_so():
    shut = Calendar("shut", "UTC", OFFICE.week, {date(2026, 1, 1) + timedelta(days=n): "shut" for n in range(4500)})
    decision = decide(FACTS, replace(rulebook(), calendars={1: shut}), NOW)
    assert decision.deadline.at == datetime(2026, 9, 22, 0, 0, tzinfo=UTC)
    assert "shut (every hour)" in decision.why[-1]


@pytest.mark.parametrize(
    ("when", "holds"),
    [
        (Conditions(), True),
        (Conditions(topic=frozenset({"slow"})), True),
        (Conditions(topic=frozenset({"fast"})), False),
        (Conditions(process=frozenset({"returns", "other"})), True),
        (Conditions(process=frozenset({"other"})), False),
        (Conditions(step=frozenset({"refund"}), stage=frozenset({"own"})), True),
        (Conditions(step=frozenset({"refund"}), stage=frozenset({"buy"})), False),
        (Conditions(friction=frozenset({Friction.PROCESS_OPACITY})), True),
        (Conditions(friction=frozenset({Friction.UNNECESSARY_HANDOFFS})), False),
        (Conditions(medium=frozenset({Medium.CHAT, Medium.PHONE})), True),
        (Conditions(medium=frozenset({Medium.PHONE})), False),
        (Conditions(min_complaints=12, min_people=9), True),
        (Conditions(min_complaints=13), False),
        (Conditions(min_people=10), False),
    ],
)
def test_all_conditions_of_a_rule_must_hold(when, holds):
    assert applies(when, FACTS) is holds


def test_a_condition_on_a_friction_that_was_not_recognised_does_not_hold():
    when = Conditions(friction=frozenset({Friction.PROCESS_OPACITY}))
    assert not applies(when, replace(FACTS, friction=None))


links = st.none() | st.integers(1, 5)


@given(
    st.lists(st.tuples(links, links, st.booleans(), st.booleans()), min_size=5, max_size=5),
    st.lists(st.sampled_from(RungTarget), max_size=4),
    st.integers(1, 5),
)
def test_whatever_the_chart_looks_like_somebody_is_named_and_the_ladder_only_rises(chart, targets, fallback):
    always = (Absence(date(2020, 1, 1), date(2030, 1, 1)),)
    people = [
        person(
            index + 1,
            f"P{index + 1}",
            manager_id=manager,
            deputy_id=deputy,
            absences=always if away else (),
            active=active,
        )
        for index, (manager, deputy, away, active) in enumerate(chart)
    ]
    ladder = [Rung(target, Working(days=4 - n), owner_id=1) for n, target in enumerate(targets)]
    decision = decide(FACTS, rulebook(people=people, ladder=ladder, fallback=fallback), NOW)
    assert decision.named.person in people
    assert NOW < decision.goal.at <= decision.deadline.at
    instants = [decision.deadline.at, *(climb.at for climb in decision.ladder)]
    assert instants == sorted(instants)
    reached = [decision.named.person.id, *(climb.owner_id for climb in decision.ladder)]
    assert len(reached) == len(set(reached))


def _chart(rows, *, team_members):
    """People 1..n from (manager, deputy, away, here) each, and a team 1 of some of them."""
    always = (Absence(date(2020, 1, 1), date(2030, 1, 1)),)
    people = {
        index: person(
            index,
            f"P{index}",
            manager_id=manager,
            deputy_id=deputy,
            absences=always if away else (),
            until=None if here else date(2026, 9, 1),
        )
        for index, (manager, deputy, away, here) in enumerate(rows, start=1)
    }
    team = Team(1, "desk", "Desk", tuple(Membership(number) for number in sorted(team_members)))
    return people, {1: team}


topics = st.sampled_from(["slow", "money", "other"])


@given(
    rows=st.lists(st.tuples(links, links, st.booleans(), st.booleans()), min_size=5, max_size=5),
    members=st.sets(st.integers(1, 5)),
    rules=st.lists(st.tuples(topics, st.none() | st.integers(1, 5), st.booleans(), st.booleans()), max_size=4),
    loads=st.dictionaries(st.integers(1, 5), st.integers(0, 9)),
)
def test_the_first_rule_decides_and_work_never_goes_to_a_leaver_or_an_absent_one_while_somebody_can_have_it(
    rows, members, rules, loads
):
    people, teams = _chart(rows, team_members=members)
    made = [
        Rule(
            f"r{number}",
            Conditions(topic=frozenset({topic})),
            owner_id=None if to_team else owner,
            team_id=1 if to_team else None,
            until=None if in_force else date(2026, 9, 16),
        )
        for number, (topic, owner, to_team, in_force) in enumerate(rules)
    ]
    book = rulebook(*made, people=list(people.values()), fallback=5)
    ownerships = replace(book.ownerships, teams=teams, loads=loads)
    decision = decide(FACTS, replace(book, ownerships=ownerships), NOW)

    holding = [rule.key for rule in made if rule.covers(NOW) and applies(rule.when, FACTS)]
    assert decision.rule == (holding[0] if holding else None)
    chosen = decision.named.person
    assert chosen.present(NOW) or chosen.id == 5
    if decision.named.drawn and chosen.id in members and chosen.present(NOW):
        ready = [number for number in members if people[number].present(NOW)]
        assert loads.get(chosen.id, 0) == min(loads.get(number, 0) for number in ready)
    assert decide(FACTS, replace(book, ownerships=ownerships), NOW) == decision


@given(
    rows=st.lists(st.tuples(links, links, st.booleans(), st.booleans()), min_size=5, max_size=5),
    members=st.sets(st.integers(1, 5)),
    leaver=st.integers(1, 4),
)
def test_whoever_leaves_is_followed_by_somebody_who_is_here(rows, members, leaver):
    people, teams = _chart(rows, team_members=members)
    people[leaver] = replace(people[leaver], until=date(2026, 9, 16))
    people[5] = replace(people[5], until=None)
    named = Ownerships(people, (Holding(7, None, leaver),), 5, teams).heir_of(people[leaver], 7, 70, NOW)
    assert named.person.id != leaver
    assert named.person.present(NOW) or named.person.id == 5


@pytest.mark.parametrize(
    ("when", "holds"),
    [
        (Conditions(segment=frozenset({"business"})), True),
        (Conditions(segment=frozenset({"private"})), False),
        (Conditions(severity=frozenset({Severity.HIGH, Severity.CRITICAL})), True),
        (Conditions(severity=frozenset({Severity.LOW})), False),
        (Conditions(max_complaints=12), True),
        (Conditions(max_complaints=11), False),
        (Conditions(min_growth=1.5), True),
        (Conditions(min_growth=1.6), False),
        (Conditions(max_sentiment=-0.5), True),
        (Conditions(max_sentiment=-0.8), False),
        (Conditions(min_negative=0.75), True),
        (Conditions(min_negative=0.76), False),
        (Conditions(score=ScoreCondition("nps", max_mean=4.0, min_detractors=0.5)), True),
        (Conditions(score=ScoreCondition("nps", max_mean=3.9)), False),
        (Conditions(score=ScoreCondition("nps", min_detractors=0.7)), False),
        (Conditions(score=ScoreCondition("nps", max_mean=4.0, min_answers=9)), False),
        (Conditions(score=ScoreCondition("csat", max_mean=4.0)), False),
    ],
)
def test_how_many_how_bad_and_who_can_be_asked_for(when, holds):
    facts = replace(
        FACTS,
        segment="Business ",
        severity=Severity.HIGH,
        before=8,
        sentiment=-0.6,
        negative=0.75,
        scores={"nps": Scores(8, 4.0, 0.625)},
    )
    assert applies(when, facts) is holds
    if holds and when != Conditions():
        assert all(held(when, facts))
        assert list(held(when, facts))


def test_without_complaints_there_is_no_sentiment_to_hold():
    assert not applies(Conditions(max_sentiment=1.0), FACTS)


def test_a_rule_holds_from_its_day_until_its_day():
    rule = Rule("week", Conditions(), owner_id=2, since=date(2026, 9, 16), until=date(2026, 9, 23))
    book = rulebook(rule)
    assert decide(FACTS, book, NOW - timedelta(days=1)).rule is None
    assert decide(FACTS, book, NOW).rule == "week"
    assert decide(FACTS, book, NOW + timedelta(days=7)).rule is None


def test_a_rule_that_names_somebody_who_has_left_gives_it_to_the_owner_of_the_step_and_says_so():
    people = [person(1, "Jonas"), person(2, "Mira", until=date(2026, 9, 1)), person(3, "Clara")]
    decision = decide(FACTS, rulebook(Rule("all", Conditions(), owner_id=2), people=people), NOW)
    assert decision.named.person.name == "Jonas"
    assert "Mira has left" in decision.why


def test_a_team_without_members_gives_it_to_the_owner_of_the_step_and_says_so():
    book = rulebook(Rule("all", Conditions(), team_id=1))
    book = replace(book, ownerships=replace(book.ownerships, teams={1: Team(1, "desk", "Desk")}))
    decision = decide(FACTS, book, NOW)
    assert decision.named.person.name == "Jonas"
    assert "the rule names the team Desk, which has no members" in decision.why
