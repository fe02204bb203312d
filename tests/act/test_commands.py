"""What owners do with their items."""

from datetime import date, timedelta

import pytest

from app.act.aside import decline_item, mark_duplicate, reopen_item, resume_item, snooze_item
from app.act.handing import Handover, comment_item, reassign_item
from app.act.progress import acknowledge_item, close_item, mark_deployed, plan_change
from app.domain.changes import Plan, Rollout
from app.errors import AppError, Kind
from app.store.act_tables import Change, Notice
from app.store.items import changes_of, history
from app.store.tables import AuditEvent, Owner, Routing

PLAN = Plan("Refund at once when the parcel is scanned", date(2026, 9, 21), 0.3)


def planned(session, now, actor, item):
    return plan_change(session, now, actor, item.id, version=item.version, plan=PLAN)


def refusal(code):
    return pytest.raises(AppError, check=lambda error: error.code == code)


def test_acknowledging_moves_the_item_and_leaves_a_trace(session, item, mira, now):
    acknowledge_item(session, now, mira, item.id, version=1)
    assert (item.state, item.version, item.acknowledged_at, item.updated_at) == ("acknowledged", 2, now, now)
    line = history(session, item.id)[-1]
    assert (line.kind, line.actor, line.from_state, line.to_state) == (
        "acknowledged",
        "key:mira",
        "new",
        "acknowledged",
    )
    assert session.query(AuditEvent).filter_by(action="item_acknowledged").one().actor == "key:mira"


def test_other_owners_get_not_found(session, item, jonas, now):
    with refusal("item_not_found") as caught:
        acknowledge_item(session, now, jonas, item.id, version=1)
    assert caught.value.kind is Kind.NOT_FOUND
    assert item.state == "new"


def test_somebody_who_owns_nothing_gets_not_found(session, item, mira, now):
    nobody = type(mira)("key:crm", mira.scopes)
    with refusal("item_not_found"):
        acknowledge_item(session, now, nobody, item.id, version=1)


def test_an_analyst_may_act_for_every_owner(session, item, analyst, now):
    assert acknowledge_item(session, now, analyst, item.id, version=1).state == "acknowledged"


def test_a_stale_version_says_who_was_faster_and_when(session, item, mira, analyst, now):
    acknowledge_item(session, now, analyst, item.id, version=1)
    with refusal("stale_version") as caught:
        plan_change(session, now, mira, item.id, version=1, plan=PLAN)
    assert caught.value.kind is Kind.CONFLICT
    assert caught.value.message.startswith("Changed by key:analyst at 2026-09-16 09:00 UTC")
    assert caught.value.facts["version"] == 2
    assert session.query(Change).count() == 0


def test_an_impossible_action_says_what_is_possible(session, item, mira, now):
    with refusal("action_not_possible") as caught:
        close_item(session, now, mira, item.id, version=1)
    assert "acknowledge" in caught.value.facts["possible"]
    assert "close" not in caught.value.facts["possible"]


def test_planning_writes_the_target_down_before_the_result(session, item, mira, now):
    planned(session, now, mira, item)
    change = changes_of(session, item.id)[0]
    assert item.state == "change_planned"
    assert (change.target_reduction, change.margin, change.planned_at) == (0.3, 0.2, now)
    assert (change.trigger_from, change.trigger_to) == (date(2026, 8, 20), date(2026, 9, 16))
    assert (change.theme_id, change.process_id, change.step_id) == (item.theme_id, item.process_id, item.step_id)
    assert (change.rollout_from, change.deployed_at) == (None, None)
    assert item.acknowledged_at == now


def test_planning_again_withdraws_the_plan_before(session, item, mira, now):
    planned(session, now, mira, item)
    planned(session, now + timedelta(days=1), mira, item)
    first, second = changes_of(session, item.id)
    assert first.withdrawn_at == now + timedelta(days=1)
    assert second.withdrawn_at is None


@pytest.mark.parametrize(
    ("plan", "code"),
    [
        (Plan(" ", None, 0.3), "text_missing"),
        (Plan("x" * 4001, None, 0.3), "text_unusable"),
        (Plan("null\x00", None, 0.3), "text_unusable"),
        (Plan("more staff", None, 0), "bad_target"),
        (Plan("more staff", None, float("nan")), "bad_target"),
        (Plan("more staff", None, 1.01), "bad_target"),
        (Plan("more staff", None, 0.3, 1), "bad_margin"),
        (Plan("more staff", date(2026, 9, 15), 0.3), "bad_planned_date"),
        (Plan("more staff", date(2029, 9, 15), 0.3), "bad_planned_date"),
    ],
)
def test_a_plan_that_cannot_be_judged_is_refused(session, item, mira, now, plan, code):
    with refusal(code):
        plan_change(session, now, mira, item.id, version=1, plan=plan)
    assert item.state == "new"
    assert session.query(Change).count() == 0


def test_deploying_stores_the_rollout_window(session, item, mira, now):
    planned(session, now, mira, item)
    later = now + timedelta(days=6)
    window = Rollout(date(2026, 9, 21), date(2026, 9, 24))
    mark_deployed(session, later, mira, item.id, version=2, rollout=window)
    change = changes_of(session, item.id)[0]
    assert item.state == "deployed"
    assert (change.rollout_from, change.rollout_to, change.deployed_at) == (window.start, window.end, later)


@pytest.mark.parametrize(
    "case",
    [
        (Rollout(date(2026, 9, 15)), 0, "rollout_before_plan"),
        (Rollout(date(2026, 9, 1), date(2026, 10, 20)), 40, "rollout_before_plan"),
        (Rollout(date(2026, 9, 18)), 0, "rollout_in_future"),
        (Rollout(date(2026, 9, 16)), 8, "recorded_late"),
        (Rollout(date(2026, 9, 16), date(2026, 9, 17)), 10, "recorded_late"),
        (Rollout(date(2026, 9, 16), date(2026, 9, 15)), 0, "bad_rollout"),
    ],
)
def test_a_rollout_cannot_be_chosen_after_its_result_was_seen(session, item, mira, now, case):
    rollout, days_later, code = case
    planned(session, now, mira, item)
    with refusal(code):
        mark_deployed(session, now + timedelta(days=days_later), mira, item.id, version=2, rollout=rollout)
    assert item.state == "change_planned"


def test_who_records_late_may_say_that_the_days_already_seen_do_not_count(session, item, mira, now):
    planned(session, now, mira, item)
    with refusal("recorded_late") as caught:
        mark_deployed(session, now + timedelta(days=30), mira, item.id, version=2, rollout=Rollout(date(2026, 9, 16)))
    assert "until 2026-10-15" in caught.value.message
    window = Rollout(date(2026, 9, 16), date(2026, 10, 15))
    mark_deployed(session, now + timedelta(days=30), mira, item.id, version=2, rollout=window)
    assert item.state == "deployed"


def test_declining_needs_a_reason_and_ends_the_item(session, item, mira, now):
    with refusal("text_missing"):
        decline_item(session, now, mira, item.id, version=1, reason="  ")
    decline_item(session, now, mira, item.id, version=1, reason="The law asks for it")
    assert (item.state, item.reason, item.closed_at) == ("declined", "The law asks for it", now)


def test_declining_withdraws_the_planned_change(session, item, mira, now):
    planned(session, now, mira, item)
    decline_item(session, now, mira, item.id, version=2, reason="No money")
    assert changes_of(session, item.id)[0].withdrawn_at == now


def test_handing_over_keeps_the_clock_and_tells_the_new_owner(session, item, mira, jonas, company, now):
    before = (item.goal_at, item.deadline_at, item.ladder, item.rung, item.state)
    later = now + timedelta(days=3)
    reassign_item(session, later, mira, item.id, version=1, to=Handover(company.jonas, "He runs the refund desk"))
    assert (item.goal_at, item.deadline_at, item.ladder, item.rung, item.state) == before
    assert item.owner_id == company.jonas
    told = session.query(Notice).filter_by(owner_id=company.jonas).one()
    assert (told.event, told.channel) == ("assigned", "log")
    assert "Mira Kaya handed this item to you" in told.body
    with refusal("item_not_found"):
        acknowledge_item(session, later, mira, item.id, version=2)
    acknowledge_item(session, later, jonas, item.id, version=2)


def test_an_item_cannot_be_handed_to_nobody(session, item, mira, company, now):
    session.get(Owner, company.jonas).active = False
    for owner_id, code in (
        (99_999, "owner_not_found"),
        (company.jonas, "owner_not_found"),
        (company.mira, "same_owner"),
    ):
        with refusal(code):
            reassign_item(session, now, mira, item.id, version=1, to=Handover(owner_id, "because"))


def test_a_snoozed_item_comes_back_to_where_it_was(session, item, mira, now):
    planned(session, now, mira, item)
    snooze_item(session, now, mira, item.id, version=2, until=now + timedelta(days=7))
    assert (item.state, item.snoozed_until) == ("snoozed", now + timedelta(days=7))
    resume_item(session, now, mira, item.id, version=3)
    assert (item.state, item.snoozed_until) == ("change_planned", None)


@pytest.mark.parametrize("ahead", [timedelta(0), timedelta(days=-1), timedelta(days=93)])
def test_a_snooze_ends_in_the_near_future(session, item, mira, now, ahead):
    with refusal("bad_snooze"):
        snooze_item(session, now, mira, item.id, version=1, until=now + ahead)


def test_a_comment_overwrites_nothing(session, item, mira, now):
    later = now + timedelta(hours=1)
    comment_item(session, later, mira, item.id, text="Asked the bank")
    assert (item.version, item.updated_at) == (1, later)
    assert history(session, item.id)[-1].text == "Asked the bank"
    acknowledge_item(session, later, mira, item.id, version=1)


def test_texts_stay_out_of_the_audit(session, item, mira, now):
    comment_item(session, now, mira, item.id, text="Mrs Smith rang me up")
    decline_item(session, now, mira, item.id, version=1, reason="Mrs Smith was wrong")
    assert not any("Smith" in str(event.facts) for event in session.query(AuditEvent))


def test_a_duplicate_names_an_item_that_stays(session, item, mira, open_item, add_theme, now):
    other = open_item(now, theme_id=add_theme("money back is late").id)
    with refusal("bad_duplicate"):
        mark_duplicate(session, now, mira, other.id, version=1, of_id=other.id)
    with refusal("item_not_found"):
        mark_duplicate(session, now, mira, other.id, version=1, of_id=99_999)
    mark_duplicate(session, now, mira, other.id, version=1, of_id=item.id)
    assert (other.state, other.duplicate_of_id, other.closed_at) == ("duplicate", item.id, now)


def test_reopening_gives_the_same_working_time_again(session, item, mira, now):
    decline_item(session, now, mira, item.id, version=1, reason="no")
    later = now + timedelta(days=30)  # Friday 16 October 2026
    reopen_item(session, later, mira, item.id, version=2, reason="It grew")
    assert (item.state, item.closed_at, item.reason, item.rung) == ("reopened", None, None, 0)
    assert item.deadline_at.isoformat() == "2026-10-23T15:00:00+00:00"  # five working days later, 17:00 in Berlin
    assert item.ladder[0]["at"] == "2026-10-26T12:00:00+00:00"  # four working hours after that, Monday 13:00 in Berlin
    assert session.query(Notice).filter_by(event="reopened", channel="log").one().body.startswith("It grew")


def test_an_item_stays_closed_while_another_one_for_its_theme_is_open(session, item, mira, open_item, now):
    decline_item(session, now, mira, item.id, version=1, reason="no")
    session.query(Routing).one().superseded_at = now
    open_item(now + timedelta(days=1))
    with refusal("already_open"):
        reopen_item(session, now + timedelta(days=2), mira, item.id, version=2, reason="again")
    assert item.state == "declined"
