"""A routing becomes one action item."""

from datetime import timedelta

from app.act import open as opening
from app.store.act_tables import ActionItem, ItemEvent, Notice
from app.store.tables import AuditEvent, Process, ProcessStep


def test_a_routing_opens_an_item_with_its_deadlines_and_ladder(session, company, run, add_routing, now):
    routing = add_routing(now)
    assert run(opening, now)
    item = session.query(ActionItem).one()
    assert (item.owner_id, item.state, item.version) == (company.mira, "new", 1)
    assert (item.goal_at, item.deadline_at, item.ladder) == (routing.goal_at, routing.deadline_at, routing.ladder)
    assert item.title == 'Customers complain about "refund takes weeks" at the step Refund of Returns'
    assert session.query(ItemEvent).one().kind == "opened"
    assert session.query(AuditEvent).one().subject == f"action_item:{item.id}"


def test_running_twice_opens_nothing_more(session, add_routing, now):
    add_routing(now)
    batch = opening.claim(session, now)
    outcome = opening.work(batch, None)
    opening.record(session, now, outcome)
    opening.record(session, now, outcome)
    assert opening.claim(session, now) is None
    assert session.query(ActionItem).count() == 1
    assert session.query(Notice).count() == 2


def test_the_owner_is_told_by_log_and_by_mail_and_why(session, company, run, add_routing, now):
    add_routing(now)
    run(opening, now)
    notices = session.query(Notice).order_by(Notice.channel).all()
    assert [(notice.channel, notice.event, notice.owner_id) for notice in notices] == [
        ("email", "assigned", company.mira),
        ("log", "assigned", company.mira),
    ]
    assert "Mira Kaya owns the step" in notices[0].body
    assert "Mon 21 Sep 2026, 11:00 (Europe/Berlin)" in notices[0].body


def test_one_open_item_per_theme_and_process(session, run, add_routing, now):
    first = add_routing(now)
    run(opening, now)
    first.superseded_at = now
    add_routing(now + timedelta(days=1))
    assert not run(opening, now + timedelta(days=1))


def test_the_same_theme_opens_one_item_for_each_process(session, run, add_routing, now):
    other = Process(key="delivery", name="Delivery")
    session.add(other)
    session.flush()
    add_routing(now)
    add_routing(now, process_id=other.id, step_id=None)
    run(opening, now)
    assert {item.title for item in session.query(ActionItem)} == {
        'Customers complain about "refund takes weeks" at the step Refund of Returns',
        'Customers complain about "refund takes weeks" in Delivery',
    }


def test_a_theme_without_a_process_has_one_open_item_too(session, run, add_routing, now):
    first = add_routing(now, process_id=None, step_id=None)
    run(opening, now)
    first.superseded_at = now
    add_routing(now, process_id=None, step_id=None)
    assert not run(opening, now)


def test_a_decision_from_before_the_last_closing_is_used_up(session, run, add_routing, now):
    first = add_routing(now)
    run(opening, now)
    first.superseded_at = now
    add_routing(now + timedelta(days=1))
    session.query(ActionItem).one().closed_at = now + timedelta(days=2)
    assert not run(opening, now + timedelta(days=2))


def test_a_decision_after_the_last_closing_opens_a_new_item(session, run, add_routing, now):
    first = add_routing(now)
    run(opening, now)
    session.query(ActionItem).one().closed_at = now
    first.superseded_at = now
    add_routing(now + timedelta(days=40))
    assert run(opening, now + timedelta(days=40))
    assert session.query(ActionItem).count() == 2


def test_a_title_stays_on_one_short_line_whatever_the_names_are(session, company, run, add_routing, add_theme, now):
    theme = add_theme("late\r\nBcc: all@mail.example " + "x" * 400)
    session.get(ProcessStep, company.step).name = "Refund " * 40
    add_routing(now, theme_id=theme.id)
    run(opening, now)
    title = session.query(ActionItem).one().title
    assert len(title) <= 200
    assert "\n" not in title
    assert "\r" not in title
