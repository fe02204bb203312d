"""Reviews: title, words, stars; a translation never stands for the original."""

from datetime import UTC, datetime

import pytest

from app.payloads.native import read_item
from app.payloads.particulars import script_language
from app.payloads.reviews import Review, original_text, review_item

WHEN = datetime(2026, 3, 1, tzinfo=UTC)


def item(**parts):
    return read_item(review_item(Review("r1", WHEN, **parts)))


def test_the_title_is_the_question_and_the_body_the_words():
    found = item(title="Bad", body="Very bad.", stars=1)
    assert (found.question, found.text, found.scores[0].value) == ("Bad", "Very bad.", 1)


@pytest.mark.parametrize("body", [None, "", " ", "\u200b"])
def test_a_review_that_is_only_a_title_has_it_as_its_words(body):
    found = item(title="Never again", body=body)
    assert (found.question, found.text) == (None, "Never again")


def test_stars_without_words_are_a_review():
    found = item(stars="5")
    assert (found.text, found.scores[0].value) == ("", 5)


@pytest.mark.parametrize("stars", [0, 6, -1, "NaN", "many", None, True])
def test_a_rating_off_the_scale_is_no_score(stars):
    assert item(body="x", stars=stars).scores == []


@pytest.mark.parametrize(
    ("text", "original"),
    [
        ("(Translated by Google) Too dear.\n\n(Original)\nZu teuer.", "Zu teuer."),
        ("Zu teuer.\n\n(Translated by Google)\nToo dear.", "Zu teuer."),
        ("(Translated by Google) Too dear.", "Too dear."),
        ("Zu teuer (Original).", "Zu teuer (Original)."),
        ("Zu teuer.", "Zu teuer."),
    ],
)
def test_the_customers_own_words_count(text, original):
    assert original_text(text) == original


@pytest.mark.parametrize(
    ("text", "language"),
    [("最高です", "ja"), ("최고", "ko"), ("ดีมาก", "th"), ("很好", None), ("Good", None)],
)
def test_a_script_of_one_language_tells_it(text, language):
    assert script_language(text) == language
