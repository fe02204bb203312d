from app.classify.ask import Asked, classify_texts
from app.classify.taxonomy import load_known
from app.store.tables import Topic


def test_texts_are_read_on_request_and_nothing_is_stored(session, readers, known):
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
