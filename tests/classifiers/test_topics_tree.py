import pytest

from classifiers.contract import ClassifierError, TopicSpec
from classifiers.topics.labelled import Labelled
from classifiers.topics.model import TopicModel

TREE = (
    TopicSpec("delivery", "Delivery of parcels"),
    TopicSpec("late", "Late parcel", parent="delivery"),
    TopicSpec("damaged", "Damaged parcel", parent="delivery"),
    TopicSpec("billing", "Bills and payment"),
    TopicSpec("refund", "Refund", parent="billing"),
)


def judge(model, encoder, text, confidence=0.5):
    return model.judge([text], encoder.encode([text]), confidence)[0]


def test_a_parent_is_at_least_as_probable_as_its_children(encoder):
    texts = ["My parcel is late", "The box was crushed", "Where is my refund?", "Hello"]
    model = TopicModel(TREE, encoder.encode)
    found = model.probabilities(texts, encoder.encode(texts))
    assert (found[:, 0] >= found[:, 1:3].max(axis=1)).all()
    assert (found[:, 3] >= found[:, 4]).all()


def test_a_sure_child_is_answered(encoder):
    rows = [Labelled(f"The parcel came {days} days late", ("late",)) for days in ("two", "three", "four", "nine")]
    rows += [Labelled(f"The {thing} in the parcel was broken", ("damaged",)) for thing in ("cup", "lamp", "glass")]
    rows += [Labelled(f"Please refund my {thing}", ("refund",)) for thing in ("order", "ticket", "fee")]
    model = TopicModel(TREE, encoder.encode, rows)
    assert judge(model, encoder, "My parcel came five days late").topics[0].label == "late"


def test_the_parent_is_answered_where_no_child_is_sure_enough(encoder):
    model = TopicModel(TREE, encoder.encode)
    text = "There is something about the delivery of my parcel"
    chance = dict(zip(model.keys, model.probabilities([text], encoder.encode([text]))[0], strict=True))
    asked = float((max(chance["late"], chance["damaged"]) + chance["delivery"]) / 2)
    assert judge(model, encoder, text, asked).topics[0].label == "delivery"


def test_parents_must_be_topics_and_no_circle(encoder):
    with pytest.raises(ClassifierError, match="no topic"):
        TopicModel((TopicSpec("a", parent="b"),), encoder.encode)
    with pytest.raises(ClassifierError, match="own ancestor"):
        TopicModel((TopicSpec("a", parent="b"), TopicSpec("b", parent="a")), encoder.encode)
