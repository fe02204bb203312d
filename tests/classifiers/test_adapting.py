from itertools import pairwise

import numpy as np
import pytest

from classifiers.contract import ClassifierError
from classifiers.sentiment.adapt import Texts, adapt
from classifiers.sentiment.linear import Linear
from classifiers.text import ngrams

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


def known(features, said=None):
    """Texts of which the encoder gave one part, and maybe words."""
    return Texts([features], ngrams.count(said or [""] * len(features)))


def judged(head, features):
    return head.probabilities(features if isinstance(head, Linear) else known(features))


def right(head, features, labels):
    return np.mean(judged(head, features).argmax(axis=1) == labels)


def likely(head, features, labels):
    return np.mean(np.log(judged(head, features)[np.arange(len(labels)), labels]))


def taught(shipped, features, labels, **options):
    return adapt(shipped, known(features), labels, **options)


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

    def parts(rows):
        return Texts([np.where(np.arange(24) == 1, 0, rows), rows[:, 1:3]], ngrams.count([""] * len(rows)))

    adapted = adapt(shipped, parts(features), labels)
    told = adapted.probabilities(parts(unseen)).argmax(axis=1)
    assert np.mean(told == truth) > right(shipped, unseen, truth) + 0.1


def test_a_word_of_the_domain_is_learnt_where_the_vectors_are_blind(shipped):
    blind = np.zeros((40, 24), np.float32)
    labels = np.arange(40) % 2 * 2
    said = [
        ("the gate is wombled" if label == 0 else "the gate is frandled") + f" {at}" for at, label in enumerate(labels)
    ]
    adapted = adapt(shipped, known(blind, said), labels)
    found = adapted.probabilities(known(blind[:2], ["quite wombled today", "quite frandled today"]))
    assert found.argmax(axis=1).tolist() == [0, 2]


def test_of_equally_frequent_words_those_that_one_label_has_weigh_more(shipped):
    blind, labels = np.zeros((40, 24), np.float32), np.arange(40) % 2 * 2
    said = [f"{'wombled' if at % 2 else 'quiet'} {'zibbet' if at // 2 % 2 else 'still'} {at}" for at in range(40)]
    weights = adapt(shipped, known(blind, said), labels).words.weights
    telling, common = (weights[ngrams.count([word]).indices].mean() for word in ("wombled", "zibbet"))
    assert telling > 2 * common


def test_a_handful_of_labels_moves_little(shipped):
    features, labels = world(1, shift=1.0)
    unseen, truth = world(2, shift=1.0)
    few = taught(shipped, features[:6], labels[:6])
    assert np.abs(judged(few, unseen) - shipped.probabilities(unseen)).mean() < 0.1
    assert right(few, unseen, truth) >= right(shipped, unseen, truth) - 0.03


def test_one_label_more_is_no_cliff(shipped):
    features, labels = world(1, shift=1.0)
    unseen, _ = world(2, shift=1.0)
    steps = [judged(taught(shipped, features[:count], labels[:count]), unseen) for count in range(2, 40)]
    assert max(np.abs(one - other).mean() for one, other in pairwise(steps)) < 0.1


def test_fewer_landmarks_than_texts_carry_nearly_as_much(shipped):
    features, labels = world(1, shift=1.0)
    unseen, truth = world(2, shift=1.0)
    whole, part = taught(shipped, features, labels), taught(shipped, features, labels, landmarks=150)
    assert right(part, unseen, truth) > right(shipped, unseen, truth) + 0.1
    assert right(part, unseen, truth) > right(whole, unseen, truth) - 0.05


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
    assert np.array_equal(*(judged(taught(shipped, features, labels), features) for _ in range(2)))


def test_features_of_another_head_are_refused(shipped):
    with pytest.raises(ClassifierError, match="reads 24 numbers"):
        shipped.probabilities(np.zeros((2, 7), np.float32))
