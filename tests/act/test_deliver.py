"""Subscriptions: each event reaches each endpoint once and in order, and no endpoint waits for another."""

import json
from dataclasses import dataclass
from datetime import timedelta

import pytest
import standardwebhooks
from sqlalchemy import select

from app.access.sealing import OF_SUBSCRIPTIONS, seal_secrets
from app.act import subscribe
from app.act.deliver import FAST_LANE, LEASE, SLOW_LANE
from app.act.happenings import tell
from app.channels.contract import open_endpoint
from app.domain.actor import OPERATOR
from app.domain.happenings import Happening
from app.domain.quoting import Verbatims
from app.domain.retrying import LONGEST_WAIT, MAX_ATTEMPTS, SCHEDULE, wait_after
from app.outbound.guard import Guard
from app.outbound.networks import read_networks
from app.settings import Settings
from app.store.subscription_tables import Dispatch, Subscription

KEY = "a secret for tests that is long enough"
SECOND = timedelta(seconds=1)
HERE = Guard(read_networks("127.0.0.0/8"))


@dataclass
class Tools:
    """As the runtime's, with this machine opened."""

    secret_key: str = KEY
    guard: Guard = HERE

    def open_endpoint(self, kind, endpoint):
        return open_endpoint(Settings(public_url="https://cl.example"), kind, endpoint)


@pytest.fixture
def add(session, now):
    """Subscribes an address that is known to answer at once; gives the row and its secret."""

    def subscribed(url, **values):
        new = subscribe.NewSubscription(**({"name": "CRM", "kind": "webhook", "url": url} | values))
        row, secret = subscribe.create_subscription(session, now, OPERATOR, new, KEY)
        row.slow = False
        session.flush()
        return row, secret

    return subscribed


@pytest.fixture
def happen(session, now):
    """Tells of events with these numbers."""

    def told(*numbers, type=Happening.CLOSED, **facts):  # noqa: A002 - CloudEvents' word
        for number in numbers:
            tell(session, now, type, f"action_item:{number}", number=number, **facts)

    return told


@pytest.fixture
def send(session, now):
    """Runs both lanes at an instant until nothing is due; gives how many batches there were."""

    def until_quiet(at=now, tools=None):
        batches = 0
        for lane in (FAST_LANE, SLOW_LANE, FAST_LANE):
            while (batch := lane.claim(session, at)) is not None:
                lane.record(session, at, lane.work(batch, tools or Tools()))
                session.flush()
                batches += 1
        return batches

    return until_quiet


def numbers_of(receiver):
    return [json.loads(body)["data"].get("number") for _, _, body in receiver.got]


def ids_of(receiver):
    return [headers["webhook-id"] for _, headers, _ in receiver.got]


def states(session, subscription):
    session.expire_all()
    query = select(Dispatch).where(Dispatch.subscription_id == subscription.id).order_by(Dispatch.event_id)
    return [dispatch.state for dispatch in session.scalars(query)]


def test_each_event_arrives_once_in_order_and_signed(session, receiver, add, happen, send, now):
    subscription, secret = add(receiver.url)
    happen(*range(12))
    assert send(now) == 12
    assert send(now + SECOND) == 0
    assert numbers_of(receiver) == list(range(12))
    assert len(set(ids_of(receiver))) == 12
    for _, headers, body in receiver.got:
        event = standardwebhooks.Webhook(secret).verify(body, headers)
        assert (event["id"], event["type"]) == (headers["webhook-id"], "voc.action_item.closed.v1")
    assert states(session, subscription) == ["sent"] * 12


def test_only_what_was_asked_for_is_told(receiver, add, happen, send, item, company):
    add(f"{receiver.url}/fixed", types=[Happening.FIXED])
    add(f"{receiver.url}/mira", owner_id=company.mira)
    add(f"{receiver.url}/jonas", owner_id=company.jonas)
    happen(1, type=Happening.CLOSED, item_id=item.id)
    happen(2, type=Happening.FIXED, item_id=item.id)
    happen(3, type=Happening.FIXED)
    send()
    told = sorted((path, json.loads(body)["data"]["number"]) for path, _, body in receiver.got)
    assert told == [("/fixed", 2), ("/fixed", 3), ("/mira", 1), ("/mira", 2)]


def test_a_failed_delivery_comes_again_by_the_schedule_and_holds_back_the_next(
    session, receiver, add, happen, send, now
):
    subscription, _ = add(receiver.url)
    happen(1, 2)
    receiver.answers = [(500, {})] * (MAX_ATTEMPTS - 1)
    waits, at = [], now
    for _ in range(MAX_ATTEMPTS - 1):
        assert send(at) == 1
        due = subscription.retry_at
        assert send(due - SECOND / 10) == 0
        waits.append(due - at)
        at = due
    assert all(planned <= wait <= planned * 1.1 for planned, wait in zip(SCHEDULE, waits, strict=True))
    assert send(at) == 2
    assert numbers_of(receiver) == [1] * MAX_ATTEMPTS + [2]
    assert len(set(ids_of(receiver))) == 2
    assert states(session, subscription) == ["sent", "sent"]
    assert (subscription.attempts, subscription.last_error, subscription.slow) == (0, None, False)


@pytest.mark.parametrize("status", [301, 302, 307, 400, 404, 429, 503])
def test_nothing_but_a_2xx_counts_and_redirects_are_not_followed(session, receiver, add, happen, send, status):
    subscription, _ = add(receiver.url)
    receiver.answers = [(status, {"Location": receiver.url})]
    happen(1)
    send()
    assert states(session, subscription) == ["pending"]
    assert subscription.last_error == f"the receiver answered {status}"
    assert len(receiver.got) == 1


def test_a_pause_that_the_receiver_asks_for_is_kept_within_bounds(receiver, add, happen, send, now):
    subscription, _ = add(receiver.url)
    receiver.answers = [(429, {"Retry-After": "600"}), (503, {"Retry-After": "999999"}), (503, {"Retry-After": "1"})]
    happen(1)
    send(now)
    assert subscription.retry_at == now + timedelta(minutes=10)
    at = subscription.retry_at
    send(at)
    assert subscription.retry_at == at + LONGEST_WAIT
    at = subscription.retry_at
    send(at)
    assert subscription.retry_at >= at + SCHEDULE[2]


def test_a_receiver_that_is_gone_is_told_nothing_any_more(session, receiver, add, happen, send, now):
    subscription, _ = add(receiver.url)
    receiver.answers = [(410, {})]
    happen(1)
    send(now)
    happen(2)
    assert send(now + timedelta(days=9)) == 0
    assert "410" in subscription.disabled_why
    subscribe.resume_subscription(session, now, OPERATOR, subscription.id)
    send(now)
    assert numbers_of(receiver) == [1, 1]
    span = (now - SECOND, now + SECOND)
    assert subscribe.replay_range(session, now, OPERATOR, subscription.id, span) == 1
    send(now)
    assert numbers_of(receiver) == [1, 1, 2]


def give_up(receiver, subscription, send, now):
    """Fails until the first delivery is given up; gives the instant."""
    receiver.answers = [(500, {})] * MAX_ATTEMPTS
    at = now
    for _ in range(MAX_ATTEMPTS - 1):
        send(at)
        at = subscription.retry_at
    return at


def test_one_delivery_that_is_given_up_does_not_stop_the_others_and_can_be_replayed(
    session, receiver, add, happen, send, now
):
    subscription, _ = add(receiver.url)
    happen(1, 2)
    send(give_up(receiver, subscription, send, now))
    assert states(session, subscription) == ["dead", "sent"]
    assert subscription.disabled_at is None
    dead = session.scalars(select(Dispatch).where(Dispatch.state == "dead")).one()
    assert subscribe.replay_dispatch(session, now, OPERATOR, subscription.id, dead.id) is dead
    send(now + timedelta(days=9))
    assert states(session, subscription) == ["sent", "sent"]
    assert numbers_of(receiver)[-2:] == [2, 1]
    assert len(set(ids_of(receiver))) == 2


def test_an_endpoint_that_takes_nothing_any_more_is_disabled_and_loses_nothing(
    session, receiver, add, happen, send, now
):
    subscription, _ = add(receiver.url)
    happen(1, 2, 3)
    at = give_up(receiver, subscription, send, now)
    receiver.answers.append((500, {}))
    send(at)
    assert states(session, subscription) == ["dead", "pending", "pending"]
    assert "next one" in subscription.disabled_why
    assert send(at + timedelta(days=9)) == 0
    subscribe.resume_subscription(session, at, OPERATOR, subscription.id)
    assert subscribe.replay_range(session, at, OPERATOR, subscription.id, (now - SECOND, at + SECOND)) == 1
    send(at)
    assert numbers_of(receiver)[-3:] == [1, 2, 3]


def test_a_dead_endpoint_leaves_the_lane_of_the_others(session, receiver, add, happen, send, now):
    dead, _ = add("http://127.0.0.1:1025/")
    well, _ = add(receiver.url)
    happen(*range(5))
    told = []
    while (parcel := FAST_LANE.claim(session, now)) is not None:
        told.append(parcel.subscription_id)
        FAST_LANE.record(session, now, FAST_LANE.work(parcel, Tools()))
    assert told == [dead.id, *[well.id] * 5]
    assert (dead.slow, well.slow) == (True, False)
    assert numbers_of(receiver) == list(range(5))
    assert states(session, dead) == ["pending"] * 5
    assert "cannot be reached" in dead.last_error


def test_a_new_endpoint_is_with_those_that_nobody_waits_for_until_it_has_answered(session, receiver, happen, now):
    new = subscribe.NewSubscription("CRM", "webhook", receiver.url)
    subscription, _ = subscribe.create_subscription(session, now, OPERATOR, new, KEY)
    happen(1, 2)
    assert FAST_LANE.claim(session, now) is None
    SLOW_LANE.record(session, now, SLOW_LANE.work(SLOW_LANE.claim(session, now), Tools()))
    assert not subscription.slow
    assert SLOW_LANE.claim(session, now) is None
    assert FAST_LANE.claim(session, now) is not None


def test_one_delivery_per_endpoint_is_in_flight(session, receiver, add, happen, now):
    add(receiver.url)
    happen(1, 2)
    assert FAST_LANE.claim(session, now) is not None
    assert FAST_LANE.claim(session, now + LEASE - SECOND) is None


def test_a_worker_that_dies_between_sending_and_recording_repeats_one_delivery_with_the_same_id(
    session, receiver, add, happen, send, now
):
    subscription, _ = add(receiver.url)
    happen(1, 2)
    FAST_LANE.work(FAST_LANE.claim(session, now), Tools())  # and nothing is recorded
    late = now + LEASE
    send(late)
    assert numbers_of(receiver) == [1, 1, 2]
    assert len(set(ids_of(receiver))) == 2
    assert states(session, subscription) == ["sent", "sent"]


def test_a_worker_that_lost_its_lease_records_nothing(session, receiver, add, happen, send, now):
    subscription, _ = add(receiver.url)
    happen(1)
    slow = FAST_LANE.claim(session, now)
    send(now + LEASE)
    FAST_LANE.release(session, now + LEASE, slow, "KeyError")
    assert states(session, subscription) == ["sent"]
    assert (subscription.attempts, subscription.retry_at) == (0, None)


def test_a_delivery_that_kills_its_workers_is_given_up(session, receiver, add, happen, now):
    subscription, _ = add(receiver.url)
    happen(1)
    for round_ in range(MAX_ATTEMPTS):
        assert FAST_LANE.claim(session, now + round_ * LEASE) is not None
    assert FAST_LANE.claim(session, now + MAX_ATTEMPTS * LEASE) is None
    assert states(session, subscription) == ["dead"]


def test_while_it_is_paused_nothing_is_sent_and_nothing_is_lost(session, receiver, add, happen, send, now):
    subscription, _ = add(receiver.url)
    subscribe.pause_subscription(session, now, OPERATOR, subscription.id)
    happen(1, 2)
    assert send(now) == 0
    subscribe.resume_subscription(session, now, OPERATOR, subscription.id)
    send(now)
    assert numbers_of(receiver) == [1, 2]


def test_a_rotated_secret_and_the_one_before_both_verify_until_that_is_retired(
    session, receiver, add, happen, send, now
):
    subscription, old = add(receiver.url)
    _, fresh = subscribe.rotate_subscription_secret(session, now, OPERATOR, subscription.id, KEY)
    happen(1)
    send(now)
    subscribe.retire_subscription_secret(session, now, OPERATOR, subscription.id, KEY)
    happen(2)
    send(now)
    (_, both, first), (_, one, second) = receiver.got
    for secret in (old, fresh):
        standardwebhooks.Webhook(secret).verify(first, both)
    standardwebhooks.Webhook(fresh).verify(second, one)
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(old).verify(second, one)


def test_an_address_that_leads_inside_by_now_is_not_sent_to(session, receiver, add, happen, send, now):
    subscription, _ = add(receiver.url)
    happen(1)
    send(now, Tools(guard=Guard()))
    assert receiver.got == []
    assert "may not be asked" in subscription.last_error
    assert receiver.url not in subscription.last_error
    assert states(session, subscription) == ["pending"]


def test_another_secret_key_is_a_reason_to_try_again_and_not_a_crash(session, receiver, add, happen, send, now):
    subscription, _ = add(receiver.url)
    happen(1)
    send(now, Tools(secret_key="another secret that is long enough"))
    assert "another secret key" in subscription.last_error
    send(subscription.retry_at)
    assert states(session, subscription) == ["sent"]


def test_addresses_and_secrets_are_sealed_and_shown_nowhere(session, receiver, add, happen, now):
    subscription, secret = add(f"{receiver.url}/token-in-the-path")
    happen(1)
    batch = FAST_LANE.claim(session, now)
    for told in (str(batch), str(vars(subscription)), str(seal_secrets([secret], KEY, OF_SUBSCRIPTIONS))):
        assert "token-in-the-path" not in told
        assert secret not in told


@pytest.mark.parametrize("kind", ["slack", "teams"])
def test_chats_are_told_in_their_own_form(receiver, add, happen, send, item, kind):
    add(receiver.url, kind=kind, verbatims=Verbatims.REDACTED)
    happen(1, type=Happening.ESCALATED, item_id=item.id)
    send()
    told = receiver.got[0][2].decode()
    assert "Escalated: Customers complain about" in told
    assert f"/items/{item.id}" in told


def test_a_test_event_goes_to_one_subscription_only(session, receiver, add, send, now):
    tried, _ = add(f"{receiver.url}/tried", types=[Happening.FIXED])
    add(f"{receiver.url}/other")
    subscribe.try_subscription(session, now, OPERATOR, tried.id)
    send(now)
    assert [(path, json.loads(body)["type"]) for path, _, body in receiver.got] == [
        ("/tried", "voc.subscription.test.v1")
    ]


def test_ending_a_subscription_takes_its_deliveries_along(session, receiver, add, happen, now):
    subscription, _ = add(receiver.url)
    happen(1)
    subscribe.delete_subscription(session, now, OPERATOR, subscription.id)
    session.expunge_all()
    assert session.scalars(select(Subscription)).all() == []
    assert session.scalars(select(Dispatch)).all() == []
    assert FAST_LANE.claim(session, now) is None


def test_what_arrived_is_deleted_after_the_retention_and_what_did_not_is_kept(
    session, receiver, add, happen, send, now
):
    subscription, _ = add(receiver.url)
    happen(1, 2)
    receiver.answers = [(200, {}), (500, {})]
    send(now)
    assert subscribe.purge_dispatches(session, now + timedelta(days=30), 30) == 0
    assert subscribe.purge_dispatches(session, now + timedelta(days=31), 30) == 1
    assert states(session, subscription) == ["pending"]


def test_what_an_event_says_of_itself_changes_no_wait():
    assert wait_after(1, None, 0.0) == timedelta(seconds=5)
    assert wait_after(1, timedelta(seconds=1), 1.0) == timedelta(seconds=5.5)
    assert wait_after(MAX_ATTEMPTS, timedelta(seconds=1), 0.0) is None
