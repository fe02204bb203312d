from collections import Counter
from datetime import timedelta

import numpy as np
import pytest
from sqlalchemy import func, select

from app.classify import label, relabel
from app.classify.correct import correct_mention
from app.classify.runs import ask_preview, cancel_relabelling, start_relabelling
from app.domain.actor import OPERATOR
from app.errors import AppError, Kind
from app.ingest.forget import erase_customer
from app.processes.reader import read_topics
from app.processes.taxonomy import create_draft, publish_draft, restore_version
from app.store.label_tables import Mention, MentionVector, RelabelRun, StagedMention, StagedReading, TrendLine
from app.store.mentions import list_mentions, mention_text
from app.store.reference import latest_taxonomy, list_topics
from app.store.tables import Process, Turn

REFUNDS = {"key": "refunds", "name": "Refund payment", "examples": ["My refund is late"], "process": "shop"}
DELIVERY = {"key": "delivery", "name": "Delivery", "examples": ["The parcel came late"], "process": "shop"}
COURIER = {
    "key": "courier", "name": "Rude courier", "examples": ["The driver was rude", "The courier shouted at me"],
    "process": "shop",
}  # fmt: skip
WIDE = {"key": "delivery", "name": "Delivery and driver", "process": "shop",
        "examples": ["The parcel came late", "The driver was rude", "The courier shouted at me"]}  # fmt: skip


@pytest.fixture
def publish(session, now):
    """Publishes topics as the whole taxonomy."""
    session.add(Process(key="shop", name="Shop"))
    session.flush()

    def published(*topics, at=now):
        draft = create_draft(session, at, OPERATOR, read_topics(list(topics)))
        return publish_draft(session, at, OPERATOR, draft.id).version

    return published


@pytest.fixture
def read(session, now, tools):
    """Labels what is pending."""

    def all_of_it():
        while (batch := label.claim(session, now)) is not None:
            label.record(session, now, label.work(batch, tools))

    return all_of_it


@pytest.fixture
def history(publish, say, read):
    """Some feedback, read with two topics."""
    publish(REFUNDS, WIDE)
    rows = [
        say("The refund was late."),
        say("The driver was rude. The refund never came."),
        say("The parcel came late."),
    ]
    read()
    return rows


@pytest.fixture
def step(session, now, tools):
    """Takes one step of a run; says whether there was one."""

    def taken(at=now):
        batch = relabel.claim(session, at)
        if batch is not None:
            relabel.record(session, at, relabel.work(batch, tools))
        return batch is not None

    return taken


def topics_of(session, *feedback):
    names = {row.id: row.key for row in list_topics(session, inactive=True)}
    session.expire_all()
    return [[names.get(mention.topic_id) for mention in list_mentions(session, row.id)] for row in feedback]


def run_of(session):
    return session.scalars(select(RelabelRun).order_by(RelabelRun.id.desc())).first()


def test_publishing_reads_history_anew_and_swaps_it_in_at_the_end(session, history, publish, step):
    assert topics_of(session, *history) == [["refunds"], ["delivery", "refunds"], ["delivery"]]
    version = publish(REFUNDS, DELIVERY, COURIER)
    assert version.relabels
    assert step()
    assert topics_of(session, *history) == [["refunds"], ["delivery", "refunds"], ["delivery"]]
    assert (run_of(session).done, run_of(session).total, run_of(session).state) == (3, 3, "running")
    assert step()
    assert topics_of(session, *history) == [["refunds"], ["courier", "refunds"], ["delivery"]]
    assert (run_of(session).state, run_of(session).taxonomy_version_id) == ("done", version.id)
    assert not step()
    assert len({mention.fingerprint for mention in session.scalars(select(Mention))}) == 1
    assert session.scalar(select(func.count()).select_from(StagedReading)) == 0
    assert session.scalar(select(func.count()).select_from(StagedMention)) == 0


def test_a_mention_that_keeps_its_topic_keeps_its_id_and_a_new_one_gets_a_vector(session, history, publish, step):
    before = {mention.id: mention.topic_id for mention in session.scalars(select(Mention))}
    publish(REFUNDS, DELIVERY, COURIER)
    while step():
        pass
    session.expire_all()
    after = {mention.id: mention.topic_id for mention in session.scalars(select(Mention))}
    assert len(after) == 4
    assert sum(before.get(mention_id) == topic_id for mention_id, topic_id in after.items()) == 3
    for mention_id in after:
        vector = np.frombuffer(session.get(MentionVector, mention_id).vector, "<f2").astype(float)
        assert abs(np.linalg.norm(vector) - 1) < 0.01


def test_restoring_an_older_version_brings_the_labels_back(session, now, history, publish, step):
    first = latest_taxonomy(session)
    before = {(m.feedback_id, m.turn, m.start, m.topic_id, m.complaint, m.fingerprint) for m in _all(session)}
    publish(REFUNDS, DELIVERY, COURIER)
    while step():
        pass
    published = restore_version(session, now, OPERATOR, first.id)
    assert (published.version.restores_id, published.version.digest) == (first.id, first.digest)
    while step():
        pass
    session.expire_all()
    assert {(m.feedback_id, m.turn, m.start, m.topic_id, m.complaint, m.fingerprint) for m in _all(session)} == before


def _all(session):
    return session.scalars(select(Mention)).all()


def test_new_texts_are_read_first_and_with_the_new_topics(session, history, publish, say, read, step):
    publish(REFUNDS, DELIVERY, COURIER)
    step()
    new = say("The courier was rude to me.")
    assert not step()
    read()
    assert topics_of(session, new, history[1]) == [["courier"], ["delivery", "refunds"]]
    while step():
        pass
    assert topics_of(session, new, history[1]) == [["courier"], ["courier", "refunds"]]


def test_a_text_that_was_being_read_when_topics_were_published_is_read_again(session, now, publish, say, read, tools):
    publish(REFUNDS, WIDE)
    text = say("The driver was rude.")
    outcome = label.work(label.claim(session, now), tools)
    publish(REFUNDS, DELIVERY, COURIER)
    label.record(session, now, outcome)
    assert (text.state, text.attempts, text.leased_until) == ("pending", 0, None)
    read()
    assert topics_of(session, text) == [["courier"]]


def test_what_another_model_read_while_the_run_went_on_is_read_before_the_swap(session, history, publish, step):
    old = session.scalars(select(Mention).where(Mention.feedback_id == history[2].id)).one().fingerprint
    publish(REFUNDS, DELIVERY, COURIER)
    history[2].state = "pending"  # a newer version comes in: the run does not see it
    history[2].leased_until = history[2].received_at + timedelta(minutes=5)
    session.flush()
    step()
    history[2].state = "labelled"
    session.flush()
    assert step()
    assert run_of(session).state == "running"
    assert step()
    assert run_of(session).state == "done"
    assert old not in {mention.fingerprint for mention in _all(session)}


def test_a_correction_made_during_the_run_survives_the_swap(session, now, history, publish, step):
    publish(REFUNDS, DELIVERY, COURIER)
    step()
    (mention,) = list_mentions(session, history[0].id)
    correct_mention(session, now, OPERATOR, mention.id, {"topic": "delivery", "complaint": False})
    while step():
        pass
    session.expire_all()
    (mention,) = list_mentions(session, history[0].id)
    assert topics_of(session, history[0]) == [["delivery"]]
    assert (mention.complaint, mention.corrected, mention.topic_confidence) == (False, True, 1.0)


def test_a_correction_made_before_the_run_survives_it_with_its_mention(session, now, history, publish, step):
    (mention,) = list_mentions(session, history[0].id)
    number = mention.id
    correct_mention(session, now, OPERATOR, mention.id, {"topic": "delivery"})
    publish(REFUNDS, DELIVERY, COURIER)
    while step():
        pass
    session.expire_all()
    (mention,) = list_mentions(session, history[0].id)
    assert topics_of(session, history[0]) == [["delivery"]]
    assert (mention.id, mention.corrected) == (number, True)


def test_a_process_that_was_killed_holds_the_run_up_for_its_lease_only(session, now, history, publish, step):
    publish(REFUNDS, DELIVERY, COURIER)
    assert relabel.claim(session, now) is not None  # and the process is gone
    assert not step()
    later = now + relabel.LEASE + timedelta(seconds=1)
    while step(later):
        pass
    assert (run_of(session).state, run_of(session).done) == ("done", 3)
    assert topics_of(session, history[1]) == [["courier", "refunds"]]


def test_a_step_that_is_recorded_twice_counts_once(session, now, history, publish, tools):
    publish(REFUNDS, DELIVERY, COURIER)
    outcome = relabel.work(relabel.claim(session, now), tools)
    relabel.record(session, now, outcome)
    relabel.record(session, now, outcome)
    assert run_of(session).done == 3
    assert session.scalar(select(func.count()).select_from(StagedMention)) == 4


def test_a_run_reads_newest_first_and_less_at_once_after_failures(session, now, publish, say, read, tools):
    publish(REFUNDS, WIDE)
    ids = [say(f"The refund number {number} was late.").id for number in range(5)]
    read()
    publish(REFUNDS, DELIVERY, COURIER)
    seen = []
    for failures in (3, 0, 0):
        for _ in range(failures):
            relabel.release(session, now, relabel.claim(session, now), "MemoryError in the model")
        batch = relabel.claim(session, now)
        seen.append([text.id for text in batch.texts])
        relabel.record(session, now, relabel.work(batch, tools))
    assert seen == [[ids[4], ids[3], ids[2]], [ids[1], ids[0]], []]


def test_a_newer_version_supersedes_the_run(session, now, history, publish, step):
    publish(REFUNDS, DELIVERY, COURIER)
    step()
    first = run_of(session)
    version = publish(REFUNDS, COURIER)
    while step():
        pass
    session.expire_all()
    assert (first.state, run_of(session).state, run_of(session).taxonomy_version_id) == (
        "superseded",
        "done",
        version.id,
    )
    assert topics_of(session, history[1])[0][0] == "courier"
    assert "delivery" not in Counter(key for keys in topics_of(session, *history) for key in keys)


def test_a_version_that_moves_no_mention_reads_nothing_anew(session, history, publish, step):
    session.add(Process(key="parcels", name="Parcels"))
    session.flush()
    version = publish(REFUNDS, {**WIDE, "process": "parcels"})
    assert not version.relabels
    assert not step()


def test_a_cancelled_run_leaves_everything_as_it_is(session, now, history, publish, step):
    publish(REFUNDS, DELIVERY, COURIER)
    step()
    cancel_relabelling(session, now, OPERATOR)
    assert not step()
    assert topics_of(session, *history) == [["refunds"], ["delivery", "refunds"], ["delivery"]]
    assert session.scalar(select(func.count()).select_from(StagedReading)) == 0
    with pytest.raises(AppError, match="not being read anew"):
        cancel_relabelling(session, now, OPERATOR)


def test_history_can_be_read_anew_on_request(session, now, history, step):
    for mention in _all(session):
        mention.fingerprint = "older.0"
    run = start_relabelling(session, now, OPERATOR)
    with pytest.raises(AppError, match="already"):
        start_relabelling(session, now, OPERATOR)
    while step():
        pass
    session.expire_all()
    assert run.state == "done"
    assert {mention.fingerprint.partition(".")[0] for mention in _all(session)} == {run.model}


def test_an_erased_person_vanishes_from_staging_too(session, now, history, publish, step):
    history[1].customer_ref = "erin"
    session.flush()
    publish(REFUNDS, DELIVERY, COURIER)
    step()
    assert session.scalar(select(func.count()).select_from(StagedMention)) == 4
    erase_customer(session, now, OPERATOR, "erin")
    assert session.scalar(select(func.count()).select_from(StagedMention)) == 2
    while step():
        pass
    assert run_of(session).state == "done"
    assert len(_all(session)) == 2


def test_a_text_that_brings_the_reader_down_keeps_its_mentions_and_stops_nothing(session, now, history, publish, tools):
    publish(REFUNDS, DELIVERY, COURIER)
    poison = history[2].id
    for _ in range(60):
        batch = relabel.claim(session, now)
        if batch is None:
            break
        if poison in {text.id for text in batch.texts}:
            relabel.release(session, now, batch, "ValueError in the model")
        else:
            relabel.record(session, now, relabel.work(batch, tools))
    assert (run_of(session).state, run_of(session).passed_over) == ("done", 1)
    assert topics_of(session, *history) == [["refunds"], ["courier", "refunds"], ["delivery"]]


class NoModel:
    """Tools of a process whose model is missing."""

    @property
    def readers(self):
        raise AppError(Kind.UNAVAILABLE, "model_unavailable", "The model is not there.")


def test_without_a_model_the_run_waits(session, now, history, publish, step):
    publish(REFUNDS, DELIVERY, COURIER)
    relabel.record(session, now, relabel.work(relabel.claim(session, now), NoModel()))
    assert not step()
    assert (run_of(session).state, run_of(session).last_error) == ("running", "model_unavailable")
    while step(now + relabel.MODEL_WAIT):
        pass
    assert run_of(session).state == "done"


def test_a_preview_says_what_would_move_and_moves_nothing(session, now, history, tools, step):
    draft = create_draft(session, now, OPERATOR, read_topics([REFUNDS, DELIVERY, COURIER]))
    run = ask_preview(session, now, OPERATOR, draft.id, 2000)
    assert ask_preview(session, now, OPERATOR, draft.id, 2000).id == run.id
    while step():
        pass
    moved = next(mention for mention in list_mentions(session, history[1].id) if mention.start == 0)
    result = run.result
    assert (run.state, result["spans"], result["moved"], result["share_moved"]) == ("done", 4, 1, 0.25)
    assert result["moves"] == [{"from": "delivery", "to": "courier", "spans": 1, "examples": [moved.id]}]
    assert mention_text(session, moved) == "The driver was rude."
    by_topic = {row["topic"]: (row["before"], row["after"]) for row in result["topics"]}
    assert by_topic == {"courier": (0, 1), "delivery": (2, 1), "refunds": (2, 2)}
    assert sum(week["after"] for row in result["topics"] for week in row["weeks"]) == 4
    assert topics_of(session, *history) == [["refunds"], ["delivery", "refunds"], ["delivery"]]
    assert session.scalar(select(func.count()).select_from(StagedReading)) == 0


def test_a_preview_reads_the_newest_mentions_only(session, now, history, tools, step):
    draft = create_draft(session, now, OPERATOR, read_topics([REFUNDS]))
    run = ask_preview(session, now, OPERATOR, draft.id, 1)
    while step():
        pass
    assert (run.total, run.result["spans"]) == (1, 1)
    assert run.result["newly_unassigned"] in {0, 1}


def test_a_draft_that_changes_nothing_moves_nothing(session, now, history, tools, step):
    draft = create_draft(session, now, OPERATOR, read_topics([REFUNDS, WIDE]))
    run = ask_preview(session, now, OPERATOR, draft.id, 2000)
    while step():
        pass
    assert (run.result["moved"], run.result["moves"]) == (0, [])
    assert publish_draft(session, now, OPERATOR, draft.id).version.id == latest_taxonomy(session).id


def test_what_a_newer_version_of_a_text_says_is_never_overwritten_by_the_swap(
    session, now, history, publish, read, step
):
    publish(REFUNDS, DELIVERY, COURIER)
    step()
    history[0].content_rev, history[0].state = 2, "pending"
    session.get(Turn, (history[0].id, 0)).text = "The driver was rude."
    session.flush()
    read()
    while step():
        pass
    (mention,) = list_mentions(session, history[0].id)
    assert (mention.content_rev, topics_of(session, history[0])) == (2, [["courier"]])


def test_what_was_read_before_there_were_topics_is_read_anew_with_the_first_ones(session, publish, say, read, step):
    row = say("The refund was late.")
    read()
    assert topics_of(session, row) == [[None]]
    assert publish(REFUNDS, DELIVERY).relabels
    while step():
        pass
    assert topics_of(session, row) == [["refunds"]]
    assert run_of(session).state == "done"
    assert session.scalar(select(func.count()).select_from(TrendLine)) == 0
