"""The decision names the right person and the right instants, and says why."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.calendar import Calendar
from app.domain.feedback import Friction, Medium
from app.domain.ownership import Absence, Holding, Ownerships, Person
from app.domain.routing import Conditions, Place, Policy, Rule, Rulebook, Rung, RungTarget, ThemeFacts
from app.domain.working import Working
from app.route.decide import applies, decide

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
