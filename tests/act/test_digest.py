"""On Monday at eight: what needs its reader, and what has changed; nothing where nothing has."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.act import digest, escalate, gather
from app.act.aside import decline_item, snooze_item
from app.act.preferring import choose_notices
from app.act.progress import plan_change
from app.domain.calendar import Calendar
from app.domain.changes import Plan
from app.domain.telling import Occasion, Preferences, Rhythm, When, digest_day
from app.errors import AppError
from app.store.act_tables import Digest, ItemEvent, Notice
from app.store.preferences import preferences_of
from app.store.tables import Owner

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = Calendar("office", "Europe/Berlin", (*((((540, 1020),),) * 5), (), ()), {date(2026, 9, 21): "closed"})
DAY = timedelta(days=1)
MONDAY = datetime(2026, 9, 21, 6, 0, tzinfo=UTC)  # 08:00 in Berlin


def nobody_is_away(_instant):
    return False


@pytest.fixture
def digests(session):
    """The digests in the outbox for mail: receiver, subject."""

    def made():
        names = {owner.id: owner.key for owner in session.query(Owner)}
        rows = session.query(Notice).filter_by(event="digest", channel="email").order_by(Notice.id)
        return [(names[row.owner_id], row.subject) for row in rows]

    return made


@pytest.mark.parametrize(
    ("rhythm", "local", "day"),
    [
        (Rhythm.WEEKLY, (2026, 9, 14, 7, 59), None),
        (Rhythm.WEEKLY, (2026, 9, 14, 8, 0), date(2026, 9, 14)),
        (Rhythm.WEEKLY, (2026, 9, 14, 23, 0), date(2026, 9, 14)),
        (Rhythm.WEEKLY, (2026, 9, 15, 9, 0), None),
        (Rhythm.WEEKLY, (2026, 9, 21, 9, 0), None),  # a Monday that is closed
        (Rhythm.WEEKLY, (2026, 9, 22, 8, 0), date(2026, 9, 22)),
        (Rhythm.DAILY, (2026, 9, 17, 8, 0), date(2026, 9, 17)),
        (Rhythm.DAILY, (2026, 9, 19, 8, 0), None),
        (Rhythm.NONE, (2026, 9, 14, 8, 0), None),
    ],
)
def test_a_digest_comes_on_the_first_working_day_of_the_week(rhythm, local, day):
    assert digest_day(OFFICE, rhythm, datetime(*local, tzinfo=BERLIN), nobody_is_away) == day


def test_who_is_away_on_monday_gets_it_when_they_are_back():
    def away(at):
        return at.astimezone(BERLIN).date() < date(2026, 9, 16)

    days = [
        digest_day(OFFICE, Rhythm.WEEKLY, datetime(2026, 9, day, 8, tzinfo=BERLIN), away) for day in (14, 15, 16, 17)
    ]
    assert days == [None, None, date(2026, 9, 16), None]


def test_a_digest_names_what_needs_its_reader(session, item, run, digests):
    assert not run(digest, MONDAY - timedelta(minutes=1))
    assert run(digest, MONDAY)
    assert digests() == [("mira", "Your week: 1 to answer")]
    row = session.query(Notice).filter_by(event="digest", channel="email").one()
    assert "refund takes weeks" in row.body
    assert row.parts[0]["item_id"] == item.id
    assert {made.owner_id: made.empty for made in session.query(Digest)}[item.owner_id] is False


def test_a_digest_is_made_once(session, item, run, digests, now):
    outcome = digest.work(digest.claim(session, MONDAY), None)
    digest.record(session, MONDAY, outcome)
    digest.record(session, MONDAY, outcome)
    assert not run(digest, MONDAY + timedelta(hours=2))
    assert len(digests()) == 1


def test_an_empty_digest_is_not_sent(session, item, mira, run, digests, now):
    decline_item(session, now, mira, item.id, version=1, reason="no")
    assert run(digest, MONDAY)
    assert digests() == []
    assert not run(digest, MONDAY)


def test_a_digest_tells_verdicts_overdue_items_and_what_others_closed(session, company, open_item, add_theme, run, now):
    judged = open_item(now)
    late = open_item(now, theme_id=add_theme("wrong bill").id, deadline_at=now + DAY)
    theirs = open_item(now, theme_id=add_theme("no answer").id, owner_id=company.clara)
    facts = {"verdict": "improved", "rate_ratio": 0.6, "ci_low": 0.5, "ci_high": 0.7}
    judged.state, theirs.state, theirs.closed_at = "improved", "closed", now
    for one, kind, state in ((judged, "verdict", "improved"), (theirs, "closed", "closed")):
        session.add(ItemEvent(item_id=one.id, at=now + DAY, actor="x", kind=kind, to_state=state, facts=facts))
    run(digest, MONDAY)
    row = session.query(Notice).filter_by(event="digest", channel="email", owner_id=company.mira).one()
    assert row.subject == "Your week: 1 to answer, 1 overdue, 1 verdict"
    sections = [(part["section"], part["item_id"]) for part in row.parts]
    assert sections == [
        ("Needs you", late.id),
        ("Verdicts since the last digest", judged.id),
        ("What others closed", None),
    ]
    assert "complaints fell. 40 % down (95 % interval: 50 % down to 30 % down)" in row.body
    assert "Clara Otto: " in row.body


def test_what_is_kept_for_the_digest_goes_out_with_it(session, item, mira, company, run, now):
    snooze_item(session, now, mira, item.id, version=1, until=now + DAY)
    run(escalate, now + DAY)
    kept = session.query(Notice).filter_by(event="resumed", channel="email").one()
    assert kept.state == "digest"
    assert not run(gather, now + 2 * DAY) or kept.state == "digest"
    run(digest, MONDAY)
    session.expire_all()
    message = session.query(Notice).filter_by(event="digest", channel="email").one()
    assert (kept.state, kept.coalesced_into_id) == ("merged", message.id)
    assert ("Also", item.id) in [(part["section"], part["item_id"]) for part in message.parts]


def test_what_waits_comes_a_quarter_of_an_hour_after_the_digest(session, item, run, open_item, add_theme):
    opening_hour = MONDAY + timedelta(hours=1)
    run(gather, item.opened_at)
    open_item(MONDAY - DAY, theme_id=add_theme("wrong bill").id)
    run(digest, opening_hour)
    assert not run(gather, opening_hour + timedelta(minutes=14))
    assert run(gather, opening_hour + timedelta(minutes=15))


def test_an_owner_who_wants_no_digest_still_hears_of_their_work(session, item, mira, run, digests, now):
    events = {Occasion.ASSIGNED: When.DIGEST, Occasion.VERDICT: When.DIGEST}
    choose_notices(session, now, mira, item.owner_id, Preferences(events))
    assert Preferences(events).when("assigned") is When.DIGEST
    choose_notices(session, now, mira, item.owner_id, Preferences(events, Rhythm.NONE))
    chosen = preferences_of(session, item.owner_id)
    assert [chosen.when(event) for event in ("assigned", "verdict", "overdue")] == [
        When.IMMEDIATE,
        When.NONE,
        When.IMMEDIATE,
    ]
    run(digest, MONDAY)
    assert digests() == []


def test_a_notice_is_put_as_its_owner_chose(session, mira, open_item, add_theme, now):
    for chosen, state in ((When.IMMEDIATE, "waiting"), (When.DIGEST, "digest")):
        choose_notices(session, now, mira, mira.owner_id, Preferences({Occasion.ASSIGNED: chosen}))
        item = open_item(now, theme_id=add_theme(f"told {chosen}").id)
        assert {row.state for row in session.query(Notice).filter_by(item_id=item.id)} == {state}


def test_nobody_can_choose_to_miss_their_work(session, company, mira, now):
    with pytest.raises(AppError) as refused:
        choose_notices(session, now, mira, company.mira, Preferences({Occasion.ESCALATED: When.NONE}))
    assert refused.value.code == "cannot_be_missed"


def test_a_planned_change_leaves_the_digest(session, item, mira, run, digests, now):
    plan_change(session, now, mira, item.id, version=1, plan=Plan("Pay at once", None, 0.3))
    run(digest, MONDAY)
    assert digests() == []
