import numpy as np
import pytest

from classifiers.contract import ClassifierError
from classifiers.sentiment.adapt import FEWEST, adapt
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


def test_labels_of_a_domain_teach_what_words_mean_there(shipped):
    features, labels = world(1, shift=1.0)
    unseen, truth = world(2, shift=1.0)
    adapted = adapt(shipped, features, labels)
    assert right(adapted, unseen, truth) > right(shipped, unseen, truth) + 0.1


def test_more_labels_teach_more(shipped):
    features, labels = world(3, shift=1.0)
    unseen, truth = world(4, shift=1.0, count=3000)
    steps = [right(adapt(shipped, features[:count], labels[:count]), unseen, truth) for count in (0, 60, 600)]
    assert steps == sorted(steps)


def test_where_the_shipped_head_is_right_already_it_stays_as_good(shipped):
    unseen, truth = world(6, count=3000)
    for seed in range(5):
        features, labels = world(10 + seed, count=40)
        assert right(adapt(shipped, features, labels), unseen, truth) >= right(shipped, unseen, truth) - 0.02


def test_labels_without_any_sense_change_nothing(shipped):
    features, _ = world(7, count=200)
    labels = np.random.default_rng(8).permutation(np.arange(200) % 3)
    unseen, truth = world(9)
    assert right(adapt(shipped, features, labels), unseen, truth) > 0.4


def test_a_handful_of_labels_or_a_single_class_keep_the_shipped_head(shipped):
    features, labels = world(1, shift=1.0)
    assert adapt(shipped, features[: FEWEST - 1], labels[: FEWEST - 1]) is shipped
    assert adapt(shipped, features[labels == 0], labels[labels == 0]) is shipped


def test_the_same_labels_adapt_in_the_same_way(shipped):
    features, labels = world(1, shift=1.0, count=100)
    assert np.array_equal(adapt(shipped, features, labels).weight, adapt(shipped, features, labels).weight)


def test_features_of_another_head_are_refused(shipped):
    with pytest.raises(ClassifierError, match="reads 24 numbers"):
        shipped.probabilities(np.zeros((2, 7), np.float32))
