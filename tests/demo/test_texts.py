import json
import re
from collections import Counter
from datetime import datetime
from random import Random

import pytest

from app.demo.phrases import Voice, load_phrases
from app.payloads.native import read_item

MEDIA = {"phone", "chat", "review", "ticket", "survey", "email", "social"}
KEYS = {"external_id", "updated_at", "medium", "occurred_at", "language", "customer", "attributes"}
MAY = {"text", "turns", "question", "scores", "case_id"}


def words_of(item):
    return item["text"] if "text" in item else "\n".join(turn["text"] for turn in item["turns"])


def test_every_item_passes_the_strict_native_schema_after_a_trip_through_json(history):
    for item in history.items:
        read = read_item(json.loads(json.dumps(item)))
        assert read.external_id == item["external_id"]
        assert read.occurred_at == datetime.fromisoformat(item["occurred_at"])


def test_every_item_has_the_fields_that_the_demo_shows(history):
    for item in history.items:
        assert set(item) >= KEYS
        assert set(item) <= KEYS | MAY
        assert ("text" in item) != ("turns" in item)
        assert item["medium"] in MEDIA
        assert datetime.fromisoformat(item["occurred_at"]).utcoffset() is not None
        assert all(isinstance(value, str | int | float | bool) for value in item["attributes"].values())
        assert words_of(item).strip()
        for score in item.get("scores", ()):
            assert score["min"] <= score["value"] <= score["max"]


def test_chats_and_calls_have_customer_and_agent_turns_and_chats_a_bot(history):
    roles = {"chat": Counter(), "phone": Counter()}
    for item in history.items:
        if "turns" in item:
            said = {turn["role"] for turn in item["turns"]}
            assert {"customer", "agent"} <= said <= {"customer", "agent", "bot"}
            roles[item["medium"]].update(said)
    assert roles["chat"]["bot"] > 200
    assert roles["phone"]["customer"] > 200


def test_surveys_have_a_question_and_a_score_and_some_zeros(history):
    surveys = [item for item in history.items if item["medium"] == "survey"]
    assert all(item["question"] and item["scores"] for item in surveys)
    values = Counter((score["metric"], score["value"]) for item in surveys for score in item["scores"])
    assert {value for metric, value in values if metric == "nps"} == set(range(11))
    assert {value for metric, value in values if metric == "csat"} == {1, 2, 3, 4, 5}
    assert 10 < values["nps", 0] < 80


def test_nearly_all_texts_are_distinct(history):
    texts = [words_of(item) for item in history.items]
    assert len(set(texts)) / len(texts) > 0.95


def test_no_slot_or_choice_is_left_unfilled(history):
    for item in history.items:
        assert not re.search(r"[\[\]{}|]|  ", words_of(item)), item["external_id"]


@pytest.mark.parametrize(
    ("what", "pattern", "least"),
    [
        ("an e-mail address", r"[a-z]+\.[a-z]+\d+@example\.(com|org|net)", 30),
        ("a phone number", r"(07700 900|\+44 7700 900|030 23125 )\d{3}", 20),
        ("a test card", r"4111 1111 1111 1111|5555 5555 5555 4444|4012 8888 8888 1881|3782 822463 10005", 5),
        ("an example IBAN", r"(GB|DE)\d{2} [A-Z0-9]{4} \d{4}", 5),
        ("capitals only", r"^[^a-z]{40,}$", 15),
        ("lower case only", r"^[^A-Z]{30,}$", 100),
        ("an emoji", "[\U0001f600-\U0001f64f\U0001f389\U0001f44d\U0001f624\U0001f926]", 60),
        ("no answer", r"^(n/a|N/A|none|-|nothing)$", 5),
        ("praise, then a problem", r"(, but |, however |\. But |, unfortunately )", 100),
    ],
)
def test_some_texts_contain(history, what, pattern, least):
    assert sum(bool(re.search(pattern, words_of(item))) for item in history.items) >= least


def test_silence_has_no_mentions_and_everything_else_has(history):
    silence = set(load_phrases().silence)
    for item in history.items:
        mentions = history.truth[item["external_id"]].mentions
        assert bool(mentions) != (words_of(item) in silence)


def test_truth_is_not_in_what_is_sent(history):
    themes = {theme.key for theme in load_phrases().themes}
    for item in history.items:
        flat = {str(value) for value in item.values()} | {str(value) for value in item["attributes"].values()}
        assert not flat & themes


def test_every_written_line_can_be_said():
    phrases = load_phrases()
    known = {"order": "FW-1", "email": "a@example.com", "phone": "1", "card": "2", "iban": "3"}
    voice = Voice(Random(1), phrases, known)  # noqa: S311 - no secret
    for lines in (
        *(part for theme in phrases.themes for part in (theme.core, theme.follow, theme.ask, theme.agent)),
        *(remark.lines for remark in (*phrases.praise, *phrases.neutral)),
        *(block for name, block in phrases.frames.items() if name not in {"but", "signature"}),
    ):
        for line in lines:
            assert not re.search(r"[\[\]{}|]", voice.say(line))
