import json

import numpy as np
import pytest

from classifiers.sentiment.mentions import MentionModel
from classifiers.sentiment.model import TextModel
from classifiers.train.__main__ import main
from classifiers.train.lessons import Ask, Lesson, Lessons
from classifiers.train.measure import ece, temperature_of
from classifiers.train.mix import Mix, kind_of
from classifiers.train.rows import NEGATIVE, NEUTRAL, POSITIVE, Row, read_rows

SAID = {
    "negative": ["The line was dead all day.", "Nobody came to fix it.", "A dull and noisy room."],
    "neutral": ["It opens at nine.", "We took the bus.", "The form has two pages."],
    "positive": ["They were so kind.", "Quick and painless.", "A lovely old house."],
}
SCORES = {"negative": -2.0, "neutral": 0.0, "positive": 2.5}


def write(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


@pytest.fixture
def data(tmp_path):
    """A few lines of every set, in the sets' own columns."""
    every = [(kind, text) for kind, texts in SAID.items() for text in texts]
    question = "What do you think?"
    marks = {"negative": 4, "neutral": 3, "positive": 1}
    write(
        tmp_path / "nhs_fft/comments.jsonl",
        [{"text": text, "question": question, "sentiment": marks[kind]} for kind, text in every],
    )
    write(
        tmp_path / "goemotions/train.jsonl",
        [{"text": text, "groups": [kind], "emotions": ["neutral"]} for kind, text in every]
        + [{"text": "What?", "groups": ["positive", "negative"], "emotions": ["joy", "anger"]}],
    )
    for part in ("tweets", "movie", "nyt"):
        write(
            tmp_path / f"vader_groundtruth/{part}.jsonl",
            [{"text": text, "valence": SCORES[kind]} for kind, text in every],
        )
    write(
        tmp_path / "banking77/train.jsonl",
        [{"text": "My card is gone", "label": "card_arrival"}, {"text": "Which cards exist?", "label": "visa"}],
    )
    write(
        tmp_path / "mams_restaurants/train.jsonl",
        [
            {"text": "Good soup, slow waiter.", "aspects": [{"category": "food", "polarity": "positive"}]},
            {
                "text": "Nice wine but a rude host.",
                "aspects": [
                    {"category": "menu", "polarity": "positive"},
                    {"category": "staff", "polarity": "negative"},
                ],
            },
        ]
        * 12,
    )
    for domain in ("finance", "insurance", "media"):
        write(tmp_path / f"multidogo_{domain}/train.jsonl", [{"text": "thanks", "labels": ["thankyou"]}])
    write(tmp_path / "dstc11_insurance/utterances.jsonl", [{"text": "I need a quote"}])
    write(tmp_path / "nlupp_banking/all.jsonl", [{"text": "block my card"}])
    return tmp_path


def test_every_set_is_read_and_says_only_what_it_knows(data):
    rows = read_rows(data)
    assert {row.source for row in rows} >= {"nhs", "goemotions", "tweets", "movie", "nyt", "banking", "chats", "pairs"}
    assert all(row.feeling is None for row in rows if row.source == "unlabelled")
    assert [row.feeling for row in rows if row.text == "What?"] == [None]
    assert {row.text for row in rows if row.source == "mams"} == {"Good soup, slow waiter."}
    movie = next(row for row in rows if row.source == "movie" and row.text == SAID["positive"][0])
    assert movie.feeling is not None
    assert movie.feeling[2] > 0.99


def test_an_epoch_brings_rare_classes_more_often_than_they_stand_in_their_set():
    rows = [Row("nhs", f"fine {at}", POSITIVE, complaint=False) for at in range(900)]
    rows += [Row("nhs", f"so {at}", NEUTRAL, complaint=False) for at in range(100)]
    drawn = Mix(rows).draw(np.random.default_rng(0))
    assert 0.2 < np.mean([kind_of(row) == 1 for row in drawn]) < 0.3


def test_joined_texts_feel_like_their_parts():
    rows = [Row("movie", text, POSITIVE, complaint=False) for text in SAID["positive"]]
    rows += [Row("movie", text, NEGATIVE, complaint=True) for text in SAID["negative"]]
    for row in Mix(rows).draw(np.random.default_rng(0)):
        bad = any(text.rstrip(".").lower() in row.text.lower() for text in SAID["negative"])
        assert (row.feeling, row.complaint) == ((NEGATIVE, True) if bad else (POSITIVE, False))


def test_questions_about_joined_texts_point_into_the_part_that_they_are_about():
    feelings = {"negative": NEGATIVE, "neutral": NEUTRAL, "positive": POSITIVE}
    rows = [Row("tweets", text, feelings[kind], None) for kind, texts in SAID.items() for text in texts]
    lessons = Lessons(rows, [Lesson("Good soup", (Ask(None, "food", POSITIVE),))])
    seen = 0
    for lesson in lessons.draw(np.random.default_rng(0))[1:4000]:
        for ask in lesson.asks:
            if ask.span is None:
                continue
            words = lesson.text[slice(*ask.span)]
            assert words.strip()
            seen += any(words in text for text in SAID[_name(ask.feeling)])
    assert seen > 3000


def _name(feeling):
    return ("negative", "neutral", "positive")[int(np.argmax(feeling))]


def test_calibration_is_measured_and_mended():
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(4000, 3)) * 1.5
    shares = np.exp(truth) / np.exp(truth).sum(axis=1, keepdims=True)
    right = np.array([rng.choice(3, p=row) for row in shares])
    assert temperature_of(truth * 2, right) == pytest.approx(2, abs=0.15)
    assert ece(shares, right) < 0.03
    sharper = shares**3 / (shares**3).sum(axis=1, keepdims=True)
    assert ece(sharper, right) > 0.1


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_one_command_makes_all_weights_and_can_go_on_where_it_stopped(data, tmp_path, capsys):
    out, keep = tmp_path / "out", tmp_path / "keep"
    out.mkdir()
    keep.mkdir()
    asked = ["sentiment", "--data", str(data), "--out", str(out), "--keep", str(keep), "--leave", "nhs"]
    assert main(asked) == 0
    assert "nhs" in capsys.readouterr().err
    first = {path.name: path.read_bytes() for path in out.iterdir()}
    assert TextModel.load(out / "text.safetensors").sentiment.temperature > 0
    assert MentionModel.load(out / "mention.safetensors").temperature > 0
    assert main(asked) == 0
    assert {path.name: path.read_bytes() for path in out.iterdir()} == first
