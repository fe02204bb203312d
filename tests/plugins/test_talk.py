"""Whose words are whose: nobody is taken for a customer who is not known to be one."""

import pytest

from app.domain.feedback import Role
from app.payloads.languages import language_tag
from app.payloads.segments import Frame, spoken_in
from app.payloads.talk import SpeakerRules, Spoken, make_turns, role_of_name


def roles(*pieces, **rules):
    spoken = [Spoken(text, speaker) for speaker, text in pieces]
    return [turn["role"].value for turn in make_turns(spoken, SpeakerRules(**rules))]


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("Agent Kim", Role.AGENT),
        ("CUSTOMER", Role.CUSTOMER),
        ("Customer Service", Role.AGENT),
        ("CustomerCare2", Role.AGENT),
        ("SPEAKER_AGENT", Role.AGENT),
        ("Caller 1", Role.CUSTOMER),
        ("Kundenberaterin", Role.AGENT),
        ("Kundin", Role.CUSTOMER),
        ("Virtual Agent", Role.BOT),
        ("user", Role.CUSTOMER),
        ("User 2", None),
        ("Kim", None),
        ("SPEAKER_00", None),
        ("0", None),
        ("", None),
    ],
)
def test_a_name_says_a_role_or_none(name, role):
    assert role_of_name(name) is role


def test_two_unknown_names_are_nobodys_words():
    assert roles(("Kim", "Hello."), ("Lee", "It leaks.")) == ["system", "system"]


def test_who_greets_like_an_agent_is_one_and_the_other_is_the_customer():
    assert roles(("0", "Hello?"), ("1", "Thanks for calling, how can I help?")) == ["customer", "agent"]


def test_of_three_speakers_a_greeting_tells_only_one():
    pieces = (("0", "How can I help?"), ("1", "It leaks."), ("2", "I am his wife."))
    assert roles(*pieces) == ["agent", "system", "system"]


def test_everybody_else_is_a_customer_where_the_operator_lists_the_agents():
    assert roles(("Kim", "Hello."), ("Lee", "It leaks."), ("Sam", "Yes."), agents=["kim"]) == [
        "agent",
        "customer",
        "customer",
    ]


def test_a_list_that_fits_nobody_says_nothing():
    assert roles(("Kim", "Hello."), ("Lee", "It leaks."), agents=["Zoe"]) == ["system", "system"]


def test_the_first_speaker_is_the_agent_only_if_the_operator_says_so_and_nothing_else_tells():
    assert roles(("A", "Hello."), ("B", "It leaks."), agent_first=True) == ["agent", "customer"]
    assert roles(("Customer", "Hello."), ("B", "Yes?"), agent_first=True) == ["customer", "agent"]


def test_words_without_any_speaker_are_nobodys_unless_the_operator_says_whose():
    assert roles((None, "It leaks.")) == ["system"]
    assert roles((None, "It leaks."), alone="customer") == ["customer"]


def test_words_without_a_speaker_among_speakers_are_nobodys():
    assert roles(("Agent", "Hello."), (None, "Hm."), ("Customer", "It leaks."), alone="customer")[1] == "system"


@pytest.mark.parametrize(
    ("body", "read"),
    [
        ([{"speaker": "A", "text": "x"}], [("A", "x")]),
        ({"segments": [{"speaker": "SPEAKER_00", "text": " x"}]}, [("SPEAKER_00", "x")]),
        ({"transcript": {"text": "x", "segments": [{"speaker": 0, "text": "y"}]}}, [("0", "y")]),
        ({"transcript": "x", "words": [{"word": "x", "speaker": 1}]}, [("1", "x")]),
        ({"results": {"channels": [{"alternatives": [{"transcript": "x"}]}]}}, [(None, "x")]),
        ({"messages": [{"role": "user", "content": "x"}]}, [("user", "x")]),
        ("Agent: x\nCustomer: y\nand z", [("Agent", "x"), ("Customer", "y"), ("Customer", "and z")]),
        ("WEBVTT\n\n00:01.000 --> 00:02.000\n<v A>x", [("A", "x")]),
        ("just words", [(None, "just words")]),
        ({"chunks": [{"timestamp": [0, 1], "text": "x"}]}, [(None, "x")]),
        ({"a": 1}, []),
        (7, []),
    ],
)
def test_transcripts_of_many_shapes_are_read(body, read):
    assert [(one.speaker, one.text) for one in spoken_in(body, Frame(SpeakerRules()))] == read


@pytest.mark.parametrize(
    ("told", "tag"),
    [
        ("en_us", "en-US"),
        ("eng", "en"),
        ("english", "en"),
        ("de_DE.UTF-8", "de-DE"),
        ("zh-Hans-CN", "zh-Hans-CN"),
        ("und", None),
        ("klingon!", None),
        ("", None),
        (7, None),
    ],
)
def test_languages_are_tags(told, tag):
    assert language_tag(told) == tag
