"""What the shipped models make of texts that we wrote: one behaviour a test, in the words of many trades."""

import pytest

from classifiers.contract import Correction, TopicSpec, Turn
from classifiers.reader import Reader, load_encoder

TOPICS = (
    TopicSpec("food", "Food", "What is eaten and drunk, and how it tastes"),
    TopicSpec("staff", "Staff", "How friendly and helpful the people are"),
    TopicSpec("refund", "Refund", "Whether and when money is paid back"),
    TopicSpec("delivery", "Delivery", "Whether the parcel comes, and on the promised day"),
    TopicSpec("app", "App", "Whether the app and the website work"),
)


@pytest.fixture(scope="module")
def encoder():
    return load_encoder()


@pytest.fixture(scope="module")
def reader(encoder):
    return Reader(encoder, TOPICS, topic_confidence=0.4)


def say(reader, text, question=None):
    return reader.read([[Turn("customer", text)]], [question])[0].mentions


def share(found):
    found = list(found)
    return sum(found) / len(found)


FELT = {
    "negative": (
        "The driver threw my parcel over the fence.",
        "I have been waiting for three weeks and nobody answers.",
        "Not worth the money at all.",
        "they lost my luggage AGAIN",
        "The nurse was rude to my mother.",
        "Nothing works since the last update.",
    ),
    "positive": (
        "The engineer fixed it in ten minutes, brilliant.",
        "I could not fault the care I received.",
        "Best pizza in town.",
        "Quick, friendly and no fuss.",
        "WELL DONE EVERYONE",
        "I would recommend this bank to anybody.",
    ),
}


def test_praise_and_blame_are_told_apart(reader):
    right = [
        mention.sentiment_label == label
        for label, texts in FELT.items()
        for text in texts
        for mention in say(reader, text)
    ]
    assert share(right) >= 0.9


def test_facts_and_questions_are_no_complaint(reader):
    texts = (
        "What time do you close on Sundays?",
        "My customer number is 4711.",
        "I would like to order a second card.",
        "How do I change my address?",
        "The meeting is on Tuesday.",
    )
    assert share(mention.complaint for text in texts for mention in say(reader, text)) <= 0.2


def test_problems_without_an_angry_word_are_complaints(reader):
    texts = (
        "My card has still not arrived.",
        "I was charged twice for one order.",
        "The app closes by itself when I open the basket.",
        "Nobody called me back.",
        "The room had not been cleaned when we came.",
    )
    assert share(mention.complaint for text in texts for mention in say(reader, text)) >= 0.8


def test_what_was_not_at_fault_is_not_blamed(reader):
    texts = (
        "The service was without fault.",
        "No complaints at all from me.",
        "There was nothing wrong with the room.",
    )
    assert share(mention.sentiment_label == "negative" for text in texts for mention in say(reader, text)) <= 0.34


@pytest.mark.parametrize("text", ["No complaints.", "Nothing to complain about", "No problems at all!"])
def test_a_denied_fault_alone_is_praise(reader, text):
    (mention,) = say(reader, text)
    assert (mention.sentiment_label, mention.complaint) == ("positive", False)


def test_the_entries_of_a_numbered_list_feel_as_they_do_without_numbers(reader):
    praise = say(reader, "1) Friendly staff\n2) Clean rooms\n3) Good breakfast")
    assert [mention.sentiment_label for mention in praise] == ["positive"] * 3
    blame = say(reader, "1. The app crashes on start\n2. Delivery was three days late")
    assert [(mention.topic, mention.complaint) for mention in blame] == [("app", True), ("delivery", True)]


def test_thanks_in_advance_praise_nothing(reader):
    (mention,) = say(reader, "My card has still not arrived.\nThank you in advance,\nkind regards")
    assert mention.complaint


def test_one_sentence_may_praise_one_thing_and_blame_another(reader):
    text = "The food was lovely but the waiter was rude"
    food, staff = say(reader, text)
    assert (text[food.start : food.end], food.topic, food.sentiment_label) == (
        "The food was lovely",
        "food",
        "positive",
    )
    assert (staff.topic, staff.sentiment_label) == ("staff", "negative")


@pytest.mark.parametrize("text", ["MY REFUND HAS NOT COME", "my refund has not come", "my refund hasnt come!!!"])
def test_shouting_and_sloppy_typing_change_nothing(reader, text):
    (mention,) = say(reader, text)
    assert (mention.topic, mention.complaint) == ("refund", True)


def test_agents_bots_and_systems_are_never_quoted(reader):
    turns = [
        Turn("system", "Call started"),
        Turn("agent", "I am terribly sorry that your refund is late."),
        Turn("customer", "The app crashes when I pay."),
        Turn("bot", "Was this helpful? The delivery is awful."),
    ]
    assert {mention.turn for mention in reader.read([turns])[0].mentions} == {2}


def test_each_answer_of_a_survey_is_read_with_its_own_question(reader):
    answers = (
        Turn("customer", "Nothing.", "What should we do better?"),
        Turn("customer", "Nothing.", "What did you like?"),
        Turn("customer", "My parcel came a week late.", "Anything else?"),
    )
    praise, blame, late = reader.read([answers])[0].mentions
    assert (praise.turn, praise.complaint) == (0, False)
    assert (blame.turn, blame.sentiment_label) == (1, "negative")
    assert (late.turn, late.complaint) == (2, True)


def test_nothing_means_what_the_question_makes_of_it(reader):
    (praise,) = say(reader, "Nothing", "What could we do better?")
    (blame,) = say(reader, "Nothing", "What did you like?")
    assert (praise.sentiment_label, blame.sentiment_label) == ("positive", "negative")
    assert say(reader, "Nothing") == ()


def test_a_language_that_the_model_does_not_speak_is_not_judged(reader):
    reading = reader.read([[Turn("customer", "Das Paket kam drei Wochen zu spät und niemand hat sich gemeldet.")]])[0]
    assert (reading.mentions, reading.language, reading.unread) == ((), "de", "language")


def test_far_away_texts_get_no_topic(reader):
    texts = ("The volcano erupted in the nineteenth century.", "Photosynthesis needs light.", "He plays the violin.")
    assert all(mention.topic is None for text in texts for mention in say(reader, text))


def test_a_correction_has_its_effect_on_the_next_text_of_the_kind(encoder):
    before = Reader(encoder, TOPICS, topic_confidence=0.4)
    assert say(before, "My zorble is rattling.")[0].topic != "app"
    taught = Reader(encoder, TOPICS, [Correction("My zorble rattles.", topic="app")], topic_confidence=0.4)
    assert say(taught, "My zorble is rattling.")[0].topic == "app"


def test_the_words_that_carry_a_topic_are_named(reader):
    seen, given, why = reader.explain("I am still waiting for my refund")
    assert given
    assert why.topic == "refund"
    assert "refund" in {carrier.word for carrier in why.words[:2]}
    assert all(seen[carrier.start : carrier.end] == carrier.word for carrier in why.words)


@pytest.mark.parametrize(
    ("signal", "texts"),
    [
        ("urgent", ("I am stranded at the airport with no money, please help now!", "Our whole office has no power.")),
        ("urgent", ("Help me!", "I need this today, please.")),
        ("response_needed", ("Can you tell me when my card will come?", "Please call me back about my claim.")),
        ("escalation_intent", ("You will hear from my lawyer.", "I will report you to the ombudsman.")),
    ],
)
def test_signals_fire_where_they_should_and_not_on_praise(reader, signal, texts):
    assert all(any(getattr(mention, signal) for mention in say(reader, text)) for text in texts)
    assert not any(getattr(mention, signal) for mention in say(reader, "Lovely staff, thank you so much."))


def test_who_threatens_is_not_pleased_and_who_praises_to_the_manager_is(reader):
    for threat in ("I will sue you.", "You will hear from my lawyer."):
        (mention,) = say(reader, threat)
        assert mention.escalation_intent
        assert mention.sentiment < 0
        assert mention.sentiment_label != "positive"
    (praise,) = say(reader, "I want to speak to your manager to tell him how great Sara was.")
    assert (praise.sentiment_label, praise.escalation_intent) == ("positive", False)
