import json
from datetime import timedelta

import pytest
import standardwebhooks
from sqlalchemy import func, select

from app.domain.actor import OPERATOR
from app.domain.feedback import DeliveryState
from app.errors import AppError
from app.ingest import unpack
from app.ingest.forget import purge_deliveries
from app.ingest.receive import receive_delivery, replay_deliveries, verify_delivery
from app.ingest.sources import NewSource, create_source, pause_source
from app.payloads.delivery import RawDelivery
from app.store.deliveries import DeliveryFilter, count_deliveries, find_delivery, find_source, list_deliveries
from app.store.tables import Delivery, Feedback, Turn

KEY = "the installation's key"
ITEM = {"external_id": "7", "medium": "survey", "occurred_at": "2026-09-15T12:00:00Z", "text": "Nobody called back."}


@pytest.fixture
def hook(database, now):
    with database.writing() as session:
        source, secret = create_source(session, now, OPERATOR, NewSource("shop", "standard_webhooks"), KEY)
    return source, secret


def _signed(secret, now, body, sent_id="msg_1"):
    text = body if isinstance(body, str) else json.dumps(body)
    signature = standardwebhooks.Webhook(secret).sign(sent_id, now, text)
    headers = {"webhook-id": sent_id, "webhook-timestamp": str(int(now.timestamp())), "webhook-signature": signature}
    return RawDelivery(text.encode(), headers | {"authorization": "Bearer no"})


@pytest.fixture
def receive(database, hook, now):
    def send(body, sent_id="msg_1"):
        source, secret = hook
        delivery = _signed(secret, now, body, sent_id)
        verify_delivery(source, delivery, now, KEY)
        with database.writing() as session:
            return receive_delivery(session, now, source, delivery)

    return send


@pytest.fixture
def unpack_all(database, now):
    def run(at=now):
        while True:
            with database.writing() as session:
                batch = unpack.claim(session, at)
            if batch is None:
                return
            outcome = unpack.work(batch, None)
            for _ in range(2):  # a crash after the commit has it recorded again
                with database.writing() as session:
                    unpack.record(session, at, outcome)

    return run


def _state(database, delivery_id):
    with database.reading() as session:
        row = find_delivery(session, delivery_id)
        return row.state, row.reason


def _feedback(database):
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(Feedback))


def test_a_delivery_is_kept_byte_for_byte_and_becomes_an_item(database, receive, unpack_all):
    body = json.dumps(ITEM, indent=3)
    delivery_id, is_new = receive(body)
    assert is_new
    with database.reading() as session:
        row = find_delivery(session, delivery_id)
        assert (row.state, row.body, row.sender_ref) == ("received", body.encode(), "msg_1")
        assert "authorization" not in row.headers
    unpack_all()
    assert _state(database, delivery_id) == ("unpacked", None)
    with database.reading() as session:
        found = session.execute(select(Feedback.delivery_id, Turn.text).join(Turn)).one()
    assert tuple(found) == (delivery_id, "Nobody called back.")


def test_the_same_delivery_twice_is_one_delivery_and_one_item(database, receive, unpack_all):
    first = receive(ITEM)
    assert receive(ITEM) == (first[0], False)
    unpack_all()
    assert receive(ITEM) == (first[0], False)
    assert _feedback(database) == 1


def test_the_same_id_with_another_body_is_quarantined_not_lost(database, receive, unpack_all):
    receive(ITEM)
    second, is_new = receive(ITEM | {"text": "Something else."})
    assert is_new
    unpack_all()
    state, reason = _state(database, second)
    assert state == "quarantined"
    assert "version_conflict (1 of 1 items)" in reason
    assert _feedback(database) == 1


def test_t81_updates_that_arrive_in_reverse_end_with_the_newest(database, receive, unpack_all):
    receive(ITEM | {"updated_at": "2026-09-15T13:00:00Z", "text": "new"}, "msg_2")
    receive(ITEM | {"updated_at": "2026-09-15T12:30:00Z", "text": "old"}, "msg_1")
    unpack_all()
    with database.reading() as session:
        assert session.scalars(select(Turn.text)).all() == ["new"]


def test_what_cannot_be_read_is_quarantined_with_its_reason_and_without_its_words(database, receive, unpack_all):
    ids = [receive(body, sent_id)[0] for sent_id, body in {
        "a": "{'external_id': 'my private words'}",
        "b": ITEM | {"occurred_at": "my private words"},
        "c": '{"my private words": 1, "my private words": 2}',
        "d": ITEM | {"occurred_at": "2027-09-15T12:00:00Z"},
    }.items()]  # fmt: skip
    unpack_all()
    states = [_state(database, delivery_id) for delivery_id in ids]
    assert [state for state, _ in states] == ["quarantined"] * 4
    reasons = [reason.split(":")[0] for _, reason in states]
    assert reasons == ["bad_json", "invalid_item", "bad_json", "time_in_future (1 of 1 items)"]
    assert "private" not in str(states)
    assert _feedback(database) == 0


def test_one_bad_item_does_not_keep_its_neighbours_out(database, receive, unpack_all):
    late = ITEM | {"external_id": "8", "occurred_at": "2027-09-15T12:00:00Z"}
    delivery_id, _ = receive({"items": [ITEM, late, ITEM | {"external_id": "9"}]})
    unpack_all()
    assert _state(database, delivery_id)[0] == "quarantined"
    assert _feedback(database) == 2


def test_t91_a_delivery_without_items_is_ignored_and_says_why(database, receive, unpack_all):
    delivery_id, _ = receive({"items": []})
    unpack_all()
    assert _state(database, delivery_id) == ("ignored", "the delivery holds no items")


def test_t96_a_quarantined_delivery_becomes_an_item_once_it_can_be_read(database, receive, unpack_all, now):
    delivery_id, _ = receive({name: value for name, value in ITEM.items() if name != "medium"})
    unpack_all()
    assert _state(database, delivery_id)[0] == "quarantined"
    with database.writing() as session:
        find_source(session, "shop").config = {"medium": "survey"}
    for expected in (1, 0):
        with database.writing() as session:
            assert replay_deliveries(session, now, OPERATOR, DeliveryFilter()) == expected
        unpack_all()
    assert _state(database, delivery_id) == ("unpacked", None)
    assert _feedback(database) == 1


def test_an_unpacked_delivery_can_be_replayed_by_id_and_adds_nothing(database, receive, unpack_all, now):
    delivery_id, _ = receive(ITEM)
    unpack_all()
    with database.writing() as session:
        assert replay_deliveries(session, now, OPERATOR, DeliveryFilter(ids=(delivery_id,))) == 1
    unpack_all()
    assert _feedback(database) == 1


def test_a_forged_an_unknown_and_a_paused_delivery_get_their_own_answer(database, hook, now):
    source, secret = hook
    good = _signed(secret, now, ITEM)
    codes = []
    for address, delivery in ((source, RawDelivery(b"{}", good.headers)), (source, RawDelivery(b"{}")), (None, good)):
        with pytest.raises(AppError) as refusal:
            verify_delivery(address, delivery, now, KEY)
        codes.append((refusal.value.code, refusal.value.message))
    assert [code for code, _ in codes] == ["bad_signature", "bad_signature", "unknown_source"]
    assert codes[0] == codes[1]
    with database.writing() as session:
        pause_source(session, now, OPERATOR, find_source(session, "shop"))
    with database.reading() as session, pytest.raises(AppError) as refusal:
        verify_delivery(find_source(session, "shop"), good, now, KEY)
    assert (refusal.value.code, refusal.value.facts["retry_after"]) == ("source_paused", 120)


def test_a_leased_delivery_is_left_alone_until_its_lease_ends(database, receive, now):
    receive(ITEM)
    with database.writing() as session:
        assert len(unpack.claim(session, now).rows) == 1
    with database.writing() as session:
        assert unpack.claim(session, now) is None
    with database.writing() as session:
        assert len(unpack.claim(session, now + unpack.LEASE).rows) == 1


def test_a_delivery_that_brought_its_batch_down_twice_is_unpacked_alone(database, receive, now):
    for number in range(3):
        receive(ITEM | {"external_id": str(number)}, f"msg_{number}")
    for _ in range(2):
        with database.writing() as session:
            batch = unpack.claim(session, now)
            assert len(batch.rows) == 3
            unpack.release(session, now, batch, "RuntimeError")
    with database.writing() as session:
        assert len(unpack.claim(session, now).rows) == 1


def test_a_delivery_that_never_gets_through_is_quarantined_after_five_attempts(database, receive, now):
    released, _ = receive(ITEM, "msg_1")
    for _ in range(unpack.GIVE_UP_AT):
        with database.writing() as session:
            unpack.release(session, now, unpack.claim(session, now), "RuntimeError")
    assert _state(database, released) == ("quarantined", "gave_up: RuntimeError")
    killed, _ = receive(ITEM | {"external_id": "8"}, "msg_2")
    for attempt in range(unpack.GIVE_UP_AT + 1):
        with database.writing() as session:
            unpack.claim(session, now + attempt * unpack.LEASE)
    assert _state(database, killed)[0] == "quarantined"


def test_a_connector_with_a_mistake_costs_one_delivery_only(database, hook, receive, unpack_all, now):
    with database.writing() as session:
        broken, _ = create_source(session, now, OPERATOR, NewSource("b", "standard_webhooks"), KEY)
        broken.connector = "gone"
        session.flush()
        row = Delivery(source_id=broken.id, digest="", content_type="", headers={}, body=b"{}", received_at=now)
        session.add(row)
    receive(ITEM)
    unpack_all()
    assert _state(database, row.id)[0] == "quarantined"
    assert _feedback(database) == 1


def test_lists_and_counts_show_where_deliveries_stand(database, hook, receive, unpack_all):
    receive(ITEM, "msg_1")
    receive("{", "msg_2")
    unpack_all()
    with database.reading() as session:
        wanted = DeliveryFilter(state=DeliveryState.QUARANTINED)
        (listed,) = list_deliveries(session, wanted, None, 10)
        assert listed.sender_ref == "msg_2"
        assert count_deliveries(session) == {(hook[0].id, "unpacked"): 1, (hook[0].id, "quarantined"): 1}


def test_raw_bytes_go_when_their_retention_ends_and_waiting_ones_stay(database, receive, unpack_all, now):
    old, _ = receive(ITEM, "msg_1")
    unpack_all()
    waiting, _ = receive(ITEM | {"external_id": "8"}, "msg_2")
    with database.writing() as session:
        assert purge_deliveries(session, now + timedelta(days=31), 30) == 1
        assert find_delivery(session, old).body is None
        assert find_delivery(session, waiting).body is not None
        assert replay_deliveries(session, now, OPERATOR, DeliveryFilter(ids=(old,))) == 0
