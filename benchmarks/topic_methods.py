"""Ways to judge topics, ours and what a user would write, and how good their answers are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from topic_sets import Array, Texts, encode

from classifiers.contract import TopicSpec
from classifiers.topics.model import TopicModel
from classifiers.topics.prototypes import readable


def calibration_error(sure: Array, right: Array) -> float:
    """Expected calibration error over fifteen bins."""
    bins = np.minimum((np.asarray(sure) * 15).astype(int), 14)
    return float(sum(abs((sure[bins == at] - right[bins == at]).sum()) for at in range(15)) / max(len(right), 1))


def measure(sure: Array, right: Array) -> str:
    """Accuracy, calibration error and accuracy on the surest 80 %."""
    surest = np.argsort(-sure)[: int(0.8 * len(sure))]
    return f"{right.mean():.3f} {calibration_error(sure, right):.3f} {right[surest].mean():.3f}"


def hits(found: Array, keys: list[str], test: Texts) -> Array:
    """Whether the best column is one of each text's topics."""
    return np.asarray([keys[at] in topics for at, topics in zip(found.argmax(axis=1), test.topics, strict=True)])


def cosine(keys: list[str], test: Texts) -> Array:
    """Plain cosine of bare name and text."""
    return test.encoded().vectors @ encode([readable(key) for key in keys]).vectors.T


def fitted(train: Texts) -> LogisticRegression:
    """Logistic regression on the sentence embedding."""
    return LogisticRegression(C=50, max_iter=300).fit(train.encoded().vectors, [topics[0] for topics in train.topics])


def regression(keys: list[str], train: Texts, test: Texts) -> Array:
    """What it says."""
    model = fitted(train)
    found = np.zeros((len(test.texts), len(keys)))
    found[:, [keys.index(key) for key in model.classes_]] = model.predict_proba(test.encoded().vectors)
    return found


def plain(keys: list[str], train: Texts | None, test: Texts) -> Array:
    """What one would write first: regression, cosine where there is no label."""
    return regression(keys, train, test) if train else cosine(keys, test)


def words(keys: list[str], train: Texts, test: Texts) -> Array:
    """Logistic regression on word n-grams."""
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    model = LogisticRegression(C=50, max_iter=300).fit(
        vectorizer.fit_transform(train.texts), [t[0] for t in train.topics]
    )
    found = np.zeros((len(test.texts), len(keys)))
    found[:, [keys.index(key) for key in model.classes_]] = model.predict_proba(vectorizer.transform(test.texts))
    return found


def grown(keys: list[str], train: Texts | None, test: Texts, traffic: Sequence[str] = ()) -> Array:
    """Our probabilities."""
    model = TopicModel([TopicSpec(key) for key in keys], encode, train.labelled() if train else (), traffic)
    return model.probabilities(test.texts, test.encoded())


def summary(found: Array, keys: list[str], test: Texts) -> str:
    """Accuracy, calibration error and accuracy on the surest 80 % of these answers."""
    return measure(np.asarray(found.max(axis=1), np.float64), hits(found, keys, test))


def figures(found: Array, keys: list[str], test: Texts) -> list[float]:
    """The summary as numbers."""
    return [float(figure) for figure in summary(found, keys, test).split()]


def several(topics: list[tuple[str, ...]], keys: list[str]) -> Array:
    """Which of the topics each text has."""
    return np.asarray([[key in some for key in keys] for some in topics])


def f1(found: Array, truth: Array) -> tuple[float, float]:
    """Micro and macro F1."""
    both, either = (found & truth).sum(axis=0), found.sum(axis=0) + truth.sum(axis=0)
    seen = truth.any(axis=0)
    return 2 * both.sum() / either.sum(), float((2 * both[seen] / np.maximum(either[seen], 1)).mean())
