import numpy as np
import pytest

from classifiers.contract import Encoded, TopicSpec
from classifiers.topics import calibration, ngrams
from classifiers.topics.memory import Remembered
from classifiers.topics.model import Labelled, TopicModel
from classifiers.topics.regression import EXACT
from classifiers.topics.scores import unit
from classifiers.topics.traffic import settle

SPECS = (TopicSpec("refund", "Refund"), TopicSpec("delivery", "Late delivery"))


def labelled(count):
    things = ("shirt", "lamp", "phone", "chair", "book", "table", "watch", "radio", "bag", "coat")
    rows = [Labelled(f"Please pay me back for the {thing}", ("refund",)) for thing in things[:count]]
    return rows + [Labelled(f"The {thing} has not arrived yet", ("delivery",)) for thing in things[:count]]


def test_the_explanation_points_at_the_carrying_word_and_the_nearest_text(encoder):
    text = "On Monday I asked again about the refund of my blue shirt"
    why = TopicModel(SPECS, encoder.encode, labelled(5)).explain(text, encoder.encode)
    assert why.topic == "refund"
    assert why.words[0].word == "refund"
    assert text[why.words[0].start : why.words[0].end] == "refund"
    assert why.nearest == "Please pay me back for the shirt"
    assert why.labelled
    assert 0 < why.similarity <= 1
    assert why.runner_up.label == "delivery"


def test_without_labelled_texts_the_description_is_the_nearest(encoder):
    why = TopicModel(SPECS, encoder.encode).explain("my refund", encoder.encode)
    assert (why.topic, why.nearest, why.labelled) == ("refund", "refund", False)


def test_coverage_promises_only_what_the_texts_can_show(encoder):
    assert TopicModel(SPECS, encoder.encode, labelled(3)).coverage(0.01) is None
    threshold = TopicModel(SPECS, encoder.encode, labelled(10)).coverage(0.2)
    assert 0 < threshold < 1


def test_a_promised_threshold_keeps_its_promise():
    draw = np.random.default_rng(3)
    broken = 0
    for _ in range(200):
        sure = draw.random(400)
        threshold = calibration.promised(sure, draw.random(400) < sure, 0.1)
        later = draw.random(4000)
        if threshold is not None:
            kept = later >= threshold
            broken += (draw.random(4000) >= later)[kept].mean() > 0.1
    assert broken / 200 < 0.2


def test_quality_counts_held_back_texts_with_intervals(encoder):
    found = {row.topic: row for row in TopicModel(SPECS, encoder.encode, labelled(10)).quality()}
    refund = found["refund"]
    assert refund.support == 10
    share, low, high = refund.recall
    assert low < share <= high
    assert refund.precision[0] > 0.8
    assert refund.threshold == 0.5
    assert TopicModel(SPECS, encoder.encode).quality()[0].recall is None


def test_thresholds_of_rare_topics_stay_near_the_common_one():
    draw = np.random.default_rng(0)
    chances = draw.random((400, 2)).astype(np.float32)
    targets = (chances > 0.6).astype(np.float32)
    targets[:, 1] = 0
    targets[int(chances[:, 1].argmin()), 1] = 1
    common, rare = calibration.topic_thresholds(chances, targets)
    assert abs(common - 0.6) < 0.05
    assert rare > 0.4


def test_wilson_intervals_hold_the_share():
    assert calibration.wilson(0, 0) is None
    share, low, high = calibration.wilson(10, 10)
    assert share == high == pytest.approx(1)
    assert 0.69 < low < 0.73


def _clouds(centres, count, spread, draw):
    return unit((np.repeat(centres, count, axis=0) + spread * draw.normal(size=(count * len(centres), 32))).astype("f"))


def test_traffic_moves_topics_to_where_the_texts_are():
    draw = np.random.default_rng(1)
    centres = unit(draw.normal(size=(4, 32)).astype("f"))
    texts = _clouds(centres, 60, 0.1, draw)
    written = unit(centres + 0.12 * draw.normal(size=centres.shape).astype("f"))
    settled = settle(written, texts)
    truth = np.repeat(np.arange(4), 60)
    assert settled.trust > 0.5
    assert (settled.scores(texts).argmax(axis=1) == truth).mean() >= (
        (texts @ written.T).argmax(axis=1) == truth
    ).mean()


def test_traffic_that_the_topics_do_not_divide_is_not_followed():
    draw = np.random.default_rng(1)
    written = unit(draw.normal(size=(12, 32)).astype("f"))
    shapeless = unit(draw.normal(size=(400, 32)).astype("f"))
    settled = settle(written, shapeless)
    assert settled.trust == 0
    assert np.array_equal(settled.directions, written)
    assert settle(written, None).trust == 0


def test_remembered_texts_are_encoded_once():
    asked = []

    def encode(texts):
        asked.extend(texts)
        return Encoded(np.ones((len(texts), 2), np.float32), np.zeros((len(texts), 0), np.float16))

    remembered = Remembered(encode, most=2)
    assert remembered(["a", "b", "a"]).vectors.shape == (3, 2)
    remembered(["b", "c"])
    assert asked == ["a", "b", "c"]
    remembered(["a"])
    assert asked == ["a", "b", "c", "a"]
    assert remembered([]).vectors.shape == (0, 2)


def test_ngrams_know_the_words_whatever_their_case_and_spacing():
    counted = ngrams.count(["Refund  my order", "refund my ORDER", "cathedral", ""])
    weighed = ngrams.weigh(counted, ngrams.rarity(counted))
    similar = (weighed @ weighed.T).toarray()
    assert similar[0, 1] == pytest.approx(1)
    assert similar[0, 2] < 0.1


def test_beyond_the_exact_size_landmarks_answer_alike():
    draw = np.random.default_rng(0)

    def encode(texts):
        rows = [np.random.default_rng(int(text.split()[1])).normal(size=8) + 4 * (text[0] == "a") for text in texts]
        return Encoded(unit(np.asarray(rows, np.float32).reshape(-1, 8)), np.zeros((len(texts), 0), np.float16))

    rows = [Labelled(f"{'ab'[n % 2]} {n}", ("ab"[n % 2],)) for n in range(EXACT + 200)]
    specs = (TopicSpec("a", "a 1"), TopicSpec("b", "b 2"))

    def written(texts):
        return encode([text if text.split()[-1].isdigit() else "a 1" for text in (t.strip("?")[-3:] for t in texts)])

    def whole(texts):
        return encode(texts) if texts and texts[0][1] == " " and texts[0] != "my a 1" else written(texts)

    model = TopicModel(specs, whole, rows)
    asked = [f"{'ab'[n % 2]} {n}" for n in draw.integers(10_000, 20_000, 40)]
    found = model.probabilities(asked, encode(asked)).argmax(axis=1)
    assert (found == ["ab".index(text[0]) for text in asked]).mean() > 0.9
