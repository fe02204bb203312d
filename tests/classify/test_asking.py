import pytest

from app.classify.ask import Asked, classify_texts
from app.classify.taxonomy import load_known
from app.classify.why import explain_topic
from app.errors import AppError
from app.store.tables import Topic


def test_t86_texts_are_read_on_request_and_nothing_is_stored(session, readers, known):
    asked = [
        Asked((("agent", "Hello, your parcel is late."), ("customer", "My refund never came."))),
        Asked((("customer", "N/A"),), question="What could we do better?"),
    ]
    read, nothing = classify_texts(readers, load_known(session), asked)
    (mention,) = read["mentions"]
    assert (mention["turn"], mention["text"], mention["topic"]) == (1, "My refund never came.", "refunds")
    assert mention["complaint"] is True
    assert mention["fingerprint"]
    assert read["unread"] is None
    assert (nothing["mentions"], nothing["unread"]) == ([], "no_content")


def test_the_same_reader_is_kept_until_topics_or_corrections_change(session, readers, known):
    facts = load_known(session)
    reader = readers.current(facts)
    assert load_known(session, facts) is facts
    assert readers.current(load_known(session)) is reader
    session.add(Topic(key="staff", name="Staff", description="", examples=[]))
    session.flush()
    changed = load_known(session, facts)
    assert [topic[0] for topic in changed.topics] == ["delivery", "refunds", "staff"]
    assert readers.current(changed) is not reader


def test_a_topic_is_explained_by_the_words_that_carry_it_and_the_nearest_example(session, readers, known):
    why = explain_topic(readers, load_known(session), "I am still waiting for my refund money")
    assert (why["topic"], why["given"]) == ("refunds", True)
    assert "refund" in [each["word"] for each in why["words"][:2]]
    assert all(why["text"][each["start"] : each["end"]] == each["word"] for each in why["words"])
    assert (why["nearest"], why["labelled"]) == ("My refund is late", True)
    assert why["runner_up"]["label"] == "delivery"


def test_without_topics_nothing_can_be_explained(session, readers):
    with pytest.raises(AppError) as refused:
        explain_topic(readers, load_known(session), "I am still waiting")
    assert refused.value.code == "no_taxonomy"
