import numpy as np
import pytest

from classifiers.contract import ClassifierError, TopicSpec
from classifiers.topics.model import Labelled, TopicModel
from classifiers.topics.prototypes import readable

NAMES = (TopicSpec("card_arrival"), TopicSpec("exchange_rate"), TopicSpec("lost_phone"), TopicSpec("top_up_failed"))


@pytest.fixture(scope="module")
def embed(encoder):
    return lambda texts: encoder.encode(texts, layers=False).vectors


def best(model, embed, text, confidence=0.3):
    return model.judge(embed([text]), confidence)[0].label


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("When will my card get here?", "card_arrival"),
        ("What rate do I get for dollars?", "exchange_rate"),
        ("Somebody stole my mobile", "lost_phone"),
        ("My top-up did not go through", "top_up_failed"),
    ],
)
def test_names_alone_find_the_topic(embed, text, topic):
    assert best(TopicModel(NAMES, embed), embed, text) == topic


def test_a_text_about_nothing_of_it_is_abstained_from(embed):
    assert best(TopicModel(NAMES, embed), embed, "The cathedral was built in 1248", 0.5) is None


def test_one_labelled_text_teaches_the_next_similar_one(embed):
    before = TopicModel(NAMES, embed)
    after = TopicModel(NAMES, embed, [Labelled("The plastic was swallowed by the machine", ("lost_phone",))])
    text = embed(["The machine swallowed my plastic"])
    column = NAMES.index(TopicSpec("lost_phone"))
    assert after.probabilities(text)[0, column] > 2 * before.probabilities(text)[0, column]
    assert after.fingerprint != before.fingerprint


def test_a_text_that_a_human_put_outside_stays_outside(embed):
    outside = [Labelled("Where is your office?", ())]
    assert best(TopicModel(NAMES, embed, outside), embed, "where is your office", 0.2) is None


def test_many_examples_are_learnt_from_and_stay_calibrated(embed):
    labelled = [Labelled(f"{verb} my {thing}", (topic,)) for topic, thing in (
        ("card_arrival", "new card"), ("exchange_rate", "euros into dollars"), ("lost_phone", "phone"),
    ) for verb in ("Where is", "I ask about", "Problem with", "Tell me about", "Something is wrong with")]  # fmt: skip
    model = TopicModel(NAMES, embed, labelled)
    found = model.probabilities(embed(["Trouble with my phone", "Give me news of my new card"]))
    assert [model.keys[column] for column in found.argmax(axis=1)] == ["lost_phone", "card_arrival"]
    assert (found.sum(axis=1) <= 1.001).all()


def test_texts_with_several_topics_get_several(embed):
    both = [Labelled(f"card and phone {word}", ("card_arrival", "lost_phone")) for word in ("gone", "missing", "lost")]
    single = [Labelled("the rate is bad", ("exchange_rate",)), Labelled("good rate", ("exchange_rate",))]
    model = TopicModel(NAMES, embed, both + single)
    found = dict(zip(model.keys, model.probabilities(embed(["card and phone lost"]))[0], strict=True))
    assert min(found["card_arrival"], found["lost_phone"]) > 0.5 > found["exchange_rate"]


def test_the_same_input_gives_the_same_model(embed):
    labelled = [Labelled(f"text number {n} about cards", (NAMES[n % 4].key,)) for n in range(24)]
    vectors = embed(["a card", "a rate"])
    one, two = (TopicModel(NAMES, embed, labelled).probabilities(vectors) for _ in range(2))
    assert np.array_equal(one, two)


def test_topics_must_be_there_and_distinct(embed):
    with pytest.raises(ClassifierError):
        TopicModel((), embed)
    with pytest.raises(ClassifierError):
        TopicModel((NAMES[0], NAMES[0]), embed)


def test_keys_are_read_as_words():
    assert [readable(key) for key in ("card_arrival", "GetQuote", "Refund not-showing up?")] == [
        "card arrival", "get quote", "refund not showing up",
    ]  # fmt: skip
