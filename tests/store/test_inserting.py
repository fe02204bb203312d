from sqlalchemy import select

from app.store.inserting import insert_new, insert_rows
from app.store.label_tables import Mention
from app.store.tables import Feedback, Source

KEY = ("source_id", "external_id")


def feedback(external_id, now):
    return {"external_id": external_id, "occurred_at": now, "attributes": {"country": "DE"}, "medium": "chat"}


def same(source, now):
    return {"source_id": source, "received_at": now, "digest": "x", "state": "pending", "customer_ref": None}


def test_what_is_inserted_comes_back_with_defaults_and_reserved_names(session, now):
    source = Source(key="crm", connector="native", config={}, created_at=now)
    session.add(source)
    session.flush()
    (told,) = insert_new(Feedback, session, [feedback("a", now)], same(source.id, now), key=KEY, told=("id",))
    mention = {
        "feedback_id": told[0], "content_rev": 1, "turn": 0, "start": 0, "end": 7, "topic_id": None,
        "topic_confidence": 0.1, "sentiment": -0.5, "sentiment_label": "negative", "sentiment_confidence": 0.9,
        "complaint": True, "complaint_confidence": 0.9, "friction": None, "friction_confidence": 0.1,
        "fingerprint": "f",
    }  # fmt: skip
    insert_rows(Mention, session, [mention, mention | {"start": 8, "end": 12}])
    row = session.scalars(select(Feedback)).one()
    assert (row.occurred_at, row.attributes, row.version, row.content_rev) == (now, {"country": "DE"}, 0, 1)
    found = session.scalars(select(Mention).order_by(Mention.start)).all()
    assert [(one.start, one.end, one.complaint, one.corrected) for one in found] == [
        (0, 7, True, False),
        (8, 12, True, False),
    ]


def test_only_what_is_new_is_inserted_and_told(session, now):
    source = Source(key="crm", connector="native", config={}, created_at=now)
    session.add(source)
    session.flush()
    for wanted, new in ((["a", "b"], ["a", "b"]), (["b", "c"], ["c"]), (["a"], [])):
        rows = [feedback(each, now) for each in wanted]
        told = insert_new(Feedback, session, rows, same(source.id, now), key=KEY, told=("external_id",))
        assert [each for (each,) in told] == new


def test_no_rows_are_nothing_to_insert(session):
    insert_rows(Mention, session, [])
    assert session.scalars(select(Mention)).all() == []
