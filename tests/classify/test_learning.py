"""What corrections teach: at once, version by version, and never against the gold texts."""

import pytest

from app.classify import label, learn
from app.classify.ask import Asked, classify_texts
from app.classify.correct import Review, correct_mention
from app.classify.learn import activate_version
from app.classify.taxonomy import load_known
from app.domain.actor import OPERATOR
from app.errors import AppError
from app.ingest.forget import erase_customer
from app.store.access import list_audit_events
from app.store.label_tables import Correction, ModelVersion
from app.store.mentions import list_mentions
from app.store.tables import Feedback, TaxonomyVersion

GOLD = (
    "The gizmo hums at night.",
    "My gizmo hums loudly.",
    "This gizmo hums all day.",
    "Our new gizmo hums a lot.",
    "The gizmo hums and hums.",
    "A gizmo that hums like a bee.",
)
LATE = (
    "Late parcel.", "The parcel came late.", "Our parcel is very late.", "A late delivery.",
    "The parcel is a week late.", "Late delivery of the parcel.", "Delivery was late.", "My parcel came much too late.",
)  # fmt: skip


@pytest.fixture
def teach(session, now, tools, known, say):
    """Has a text read, corrects its only mention and gives the stored correction."""

    def taught(text, topic, *, gold=False):
        feedback = say(text)
        label.record(session, now, label.work(label.claim(session, now), tools))
        (mention,) = list_mentions(session, feedback.id)
        return correct_mention(session, now, OPERATOR, mention.id, {"topic": topic}, Review(gold=gold))

    return taught


@pytest.fixture
def topic_of(session, readers, known):
    """The topic that a request of this moment gets for a text."""

    def asked(text):
        facts = load_known(session, readers.known)
        return classify_texts(readers, facts, [Asked((("customer", text),))])[0]["mentions"][0]["topic"]

    return asked


def learn_all(session, now, tools):
    while (batch := learn.claim(session, now)) is not None:
        learn.record(session, now, learn.work(batch, tools))


def versions(session):
    rows = session.query(ModelVersion).order_by(ModelVersion.number)
    return [(row.number, row.state) for row in rows]


def test_a_correction_has_its_effect_on_the_very_next_text(teach, topic_of):
    assert topic_of("The gizmo hums at night.") != "delivery"
    teach("My gizmo hums loudly.", "delivery")
    assert topic_of("The gizmo hums at night.") == "delivery"


def test_what_was_taught_becomes_a_version_once(session, now, tools, teach):
    assert learn.claim(session, now) is None
    first = teach("My gizmo hums loudly.", "delivery")
    learn_all(session, now, tools)
    teach("Where is the money?", "refunds")
    learn_all(session, now, tools)
    assert versions(session) == [(1, "superseded"), (2, "active")]
    row = session.get(ModelVersion, 1)
    assert (row.corrections_to, row.after, row.reason) == (first.id, {}, "there are no gold texts to measure it by")
    audit = [event.action for event in list_audit_events(session, None, 10, subject="model_version:2")]
    assert audit == ["model_version_accepted"]


def test_gold_decides_its_own_text_and_teaches_nothing(session, now, tools, teach, topic_of):
    teach("My gizmo hums loudly.", "delivery", gold=True)
    assert topic_of("My gizmo hums loudly.") == "delivery"
    assert topic_of("The gizmo hums at night.") != "delivery"
    assert learn.claim(session, now) is None
    # Not even where somebody else has corrected the same words: the gold text would measure itself.
    teach("My gizmo hums loudly.", "delivery")
    assert topic_of("The gizmo hums at night.") != "delivery"


@pytest.fixture
def guarded(session, now, tools, teach):
    """Six gold texts of one kind, and a version that judges them right."""
    for text in GOLD:
        teach(text, "delivery", gold=True)
    for text in ("The gizmo hums.", "All night the gizmo hums.", "It hums all day, my gizmo."):
        teach(text, "delivery")
    learn_all(session, now, tools)
    row = session.get(ModelVersion, 1)
    assert row.after == {"topic": {"right": 6, "texts": 6}}
    return row


def poison(teach):
    return [
        teach(f"The gizmo hums{end}", "refunds")
        for end in (" loudly!", " a lot!!", " at night.", " all day.", " like a bee!", "!!!", " and hums!", " now.")
    ]


def test_what_makes_gold_texts_wrong_is_refused_and_holds_on_its_own_text(
    session, now, tools, guarded, teach, topic_of
):
    last = poison(teach)[-1]
    # At once, before the station has seen it, and the same afterwards.
    for _ in range(2):
        assert topic_of("It hums all day, our gizmo.") == "delivery"
        assert topic_of("The gizmo hums now.") == "refunds"
        learn_all(session, now, tools)
    refused = session.query(ModelVersion).filter_by(state="refused").all()
    assert refused
    assert "gold texts that the version before it judged right would be wrong" in refused[-1].reason
    assert "hums" not in str([(row.reason, row.hits) for row in refused])
    assert max(row.corrections_to for row in session.query(ModelVersion)) == last.id
    assert learn.claim(session, now) is None


def test_the_first_corrections_of_all_are_judged_together_too(session, now, tools, teach):
    for text in LATE:
        teach(text, "delivery", gold=True)
    for end in ("", "!", " again.", " today.", " once more.", " as ever.", ", sorry.", " and late."):
        teach(f"My parcel is late{end}", "refunds")
        teach(f"The delivery is late{end}", "refunds")
    learn_all(session, now, tools)
    rows = session.query(ModelVersion).order_by(ModelVersion.number).all()
    assert {row.state for row in rows} >= {"active", "refused"}
    (last,) = [row for row in rows if row.state == "active"]
    # What no version has judged is measured once: halves of the group do not each start from what the other spoilt.
    assert rows[0].before["topic"]["right"] - last.after["topic"]["right"] < 5
    assert {row.before["topic"]["right"] for row in rows} == {rows[0].before["topic"]["right"]}


def test_of_corrections_that_came_together_only_those_to_blame_are_refused(
    session, now, tools, guarded, teach, topic_of
):
    teach("The florp is purple.", "refunds")
    poison(teach)
    learn_all(session, now, tools)
    assert topic_of("My florp is purple.") == "refunds"
    assert topic_of("It hums all day, our gizmo.") == "delivery"


def test_one_can_go_back_to_an_older_version_and_forward_again(session, now, tools, teach, topic_of):
    teach("The florp is purple.", "refunds")
    learn_all(session, now, tools)
    teach("My gizmo hums loudly.", "delivery")
    learn_all(session, now, tools)
    activate_version(session, now, OPERATOR, 1)
    assert versions(session) == [(1, "active"), (2, "withdrawn")]
    assert topic_of("The gizmo hums at night.") != "delivery"
    assert topic_of("My gizmo hums loudly.") == "delivery"
    activate_version(session, now, OPERATOR, 2)
    assert versions(session) == [(1, "superseded"), (2, "active")]
    assert topic_of("The gizmo hums at night.") == "delivery"
    assert topic_of("My florp is purple.") == "refunds"
    with pytest.raises(AppError) as refused:
        activate_version(session, now, OPERATOR, 3)
    assert refused.value.code == "model_version_not_found"


def test_a_person_may_take_what_the_gate_refused(session, now, tools, guarded, teach):
    poison(teach)
    learn_all(session, now, tools)
    refused = [number for number, state in versions(session) if state == "refused"]
    brought = session.get(ModelVersion, refused[-1]).corrections_to
    assert brought not in load_known(session).accepted
    activate_version(session, now, OPERATOR, refused[-1])
    states = dict(versions(session))
    assert states[refused[-1]] == "active"
    assert {state for number, state in states.items() if number > refused[-1]} <= {"withdrawn"}
    assert brought in load_known(session).accepted


def test_other_topics_make_a_version_that_nobody_refuses(session, now, tools, guarded):
    session.add(TaxonomyVersion(digest="x", document={}, published_at=now))
    session.flush()
    learn_all(session, now, tools)
    assert versions(session) == [(1, "superseded"), (2, "active")]


def test_what_a_person_taught_goes_with_the_person(session, now, tools, teach, topic_of):
    taught = teach("My gizmo hums loudly.", "delivery")
    learn_all(session, now, tools)
    session.get(Feedback, taught.feedback_id).customer_ref = "C-1"
    session.flush()
    assert topic_of("The gizmo hums at night.") == "delivery"
    erase_customer(session, now, OPERATOR, "C-1")
    assert session.query(Correction).count() == 0
    assert topic_of("The gizmo hums at night.") != "delivery"


def test_decisions_about_facts_that_have_changed_are_not_written_down(session, now, tools, teach):
    teach("My gizmo hums loudly.", "delivery")
    outcome = learn.work(learn.claim(session, now), tools)
    teach("The florp is purple.", "refunds")
    learn.record(session, now, outcome)
    assert versions(session) == []
    learn_all(session, now, tools)
    assert versions(session) == [(1, "active")]
