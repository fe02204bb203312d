from itertools import islice, product

import pytest
from sqlalchemy import func, select

from app.classify import label, relabel
from app.classify.runs import ask_preview, start_relabelling
from app.classify.taxonomy import load_known
from app.classify.traffic import FEWEST, GROWN, LONGEST, draw_sample, is_outgrown
from app.domain.actor import OPERATOR
from app.domain.feedback import FeedbackState
from app.ingest.forget import erase_customer
from app.processes.reader import read_topics
from app.processes.taxonomy import create_draft, publish_draft
from app.store.label_tables import Mention, RelabelRun, TrafficSample, TrafficText
from app.store.tables import Feedback, Process
from app.store.taxonomy import model_part

THINGS = ["kettle", "lamp", "sofa", "rug", "oven", "fridge", "mirror", "shelf", "chair", "desk"]
DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
TOLD = ["The {} came late on {}, number {}.", "I want my money back for the {} of {}, number {}."]
TEXTS = [told.format(thing, day, number) for number, told, thing, day in product(range(8), TOLD, THINGS, DAYS)]
TOPICS = [
    {"key": "refunds", "name": "Refund payment", "process": "shop"},
    {"key": "delivery", "name": "Delivery", "process": "shop"},
]


@pytest.fixture
def heard(session, say):
    """Stores one feedback of these spans for each list, as if it had been read."""

    def stored(conversations):
        rows = [say(" ".join(spans)) for spans in conversations]
        for row, spans in zip(rows, conversations, strict=True):
            row.state, start = FeedbackState.LABELLED, 0
            for text in spans:
                session.add(
                    Mention(
                        feedback_id=row.id, content_rev=row.content_rev, turn=0, start=start, end=start + len(text),
                        topic_confidence=0.1, sentiment=0, sentiment_label="neutral", sentiment_confidence=0.5,
                        complaint=False, complaint_confidence=0.1, friction_confidence=0.1, fingerprint="m.1",
                    )
                )  # fmt: skip
                start += len(text) + 1
        session.flush()
        return rows

    return stored


@pytest.fixture
def publish(session, now):
    """Publishes topics as the whole taxonomy."""
    session.add(Process(key="shop", name="Shop"))
    session.flush()

    def published(topics):
        draft = create_draft(session, now, OPERATOR, read_topics(topics))
        return publish_draft(session, now, OPERATOR, draft.id).version

    return published


def texts_of(session):
    return session.scalars(select(TrafficText.text)).all()


def test_a_sample_has_one_distinct_text_of_each_feedback_and_a_long_one_is_cut(session, now, heard):
    rows = heard([TEXTS[:60], *([text, text] for text in TEXTS[60 : 60 + FEWEST]), [TEXTS[60], TEXTS[60]]])
    assert draw_sample(session, now) == FEWEST + 1
    texts = {*texts_of(session)}
    assert texts == {" ".join(TEXTS[:60])[:LONGEST], *(f"{text} {text}" for text in TEXTS[60 : 60 + FEWEST])}
    assert session.scalar(select(func.count(TrafficText.feedback_id.distinct()))) == len(rows) - 1


def test_a_sample_is_empty_where_little_was_said_and_nothing_is_known_of_it(session, now, heard):
    heard([[text] for text in TEXTS[: FEWEST - 1]])
    assert draw_sample(session, now) == 0
    assert not texts_of(session)
    assert load_known(session).traffic() is None


def test_words_that_wait_or_have_changed_since_they_were_read_are_not_drawn(session, now, heard):
    rows = heard([[text] for text in TEXTS[: FEWEST + 2]])
    rows[0].content_rev += 1
    rows[1].state = FeedbackState.PENDING
    session.flush()
    assert draw_sample(session, now) == FEWEST
    assert not {*TEXTS[:2]} & {*texts_of(session)}


def test_a_new_sample_takes_the_place_of_the_old_one_and_only_much_more_asks_for_it(session, now, heard):
    assert not is_outgrown(session)
    heard([[text] for text in TEXTS[:FEWEST]])
    assert is_outgrown(session)
    draw_sample(session, now)
    assert not is_outgrown(session)
    newest = session.scalar(select(func.max(Feedback.id)))
    first, key = session.scalars(select(TrafficText.sample_id)).first(), load_known(session).key
    session.scalars(select(TrafficSample)).one().newest_id = newest // GROWN
    assert is_outgrown(session)
    assert draw_sample(session, now) == FEWEST
    assert first not in session.scalars(select(TrafficText.sample_id)).all()
    assert load_known(session).key != key


def test_what_is_erased_leaves_the_sample_and_the_next_reader_knows(session, now, heard):
    rows = heard([[text] for text in TEXTS[:FEWEST]])
    rows[7].customer_ref = "c-7"
    draw_sample(session, now)
    known = load_known(session)
    erase_customer(session, now, OPERATOR, "c-7")
    session.expire_all()
    after = load_known(session, known)
    assert {*known.traffic().texts} - {*after.traffic().texts} == {TEXTS[7]}
    assert after.traffic().name == known.traffic().name


def test_once_enough_was_said_topics_are_placed_by_it_and_history_is_read_anew(
    session, now, publish, say, tools, readers
):
    publish(TOPICS)
    for text in TEXTS[:FEWEST]:
        say(text)
    while (batch := label.claim(session, now)) is not None:
        label.record(session, now, label.work(batch, tools))
    before = {model_part(one) for one in session.scalars(select(Mention.fingerprint))}
    while (batch := relabel.claim(session, now)) is not None:
        relabel.record(session, now, relabel.work(batch, tools))
    run = session.scalars(select(RelabelRun)).one()
    after = {model_part(one) for one in session.scalars(select(Mention.fingerprint))}
    assert (run.state, run.asked_by, run.done) == ("done", "station:relabel", FEWEST)
    assert len(before) == len(after) == 1
    assert before != after
    assert "unlabelled (" in readers.current(load_known(session)).topics.stage
    # A preview reads with the same texts as what is read now.
    draft = create_draft(session, now, OPERATOR, read_topics(TOPICS))
    ask_preview(session, now, OPERATOR, draft.id, 10)
    batch = relabel.claim(session, now)
    assert batch.draft is not None
    assert model_part(relabel.work(batch, tools).fingerprint) in after


def test_reading_anew_by_hand_draws_a_new_sample_and_publishing_keeps_the_one_at_hand(session, now, publish, heard):
    publish(TOPICS)
    heard([[text] for text in islice(TEXTS, FEWEST)])
    start_relabelling(session, now, OPERATOR)
    by_hand = load_known(session).sample
    assert len(by_hand[1]) == FEWEST
    publish(TOPICS[:1])
    relabel.claim(session, now)
    assert load_known(session).sample == by_hand
