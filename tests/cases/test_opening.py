"""The inner loop: what one customer said opens a case, once, for the right owner, with a deadline in hours."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.act import open_case
from app.route import cases
from app.store import reference
from app.store.act_tables import Notice
from app.store.case_tables import CaseRouting
from app.store.tables import Feedback, Score


def owner_key(session, item):
    return next(owner.key for owner in reference.list_owners(session) if owner.id == item.owner_id)


def test_a_detractor_who_asks_goes_to_the_owner_of_the_step_within_working_hours(session, say, run, now):
    feedback = say("Where is my money?", topic="slow", nps=2, response_needed=True)
    (item,) = run()
    assert (item.kind, item.state, item.feedback_id, item.theme_id) == ("case", "new", feedback.id, None)
    assert owner_key(session, item) == "jonas"
    # 9:00 UTC is 11:00 in Berlin: six hours are left today, two more tomorrow.
    assert item.deadline_at == now + timedelta(days=1)
    assert item.goal_at == now + timedelta(hours=4)
    assert [rung["role"] for rung in item.ladder] == ["manager"]
    assert session.query(Notice).filter_by(item_id=item.id, event="assigned", owner_id=item.owner_id).count() == 2


def test_the_first_rule_that_holds_decides_and_says_why_without_the_customers_words(session, say, run):
    say("My lawyer Mr Vogel will call.", topic="slow", nps=1, response_needed=True, risks={"legal_threat": 0.91})
    (item,) = run()
    assert owner_key(session, item) == "clara"
    routing = session.scalars(select(CaseRouting)).one()
    assert routing.rule == "danger"
    assert routing.why[0] == "case rule danger applies: legal threat (91%)"
    assert item.title == 'Answer a customer: legal threat in a survey about "Slow refund"'
    assert "Vogel" not in str([routing.why, item.title, [n.body for n in session.query(Notice)]])


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        ({"risks": {"safety": 0.7}}, "danger"),
        ({"risks": {"safety": 0.5}}, None),
        ({"risks": {"churn_risk": 0.5}, "segment": "gold"}, "gold_leaves"),
        ({"risks": {"churn_risk": 0.5}, "segment": "silver"}, None),
        ({"nps": 6, "response_needed": True}, "asks"),
        ({"nps": 7, "response_needed": True}, None),
        ({"nps": 0}, None),
        ({"topic": "slow", "medium": "phone"}, "money_by_phone"),
        ({"topic": "slow", "medium": "chat"}, None),
    ],
)
def test_every_written_condition_must_hold(session, say, run, words, rule):
    say("Something happened.", **words)
    run()
    assert session.scalar(select(CaseRouting.rule)) == rule


def test_of_a_team_the_member_with_the_fewest_open_items_gets_it(session, say, run):
    for number in range(4):
        say("I am off to your rival.", risks={"churn_risk": 0.8}, segment="gold", ref=f"c-{number}")
    assert sorted(owner_key(session, item) for item in run()) == ["jonas", "jonas", "mira", "mira"]


def test_without_a_place_or_an_owner_in_the_rule_the_fallback_owner_gets_it(session, say, run):
    say("Answer me!", nps=3, response_needed=True)
    assert owner_key(session, run()[0]) == "clara"


def test_history_that_is_imported_opens_nothing(session, say, run, now, tools):
    say("Call me back!", nps=0, response_needed=True, at=now - timedelta(days=400), received_at=now)
    say("Call me back!", nps=0, response_needed=True, at=now - timedelta(hours=49), received_at=now)
    assert run() == []
    assert tools.risks.asked == 0
    say("Call me back!", nps=0, response_needed=True, at=now - timedelta(hours=47), received_at=now)
    assert len(run()) == 1


def test_nothing_is_looked_at_twice(session, say, run, now):
    say("Thank you.", nps=10)
    run()
    assert cases.claim(session, now) is None
    assert session.scalar(select(Feedback.case_due)) is False


def test_a_later_version_opens_the_first_case_but_never_a_second(session, say, run, now):
    feedback = say("Hello?", topic="slow", nps=9, response_needed=True)
    assert run() == []
    feedback.content_rev, feedback.case_due = 2, True
    session.query(Score).filter_by(feedback_id=feedback.id).one().value = 1
    session.flush()
    assert len(run()) == 1
    feedback.content_rev, feedback.case_due = 3, True
    session.flush()
    assert len(run()) == 1
    assert cases.claim(session, now) is None


def test_a_version_that_comes_while_the_old_one_is_looked_at_waits_for_the_next_look(session, say, now, tools):
    feedback = say("Hello?", topic="slow", nps=1, response_needed=True)
    outcome = cases.work(cases.claim(session, now), tools)
    feedback.content_rev = 2
    session.flush()
    cases.record(session, now, outcome)
    assert session.query(CaseRouting).count() == 0
    assert feedback.case_due


def test_recording_twice_changes_nothing(session, say, now, tools):
    say("Hello?", topic="slow", nps=1, response_needed=True)
    outcome = cases.work(cases.claim(session, now), tools)
    for _ in range(2):
        cases.record(session, now, outcome)
    opened = open_case.claim(session, now)
    for _ in range(2):
        open_case.record(session, now, opened)
    assert session.query(CaseRouting).count() == 1
    assert open_case.claim(session, now) is None


def test_without_rules_nothing_is_judged_and_nothing_waits(session, say, run, tools, now):
    policy = reference.find_policy(session)
    policy.document = {**policy.document, "cases": {}}
    say("My lawyer will call.", risks={"legal_threat": 0.9})
    assert run() == []
    assert tools.risks.asked == 0
    assert cases.claim(session, now) is None
