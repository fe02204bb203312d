from itertools import pairwise

import numpy as np
import pytest

from classifiers.contract import ClassifierError, Encoded, TopicSpec
from classifiers.topics.labelled import Labelled
from classifiers.topics.model import TopicModel
from classifiers.topics.prototypes import readable

NAMES = (TopicSpec("card_arrival"), TopicSpec("exchange_rate"), TopicSpec("lost_phone"), TopicSpec("top_up_failed"))
TAUGHT = {
    "card_arrival": (
        "Where is my card?",
        "My new card never came",
        "I still wait for the card",
        "Card not in the post",
    ),
    "exchange_rate": ("Your rate is bad", "Dollars cost too much", "What do euros cost?", "I lost on the conversion"),
    "lost_phone": ("My mobile is gone", "Somebody took my phone", "I left my phone on a bus", "Phone stolen, help"),
    "top_up_failed": ("The top-up bounced", "Could not add money", "My deposit was refused", "Topping up fails again"),
}


def taught(count=4, topics=tuple(TAUGHT)):
    return [Labelled(text, (topic,)) for topic in topics for text in TAUGHT[topic][:count]]


def judge(model, encoder, text, confidence=0.5):
    return model.judge([text], encoder.encode([text]), confidence)[0]


def chances(model, encoder, text):
    return dict(zip(model.keys, model.probabilities([text], encoder.encode([text]))[0].tolist(), strict=True))


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("When will my card get here?", "card_arrival"),
        ("What rate do I get for dollars?", "exchange_rate"),
        ("Somebody stole my mobile", "lost_phone"),
        ("My top-up did not go through", "top_up_failed"),
    ],
)
def test_names_alone_find_the_topic(encoder, text, topic):
    assert judge(TopicModel(NAMES, encoder.encode), encoder, text, 0.3).best.label == topic


def test_a_description_finds_what_the_name_does_not_say(encoder):
    specs = (TopicSpec("alpha", "Alpha", "Whether the parcel comes in time"), TopicSpec("beta", "Beta", "Rude staff"))
    model = TopicModel(specs, encoder.encode)
    assert judge(model, encoder, "The package was three days late").best.label == "alpha"
    assert judge(model, encoder, "The woman at the desk shouted at me").best.label == "beta"


def test_one_example_suffices_for_a_name_that_says_nothing(encoder):
    specs = (TopicSpec("x7", examples=("The toilets were dirty",)), TopicSpec("y2", examples=("The food was cold",)))
    model = TopicModel(specs, encoder.encode)
    assert judge(model, encoder, "Filthy washrooms").best.label == "x7"
    assert judge(model, encoder, "My soup was not even warm").best.label == "y2"


def test_a_text_about_nothing_of_it_is_abstained_from(encoder):
    answer = judge(TopicModel(NAMES, encoder.encode), encoder, "The cathedral was built in 1248")
    assert answer.topics == ()
    assert answer.best.confidence < 0.5


def test_out_of_scope_ranks_below_in_scope(encoder):
    model = TopicModel(NAMES, encoder.encode, taught())
    inside = ("Is my card on its way?", "The rate for pounds is poor", "My phone was stolen", "Adding money failed")
    outside = ("The soup was cold", "Do you have this shirt in blue?", "Our train left late", "The nurse was kind")
    found = model.probabilities([*inside, *outside], encoder.encode([*inside, *outside])).max(axis=1)
    assert found[:4].min() > found[4:].max()


def test_a_correction_teaches_its_neighbours_at_once(encoder):
    text = "The machine swallowed my plastic"
    before = TopicModel(NAMES, encoder.encode)
    lesson = [Labelled("The plastic was swallowed by the machine", ("lost_phone",))]
    after = TopicModel(NAMES, encoder.encode, lesson)
    assert judge(after, encoder, text).topics[0].label == "lost_phone"
    assert chances(after, encoder, text)["lost_phone"] > 2 * chances(before, encoder, text)["lost_phone"]
    assert after.fingerprint != before.fingerprint


def test_a_correction_wins_over_many_older_texts_near_it(encoder):
    text = "My card was taken together with the phone"
    model = TopicModel(NAMES, encoder.encode, [*taught(), Labelled(text, ("lost_phone",))])
    assert judge(model, encoder, "my card was taken along with my phone").best.label == "lost_phone"


def test_a_text_that_a_human_put_outside_stays_outside(encoder):
    outside = [Labelled("Where is your office?", ())]
    before = chances(TopicModel(NAMES, encoder.encode), encoder, "where is your office")
    after = TopicModel(NAMES, encoder.encode, outside)
    assert judge(after, encoder, "where is your office", 0.3).topics == ()
    assert max(chances(after, encoder, "where is your office").values()) < max(before.values())


def test_one_more_label_moves_other_texts_only_a_little(encoder):
    asked = ["Is the card late?", "My phone vanished", "What does a dollar cost?", "No money came onto my account"]
    encoded = encoder.encode(asked)
    rows = [row for group in zip(*(taught(4, (topic,)) for topic in TAUGHT), strict=True) for row in group]
    found = [TopicModel(NAMES, encoder.encode, rows[:count]).probabilities(asked, encoded) for count in range(13)]
    steps = [np.abs(after - before).max(axis=1).mean() for before, after in pairwise(found)]
    assert max(steps) < 0.2
    assert all((probabilities.argmax(axis=1) == [0, 2, 1, 3]).mean() >= 0.75 for probabilities in found)


def test_labels_for_one_topic_do_not_take_the_texts_of_the_others(encoder):
    model = TopicModel(NAMES, encoder.encode, taught(4, ("card_arrival",)))
    assert judge(model, encoder, "Somebody stole my mobile").best.label == "lost_phone"
    assert judge(model, encoder, "What rate do I get for dollars?").best.label == "exchange_rate"


def test_texts_with_several_topics_get_several(encoder):
    both = [Labelled(f"{text} and {other.lower()}", ("card_arrival", "lost_phone")) for text, other in zip(
        TAUGHT["card_arrival"], TAUGHT["lost_phone"], strict=True,
    )]  # fmt: skip
    model = TopicModel(NAMES, encoder.encode, taught() + both)
    answer = judge(model, encoder, "My phone was stolen and the new card never arrived")
    assert model.several
    assert {one.label for one in answer.topics} == {"card_arrival", "lost_phone"}
    assert [one.label for one in judge(model, encoder, "The exchange rate is awful").topics] == ["exchange_rate"]


def test_without_layers_the_vectors_alone_will_do(encoder):
    def bare(texts):
        encoded = encoder.encode(texts)
        return Encoded(encoded.vectors, encoded.layers[:, :0])

    model = TopicModel(NAMES, bare, taught())
    assert model.judge(["My mobile was stolen"], bare(["My mobile was stolen"]), 0.3)[0].best.label == "lost_phone"


def test_the_same_input_gives_the_same_model(encoder):
    encoded = encoder.encode(["a card", "a rate"])
    one, two = (
        TopicModel(NAMES, encoder.encode, taught()).probabilities(["a card", "a rate"], encoded) for _ in range(2)
    )
    assert np.array_equal(one, two)


UNLABELLED = tuple(
    text.format(when)
    for when in ("this week", "on Monday", "again", "for my mother", "in Spain", "at the bank")
    for text in (
        "Still no card in the mail {}",
        "The rate was awful {}",
        "My phone got lost {}",
        "Money did not load {}",
    )
)


def test_unlabelled_texts_help_to_tell_them_apart(encoder):
    encoded = encoder.encode(UNLABELLED)
    plain, followed, again = (
        TopicModel(NAMES, encoder.encode, taught(1), texts) for texts in ((), UNLABELLED, UNLABELLED)
    )
    before, after = (model.probabilities(UNLABELLED, encoded) for model in (plain, followed))
    wanted = np.tile(np.arange(4), 6)
    assert (before.argmax(axis=1) == wanted).mean() < 0.9
    assert (after.argmax(axis=1) == wanted).all()
    assert np.array_equal(after, again.probabilities(UNLABELLED, encoded))
    assert "24 unlabelled" in followed.stage
    assert followed.fingerprint == again.fingerprint != plain.fingerprint


def test_unlabelled_texts_of_no_topic_do_not_vouch_for_each_other(encoder):
    texts = [
        f"The soup was {how} {when}"
        for how in ("cold", "thin", "salty", "burnt")
        for when in ("today", "again", "at noon")
    ]
    plain, followed = (TopicModel(NAMES, encoder.encode, taught(), traffic) for traffic in ((), texts))
    before, after = (model.probabilities(texts, encoder.encode(texts)).max(axis=1) for model in (plain, followed))
    assert np.allclose(before, after, atol=0.1)


def test_probabilities_are_probabilities(encoder):
    texts = ["card", "", "?", "My phone and my card and the rate", "x" * 5000]
    found = TopicModel(NAMES, encoder.encode, taught()).probabilities(texts, encoder.encode(texts))
    assert found.shape == (5, 4)
    assert ((found >= 0) & (found <= 1)).all()
    assert (found.sum(axis=1) <= 1.001).all()
    empty = TopicModel(NAMES, encoder.encode).probabilities([], encoder.encode([]))
    assert empty.shape == (0, 4)


def test_one_topic_alone_still_answers_and_abstains(encoder):
    model = TopicModel((TopicSpec("refund", "Refund"),), encoder.encode)
    assert chances(model, encoder, "I want my refund")["refund"] > chances(model, encoder, "Nice weather")["refund"]


def test_topics_must_be_there_and_distinct(encoder):
    with pytest.raises(ClassifierError):
        TopicModel((), encoder.encode)
    with pytest.raises(ClassifierError):
        TopicModel((NAMES[0], NAMES[0]), encoder.encode)


def test_keys_are_read_as_words():
    assert [readable(key) for key in ("card_arrival", "GetQuote", "Refund not-showing up?")] == [
        "card arrival", "get quote", "refund not showing up",
    ]  # fmt: skip


def test_a_string_where_several_are_wanted_is_refused(encoder):
    for specs, labelled in (
        ([TopicSpec("delivery", examples="late parcel")], []),
        ([TopicSpec("delivery")], [Labelled("late parcel", "delivery")]),
    ):
        with pytest.raises(ClassifierError, match="tuples"):
            TopicModel(specs, encoder.encode, labelled)


def test_a_few_labels_for_a_few_topics_do_not_make_texts_of_no_topic_theirs(encoder):
    told = {
        "delivery": ["My parcel never came", "The delivery was two weeks late", "Courier left it in the rain",
                     "Where is my package", "It arrived a month after I ordered", "The driver went to the wrong door",
                     "Tracking says delivered but nothing is here", "Shipping took for ever"],
        "app": ["The app crashes all the time", "I cannot log in", "The website is confusing", "My password is refused",
                "The update broke the app", "Buttons do nothing when I press them", "The login page is blank",
                "The app is slow on my phone"],
    }  # fmt: skip
    labelled = [Labelled(text, (key,)) for key, texts in told.items() for text in texts]
    model = TopicModel([TopicSpec(key) for key in told], encoder.encode, labelled)
    none = ["I like cheese", "My dog is ill", "What is the capital of France?", "The moon is round", "ok", "hello",
            "We went to the mountains last summer", "She plays the violin", "Do you know a good recipe?"]  # fmt: skip
    given = [bool(answer.topics) for answer in model.judge(none, encoder.encode(none), 0.5)]
    assert sum(given) <= 2
    own = ["The parcel is still not here", "The app will not open"]
    assert all(answer.topics for answer in model.judge(own, encoder.encode(own), 0.5))
