import pytest

from classifiers.text.clean import clean
from classifiers.text.content import Content, weigh
from classifiers.text.said import content_probability


@pytest.mark.parametrize(
    "text", ["N/A", "n/a.", "Did not answer", "-", "...", "", "\u200b", "don't know", "No comment"]
)
@pytest.mark.parametrize("question", [None, "What could we do better?"])
def test_a_refusal_says_nothing_whatever_was_asked(text, question):
    assert weigh(text, question) is Content.NONE


@pytest.mark.parametrize(
    "text", ["Nothing.", "nothing at all", "No", "None", "Nothing really!", "I can't think of anything"]
)
def test_nothing_is_praise_when_faults_were_asked_for(text):
    assert weigh(text, "What could we do better?") is Content.PRAISE
    assert weigh(text, "How could we improve?") is Content.PRAISE


def test_nothing_is_a_complaint_when_strengths_were_asked_for():
    assert weigh("Nothing", "What did you like most?") is Content.COMPLAINT


@pytest.mark.parametrize(
    "text",
    ["No complaints.", "no problems at all", "Nothing to complain about", "No issues, thanks", "No changes needed"],
)
@pytest.mark.parametrize("question", [None, "What did you like?", "How could we improve?"])
def test_who_denies_faults_praises_whatever_was_asked(text, question):
    assert weigh(text, question) is Content.PRAISE


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("Is there anything else you would like to tell us?", Content.NONE),
        ("Do you have any other comments or suggestions?", Content.NONE),
        ("Have you contacted us about this issue before?", Content.NONE),
        ("Was your problem resolved?", Content.COMPLAINT),
        ("Thank you for calling. Did the agent listen to your concerns?", Content.COMPLAINT),
        ("Did you have any problems?", Content.PRAISE),
        ("Is there anything we could have done better?", Content.PRAISE),
        ("What did you not like?", Content.PRAISE),
        ("What do you like least?", Content.PRAISE),
        ("How would you like us to improve?", Content.PRAISE),
        ("What would make your stay better?", Content.PRAISE),
        ("Did you like it?", Content.COMPLAINT),
    ],
)
def test_what_no_says_depends_on_what_was_asked_not_on_a_word_in_it(question, said):
    assert weigh("No", question) is said


@pytest.mark.parametrize(
    "text",
    ["Can't complain", "I really can\u2019t complain.", "can't fault it!", "Could not fault the staff",
     "No improvements necessary", "I wouldn't change a thing", "It's fine as it is", "Couldn't find any fault with it"],
)  # fmt: skip
def test_who_finds_no_fault_praises(text):
    assert weigh(text, "How could we improve?") is Content.PRAISE


@pytest.mark.parametrize(
    "text", ["I can't complain to anyone", "You can't fault the staff but the food", "I would not change my mind again"]
)
def test_more_than_such_a_phrase_is_read(text):
    assert weigh(text, "How could we improve?") is Content.TEXT


def test_everything_means_the_opposite_of_nothing():
    assert weigh("Everything!", "What could we do better?") is Content.COMPLAINT
    assert weigh("Absolutely all of it", "What did you like most?") is Content.PRAISE
    assert weigh("Everything") is Content.TEXT


def test_thanks_for_nothing_are_none():
    assert weigh("Thanks for nothing!") is Content.COMPLAINT
    assert weigh("Thanks for nothing but patience") is Content.TEXT


@pytest.mark.parametrize("text", ["https://example.com/a?b=c", "see", " www.example.com\nhttp://example.com "])
def test_a_bare_link_says_nothing(text):
    assert weigh(text) is (Content.TEXT if text == "see" else Content.NONE)


def test_nothing_alone_says_nothing():
    assert weigh("Nothing.") is Content.NONE
    assert weigh("Nothing.", "What were you satisfied or dissatisfied with?") is Content.NONE


@pytest.mark.parametrize(
    "text", ["Nothing worked", "No refund", "Nobody answered", "👎", "None of the lamps fit", "Good"]
)
def test_an_opinion_is_always_read(text):
    assert weigh(text, "What could we do better?") is Content.TEXT


def test_the_encoder_sees_words_for_emoji_and_no_markup():
    assert clean("<p>So&nbsp;slow 👎 @shop https://x.example/y #fail</p>") == "So slow bad, thumbs down fail"
    assert clean("sooooooo   slow :(") == "sooo slow sad"
    assert clean("a\u200bb\x00c \ud800") == "ab c"


@pytest.mark.parametrize("text", ["1. The app crashes", "2) The app crashes", " (10) The app crashes"])
def test_the_number_of_a_lists_entry_is_not_read(text):
    assert clean(text) == "The app crashes"


@pytest.mark.parametrize("text", ["2.5 stars", "10 minutes late", "1) 2 of 3 broken", "7.", "It took (3) days"])
def test_numbers_that_mean_something_stay(text):
    assert clean(text) == text


@pytest.mark.parametrize(
    "text", ["late", "rude", "cold food", "5", "never again", "no refund", "the price", "parking", "👎"]
)
@pytest.mark.parametrize("question", [None, "What could we do better?"])
def test_a_short_complaint_probably_has_content(text, question):
    assert content_probability(text, question) > 0.5


@pytest.mark.parametrize("text", ["", "...", "N/A", "Did not answer", "as above", "don't know", "Because it's true."])
def test_an_empty_answer_probably_has_none(text):
    assert content_probability(text, "Why did you give this score?") < 0.5


def test_nothing_says_more_when_faults_were_asked_for():
    assert content_probability("Nothing", "What could we do better?") > content_probability("Nothing")
