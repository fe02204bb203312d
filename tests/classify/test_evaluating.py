import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.classify.evaluate import CHUNK, Run, TopicFiles, evaluate_mentions, evaluate_sentiment, evaluate_topics
from app.classify.scoring import Sets, calibration_error
from app.cli.evaluate_texts import texts
from app.domain.json_lines import BadLines
from app.errors import AppError

TAXONOMY = "topics:\n- {name: refunds, description: money paid back}\n- {name: delivery, examples: [late parcel]}\n"


@pytest.fixture
def run(readers):
    return Run(readers)


@pytest.fixture
def write(tmp_path):
    def written(name, *rows):
        path = tmp_path / name
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return path

    return written


def read(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_topics_are_answered_in_order_one_line_each(run, write, tmp_path):
    test = write(
        "t.jsonl",
        {"id": 1, "text": "The parcel came late", "labels": ["delivery"]},
        {"id": "b", "text": "Give me my money back", "labels": ["refunds"]},
        {"id": "c", "text": "The moon is round", "labels": []},
    )
    (tmp_path / "y.yaml").write_text(TAXONOMY)
    out = tmp_path / "o.jsonl"
    summary = evaluate_topics(run, TopicFiles(test, out, taxonomy=tmp_path / "y.yaml"), confidence=0.4)
    answers = read(out)
    assert [answer["id"] for answer in answers] == [1, "b", "c"]
    assert [answer["labels"][0]["topic"] for answer in answers][:2] == ["delivery", "refunds"]
    assert [answer["abstained"] for answer in answers] == [False, False, True]
    assert (summary["accuracy"], summary["micro_f1"], summary["coverage"]) == (1.0, 1.0, 0.6667)


def test_unlabelled_texts_are_learnt_from_beside_labelled_ones(run, write, tmp_path):
    train = write(
        "r.jsonl", {"id": 1, "text": "late parcel", "labels": ["a"]}, {"id": 2, "text": "rude", "labels": ["b"]}
    )
    texts = [f"{what} {when}" for when in ("today", "again", "on Monday", "at noon") for what in (
        "My parcel is late", "The parcel has not come", "The woman was rude to me",
    )]  # fmt: skip
    test = write("t.jsonl", *({"id": at, "text": text} for at, text in enumerate(texts)))
    summary = evaluate_topics(run, TopicFiles(test, tmp_path / "o", train=train, unlabelled=test))
    assert [row["labels"][0]["topic"] for row in read(tmp_path / "o")] == ["a", "a", "b"] * 4
    assert "12 unlabelled" in summary["stage"]


def test_topics_without_taxonomy_are_those_of_the_labelled_texts(run, write, tmp_path):
    train = write(
        "r.jsonl", {"id": 1, "text": "late parcel", "labels": ["a"]}, {"id": 2, "text": "rude", "labels": ["b"]}
    )
    test = write("t.jsonl", {"id": 1, "text": "my parcel is late"})
    summary = evaluate_topics(run, TopicFiles(test, tmp_path / "o", train=train))
    assert read(tmp_path / "o")[0]["labels"][0]["topic"] == "a"
    assert summary["accuracy"] is None
    with pytest.raises(AppError, match="no topics"):
        evaluate_topics(run, TopicFiles(test, tmp_path / "o"))


def test_topics_may_have_parts_and_the_whole_is_answered_where_no_part_is_sure(run, write, tmp_path):
    (tmp_path / "y.yaml").write_text(
        "topics:\n- name: parcel delivery\n  children:\n  - name: late parcel\n  - name: damaged parcel\n"
        "- name: refund\n"
    )
    test = write("t.jsonl", {"id": 1, "text": "It is about the delivery of my parcel"})
    files = TopicFiles(test, tmp_path / "o", taxonomy=tmp_path / "y.yaml")
    evaluate_topics(run, files, confidence=0.9)
    assert read(tmp_path / "o")[0]["labels"][0]["topic"] == "parcel delivery"
    (tmp_path / "y.yaml").write_text("topics:\n- name: parcel\n  children: late\n")
    with pytest.raises(AppError, match="no taxonomy"):
        evaluate_topics(run, files)


@pytest.mark.parametrize(
    ("taxonomy", "reason"),
    [
        ("topics: [}", "not YAML in line 1"),
        ("topics: [refunds]", "a list of entries with a name"),
        ("topics: [{name: refunds, examples: money back}]", "examples and children are lists"),
        ("topics: [{name: refunds}, {name: refunds}]", "'refunds' stands there twice"),
        ("topics: [{name: refunds, parent: money}]", "'money', which is no topic"),
        ("topics: [{name: a, parent: b}, {name: b, parent: a}]", "its own ancestor"),
        (b"topics: [{name: caf\xe9}]", "save it as UTF-8"),
    ],
)
def test_a_taxonomy_that_cannot_be_meant_is_refused_with_what_to_mend(run, write, tmp_path, taxonomy, reason):
    (tmp_path / "y.yaml").write_bytes(taxonomy if isinstance(taxonomy, bytes) else taxonomy.encode())
    test = write("t.jsonl", {"id": 1, "text": "late"})
    with pytest.raises(AppError, match=reason) as refused:
        evaluate_topics(run, TopicFiles(test, tmp_path / "o", taxonomy=tmp_path / "y.yaml"))
    assert refused.value.code == "unreadable_input"


def test_labels_may_call_a_topic_by_its_name(run, write, tmp_path):
    (tmp_path / "y.yaml").write_text("topics:\n- {key: r, name: Refunds}\n- {key: d, name: Late delivery}\n")
    rows = [("Give me my refund", "Refunds"), ("The delivery was late", "d"), ("Where is my refund?", "r")]
    test = write("t.jsonl", *({"id": n, "text": text, "labels": [label]} for n, (text, label) in enumerate(rows)))
    for train in (None, test):
        files = TopicFiles(test, tmp_path / "o", train, tmp_path / "y.yaml")
        summary = evaluate_topics(run, files, confidence=0.4)
        assert [answer["labels"][0]["topic"] for answer in read(tmp_path / "o")] == ["r", "d", "r"]
        assert (summary["macro_f1"], summary["topics"], summary["unknown_labels"]) == (1.0, 2, None)


def test_rows_without_labels_teach_nothing(run, write, tmp_path):
    (tmp_path / "y.yaml").write_text(TAXONOMY)
    test = write("t.jsonl", {"id": 1, "text": "Give me my money back"})
    answers = []
    for rows in ([], [{"id": 1, "text": "Give me my money back"}]):
        evaluate_topics(run, TopicFiles(test, tmp_path / "o", write("r.jsonl", *rows), tmp_path / "y.yaml"))
        answers.append(read(tmp_path / "o"))
    assert answers[0] == answers[1]


def test_byte_order_marks_and_windows_line_ends_are_read_over(run, tmp_path):
    test = tmp_path / "t.jsonl"
    test.write_bytes(b'\xef\xbb\xbf{"id": 1, "text": "Wonderful!"}\r\n\r\n{"id": 2, "text": "Awful!"}\r\n')
    evaluate_sentiment(run, test, tmp_path / "o")
    assert [answer["label"] for answer in read(tmp_path / "o")] == ["positive", "negative"]


def test_a_question_that_is_no_string_is_a_bad_line(run, write, tmp_path):
    with pytest.raises(AppError, match="question"):
        evaluate_mentions(run, write("t.jsonl", {"id": 1, "text": "No", "question": 5}), tmp_path / "o")


def test_labels_that_are_no_topics_are_named_for_they_flatter_the_figures(run, write, tmp_path):
    (tmp_path / "y.yaml").write_text(TAXONOMY)
    rows = [{"id": n, "text": "The moon is round", "labels": [f"moon {n}", "delivery"][: 1 + n % 2]} for n in range(8)]
    files = TopicFiles(write("t.jsonl", *rows), tmp_path / "o", taxonomy=tmp_path / "y.yaml")
    assert evaluate_topics(run, files)["unknown_labels"] == "moon 0, moon 1, moon 2, moon 3, moon 4, 3 more"


def test_accuracy_comes_with_what_chance_does_to_so_few_texts(run, write, tmp_path):
    test = write("t.jsonl", *({"id": n, "text": "Wonderful!", "label": "positive"} for n in range(10)))
    summary = evaluate_sentiment(run, test, tmp_path / "o")
    assert [summary[key] for key in ("accuracy", "accuracy_low", "accuracy_high")] == [1.0, 0.7225, 1.0]


def test_answers_never_overwrite_the_questions(run, write):
    test = write("t.jsonl", {"id": 1, "text": "Wonderful!"})
    with pytest.raises(AppError, match="Name another file"):
        evaluate_sentiment(run, test, test)
    assert len(read(test)) == 1


@pytest.mark.parametrize("name", ["train", "taxonomy", "unlabelled"])
def test_answers_overwrite_nothing_else_that_is_read(run, write, tmp_path, name):
    test = write("t.jsonl", {"id": 1, "text": "Wonderful!"})
    read_too = tmp_path / "read too"
    read_too.write_text("precious")
    with pytest.raises(AppError, match="Name another file"):
        evaluate_topics(run, TopicFiles(test, read_too, **{"taxonomy": test, name: read_too}))
    assert read_too.read_text() == "precious"


def test_a_run_that_ends_early_leaves_no_half_file_and_the_answers_of_before(run, write, tmp_path):
    out = tmp_path / "o"
    good = [{"id": at, "text": "Wonderful!"} for at in range(CHUNK)]
    with pytest.raises(AppError, match=f"line {CHUNK + 1}"):
        evaluate_sentiment(run, write("bad.jsonl", *good, {}), out)
    assert [path.name for path in tmp_path.iterdir()] == ["bad.jsonl"]
    evaluate_sentiment(run, write("good.jsonl", *good[:2]), out)
    with pytest.raises(AppError, match=f"line {CHUNK + 1}"):
        evaluate_sentiment(run, tmp_path / "bad.jsonl", out)
    assert [row["id"] for row in read(out)] == [0, 1]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.jsonl", "good.jsonl", "o"]


def test_answers_may_go_to_a_device_or_where_a_link_points(run, write, tmp_path):
    test = write("t.jsonl", {"id": 1, "text": "Wonderful!"})
    assert evaluate_sentiment(run, test, Path(os.devnull))["texts"] == 1
    reading, writing = os.pipe()
    evaluate_sentiment(run, test, Path(f"/dev/fd/{writing}"))
    os.close(writing)
    with os.fdopen(reading) as pipe:
        assert json.loads(pipe.read())["label"] == "positive"
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "aim")
    evaluate_sentiment(run, test, link)
    assert link.is_symlink()
    assert len(read(tmp_path / "aim")) == 1


def test_roles_may_be_written_large_and_unknown_ones_are_named(run, write, tmp_path):
    turns = [{"role": "Customer ", "text": "The app crashes."}, {"role": "supervisor", "text": "It is awful."}]
    summary = evaluate_mentions(run, write("t.jsonl", {"id": 1, "turns": turns}), tmp_path / "o")
    assert [mention["turn"] for mention in read(tmp_path / "o")[0]["mentions"]] == [0]
    assert summary["unknown_roles"] == "supervisor"


def test_sentiment_is_judged_for_texts_spans_and_empty_answers(run, write, tmp_path):
    mixed = "The food was great but the waiter was awful"
    test = write(
        "t.jsonl",
        {"id": 1, "text": "Wonderful!", "label": "positive"},
        {"id": 2, "text": mixed, "start": 4, "end": 8, "label": "positive"},
        {"id": 3, "text": mixed, "start": 27, "end": 33, "label": "negative"},
        {"id": 4, "text": "Nothing.", "question": "What could we do better?"},
        {"id": 5, "text": ""},
    )
    summary = evaluate_sentiment(run, test, tmp_path / "o")
    answers = read(tmp_path / "o")
    assert [answer["label"] for answer in answers] == ["positive", "positive", "negative", "positive", "neutral"]
    assert all(-1 <= answer["score"] <= 1 and 0 <= answer["confidence"] <= 1 for answer in answers)
    assert (summary["texts"], summary["accuracy"], summary["binary_accuracy"]) == (5, 1.0, 1.0)


def test_mentions_use_no_agent_text_and_their_spans_are_exact(run, write, tmp_path):
    turns = [{"role": "agent", "text": "So sorry!"}, {"role": "customer", "text": "It is late. It is broken."}]
    test = write("t.jsonl", {"id": 1, "turns": turns}, {"id": 2, "text": "N/A"})
    summary = evaluate_mentions(run, test, tmp_path / "o")
    first, second = read(tmp_path / "o")
    assert [turns[each["turn"]]["text"][each["start"] : each["end"]] for each in first["mentions"]] == [
        "It is late.", "It is broken.",
    ]  # fmt: skip
    assert second["mentions"] == []
    assert (summary["agent_text_used"], summary["items"]) == (0, 2)


@pytest.mark.parametrize(
    "line",
    ["not json", "[]", '{"text": "no id"}', '{"id": 1}', '{"id": 1, "text": 3}', '{"id": NaN, "text": "x"}',
     '{"id": 1, "text": "x", "label": "angry"}', '{"id": 1, "text": "x", "label": [1]}',
     '{"id": 1, "text": "x", "start": 0, "end": 9}', '{"id": 1, "text": "x", "question": 5}',
     "[" * 100_000],
)  # fmt: skip
def test_a_bad_line_is_named_without_its_words_and_can_be_skipped(readers, tmp_path, line):
    test = tmp_path / "bad.jsonl"
    test.write_text('{"id": 1, "text": "Secret words"}\n' + line + '\n{"id": 2, "text": "Fine"}\n')
    with pytest.raises(AppError, match=r"bad\.jsonl, line 2") as refused:
        evaluate_sentiment(Run(readers), test, tmp_path / "o")
    assert refused.value.code == "bad_line"
    run = Run(readers, BadLines(skip=True))
    assert evaluate_sentiment(run, test, tmp_path / "o")["bad_lines"] == 1
    assert [answer["id"] for answer in read(tmp_path / "o")] == [1, 2]


def test_the_command_prints_one_json_object_and_names_bad_lines(write, tmp_path):
    rows = [{"id": n, "text": f"my parcel number {n} is late"} for n in range(6)]
    source = write("i.jsonl", *rows, {"id": 9, "text": "\u200b"})
    found = CliRunner().invoke(texts, ["themes", "--input", str(source), "--out", str(tmp_path / "o"), "--json"])
    assert found.exit_code == 0, found.output
    assert json.loads(found.stdout)["themes"] == 1
    assert [answer["theme"] for answer in read(tmp_path / "o")] == ["t1"] * 6 + [None]
    source.write_text("{}\n")
    refused = CliRunner().invoke(texts, ["themes", "--input", str(source), "--out", str(tmp_path / "o"), "--json"])
    assert refused.exit_code == 1
    assert "i.jsonl, line 1" in refused.stderr


def test_a_file_that_is_not_there_is_refused(run, tmp_path):
    with pytest.raises(AppError, match="cannot be read"):
        evaluate_sentiment(run, tmp_path / "missing", tmp_path / "o")


def test_figures_are_those_of_the_textbook():
    sets = Sets()
    sets.add({"a"}, {"a"})
    sets.add({"b"}, {"a"})
    assert (sets.micro_f1(), sets.macro_f1()) == (0.5, pytest.approx(1 / 3))
    assert calibration_error([(0.9, True), (0.9, False)]) == pytest.approx(0.4)
    assert calibration_error([]) is None
