import numpy as np

from classifiers.themes.discover import discover
from classifiers.themes.features import features
from classifiers.themes.graph import communities
from classifiers.themes.names import name, weigh_words

LATE = [f"{who} refund still not received after {weeks} weeks" for who in ("my", "the") for weeks in (2, 3, 4, 5, 6)]
RUDE = [
    f"the {job} was rude to {who}" for job in ("driver", "courier") for who in ("me", "us", "my wife", "them", "her")
]


def test_two_problems_become_two_named_groups(encoder):
    texts = [text for pair in zip(LATE, RUDE, strict=True) for text in pair]
    vectors = encoder.encode(texts, layers=False).vectors
    groups = discover(texts, vectors, smallest=4)
    assert [sorted(texts[member] for member in group.members) for group in groups] in (
        [sorted(LATE), sorted(RUDE)], [sorted(RUDE), sorted(LATE)],
    )  # fmt: skip
    names = {group.name for group in groups}
    assert any("efund still not received" in found for found in names)
    assert any("was rude" in found for found in names)
    assert all(abs(float(np.linalg.norm(group.centroid)) - 1) < 1e-3 for group in groups)


def test_the_same_texts_give_the_same_groups(encoder):
    texts = LATE + RUDE
    vectors = encoder.encode(texts, layers=False).vectors
    one, two = (discover(texts, vectors, smallest=3, resolution=2.0) for _ in range(2))
    assert [(group.name, group.members) for group in one] == [(group.name, group.members) for group in two]


def test_texts_without_neighbours_stay_alone():
    apart, nothing = np.eye(5, dtype=np.float32), np.zeros((1, 4), np.float32)
    assert list(communities(apart, apart)) == [-1] * 5
    assert list(communities(nothing, nothing)) == [-1]
    assert discover([], np.zeros((0, 4), np.float32), smallest=2) == []


def test_loose_groups_are_no_theme():
    vectors = np.random.default_rng(1).normal(size=(40, 64)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    assert discover([f"text {n}" for n in range(40)], vectors, smallest=3) == []


def test_texts_of_the_same_words_are_nearer_than_their_meaning_alone_says():
    texts = ["the card was charged twice", "charged the card twice", "somebody paid my bill again", "\U0001f600"]
    vectors = np.full((4, 16), 0.25, np.float32)
    alike = (seen := features(texts, vectors)) @ seen.T
    assert alike[0, 1] > 0.8 > max(alike[0, 2], alike[0, 3])
    assert np.allclose(np.diag(alike), 1, atol=1e-5)


def test_texts_without_any_words_differ_by_meaning_alone():
    vectors = np.eye(3, 16, dtype=np.float32)
    seen = features(["\U0001f600", "!", "\U0001f621"], vectors)
    assert np.allclose(seen @ seen.T, 0.7 * np.eye(3) + 0.3, atol=1e-5)


def test_a_handful_of_texts_with_nothing_in_common_is_no_theme():
    assert discover(["one", "two", "three"] * 2, np.repeat(np.eye(3, dtype=np.float32), 2, axis=0), smallest=3) == []


def test_a_name_is_a_phrase_that_several_customers_used():
    assert name(LATE, weigh_words([LATE, RUDE])[0]) == "Refund still not received"


def test_small_words_do_not_tell_phrases_apart():
    texts = ["my refund hasn't arrived", "The refund has still not arrived.", "refund not arrived, again", "no refund"]
    assert name(texts, weigh_words([texts, RUDE])[0]) == "Refund not arrived"


def test_one_word_alone_is_no_name():
    texts = ["Poor.", "Poor! The quality.", "so poor", "Poor, poor quality"]
    assert name(texts, weigh_words([texts, RUDE])[0]) == "Poor: quality"


def test_a_name_is_no_question_and_shouts_only_abbreviations():
    texts = [
        "how do I withdraw CASH from the ATM?",
        "I cannot withdraw cash from ATM",
        "withdraw cash from an ATM",
        "WITHDRAW CASH FROM ATM",
    ]
    assert name(texts, weigh_words([texts, RUDE])[0]) == "Withdraw cash from ATM"


def test_a_name_never_shows_a_mask_and_is_never_empty():
    texts = ["call [phone] about the meter", "write [email] about the meter"]
    assert "phone" not in name(texts, weigh_words([texts])[0]).lower()
    assert name(["xyz"], {}) == "Xyz"
    assert name(["123 456"], {}) == "123 456"
