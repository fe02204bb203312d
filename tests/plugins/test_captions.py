"""WebVTT and SubRip as they are found: what is read, what is left out, and that nothing takes long."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import AppError
from app.payloads.cues import decode_captions, is_webvtt, language_of, read_cues, spoken_cues
from app.payloads.talk import SpeakerRules, make_turns

RULES = SpeakerRules()


def said(text, rules=RULES):
    return [(one.speaker, one.text) for one in spoken_cues(text, rules)]


def vtt(*cues):
    return "WEBVTT\n\n" + "\n\n".join(f"00:0{at}.000 --> 00:0{at + 1}.000\n{text}" for at, text in enumerate(cues))


def test_notes_styles_regions_identifiers_and_settings_are_no_words():
    text = (
        "WEBVTT Kind: captions; Language: en\n\nSTYLE\n::cue { color: red }\n\nREGION\nid:r\n\nNOTE\na --> b\nmore\n\n"
        "intro\n00:01.000 --> 00:02.000 line:0 align:left\n<c.loud>Hello</c> <00:01.500>there\n"
    )
    assert said(text) == [(None, "Hello there")]


def test_two_voices_in_one_cue_are_two_speakers():
    assert said(vtt("<v Ada Obi>Hello.</v>\n<v.first Jan>It leaks.</v>")) == [
        ("Ada Obi", "Hello."),
        ("Jan", "It leaks."),
    ]


def test_a_cue_whose_timing_cannot_be_read_is_left_out_and_the_others_stay():
    text = "WEBVTT\n\n00:xx --> 00:02.000\nlost\n\n00:03.000 --> 00:04.000\nkept\n"
    assert said(text) == [(None, "kept")]


def test_text_with_angle_brackets_that_are_no_tags_stays():
    assert said(vtt("5 < 6 and <my order> &lt;3 &nosuch; AT&T")) == [(None, "5 < 6 and <my order> <3 &nosuch; AT&T")]


def test_a_header_names_the_language():
    assert language_of("WEBVTT\nKind: captions\nLanguage: pt-BR\n\n") == "pt-BR"
    assert language_of("WEBVTT\n\nLanguage: pt-BR\n\n") is None


@pytest.mark.parametrize(
    "words", ["It is 17:30 now.", "The problem: nobody calls.", "Note: I am angry.", "https://a.example"]
)
def test_a_colon_in_the_words_makes_no_speaker(words):
    assert said(vtt(words, "Nobody helps me.", "Not one.")) == [(None, f"{words} Nobody helps me. Not one.")]


def test_a_name_before_most_cues_is_a_speaker_also_where_it_comes_once():
    text = vtt("Ada Obi: Hello.", "Jan Bos: My problem is this: it leaks.", "Ada Obi: I see.")
    assert said(text) == [
        ("Ada Obi", "Hello."),
        ("Jan Bos", "My problem is this: it leaks."),
        ("Ada Obi", "I see."),
    ]


def test_a_name_may_say_more_in_brackets_and_a_role_may_stand_in_them():
    assert said(vtt("Kim Lee (Support): Hello.", "Jan Bos: It leaks.")) == [
        ("Kim Lee (Support)", "Hello."),
        ("Jan Bos", "It leaks."),
    ]
    assert said(vtt("[Agent] Hello.", "(Customer) It leaks.", "[silence] (sighs) Every day.")) == [
        ("Agent", "Hello."),
        ("Customer", "It leaks. [silence] (sighs) Every day."),
    ]


def test_where_every_cue_is_named_one_without_a_name_is_nobodys():
    text = vtt("Agent: Hello.", "Agent: How are you?", "Mumbling.", "Caller: It leaks.")
    assert said(text)[1] == (None, "Mumbling.")


def test_an_empty_line_inside_a_subrip_cue_does_not_end_it():
    text = "1\n00:00:01,000 --> 00:00:02,000\nIt\n\nleaks.\n\n2\n00:00:03,000 --> 00:00:04,000\n42\n"
    assert [cue.text for cue in read_cues(text)] == ["It\nleaks.", "42"]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("账单又错了 没有人帮我", "gb2312"),
        ("Die Zähler zählen rückwärts: größer", "cp1252"),
        ("Où est mon colis ? Déjà payé !", "cp1252"),
        ("Señor, ¿dónde está?", "cp1252"),
        ("帳單又錯了", "utf-16"),
        ("It leaks €5", "utf-8-sig"),
    ],
)
def test_encodings_are_recognised(text, encoding):
    assert decode_captions(text.encode(encoding)) == text


def test_no_cue_at_all_is_refused_with_what_is_wrong():
    with pytest.raises(AppError) as refusal:
        said("Dear Sir or Madam")
    assert refusal.value.code == "no_cues"


def test_twenty_thousand_turns_are_read_and_one_turn_more_is_refused():
    cue = "00:00:0{0}.000 --> 00:00:0{0}.500\n<v {1}>" + "x" * 40 + "\n\n"
    text = "WEBVTT\n\n" + "".join(cue.format(number % 10, "AB"[number % 2]) for number in range(20_000))
    assert len(make_turns(spoken_cues(text, RULES), RULES)) == 20_000
    with pytest.raises(AppError) as refusal:
        make_turns(spoken_cues(text + cue.format(1, "C"), RULES), RULES)
    assert refusal.value.code == "too_many_turns"


def test_a_turn_of_more_than_a_hundred_thousand_characters_becomes_several_and_loses_no_word():
    words = "leak " * 50_000
    turns = make_turns(spoken_cues(vtt(f"<v Customer>{words}"), RULES), RULES)
    assert [turn["role"] for turn in turns] == ["customer"] * 3
    assert "".join(turn["text"] for turn in turns) == words.strip()


@pytest.mark.parametrize(
    "piece", ["<", "<v ", "<v a", "&", "{\\", "00:00", "-->", "a: ", "[a] ", "NOTE\n", "\r", "1\n", ">>"]
)
def test_no_repeated_piece_takes_more_than_linear_time(piece):
    text = "WEBVTT\n\n00:01.000 --> 00:02.000\n" + piece * (1_000_000 // len(piece))
    list(spoken_cues(text, RULES))


@given(
    st.lists(
        st.sampled_from(["WEBVTT", "\n", "\r\n", "NOTE", "00:01.000 --> 00:02.000", "1", "<v A>", "B: ", "x", "&amp;"])
    )
)
def test_any_mixture_of_pieces_is_read_or_refused(pieces):
    text = "".join(pieces)
    if is_webvtt(text) or next(read_cues(text), None) is not None:
        make_turns(spoken_cues(text, RULES), RULES)
        return
    with pytest.raises(AppError, match="no cue"):
        said(text)
