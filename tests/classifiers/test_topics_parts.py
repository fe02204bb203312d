import numpy as np
import pytest

from classifiers.contract import TopicSpec
from classifiers.text import ngrams
from classifiers.topics import calibration
from classifiers.topics.explain import explain
from classifiers.topics.labelled import Labelled
from classifiers.topics.model import TopicModel
from classifiers.topics.scores import unit
from classifiers.topics.traffic import MOST, drawn, gather, settle

SPECS = (TopicSpec("refund", "Refund"), TopicSpec("delivery", "Late delivery"))


def labelled(count):
    things = ("shirt", "lamp", "phone", "chair", "book", "table", "watch", "radio", "bag", "coat")
    rows = [Labelled(f"Please pay me back for the {thing}", ("refund",)) for thing in things[:count]]
    return rows + [Labelled(f"The {thing} has not arrived yet", ("delivery",)) for thing in things[:count]]


def test_the_explanation_points_at_the_carrying_word_and_the_nearest_text(encoder):
    text = "On Monday I asked again for a refund, pay me back for the blue shirt"
    why = explain(TopicModel(SPECS, encoder.encode, labelled(5)), text, encoder.encode)
    assert why.topic == "refund"
    assert why.words[0].word in {"refund", "pay", "back"}
    assert all(text[one.start : one.end] == one.word for one in why.words)
    assert why.nearest == "Please pay me back for the shirt"
    assert why.labelled
    assert 0 < why.similarity <= 1
    assert why.runner_up.label == "delivery"


def test_without_labelled_texts_the_description_is_the_nearest(encoder):
    why = explain(TopicModel(SPECS, encoder.encode), "my refund", encoder.encode)
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
    settled = settle(written, gather(texts))
    truth = np.repeat(np.arange(4), 60)
    assert settled.trust > 0.5
    assert (settled.scores(texts).argmax(axis=1) == truth).mean() >= (
        (texts @ written.T).argmax(axis=1) == truth
    ).mean()


def test_traffic_that_the_topics_do_not_divide_is_not_followed():
    draw = np.random.default_rng(1)
    written = unit(draw.normal(size=(12, 32)).astype("f"))
    shapeless = unit(draw.normal(size=(400, 32)).astype("f"))
    settled = settle(written, gather(shapeless))
    assert settled.trust == 0
    assert np.array_equal(settled.directions, written)
    assert settle(written, None).trust == 0


def test_shares_of_unlabelled_texts_follow_their_neighbours():
    draw = np.random.default_rng(1)
    texts = _clouds(unit(draw.normal(size=(2, 32)).astype("f")), 30, 0.1, draw)
    scores = np.repeat(np.asarray([[0.6, 0.0], [0.0, 0.6]], np.float32), 30, axis=0)
    scores[0] = 0.28, 0.3
    shares = gather(texts).shared(scores)
    assert np.allclose(shares.sum(axis=1), 1, atol=1e-5)
    assert shares[0].argmax() == 0


def test_unlabelled_texts_are_drawn_evenly_and_once():
    texts = [str(at) for at in range(2 * MOST)]
    assert drawn([*texts[:20], *texts[:20]], MOST) == texts[:20]
    some = drawn(texts, 10 * MOST)
    assert (len(set(some)), some[0], some[-1]) == (MOST, texts[0], texts[-1])
    assert drawn(texts[:5], MOST) == drawn(texts, 0) == []


def test_ngrams_know_the_words_whatever_their_case_and_spacing():
    counted = ngrams.count(["Refund  my order", "refund my ORDER", "cathedral", ""])
    weighed = ngrams.weigh(counted, ngrams.rarity(counted))
    similar = (weighed @ weighed.T).toarray()
    assert similar[0, 1] == pytest.approx(1)
    assert similar[0, 2] < 0.1
