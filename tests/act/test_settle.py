"""A measurement moves its item, once."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from app.act import settle
from app.act.progress import acknowledge_item, close_item, mark_deployed, plan_change
from app.domain.changes import Plan, Rollout
from app.store.act_tables import Notice
from app.store.event_tables import Event
from app.store.items import changes_of, history
from app.store.tables import AuditEvent, Measurement, Routing

DAY = timedelta(days=1)


@pytest.fixture
def deployed(session, item, mira, now):
    """The item with a change in effect since the day of the plan."""
    plan_change(session, now, mira, item.id, version=1, plan=Plan("Pay at once", None, 0.3))
    return mark_deployed(session, now, mira, item.id, version=2, rollout=Rollout(now.date()))


@pytest.fixture
def measure(session, deployed, run, now):
    """Adds a measurement so many days after the deployment and has the station look at it."""

    def one(days, verdict, **values):
        change = changes_of(session, deployed.id)[-1]
        columns = {"rate_ratio": 0.62, "ci_low": 0.5, "ci_high": 0.77} if verdict == "improved" else {}
        session.add(
            Measurement(
                change_id=change.id,
                day=now.date() + days * DAY,
                verdict=verdict,
                reasons=[],
                case={},
                result={},
                method="test",
                measured_at=now + days * DAY,
                **columns | values,
            )
        )
        session.flush()
        return run(settle, now + days * DAY)

    return one


def test_nothing_to_settle_without_a_measurement(session, deployed, now):
    assert settle.claim(session, now) is None


def test_the_first_look_starts_the_measuring(session, deployed, measure):
    assert measure(7, "too_early")
    assert deployed.state == "measuring"
    assert history(session, deployed.id)[-1].kind == "measuring"
    assert session.query(Notice).filter_by(event="verdict").count() == 0


@pytest.mark.parametrize(
    ("verdict", "state"),
    [
        ("improved", "improved"),
        ("no_change", "no_effect"),
        ("worse", "worse"),
        ("inconclusive", "inconclusive"),
        ("invalid", "inconclusive"),
    ],
)
def test_a_verdict_moves_the_item_and_tells_its_owner(session, deployed, measure, verdict, state):
    measure(7, "too_early")
    measure(30, verdict)
    assert deployed.state == state
    assert {notice.channel for notice in session.query(Notice).filter_by(event="verdict")} == {"log", "email"}
    assert history(session, deployed.id)[-1].facts["verdict"] == verdict


def test_the_verdict_notice_has_the_interval(session, deployed, measure):
    measure(30, "improved")
    body = session.query(Notice).filter_by(event="verdict", channel="log").one().body
    assert "38 % down (95 % interval: 50 % down to 23 % down)" in body


def test_the_same_measurement_moves_nothing_twice(session, deployed, measure, now):
    measure(30, "improved")
    version, lines = deployed.version, len(history(session, deployed.id))
    assert settle.claim(session, now) is None
    settle.record(session, now, settle.Batch(((deployed.id, deployed.settled_measurement_id),)))
    assert (deployed.version, len(history(session, deployed.id))) == (version, lines)


def test_daily_looks_that_say_the_same_leave_the_version_alone(session, deployed, measure):
    measure(30, "improved")
    version = deployed.version
    for day in (31, 32, 33):
        assert measure(day, "improved")
    assert deployed.version == version
    assert session.query(Notice).filter_by(event="verdict", channel="log").count() == 1


def test_an_improvement_does_not_flap(deployed, measure):
    measure(30, "improved")
    measure(31, "inconclusive")
    measure(32, "too_early")
    assert deployed.state == "improved"


def test_a_relapse_reopens_the_item_with_new_deadlines(session, deployed, measure, now):
    measure(30, "improved")
    measure(90, "improved", relapse=True)
    assert (deployed.state, deployed.rung) == ("reopened", 0)
    assert deployed.deadline_at > now + 90 * DAY
    told = session.query(Notice).filter_by(event="reopened", channel="log").one()
    assert told.body.startswith("Complaints are back")


def test_a_later_verdict_of_no_change_takes_the_improvement_back(deployed, measure):
    measure(30, "improved")
    measure(60, "no_change")
    assert deployed.state == "reopened"


def test_a_relapse_reopens_an_item_that_was_closed_as_improved(session, deployed, measure, mira, now):
    measure(30, "improved")
    close_item(session, now + 31 * DAY, mira, deployed.id, version=deployed.version, note="done")
    measure(40, "inconclusive")
    assert deployed.state == "closed"
    measure(90, "worse", relapse=True)
    assert (deployed.state, deployed.closed_at) == ("reopened", None)


def test_an_item_closed_without_an_improvement_stays_closed(session, deployed, measure, mira, now):
    measure(30, "no_change")
    close_item(session, now + 31 * DAY, mira, deployed.id, version=deployed.version)
    measure(60, "worse")
    assert deployed.state == "closed"


def test_a_relapse_leaves_an_item_closed_when_its_successor_is_open(session, deployed, measure, mira, open_item, now):
    measure(30, "improved")
    close_item(session, now + 31 * DAY, mira, deployed.id, version=deployed.version)
    session.query(Routing).one().superseded_at = now + 80 * DAY
    open_item(now + 80 * DAY)
    measure(90, "improved", relapse=True)
    assert deployed.state == "closed"
    assert session.query(AuditEvent).filter_by(action="relapse_not_reopened").count() == 1
    assert not measure(90 + 1, "improved", relapse=True) or deployed.state == "closed"


def test_a_new_plan_is_not_judged_by_the_old_measurements(session, deployed, measure, mira, now):
    measure(30, "no_change")
    later = now + 31 * DAY
    plan_change(session, later, mira, deployed.id, version=deployed.version, plan=Plan("Another way", None, 0.3))
    old = changes_of(session, deployed.id)[0]
    session.add(
        Measurement(
            change_id=old.id,
            day=date(2026, 12, 1),
            verdict="improved",
            reasons=[],
            case={},
            result={},
            method="test",
            measured_at=later,
        )
    )
    session.flush()
    assert settle.claim(session, later) is None
    assert deployed.state == "change_planned"


def test_after_a_relapse_only_the_owner_moves_the_item_on(session, deployed, measure, mira, now):
    measure(30, "improved")
    measure(90, "improved", relapse=True)
    measure(91, "improved")
    assert deployed.state == "reopened"
    acknowledge_item(session, now + 92 * DAY, mira, deployed.id, version=deployed.version)
    measure(93, "worse", relapse=True)
    assert deployed.state == "acknowledged"


def test_a_verified_change_is_told_so_that_its_customers_can_be(session, deployed, measure):
    measure(7, "too_early")
    assert [event.type for event in session.scalars(select(Event)) if event.type.startswith("voc.change")] == []
    measure(30, "improved")
    change = changes_of(session, deployed.id)[-1]
    event = session.scalars(select(Event).where(Event.type == "voc.change.fixed.v1")).one()
    assert event.subject == f"change:{change.id}"
    assert event.facts["customers"] == f"/v1/changes/{change.id}/customers"
