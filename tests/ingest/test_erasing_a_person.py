import pytest
from sqlalchemy import func, select

from app.domain.actor import OPERATOR
from app.ingest.forget import Erased, erase_customer
from app.ingest.items import Status, accept_items
from app.store.label_tables import Correction, Mention, MentionVector
from app.store.tables import AuditEvent, Delivery, Feedback, Score, Turn
from app.store.theme_tables import ThemeMention

REF = 'Jürgen "J" 7'
NPS = {"metric": "nps", "value": 0, "min": 0, "max": 10}


@pytest.fixture
def items(make_item):
    mine = make_item("a", customer={"ref": REF}, scores=[NPS], question="q", case_id="c", attributes={"x": "y"})
    return mine, make_item("b", customer={"ref": "other"})


@pytest.fixture
def told(database, source, items, now):
    """One person's utterance with everything that rooms made of it, and somebody else's."""
    with database.writing() as session:
        mine, other = accept_items(session, now, source, items)
        for feedback_id in (mine.feedback_id, other.feedback_id):
            mention = Mention(
                feedback_id=feedback_id, content_rev=1, turn=0, start=0, end=3, topic_confidence=1, sentiment=-1,
                sentiment_label="negative", sentiment_confidence=1, complaint=True, complaint_confidence=1,
                friction_confidence=0, fingerprint="f",
            )  # fmt: skip
            session.add(mention)
            session.flush()
            session.add(MentionVector(mention_id=mention.id, model="m", vector=b"v"))
            session.add(ThemeMention(mention_id=mention.id, reason="none", assigned_at=now))
            session.add(
                Correction(feedback_id=feedback_id, turn=0, start=0, end=3, text="The", labels={}, actor="a",
                           created_at=now)
            )  # fmt: skip
    return mine, other


def _count(session, table):
    return session.scalar(select(func.count()).select_from(table))


def test_words_and_all_that_was_made_of_them_go_and_an_anonymous_row_stays(database, told, now):
    with database.writing() as session:
        assert erase_customer(session, now, OPERATOR, REF) == Erased(feedback=1, deliveries=0)
    with database.reading() as session:
        counts = [_count(session, table) for table in (Turn, Mention, MentionVector, ThemeMention, Correction)]
        assert counts == [1, 1, 1, 1, 1]
        grave = session.scalars(select(Feedback).where(Feedback.external_id.startswith("erased:"))).one()
        assert (grave.medium, grave.state, grave.customer_ref, grave.question) == ("survey", "labelled", None, None)
        assert (grave.case_ref, grave.attributes) == (None, {})
        scores = session.scalars(select(Score).where(Score.feedback_id == grave.id)).all()
        assert [(score.metric, score.value) for score in scores] == [("nps", 0)]
        said = session.scalars(select(AuditEvent)).one()
        assert (said.action, said.facts["feedback"]) == ("customer_erased", 1)
        assert REF not in said.subject


def test_a_late_duplicate_or_update_does_not_bring_an_erased_person_back(database, told, items, source, make_item, now):
    with database.writing() as session:
        erase_customer(session, now, OPERATOR, REF)
    with database.writing() as session:
        again = accept_items(session, now, source, [items[0], make_item("a", version=9), items[1]])
    assert [outcome.status for outcome in again] == [Status.STALE, Status.STALE, Status.DUPLICATE]
    assert again[0].code == "item_erased"
    with database.reading() as session:
        assert (_count(session, Feedback), _count(session, Turn)) == (2, 1)


def test_raw_payloads_that_name_the_person_lose_their_bytes(database, source, now):
    bodies = {
        "escaped": rb'{"customer": {"ref": "J\u00fcrgen \"J\" 7"}}',
        "plain": '{"customer": {"ref": "Jürgen \\"J\\" 7"}}'.encode(),
        "other": b'{"customer": {"ref": "other"}}',
    }
    with database.writing() as session:
        for name, body in bodies.items():
            session.add(
                Delivery(source_id=source.id, sender_ref=name, digest="", content_type="", headers={"a": "b"},
                         body=body, received_at=now, state="quarantined")
            )  # fmt: skip
    with database.writing() as session:
        assert erase_customer(session, now, OPERATOR, REF) == Erased(feedback=0, deliveries=2)
    with database.reading() as session:
        kept = session.scalars(select(Delivery).where(Delivery.body.is_not(None))).all()
        assert [row.sender_ref for row in kept] == ["other"]


def test_erasing_nobody_changes_nothing(database, told, now):
    with database.writing() as session:
        assert erase_customer(session, now, OPERATOR, "nobody") == Erased(0, 0)
