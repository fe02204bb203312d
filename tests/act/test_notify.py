"""The outbox: every notice gets out once, or waits with a reason."""

from datetime import timedelta

import pytest

from app.access.links import NO_DIGESTS, open_link, sign_link
from app.act import gather, notify
from app.act.choosing import choose_channels, choose_digests
from app.channels.contract import ChannelError
from app.domain.actor import OPERATOR
from app.errors import AppError
from app.store.act_tables import Notice
from app.store.tables import Calendar, Owner

MINUTE = timedelta(minutes=1)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Channel:
    """A channel that keeps what it was given, or refuses it."""

    def __init__(self, error=None):
        self.error = error
        self.got = []

    def __call__(self, message):
        if self.error is not None:
            raise self.error
        self.got.append(message)


class Tools:
    secret_key = "a secret for tests that is long enough"

    def __init__(self, **senders):
        self.senders = senders


@pytest.fixture
def notices(session, item, run, now):
    """The two notices of the item that was assigned, by channel."""
    run(gather, now)
    return {notice.channel: notice for notice in session.query(Notice)}


def test_each_channel_gets_its_notice_once(notices, run, now):
    log, mail = Channel(), Channel()
    assert run(notify, now, Tools(log=log, email=mail))
    assert not run(notify, now, Tools(log=log, email=mail))
    assert [message.owner for message in log.got] == ["mira"]
    assert [message.address for message in mail.got] == ["mira@mail.example"]
    assert {(notice.state, notice.sent_at) for notice in notices.values()} == {("sent", now)}


def test_a_channel_that_is_not_set_up_is_skipped(notices, run, now):
    run(notify, now, Tools(log=Channel()))
    assert (notices["log"].state, notices["email"].state) == ("sent", "skipped")
    assert not run(notify, now + 30 * MINUTE, Tools(log=Channel(), email=Channel()))


def test_a_failed_notice_is_tried_again_later_and_later(session, notices, run, now):
    session.query(Calendar).one().week = {day: [["00:00", "24:00"]] for day in DAYS}
    down = Tools(log=Channel(), email=Channel(ChannelError("the mail server cannot be reached (TimeoutError)")))
    run(notify, now, down)
    assert (notices["log"].state, notices["email"].state) == ("sent", "pending")
    waits = []
    for _ in range(20):
        if notices["email"].state != "pending":
            break
        due = notices["email"].leased_until
        assert not run(notify, due - MINUTE / 2, down)
        waits.append(due)
        run(notify, due, down)
    gaps = [int((later - earlier) / MINUTE) for earlier, later in zip([now, *waits], waits, strict=False)]
    assert gaps == [1, 5, 30, 120, 360, 720]
    assert (notices["email"].state, notices["email"].attempts) == ("parked", 7)
    assert notices["email"].last_error == "the mail server cannot be reached (TimeoutError)"


def test_a_failed_notice_is_not_tried_again_at_night(notices, run, now):
    evening = now + timedelta(hours=5, minutes=55)  # five minutes before closing
    down = Tools(log=Channel(), email=Channel(ChannelError("down")))
    for minutes in (0, 1):
        run(notify, evening + minutes * MINUTE, down)
    assert not run(notify, evening + 10 * MINUTE, down)
    mail = Channel()
    assert run(notify, now.replace(hour=7) + timedelta(days=1), Tools(log=Channel(), email=mail))
    assert len(mail.got) == 1


def test_a_permanent_refusal_is_parked_at_once(notices, run, now):
    refused = Channel(ChannelError("the mail server refused the recipient (550)", permanent=True))
    run(notify, now, Tools(log=Channel(), email=refused))
    assert (notices["email"].state, notices["email"].last_error) == (
        "parked",
        "the mail server refused the recipient (550)",
    )


def test_a_lease_is_respected_until_it_ends(session, notices, now):
    assert len(notify.claim(session, now).notices) == 2
    assert notify.claim(session, now + 9 * MINUTE) is None
    assert len(notify.claim(session, now + 10 * MINUTE).notices) == 2


def test_a_worker_that_lost_its_lease_records_nothing(session, notices, run, now):
    slow = notify.claim(session, now)
    late = now + 11 * MINUTE
    run(notify, late, Tools(log=Channel(), email=Channel()))
    notify.record(session, late, notify.work(slow, Tools(log=Channel(ChannelError("slow")), email=Channel())))
    assert {notice.state for notice in notices.values()} == {"sent"}


def test_a_notice_that_was_tried_twice_is_taken_alone(session, notices, now):
    notices["log"].attempts = notices["email"].attempts = 2
    assert len(notify.claim(session, now).notices) == 1
    assert len(notify.claim(session, now).notices) == 1
    assert notify.claim(session, now) is None


def test_a_notice_that_kills_its_worker_is_parked_in_the_end(session, notices, now):
    for _ in range(20):
        now += 11 * MINUTE
        if notify.claim(session, now) is None:
            break
    session.expire_all()
    assert {notice.state for notice in notices.values()} == {"parked"}
    assert notices["log"].last_error == "the worker died while sending it"


def test_released_notices_are_due_again_after_a_while(session, notices, now):
    batch = notify.claim(session, now)
    notify.release(session, now, batch, "KeyError")
    session.expire_all()
    assert notices["log"].last_error == "KeyError"
    assert notify.claim(session, now) is None
    assert notify.claim(session, now + MINUTE) is not None


def test_an_owner_is_told_by_the_channels_that_were_chosen(session, company, open_item, run, now):
    mira = session.get_one(Owner, company.mira)
    choose_channels(session, now, OPERATOR, mira, ["slack", "teams"])
    open_item(now)
    assert {notice.channel for notice in session.query(Notice)} == {"log", "slack", "teams"}
    with pytest.raises(AppError, check=lambda error: error.code == "unknown_channel"):
        choose_channels(session, now, OPERATOR, mira, ["webhook"])


def test_a_pause_that_the_receiver_asks_for_is_kept(notices, run, now):
    busy = ChannelError("the receiver answered 429", status=429, retry_after=timedelta(hours=2))
    run(notify, now, Tools(log=Channel(), email=Channel(busy)))
    assert notices["email"].leased_until == now + timedelta(hours=2)


def test_a_digest_has_a_link_that_ends_digests_and_nothing_else_has(session, notices, run, now):
    notices["email"].event = "digest"
    log, mail = Channel(), Channel()
    run(notify, now, Tools(log=log, email=mail))
    (digest,) = mail.got
    token = digest.unsubscribe.removeprefix("/a/")
    assert open_link(Tools.secret_key, NO_DIGESTS, token) == "mira"
    assert log.got[0].unsubscribe is None
    for wrong in (token[:-2] + "AA", "x", "", f"{sign_link(Tools.secret_key, 'something else', 'mira')}"):
        with pytest.raises(AppError, check=lambda error: error.code == "bad_link"):
            open_link(Tools.secret_key, NO_DIGESTS, wrong)


def test_whoever_wants_no_digests_gets_none_but_is_told_the_rest(session, company, notices, run, now):
    notices["email"].event = "digest"
    choose_digests(session, now, OPERATOR, session.get_one(Owner, company.mira), wanted=False)
    mail, log = Channel(), Channel()
    run(notify, now, Tools(log=log, email=mail))
    session.expire_all()
    assert (len(log.got), mail.got, notices["email"].state) == (1, [], "withdrawn")
