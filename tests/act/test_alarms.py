"""Owners hear of an alert when it opens and when it doubles, once."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.act import alarms
from app.store.act_tables import Notice
from app.store.alert_tables import Alert, AlertEvent, AlertTelling
from app.store.event_tables import Event
from app.store.tables import Ownership
from app.store.theme_tables import Theme


@pytest.fixture
def add_alert(session, company, now):
    """An alert on the company's theme, with the events that are named."""

    def add(*kinds, acknowledged=False, state="open"):
        day = now.date() - timedelta(days=1)
        alert = Alert(
            theme_id=company.theme, kind="excess", state=state, opened_at=now, opened_on=day, excess_from=day,
            last_day=day, observed=21, expected=3.4, expected_low=1, expected_high=8, peak_day=day, peak=21,
            told_pace=17.6, evidence=12.0, threshold=7.2, budget=1.0, themes=8, series=[], updated_at=now,
            acknowledged_at=now if acknowledged else None,
        )  # fmt: skip
        session.add(alert)
        session.flush()
        for kind in kinds:
            session.add(AlertEvent(alert_id=alert.id, kind=kind, actor="station:alert", facts={}, at=now))
        session.flush()
        return alert

    return add


def _notices(session):
    return session.scalars(select(Notice).where(Notice.event == "alert").order_by(Notice.id)).all()


def test_the_owner_of_the_open_item_is_told_of_its_themes_alert_once(session, company, item, add_alert, run, now):
    add_alert("opened")
    assert run(alarms, now)
    assert not run(alarms, now)
    notices = _notices(session)
    assert {notice.owner_id for notice in notices} == {company.mira}
    assert {notice.item_id for notice in notices} == {item.id}
    assert {notice.channel for notice in notices} == {"log", "email"}
    assert 'More complaints than expected: "refund takes weeks"' in notices[0].subject
    assert "21 people complained; 3.4 were expected (1 to 8)" in notices[0].body


def test_without_an_item_whoever_owns_the_step_is_told(session, company, add_alert, run, now):
    session.add(Ownership(process_id=company.process, step_id=company.step, owner_id=company.jonas))
    alert = add_alert("opened")
    assert run(alarms, now)
    assert {notice.owner_id for notice in _notices(session)} == {company.jonas}
    assert session.scalars(select(AlertTelling.owner_id)).all() == [company.jonas]
    assert f"Alert {alert.id}" in _notices(session)[0].body


def test_other_systems_are_told_with_counts_and_no_names(session, company, item, add_alert, run, now):
    alert = add_alert("opened", "ended")
    assert run(alarms, now)
    (event,) = session.scalars(select(Event).where(Event.type == "voc.theme.alert.v1"))
    assert event.subject == f"alert:{alert.id}"
    day = (now.date() - timedelta(days=1)).isoformat()
    assert event.facts == {
        "alert_id": alert.id,
        "event": "opened",
        "theme_id": company.theme,
        "item_id": item.id,
        "kind": "excess",
        "observed": 21,
        "expected": 3.4,
        "excess_from": day,
        "last_day": day,
    }


def test_growing_is_told_and_other_days_are_not(session, item, add_alert, run, now):
    add_alert("opened", "grew", "ended")
    run(alarms, now)
    assert [n.subject.partition(":")[0] for n in _notices(session) if n.channel == "log"] == [
        "More complaints than expected",
        "The excess of complaints has doubled",
    ]


@pytest.mark.parametrize("alert", [{"acknowledged": True}, {"state": "ended"}, {"state": "explained"}])
def test_nobody_is_told_of_what_was_seen_is_over_or_is_explained(item, add_alert, run, now, alert):
    add_alert("opened", **alert)
    assert not run(alarms, now)


def test_what_could_not_be_told_for_days_is_old_news(item, add_alert, run, now):
    add_alert("opened")
    assert not run(alarms, now + timedelta(days=4))


def test_two_workers_tell_it_once(session, item, add_alert, now):
    add_alert("opened")
    batches = [alarms.claim(session, now) for _ in range(2)]
    for batch in batches:
        alarms.record(session, now, alarms.work(batch, None))
    assert len(_notices(session)) == 2


def test_a_name_full_of_line_breaks_stays_on_one_line(session, company, item, add_alert, run, now):
    session.get(Theme, company.theme).name = "refund\r\nBcc: everybody@mail.example" + "x" * 300
    add_alert("opened")
    run(alarms, now)
    assert all("\n" not in notice.subject and len(notice.subject) < 160 for notice in _notices(session))
