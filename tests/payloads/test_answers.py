"""Answers of a survey become words, scores, a person, an order, or facts."""

from datetime import UTC, datetime

import pytest

from app.payloads.answers import Answer, Response, reads_like_words, survey_item
from app.payloads.native import MAX_TEXT, read_item
from app.payloads.questions import Scale, SurveySettings

WHEN = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


def item(*answers, **settings):
    return read_item(survey_item(Response("r1", WHEN, answers), SurveySettings.model_validate(settings)))


def scores(found):
    return [(one.metric, one.value, one.min, one.max) for one in found.scores]


@pytest.mark.parametrize(
    ("label", "value", "score"),
    [
        ("How likely are you to recommend us?", 0, ("nps", 0, 0, 10)),
        ("nps_q1", "10", ("nps", 10, 0, 10)),
        ("Wie wahrscheinlich ist es, dass Sie uns weiterempfehlen?", 7, ("nps", 7, 0, 10)),
        ("howEasyWasIt", "2", ("ces", 2, 1, 5)),
        ("Wie zufrieden sind Sie?", 5, ("csat", 5, 1, 5)),
        ("Overall rating", 1, ("stars", 1, 1, 5)),
        ("How likely are you to recommend us?", "9 - very likely", ("nps", 9, 0, 10)),
    ],
)
def test_clear_words_tell_the_scale(label, value, score):
    assert scores(item(Answer("q", value, label=label))) == [score]


@pytest.mark.parametrize(
    ("label", "value"),
    [("How easy was it?", 7), ("How many staff?", 3), ("How likely are you to recommend us?", 11), ("nps", True)],
)
def test_a_number_without_a_clear_scale_is_a_fact(label, value):
    found = item(Answer("q", value, label=label))
    assert not found.scores
    assert found.attributes == {label: value}
    assert found.text == ""


def test_a_picked_number_may_be_a_score_a_picked_text_never_is():
    label = "How likely are you to recommend us?"
    assert scores(item(Answer("q", ["10"], "choice", label))) == [("nps", 10, 0, 10)]
    found = item(Answer("q", "10 - certainly", "choice", label), Answer("r", "Very satisfied", "choice", "Satisfied?"))
    assert (scores(found), len(found.attributes)) == ([], 2)


def test_settings_win_over_the_guess_and_know_codes():
    settings = {"scales": {"How easy was it?": {"metric": "ces", "min": 1, "max": 7}, "Q2": {**_csat()}}}
    found = item(Answer("q1", 7, label="How easy was it?"), Answer("Q2", "A4", "choice"), **settings)
    assert scores(found) == [("ces", 7, 1, 7), ("csat", 4, 1, 5)]
    assert found.scores[1].raw == "A4"


def _csat():
    return {"metric": "csat", "min": 1, "max": 5}


def test_a_scale_that_the_sender_states_counts():
    assert scores(item(Answer("q", 6, "scale", scale=Scale("ces", 1, 7)))) == [("ces", 6, 1, 7)]


@pytest.mark.parametrize("label", ["What's your full name?", "Name", "first_name", "fullName", "Vorname"])
def test_a_name_is_the_person_and_no_words(label):
    found = item(Answer("q", "Priya Nair", "words", label))
    assert (found.customer.name, found.turns) == ("Priya Nair", None)


def test_first_and_last_name_are_one():
    found = item(Answer("a", "Priya", "words", "First name"), Answer("b", "Nair", "words", "Last name"))
    assert found.customer.name == "Priya Nair"


@pytest.mark.parametrize("label", ["Your email", "E-Mail", "What is your email address?"])
def test_an_address_is_the_person_and_no_words(label):
    found = item(Answer("q", "ada@example.com", "words", label))
    assert (found.customer.email, found.turns) == ("ada@example.com", None)


@pytest.mark.parametrize("label", ["Phone number", "Date of birth", "Postcode", "Street address"])
def test_other_facts_of_a_person_are_left_out(label):
    found = item(Answer("q", "12345 Somewhere", "words", label))
    assert (found.customer, found.turns, found.attributes) == (None, None, {})


@pytest.mark.parametrize("label", ["How was our e-mail support?", "What about the address form?", "Name one problem"])
def test_a_question_that_only_mentions_such_a_fact_is_a_question(label):
    assert [turn.text for turn in item(Answer("q", "It never works.", "words", label)).turns] == ["It never works."]


def test_hidden_values_are_the_customer_the_case_and_facts():
    hidden = {"plan": "gold", "user_id": "u-1", "customer_id": "C-9", "hidden_order": "A-1"}
    found = item(*(Answer(name, value, "hidden") for name, value in hidden.items()))
    assert (found.customer.ref, found.case_id) == ("C-9", "A-1")
    assert found.attributes == {"plan": "gold"}


def test_a_field_of_another_name_holds_the_customer_if_the_settings_say_so():
    found = item(
        Answer("kdnr", "0007", "hidden"), Answer("vorgang", "X 1", "hidden"), customer=["kdnr"], case=["vorgang"]
    )
    assert (found.customer.ref, found.case_id) == ("0007", "X 1")


def test_words_about_an_order_are_words():
    found = item(Answer("q", "It came late, and broken.", "words", "Order"))
    assert (found.case_id, [turn.question for turn in found.turns]) == (None, ["Order"])


def test_text_that_nobody_can_see_is_no_answer():
    found = item(Answer("q", "\u200b\u2060\ufeff ", "words", "Why?"), Answer("r", None), Answer("s", ""))
    assert (found.text, found.turns, found.attributes) == ("", None, {})


def test_words_come_through_untouched():
    words = "  <b>Tab\there</b> &amp; \u202eright-to-left 👩‍👩‍👧 e\u0301\r\n "
    assert [turn.text for turn in item(Answer("q", words, "words", "<p>Why?</p>")).turns] == [words]


def test_a_label_in_html_is_read_as_text():
    assert item(Answer("q", "Slow.", "words", "<p>Why <em>so</em>?</p>")).turns[0].question == "Why so?"


def test_a_longer_answer_than_a_turn_may_have_becomes_several():
    words = "x" * (2 * MAX_TEXT + 5)
    turns = item(Answer("q", words, "words", "Why?")).turns
    assert "".join(turn.text for turn in turns) == words
    assert [turn.ref for turn in turns] == ["q", "q#2", "q#3"]


def test_skipped_questions_leave_nothing():
    found = item(Answer("q", "A secret", "words", "What is your password hint?"), skip=["what is your PASSWORD hint?"])
    assert (found.turns, found.attributes) == (None, {})


@pytest.mark.parametrize(
    "value", ["Too slow", "ok", "Terrible!", "最悪", "3回電話しました", "no, never again", "Item 4"]
)
def test_a_text_of_unknown_kind_is_taken_for_words(value):
    assert reads_like_words(value)


@pytest.mark.parametrize(
    "value", ["yes", "No.", "42", "2026-03-01", "2026-03-01T09:00:00Z", "https://a.example/b", "A-90012", "A4", "-oth-"]
)
def test_a_code_a_date_a_number_or_a_yes_is_not(value):
    assert not reads_like_words(value)


def test_an_answer_of_unknown_kind_may_be_an_address():
    assert item(Answer("q7", "ada@example.com")).customer.email == "ada@example.com"


def test_more_facts_than_an_item_has_room_for_are_cut_not_refused():
    found = item(*(Answer(f"q{number}", number, label=f"Count {number}") for number in range(200)))
    assert len(found.attributes) == 50


def test_control_characters_never_make_a_response_unreadable():
    found = item(Answer("a\x00b", "C\t1\x07", "hidden"), Answer("customer_id", "C\x001", "hidden"))
    assert found.customer.ref == "C 1"
