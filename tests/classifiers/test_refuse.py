"""A reader says what stands in the wrong place, in words that no customer has written."""

import pytest

from classifiers.contract import ClassifierError, Correction, TopicSpec, Turn
from classifiers.reader import Reader

SECRET = "my card is 4111"
SAID = [Turn("customer", SECRET)]


@pytest.fixture(scope="module")
def reader(encoder):
    return Reader(encoder)


@pytest.mark.parametrize(
    ("conversations", "questions", "told"),
    [
        (SECRET, None, "list of conversations"),
        ([SECRET], None, "Conversation 0"),
        (SAID, None, "Conversation 0 has to be a list of Turn, and got Turn"),
        ([SAID, [("customer", SECRET)]], None, "Turn 0 of conversation 1 is not a Turn but tuple"),
        ([[*SAID, Turn("customer", None)]], None, "Turn 1 of conversation 0 is not a Turn whose text is a string"),
        ([SAID], ["Why?", "How?"], "1 conversations and 2 questions"),
        ([SAID], "Why?", "one for each conversation"),
    ],
)
def test_what_is_no_conversation_is_refused_by_its_place(reader, conversations, questions, told):
    with pytest.raises(ClassifierError, match=told) as refused:
        reader.read(conversations, questions)
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (SECRET, r"list of \(text, question, span\)"),
        ([(SECRET, None, None), SECRET], "Row 1"),
        ([(SECRET, 7, None)], "Row 0"),
        ([(SECRET, None, (0, 99))], "span of row 0"),
        ([(SECRET, None, (3, 3))], "span of row 0"),
        ([(SECRET, None, (0.5, 3))], "span of row 0"),
    ],
)
def test_what_cannot_be_felt_is_refused_by_its_row(reader, asked, told):
    with pytest.raises(ClassifierError, match=told) as refused:
        reader.feel(asked)
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"topics": ["refund"]}, "topic 0 is no TopicSpec but str"),
        ({"topics": [TopicSpec("a")], "corrections": [Correction("x", topic="a"), SECRET]}, "correction 1 is no"),
        ({"traffic": [SECRET]}, "no Traffic but list"),
        ({"languages": "en"}, "plain string"),
        ({"topic_confidence": 7}, "between 0 and 1"),
    ],
)
def test_a_reader_is_not_made_of_other_things(encoder, given, told):
    with pytest.raises(ClassifierError, match=told) as refused:
        Reader(encoder, **given)
    assert SECRET not in str(refused.value)


def test_a_name_is_no_encoder():
    with pytest.raises(ClassifierError, match=r"load_encoder\('packaged'\)"):
        Reader("packaged")


def test_only_a_text_can_be_explained(encoder):
    with pytest.raises(ClassifierError, match="takes one text"):
        Reader(encoder, [TopicSpec("a"), TopicSpec("b")]).explain(None)


def test_corrections_may_come_from_a_generator(encoder):
    lessons = (Correction(text, topic="b") for text in ["Where is it?"])
    taught = Reader(encoder, [TopicSpec("a"), TopicSpec("b")], lessons)
    (reading,) = taught.read([[Turn("customer", "Where is it?")]])
    assert reading.mentions[0].topic == "b"
