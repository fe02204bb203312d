import pytest

from classifiers.contract import ClassifierError, Correction, Turn
from classifiers.decided import decide
from classifiers.reader import Reader

TEXT = "Late, but the money came back at once."


def decided(*corrections):
    return decide(corrections)[TEXT]


def said(one, *topics):
    return one.for_mentions(topics)


@pytest.mark.parametrize("wrong", [{"sentiment": "angry"}, {"friction": "queues"}])
def test_a_word_that_is_no_label_is_refused(wrong):
    with pytest.raises(ClassifierError, match="one of"):
        decide([Correction(TEXT, **wrong)])


def test_a_corrected_topic_takes_the_place_of_its_own_and_leaves_those_beside_it():
    one = decided(Correction(TEXT, topic="parcel", about="delivery", beside=("refunds",)))
    assert one.topics == ("parcel", "refunds")
    first, second = said(one, *one.topics)
    assert (first.topic, second) == ("parcel", None)


def test_what_was_said_of_one_topic_does_not_touch_the_other():
    one = decided(Correction(TEXT, sentiment="positive", about="refunds", beside=("delivery",)))
    assert one.topics is None
    late, money = said(one, "delivery", "refunds")
    assert (late, money.sentiment) == (None, "positive")


def test_what_was_said_of_a_mention_goes_with_it_to_its_new_topic():
    one = decided(
        Correction(TEXT, sentiment="negative", about="delivery", beside=("refunds",)),
        Correction(TEXT, topic="parcel", about="delivery", beside=("refunds",)),
        Correction(TEXT, topic="courier", about="parcel", beside=("refunds",)),
    )
    assert one.topics == ("courier", "refunds")
    first, second = said(one, *one.topics)
    assert (first.topic, first.sentiment, second) == ("courier", "negative", None)


def test_a_topic_that_is_none_goes_and_the_other_stays():
    one = decided(Correction(TEXT, topic="", about="refunds", beside=("delivery",)))
    assert one.topics == ("delivery",)


def test_what_was_said_of_a_topic_that_is_gone_holds_for_the_first_mention():
    one = decided(Correction(TEXT, complaint=True, about="retired"))
    first, second = said(one, "delivery", "refunds")
    assert (first.complaint, first.topic, second) == (True, None, None)


def test_a_word_on_the_whole_text_wins_over_earlier_words_on_its_parts():
    one = decided(
        Correction(TEXT, topic="parcel", sentiment="negative", about="delivery", beside=("refunds",)),
        Correction(TEXT, topic="refunds", sentiment="positive"),
    )
    assert one.topics == ("refunds",)
    (only,) = said(one, "refunds")
    assert (only.topic, only.sentiment) == ("refunds", "positive")


def test_feelings_about_one_of_several_topics_teach_nothing_about_whole_texts():
    shared = decided(Correction(TEXT, sentiment="positive", complaint=False, about="refunds", beside=("delivery",)))
    alone = decided(Correction(TEXT, sentiment="positive", complaint=False, about="refunds"))
    assert (shared.felt().sentiment, shared.felt().complaint) == (None, None)
    assert (alone.felt().sentiment, alone.felt().complaint) == ("positive", False)


def test_a_correction_that_must_not_teach_still_decides():
    one = decided(Correction(TEXT, topic="refunds", sentiment="positive", teaches=False))
    assert (one.topics, one.teaches, one.felt().sentiment) == (("refunds",), False, None)


def test_a_span_keeps_its_other_topic_when_it_is_read_again(encoder, topics):
    text = "The blue thing wobbles"
    row = Correction(text, topic="delivery", sentiment="negative", about="app", beside=("phone",))
    reader = Reader(encoder, topics, [row], topic_confidence=0.4)
    mentions = reader.read([[Turn("customer", text)]])[0].mentions
    assert [(one.topic, one.corrected) for one in mentions] == [("delivery", True), ("phone", False)]
    assert (mentions[0].topic_confidence, mentions[0].sentiment_label) == (1.0, "negative")
