"""What other systems are told about items: one event for each thing that happens, in its transaction."""

from datetime import date

import pytest
from sqlalchemy import select

from app.act.aside import decline_item
from app.act.handing import Handover, comment_item, reassign_item
from app.act.progress import acknowledge_item, plan_change
from app.domain.changes import Plan
from app.store.event_tables import Event


@pytest.fixture
def told(session):
    def read():
        session.flush()
        return [(event.type, event.subject) for event in session.scalars(select(Event).order_by(Event.id))]

    return read


def test_opening_an_item_is_told_as_its_assignment(session, item, told):
    assert told() == [("voc.action_item.assigned.v1", f"action_item:{item.id}")]


def test_each_step_of_an_owner_is_told_and_a_comment_is_not(session, now, item, mira, told):
    acknowledge_item(session, now, mira, item.id, version=1)
    comment_item(session, now, mira, item.id, text="Called Mr Vogel at home about his refund")
    plan = Plan("Pay refunds the same day", date(2026, 10, 1), 0.3)
    plan_change(session, now, mira, item.id, version=2, plan=plan)
    decline_item(session, now, mira, item.id, version=3, reason="Mr Vogel is the only one")
    assert [kind for kind, _ in told()][1:] == [
        "voc.action_item.acknowledged.v1",
        "voc.action_item.change_planned.v1",
        "voc.action_item.declined.v1",
    ]


def test_what_is_told_holds_no_words_of_anybody(session, now, item, mira):
    decline_item(session, now, mira, item.id, version=1, reason="Mr Vogel is the only one")
    session.flush()
    assert "Vogel" not in str([event.facts for event in session.scalars(select(Event))])


def test_a_handed_over_item_is_told_as_assigned_again(session, now, item, company, mira, told):
    reassign_item(session, now, mira, item.id, version=1, to=Handover(company.jonas, "His process now"))
    assert [kind for kind, _ in told()] == ["voc.action_item.assigned.v1"] * 2
