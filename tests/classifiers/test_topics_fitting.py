import numpy as np
import pytest

from classifiers.contract import Encoded
from classifiers.topics.fitting import Factor, learn
from classifiers.topics.kernel import Kernel
from classifiers.topics.regression import GUESSED, LABELLED, OUTSIDE, WRITTEN
from classifiers.topics.scores import unit

KINDS = np.repeat([WRITTEN, LABELLED, OUTSIDE, GUESSED], [2, 850, 48, 300])
KNOWN = 900
NOISE = np.asarray([0.1, 0.2, 0.2, 2.0])


def encode(texts):
    rows = [np.random.default_rng(int(text)).normal(size=8) + (int(text) % 2) * 2 for text in texts]
    return Encoded(unit(np.asarray(rows, np.float32).reshape(-1, 8)), np.zeros((len(texts), 0), np.float16))


def targets(rows):
    return np.asarray([[int(row) % 2, 1 - int(row) % 2] for row in rows], np.float32)


@pytest.fixture(scope="module")
def rows():
    return [str(at) for at in range(len(KINDS))]


@pytest.fixture(scope="module")
def kernel(rows):
    return Kernel(rows[:KNOWN], encode(rows[:KNOWN]))


@pytest.fixture(scope="module")
def features(kernel, rows):
    return kernel.features(rows, encode(rows))


@pytest.fixture(scope="module")
def plain(kernel, features):
    """Inverse of the kernel with noise, as the textbook has it, of the first rows."""
    whole = like(kernel, features, features).astype(np.float64) + np.diag(NOISE[KINDS])
    return lambda count: np.linalg.inv(whole[:count, :count])


def asked(kernel):
    texts = [str(at) for at in range(5000, 5100)]
    return kernel.features(texts, encode(texts))


def like(kernel, texts, features):
    return kernel.near(texts, features) + 0.14 * (texts.sparse @ features.sparse.T).toarray()


@pytest.mark.parametrize("size", [1, 5, 384, 1000])
def test_a_factor_solves_and_knows_the_diagonal_of_the_inverse(size):
    draw = np.random.default_rng(size)
    half = draw.normal(size=(size, size)) / np.sqrt(size)
    matrix = half @ half.T + np.eye(size)
    factor, right = Factor(np.tril(matrix).astype(np.float32)), draw.normal(size=(size, 3)).astype(np.float32)
    assert np.allclose(factor.backward(factor.forward(right.copy())), np.linalg.solve(matrix, right), atol=1e-4)
    part = max(size - 100, 1)
    inverse = np.linalg.inv(matrix[:part, :part])
    assert np.allclose(factor.inverse_diagonal(part), np.diag(inverse), atol=1e-4)
    solved = factor.backward(factor.forward(right[:part].copy()))
    assert np.allclose(solved, inverse @ right[:part], atol=1e-4)


def test_what_is_learnt_is_what_the_textbook_says(kernel, rows, features, plain):
    residuals, inverse = targets(rows)[:KNOWN], plain(KNOWN)
    learnt = learn(kernel, features.rows(slice(KNOWN)), KINDS[:KNOWN], residuals)
    texts = asked(kernel)
    wanted = like(kernel, texts, features.rows(slice(KNOWN))) @ inverse @ residuals
    (found,), _ = learnt.regression.predict(texts)
    assert np.allclose(found, wanted, atol=1e-4)
    assert np.allclose(learnt.held_out, residuals - inverse @ residuals / np.diag(inverse)[:, None], atol=1e-4)


def test_guessed_rows_join_and_leave_the_others_as_they_were(kernel, rows, features, plain):
    residuals, seen = targets(rows)[:KNOWN], []

    def guess(expected, near):
        seen.append((expected, near))
        return expected + 0.1

    learnt = learn(kernel, features, KINDS, residuals, guess)
    alone = learn(kernel, features.rows(slice(KNOWN)), KINDS[:KNOWN], residuals)
    told, close = learnt.regression.predict(features.rows(slice(KNOWN, None)))
    assert np.allclose(told[0], alone.regression.predict(features.rows(slice(KNOWN, None)))[0], atol=1e-4)
    assert np.allclose(learnt.held_out, alone.held_out, atol=1e-4)
    assert np.allclose(learnt.held_near.rows, alone.held_near.rows, atol=1e-5)
    ((expected, near),) = seen
    assert np.allclose(expected, told[0], atol=1e-4)
    assert np.allclose(near.texts, close.texts, atol=1e-5)
    texts = asked(kernel)
    wanted = like(kernel, texts, features) @ plain(len(KINDS)) @ np.vstack([residuals, expected + 0.1])
    assert np.allclose(learnt.regression.predict(texts)[0][1], wanted, atol=1e-4)


def test_beyond_the_exact_size_landmarks_answer_like_all_rows(kernel, rows, features):
    known, residuals = features.rows(slice(KNOWN)), targets(rows)[:KNOWN]
    whole = learn(kernel, known, KINDS[:KNOWN], residuals)
    sparse = learn(kernel, known, KINDS[:KNOWN], residuals, exact=700)
    one, two = (model.regression.predict(asked(kernel))[0][0] for model in (whole, sparse))
    assert np.abs(one - two).mean() < 0.05
    assert np.abs(whole.held_out - sparse.held_out).mean() < 0.05
    assert np.abs(whole.held_near.rows - sparse.held_near.rows).mean() < 0.05
