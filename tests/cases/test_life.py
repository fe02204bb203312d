"""A case's life: seen, answered or declined, never planned or measured; gone with its customer."""

from datetime import timedelta

import pytest

from app.act import clear
from app.act.aside import decline_item, mark_duplicate, reopen_item, snooze_item
from app.act.handing import comment_item
from app.act.progress import acknowledge_item, answer_item, close_item, plan_change
from app.domain.actor import OPERATOR
from app.domain.changes import Plan
from app.domain.items import Action, ItemKind, State, allowed_actions
from app.errors import AppError
from app.ingest.forget import erase_customer
from app.store.act_tables import Notice
from app.store.items import history
from app.store.quotes import evidence_of


def test_a_case_is_seen_and_answered(session, now, case, jonas):
    acknowledge_item(session, now, jonas, case.id, version=1)
    answer_item(session, now, jonas, case.id, version=2, text="Paid on Tuesday, she knows.")
    assert (case.state, case.closed_at) == ("closed", now)
    assert case.reason == "Paid on Tuesday, she knows."
    assert history(session, case.id)[-1].kind == "answered"


def test_no_change_is_planned_for_a_case_and_no_item_about_a_theme_is_answered():
    assert {Action.PLAN, Action.DEPLOY, Action.CLOSE}.isdisjoint(
        action for state in State for action in allowed_actions(state, ItemKind.CASE)
    )
    assert all(Action.ANSWER not in allowed_actions(state, ItemKind.PROCESS) for state in State)


def test_a_refusal_says_what_a_case_can_take(session, now, case, jonas):
    with pytest.raises(AppError) as refused:
        plan_change(session, now, jonas, case.id, version=1, plan=Plan("Pay", None, 0.3))
    assert refused.value.code == "action_not_possible"
    assert "answer" in refused.value.facts["possible"]
    assert "plan" not in refused.value.facts["possible"]
    with pytest.raises(AppError, match="A case that is new cannot take the action close"):
        close_item(session, now, jonas, case.id, version=1)


def test_a_case_can_be_declined_snoozed_and_reopened(session, now, case, jonas):
    snooze_item(session, now, jonas, case.id, version=1, until=now + timedelta(hours=3))
    decline_item(session, now, jonas, case.id, version=2, reason="She wrote to us by mistake")
    reopen_item(session, now + timedelta(days=1), jonas, case.id, version=3, reason="She did not")
    assert case.state == "reopened"
    # As much working time as at first, counted anew in the owner's calendar.
    assert case.deadline_at == now + timedelta(days=2)


def test_a_case_is_no_duplicate_of_a_finished_one(session, now, case, jonas, say, run):
    say("Where is it?", topic="slow", nps=1, response_needed=True)
    other = run()[1]
    answer_item(session, now, jonas, other.id, version=1, text="Paid")
    with pytest.raises(AppError) as refused:
        mark_duplicate(session, now, jonas, case.id, version=1, of_id=other.id)
    assert refused.value.code == "bad_duplicate"


def test_the_evidence_of_a_case_is_what_its_customer_said(session, case):
    (quote,) = evidence_of(session, case, 3)
    assert quote.text == "Where is my money? Ask for me, Ada Vogel."


def test_erasing_the_customer_ends_the_case_and_takes_the_words_about_them(session, now, case, jonas):
    comment_item(session, now, jonas, case.id, text="Ada Vogel called again")
    erase_customer(session, now, OPERATOR, "c-1")
    session.expire_all()
    clear.record(session, now, clear.claim(session, now))
    assert clear.claim(session, now) is None
    session.refresh(case)
    assert (case.state, case.title) == ("closed", "A customer who was erased")
    lines = history(session, case.id)
    assert [line.kind for line in lines] == ["opened", "commented", "withdrawn"]
    assert "Vogel" not in str([case.title, case.reason, [(line.text, line.facts) for line in lines]])
    assert "Vogel" not in str([notice.body for notice in session.query(Notice)])
    assert evidence_of(session, case, 3) == []


def test_erasing_the_customer_of_an_answered_case_leaves_it_answered(session, now, case, jonas):
    answer_item(session, now, jonas, case.id, version=1, text="Told Ada Vogel that it is paid")
    erase_customer(session, now, OPERATOR, "c-1")
    session.expire_all()
    clear.record(session, now, clear.claim(session, now))
    session.refresh(case)
    assert (case.state, case.reason) == ("closed", None)
    assert [line.kind for line in history(session, case.id)][-1] == "answered"
    assert all(line.text is None for line in history(session, case.id))


def test_what_stays_of_an_erased_customer_opens_no_case(session, now, say, run):
    say("Where is my money?", topic="slow", nps=2, response_needed=True)
    erase_customer(session, now, OPERATOR, "c-1")
    assert run() == []
