"""`evaluate impact`: files in and out, and the open conversation."""

import json
import subprocess
import sys

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from app.cli.evaluate_impact import impact
from app.measure.evaluate import answer_line, converse

APP = typer.Typer(pretty_exceptions_enable=False)
APP.command()(impact)


def raw(name="a", ratio=0.4, **more):
    rng = np.random.default_rng(7)
    days = np.arange(120)
    case = {
        "id": name,
        "start_date": "2026-01-05",
        "exposure": [100] * 120,
        "target": rng.poisson(8 * np.where(days >= 80, ratio, 1.0)).tolist(),
        "controls": {"c1": rng.poisson(9, 120).tolist(), "c2": rng.poisson(5, 120).tolist()},
        "change_day": 80,
        "opened_day": None,
        "holidays": [],
        "known_events": [],
        "alpha": 0.05,
        "margin": 0.2,
        "monitoring": {"mode": "single"},
    }
    return case | more


@pytest.fixture
def files(tmp_path):
    return tmp_path / "cases.jsonl", tmp_path / "verdicts.jsonl"


def run(*arguments, given=None):
    return CliRunner().invoke(APP, [str(argument) for argument in arguments], input=given)


def test_one_verdict_per_line_in_the_order_of_the_cases(files):
    cases, out = files
    cases.write_text("\n".join(json.dumps(raw(name)) for name in "cab") + "\n")
    result = run("--cases", cases, "--out", out, "--json")
    assert result.exit_code == 0
    answers = [json.loads(line) for line in out.read_text().splitlines()]
    assert [answer["id"] for answer in answers] == list("cab")
    assert set(answers[0]) == {"id", "day", "verdict", "rate_ratio", "ci_low", "ci_high", "p_value", "reasons"}
    assert answers[0]["day"] == 120
    assert json.loads(result.stdout) == {"cases": 3, "bad": 0, "verdicts": {"improved": 3}}


def test_the_same_file_gives_the_same_bytes(files):
    cases, out = files
    cases.write_text(json.dumps(raw()) + "\n")
    run("--cases", cases, "--out", out)
    first = out.read_bytes()
    run("--cases", cases, "--out", out)
    assert out.read_bytes() == first


def test_a_bad_line_is_named_and_ends_the_run(files):
    cases, out = files
    cases.write_text(json.dumps(raw()) + "\n{broken\n")
    result = run("--cases", cases, "--out", out)
    assert result.exit_code == 1
    assert "cases.jsonl:2: the line is no JSON object" in result.stderr


def test_with_skip_bad_the_rest_is_answered_and_the_exit_still_says_so(files):
    cases, out = files
    cases.write_text("{broken\n" + json.dumps(raw()) + "\n")
    result = run("--cases", cases, "--out", out, "--skip-bad", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["bad"] == 1
    assert len(out.read_text().splitlines()) == 1


def test_without_files_the_command_says_what_to_give():
    result = run()
    assert result.exit_code == 2
    assert "--stdio" in result.stderr


def test_a_file_that_is_not_there_is_a_usage_error(files):
    result = run("--cases", files[0], "--out", files[1])
    assert result.exit_code == 2


def ask(*requests):
    return list(converse(json.dumps(request) for request in requests))


def test_the_conversation_answers_each_line():
    estimated, planned, together = ask(
        {"op": "estimate", "case": raw()},
        {"op": "plan", "case": raw(), "rate_ratio": 0.5},
        {"op": "portfolio", "cases": [raw("a"), raw("b", 1.0)]},
    )
    assert estimated["verdict"] == "improved"
    assert 80 + 7 <= planned["verdict_day"] <= 80 + 364
    assert 0 < planned["minimum_detectable"] < 1
    assert [answer["id"] for answer in together["verdicts"]] == ["a", "b"]


def test_with_an_earlier_verdict_the_answer_says_whether_it_relapsed():
    declared = {"verdict": "improved", "rate_ratio": 0.4, "ci_low": 0.3, "ci_high": 0.55, "day": 105}
    answer = answer_line(json.dumps(raw(declared=declared)))
    assert answer["relapse"] is False


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        "3",
        '{"op": "nothing"}',
        '{"op": ["plan"]}',
        '{"op": "estimate"}',
        '{"op": "portfolio", "cases": 3}',
        "[" * 100_000,
    ],
)
def test_a_bad_request_is_answered_and_the_conversation_goes_on(line):
    bad, good = converse([line, json.dumps({"op": "estimate", "case": raw()})])
    assert set(bad) == {"error"}
    assert good["id"] == "a"


def test_a_bad_case_of_a_list_is_named_by_its_place():
    (answer,) = ask({"op": "portfolio", "cases": [raw(), {}]})
    assert answer["error"].startswith("cases[1]: target")


def test_a_plan_for_a_senseless_ratio_is_refused():
    assert "rate_ratio" in ask({"op": "plan", "case": raw(), "rate_ratio": -1})[0]["error"]


def test_the_open_process_answers_before_its_input_ends():
    script = "import typer; from app.cli.evaluate_impact import impact; typer.run(impact)"
    with subprocess.Popen(
        [sys.executable, "-c", script, "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        for name in "ab":
            process.stdin.write(json.dumps({"op": "estimate", "case": raw(name)}) + "\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["id"] == name
        process.stdin.close()
        assert process.wait(timeout=30) == 0
