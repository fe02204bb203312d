import pytest

from classifiers.contract import Correction, Traffic, Turn
from classifiers.embedders.encoder import Encoder
from classifiers.reader import Reader
from classifiers.sentiment.feelings import shipped_heads


@pytest.fixture(scope="module")
def reader(encoder, topics):
    return Reader(encoder, topics, topic_confidence=0.4)


def say(reader, text, question=None):
    return list(reader.read([[Turn("customer", text)]], [question])[0].mentions)


def test_one_text_gives_a_mention_for_each_opinion(reader):
    text = "The cashier was very friendly but my parcel is two weeks late."
    friendly, late = say(reader, text)
    assert text[friendly.start : friendly.end] == "The cashier was very friendly"
    assert (friendly.topic, friendly.sentiment_label, friendly.complaint) == ("staff", "positive", False)
    assert (late.topic, late.sentiment_label, late.complaint) == ("delivery", "negative", True)
    assert late.sentiment < -0.3 < 0.3 < friendly.sentiment


def test_what_several_cores_judge_side_by_side_stays_in_order(topics):
    reader = Reader(Encoder(heads=shipped_heads(), workers=2), topics, topic_confidence=0.4)
    late, kind = "My parcel {} is two weeks late.", "The cashier at desk {} was very friendly."
    texts = [said.format(number) for number in range(140) for said in (late, kind)]
    found = [reading.mentions for reading in reader.read([[Turn("customer", text)] for text in texts])]
    assert [one.topic for (one,) in found] == ["delivery", "staff"] * 140
    assert [one.end for (one,) in found] == [len(text) for text in texts]


def test_emoji_belong_to_the_sentence_that_they_follow(reader):
    text = "My parcel is two weeks late. 😤 Then it was broken! 👎👎"
    assert [text[one.start : one.end] for one in say(reader, text)] == [
        "My parcel is two weeks late. 😤",
        "Then it was broken! 👎👎",
    ]


def test_emoji_alone_have_a_feeling_and_no_topic(reader):
    (mention,) = say(reader, "😡😡")
    assert (mention.topic, mention.sentiment_label) == (None, "negative")


def test_agent_text_is_never_classified(reader):
    turns = [Turn("agent", "Your refund is late, how awful."), Turn("customer", "I am furious."), Turn("bot", "Bad!")]
    assert [mention.turn for mention in reader.read([turns])[0].mentions] == [1]


def test_nothing_is_praise_when_faults_were_asked_for(reader):
    (mention,) = say(reader, " Nothing. ", "What could we do better?")
    assert (mention.start, mention.end) == (1, 9)
    assert (mention.sentiment_label, mention.complaint, mention.topic) == ("positive", False, None)


def test_a_stock_phrase_is_praise_inside_an_answer_and_a_courtesy_in_a_dialogue(reader):
    found = say(reader, "My parcel came on Monday. Can't complain.")
    assert [(one.start, one.sentiment_label, one.complaint) for one in found][1:] == [(26, "positive", False)]
    turns = [Turn("customer", "Hi"), Turn("agent", "Sorry, one moment."), Turn("customer", "No problem.")]
    assert reader.read([turns])[0].mentions == ()


@pytest.mark.parametrize("text", ["N/A", "Did not answer", "\u200b\u200b", "", "..."])
def test_an_empty_answer_gives_no_mention(reader, text):
    assert say(reader, text, "What could we do better?") == []


@pytest.mark.parametrize(
    "text",
    [
        "I am still waiting for my refund.", "MY PARCEL NEVER CAME", "nobody picks up the phone",
        "I was charged twice.",
        "The website says one thing and the hotline another.", "👎",
    ],
)  # fmt: skip
def test_a_reported_problem_is_a_complaint(reader, text):
    assert [mention.complaint for mention in say(reader, text)] == [True]


@pytest.mark.parametrize(
    "text", ["What are your opening hours?", "Thank you, that was quick!", "My order number is 4711.", "👍"]
)
def test_questions_facts_and_praise_are_no_complaint(reader, text):
    assert [mention.complaint for mention in say(reader, text)] == [False]


@pytest.mark.parametrize(
    ("text", "friction"),
    [
        ("I had to tell my story to every new agent all over again.", "information_repetition"),
        ("I was transferred from department to department.", "unnecessary_handoffs"),
        ("The hotline told me something different from the website.", "channel_inconsistency"),
        ("I have no idea what is happening with my claim.", "process_opacity"),
        ("Far too many forms and steps to cancel a contract.", "unnecessary_complexity"),
        ("The soup was cold.", None),
    ],
)
def test_friction_is_named_or_left_open(reader, text, friction):
    assert [mention.friction for mention in say(reader, text)] == [friction]


def test_a_correction_wins_on_the_same_text_and_teaches_similar_ones(encoder, topics):
    text = "The blue thing wobbles"
    corrections = [
        Correction(text, topic="phone"),
        Correction(text, topic="delivery", sentiment="positive", complaint=False, friction=""),
    ]
    taught = Reader(encoder, topics, corrections, topic_confidence=0.4)
    (mention,) = say(taught, text)
    assert (mention.topic, mention.topic_confidence, mention.corrected) == ("delivery", 1.0, True)
    assert (mention.sentiment_label, mention.sentiment, mention.complaint) == ("positive", 1.0, False)
    (similar,) = say(taught, "the blue thing is wobbling")
    assert similar.topic == "delivery"
    assert not similar.corrected
    (before,) = say(Reader(encoder, topics, topic_confidence=0.4), "the blue thing is wobbling")
    assert before.topic is None
    untaught = Reader(encoder, topics, topic_confidence=0.4)
    assert taught.fingerprint != untaught.fingerprint
    assert taught.fingerprint.split(".")[0] == untaught.fingerprint.split(".")[0]


def test_equal_readers_have_equal_fingerprints(encoder, topics, reader):
    assert Reader(encoder, topics, topic_confidence=0.4).fingerprint == reader.fingerprint


def test_another_taxonomy_is_another_model(encoder, topics, reader):
    other = Reader(encoder, topics[:1], topic_confidence=0.4)
    assert other.fingerprint.split(".")[0] != reader.fingerprint.split(".")[0]


def test_a_huge_run_of_text_is_read_in_bounded_pieces(reader):
    mentions = say(reader, "it does not work and nobody helps " * 400)
    assert len(mentions) > 20
    assert max(mention.end - mention.start for mention in mentions) <= 320


def test_many_conversations_are_read_as_each_would_be_alone(reader):
    texts = ("My parcel never came.", "The app crashes.", "Thanks, the phone is great!")
    many = reader.read([[Turn("customer", texts[at % 3])] for at in range(1200)])
    alone = [[(one.start, one.end, one.topic, one.sentiment_label) for one in say(reader, text)] for text in texts]
    found = [[(one.start, one.end, one.topic, one.sentiment_label) for one in reading.mentions] for reading in many]
    assert found == [alone[at % 3] for at in range(1200)]


def test_without_topics_everything_but_the_topic_is_judged(encoder):
    (mention,) = say(Reader(encoder), "My parcel never came")
    assert (mention.topic, mention.complaint) == (None, True)


def test_a_span_is_judged_by_its_own_clause(reader):
    text = "The food was delicious but the service was awful"
    asked = [(text, None, (text.index("food"), text.index("food") + 4)), (text, None, (37, 44)), (text, None, None)]
    food, service, _ = reader.feel(asked)
    assert (food.label, service.label) == ("positive", "negative")
    assert reader.feel([("N/A", None, None), ("Nothing", "How could we improve?", None)])[1].label == "positive"


def test_a_reader_is_known_by_the_name_of_its_traffic_and_by_what_is_left_of_it(encoder, topics):
    texts = tuple(f"My order number {number} is late" for number in range(12))
    without, first, fewer, other = (
        Reader(encoder, topics, traffic=traffic)
        for traffic in (None, Traffic("1", texts), Traffic("1", texts[1:]), Traffic("2", texts))
    )
    models, taught = zip(*(one.fingerprint.split(".") for one in (without, first, fewer, other)), strict=True)
    assert models[1] == models[2]
    assert len({*models}) == 3
    assert taught[1] == taught[3] != taught[2]
    assert "12 unlabelled" in first.topics.stage
