"""When people leave or a reorganisation comes, open work goes to somebody who is here, once, and they are told why."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier

import pytest

from app.act import escalate, leaving
from app.act import open as opening
from app.act.handing import Handover, reassign_item
from app.act.progress import acknowledge_item
from app.store.act_tables import ActionItem, ItemEvent, Notice
from app.store.company_tables import Team, TeamMember
from app.store.tables import Owner, Ownership, Policy, Routing

DAY = timedelta(days=1)


@pytest.fixture
def leave(session):
    """Makes owners leave on a day."""

    def on(day, *owner_ids):
        for owner_id in owner_ids:
            session.get(Owner, owner_id).valid_to = day
        session.flush()

    return on


def last_line(session, item):
    return session.query(ItemEvent).filter_by(item_id=item.id).order_by(ItemEvent.id.desc()).first()


def test_while_everybody_is_here_nothing_changes_hands(session, item, now):
    assert leaving.claim(session, now) is None


def test_before_a_document_is_applied_nothing_is_due(session, now):
    assert leaving.claim(session, now) is None


def test_on_the_day_they_are_gone_the_deputy_has_the_item_with_its_clock(session, item, company, now, leave, run):
    before = (item.state, item.deadline_at, item.ladder)
    leave(date(2026, 9, 18), company.mira)
    assert not run(leaving, now + DAY)
    assert run(leaving, now + 2 * DAY)
    session.refresh(item)
    assert item.owner_id == company.jonas
    assert (item.state, item.deadline_at, item.ladder) == before
    assert last_line(session, item).text == "Mira Kaya has left: Jonas Weber stands in"
    told = session.query(Notice).filter_by(owner_id=company.jonas, event="assigned", channel="log").one()
    assert "Mira Kaya has left" in told.body
    assert not run(leaving, now + 2 * DAY)


def test_who_owns_the_step_then_comes_before_the_deputy(session, item, company, now, leave, run):
    session.add(Ownership(process_id=company.process, step_id=company.step, owner_id=company.clara))
    leave(date(2026, 9, 17), company.mira)
    assert run(leaving, now + DAY)
    assert item.owner_id == company.clara
    assert "owns the step" in last_line(session, item).text


def test_a_leaver_whose_step_nobody_owns_is_followed_by_somebody_of_their_team(session, item, company, now, leave, run):
    team = Team(key="desk", name="Desk")
    session.add(team)
    session.flush()
    for owner_id in (company.mira, company.clara):
        session.add(TeamMember(team_id=team.id, owner_id=owner_id))
    leave(date(2026, 9, 17), company.mira)
    assert run(leaving, now + DAY)
    assert item.owner_id == company.clara
    assert "was in the team Desk" in last_line(session, item).text


@pytest.fixture
def of_jonas(company, now, add_theme, open_item):
    """An item of Jonas, about another theme."""
    return open_item(now, theme_id=add_theme("another").id, owner_id=company.jonas)


def test_two_who_leave_at_once_and_deputise_each_other_are_followed_by_the_fallback_owner(
    session, item, of_jonas, company, now, leave
):
    mira, jonas = session.get(Owner, company.mira), session.get(Owner, company.jonas)
    jonas.deputy_id, jonas.manager_id, mira.manager_id = mira.id, mira.id, jonas.id
    leave(date(2026, 9, 17), mira.id, jonas.id)
    leaving.record(session, now + DAY, leaving.claim(session, now + DAY))
    assert {item.owner_id, of_jonas.owner_id} == {company.clara}
    assert leaving.claim(session, now + DAY) is None


def test_who_left_the_document_is_followed_at_once(session, item, company, now, run):
    session.get(Owner, company.mira).active = False
    session.flush()
    assert run(leaving, now)
    assert item.owner_id == company.jonas


def test_a_fallback_owner_who_has_left_keeps_what_nobody_else_can_have(session, item, company, now, leave):
    leave(date(2026, 9, 17), company.mira, company.jonas, company.clara)
    item.owner_id = company.clara
    session.flush()
    assert leaving.claim(session, now + DAY) is None


def test_closed_items_stay_with_those_who_closed_them(session, item, company, now, leave):
    item.closed_at = now
    leave(date(2026, 9, 17), company.mira)
    assert leaving.claim(session, now + DAY) is None


def test_the_ladder_goes_on_after_a_leaver(session, item, company, now, leave, run):
    leave(date(2026, 9, 17), company.mira)
    run(leaving, now + DAY)
    late = item.deadline_at + timedelta(hours=5)
    assert run(escalate, late)
    session.refresh(item)
    assert item.rung == 1


@pytest.fixture
def routed_anew(session, item, add_routing):
    """Gives the theme of the item a newer routing with another owner."""

    def anew(at, owner_id):
        session.get(Routing, item.routing_id).superseded_at = at
        session.flush()
        return add_routing(at, owner_id=owner_id, why=["a reorganisation", "Clara Otto owns the step"])

    return anew


def test_an_unanswered_item_follows_a_reorganisation(session, item, company, now, routed_anew, run):
    routing = routed_anew(now + DAY, company.clara)
    assert run(leaving, now + DAY)
    assert (item.owner_id, item.routing_id) == (company.clara, routing.id)
    assert "Clara Otto owns the step" in last_line(session, item).text
    assert not run(leaving, now + DAY)
    assert not run(opening, now + DAY)


def test_an_acknowledged_item_stays(session, acknowledged, company, now, routed_anew):
    routed_anew(now + DAY, company.clara)
    assert leaving.claim(session, now + DAY) is None


@pytest.fixture
def acknowledged(session, item, mira, now):
    return acknowledge_item(session, now, mira, item.id, version=1)


def test_the_document_can_say_that_nothing_follows(session, item, company, now, routed_anew):
    session.get(Policy, 1).document = {"reorganisation": {"move_open": "none"}}
    routed_anew(now + DAY, company.clara)
    assert leaving.claim(session, now + DAY) is None


def test_the_document_can_say_that_everything_follows(session, acknowledged, company, now, routed_anew, run):
    session.get(Policy, 1).document = {"reorganisation": {"move_open": "all"}}
    routed_anew(now + DAY, company.clara)
    assert run(leaving, now + DAY)
    assert acknowledged.owner_id == company.clara


def test_an_acknowledged_item_follows_when_its_owner_has_left(acknowledged, company, now, routed_anew, run, leave):
    routed_anew(now + DAY, company.clara)
    leave(date(2026, 9, 17), company.mira)
    assert run(leaving, now + DAY)
    assert acknowledged.owner_id == company.clara


def test_what_a_person_handed_over_is_left_where_it_is(session, item, company, analyst, now, routed_anew):
    reassign_item(session, now, analyst, item.id, version=1, to=Handover(company.jonas, "Jonas knows this"))
    routed_anew(now + DAY, company.clara)
    assert leaving.claim(session, now + DAY) is None


def test_a_newer_routing_with_the_same_owner_only_takes_the_place_of_the_old(
    session, item, company, now, routed_anew, run
):
    routing = routed_anew(now + DAY, company.mira)
    assert run(leaving, now + DAY)
    assert (item.owner_id, item.routing_id, item.version) == (company.mira, routing.id, 1)
    assert not run(leaving, now + DAY)


def test_several_workers_hand_over_once(database, committed, now):
    with database.writing() as session:
        opening.record(session, now, opening.work(opening.claim(session, now), None))
    with database.writing() as session:
        session.get(Owner, committed.mira).valid_to = date(2026, 9, 17)
    barrier = Barrier(4)

    def one(_number):
        barrier.wait(timeout=30)
        with database.writing() as session:
            batch = leaving.claim(session, now + DAY)
        if batch is not None:
            with database.writing() as session:
                leaving.record(session, now + DAY, leaving.work(batch, None))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(one, range(4)))
    with database.reading() as session:
        assert session.query(ActionItem).one().owner_id == committed.jonas
        assert session.query(ItemEvent).filter_by(kind="reassigned").count() == 1
