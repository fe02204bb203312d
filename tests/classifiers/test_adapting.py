from itertools import pairwise

import numpy as np
import pytest

from classifiers.contract import ClassifierError
from classifiers.sentiment.adapt import adapt
from classifiers.sentiment.linear import Linear

LABELS = ("negative", "neutral", "positive")


def world(seed, shift=0.0, count=600):
    """Texts of one domain: the first number is the feeling, as every domain has it; the second means it here alone."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(count, 24)).astype(np.float32)
    feeling = features[:, 0] + shift * features[:, 1]
    return features, np.digitize(feeling, (-0.4, 0.4))


@pytest.fixture(scope="module")
def shipped():
    weight = np.zeros((24, 3), np.float32)
    weight[0] = (-4, 0, 4)
    return Linear(LABELS, weight, np.array([0, 1.0, 0], np.float32))


def right(head, features, labels):
    return np.mean(head.probabilities(features).argmax(axis=1) == labels)


def likely(head, features, labels):
    return np.mean(np.log(head.probabilities(features)[np.arange(len(labels)), labels]))


def taught(shipped, features, labels):
    return adapt(shipped, [features], labels)


def test_labels_of_a_domain_teach_what_words_mean_there(shipped):
    features, labels = world(1, shift=1.0)
    unseen, truth = world(2, shift=1.0)
    adapted = taught(shipped, features, labels)
    assert right(adapted, unseen, truth) > right(shipped, unseen, truth) + 0.1


def test_more_labels_teach_more(shipped):
    features, labels = world(3, shift=1.0)
    unseen, truth = world(4, shift=1.0, count=3000)
    steps = [likely(taught(shipped, features[:count], labels[:count]), unseen, truth) for count in (0, 30, 60, 600)]
    assert steps == sorted(steps)


def test_what_only_another_part_tells_is_learnt_from_it(shipped):
    features, labels = world(3, shift=1.0)
    unseen, truth = world(4, shift=1.0)
    blind, other = features.copy(), features[:, 1:3]
    blind[:, 1] = 0
    adapted = adapt(shipped, [blind, other], labels)
    told = np.hstack([np.where(np.arange(24) == 1, 0, unseen), unseen[:, 1:3]])
    assert right(adapted, told, truth) > right(shipped, told[:, :24], truth) + 0.1


def test_a_handful_of_labels_moves_little(shipped):
    features, labels = world(1, shift=1.0)
    unseen, truth = world(2, shift=1.0)
    few = taught(shipped, features[:6], labels[:6])
    assert np.abs(few.probabilities(unseen) - shipped.probabilities(unseen)).mean() < 0.1
    assert right(few, unseen, truth) >= right(shipped, unseen, truth) - 0.03


def test_one_label_more_is_no_cliff(shipped):
    features, labels = world(1, shift=1.0)
    unseen, _ = world(2, shift=1.0)
    steps = [taught(shipped, features[:count], labels[:count]).probabilities(unseen) for count in range(2, 40)]
    assert max(np.abs(one - other).mean() for one, other in pairwise(steps)) < 0.1


def test_texts_and_columns_may_be_few_or_many_and_the_answer_is_the_same(shipped):
    features, labels = world(5, shift=1.0, count=40)
    wide = np.hstack([features, np.zeros((40, 20), np.float32)])
    padded = Linear(LABELS, np.vstack([shipped.weight, np.zeros((20, 3), np.float32)]), shipped.bias)
    by_columns, by_texts = taught(shipped, features, labels), taught(padded, wide, labels)
    assert np.allclose(by_texts.probabilities(wide), by_columns.probabilities(features), atol=1e-2)


def test_where_the_shipped_head_is_right_already_it_stays_as_good(shipped):
    unseen, truth = world(6, count=3000)
    for seed in range(5):
        features, labels = world(10 + seed, count=40)
        assert right(taught(shipped, features, labels), unseen, truth) >= right(shipped, unseen, truth) - 0.02


def test_labels_without_any_sense_change_little(shipped):
    features, _ = world(7, count=200)
    labels = np.random.default_rng(8).permutation(np.arange(200) % 3)
    unseen, truth = world(9)
    assert right(taught(shipped, features, labels), unseen, truth) > 0.4


def test_without_two_labels_to_tell_apart_the_shipped_head_stays(shipped):
    features, labels = world(1, shift=1.0)
    assert taught(shipped, features[:0], labels[:0]) is shipped
    assert taught(shipped, features[labels == 0], labels[labels == 0]) is shipped


def test_the_same_labels_adapt_in_the_same_way(shipped):
    features, labels = world(1, shift=1.0, count=100)
    assert np.array_equal(taught(shipped, features, labels).weight, taught(shipped, features, labels).weight)


def test_features_of_another_head_are_refused(shipped):
    with pytest.raises(ClassifierError, match="reads 24 numbers"):
        shipped.probabilities(np.zeros((2, 7), np.float32))
