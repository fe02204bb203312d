import csv
import json

import pytest
import typer
from sqlalchemy import func, select
from typer.testing import CliRunner

from app.cli.console import Polite
from app.cli.imports import import_file
from app.engine.lock import FileLock
from app.store.session import Database
from app.store.tables import Feedback, Source, Turn

GOOD = "id,date,comment\n1,13/02/2026,late\n2,14/02/2026,lost\n"
BAD = GOOD + "3,never,gone\n"


@pytest.fixture
def run(tmp_path):
    app = typer.Typer(cls=Polite, pretty_exceptions_enable=False)
    app.callback()(lambda: None)
    app.command("import")(import_file)

    def invoke(*arguments, stdin=None):
        environ = {"CLOSELOOP_DATA_DIR": str(tmp_path / "data"), "CLOSELOOP_SQLITE_SYNCHRONOUS": "NORMAL"}
        return CliRunner().invoke(app, ["import", *map(str, arguments)], env=environ, input=stdin)

    return invoke


@pytest.fixture
def file(tmp_path):
    def make(content, name="Spring Survey 2026.csv"):
        path = tmp_path / name
        path.write_text(content, encoding="utf-8")
        return path

    return make


@pytest.fixture
def read(tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'data' / 'closeloop.db'}")

    def scalar(statement):
        with database.reading() as session:
            return session.scalar(statement)

    yield scalar
    database.dispose()


def test_a_fresh_machine_imports_and_says_what_it_did(run, file, read):
    found = run(file(GOOD), "--no-classify")
    assert found.exit_code == 0, found.output
    assert found.stdout == ""
    for told in (
        "CSV, 2 rows",
        "text         <-  comment  late",
        "dates are read day first",
        "2 accepted, 0 duplicate",
    ):
        assert told in found.stderr
    assert read(select(func.count()).select_from(Feedback)) == 2
    assert read(select(Source.key)) == "spring-survey-2026"


def test_json_prints_one_document_and_a_second_run_adds_nothing(run, file):
    first = run(file(GOOD), "--no-classify", "--json", "--quiet")
    assert json.loads(first.stdout) == {"accepted": 2, "duplicate": 0, "rejected": 0, "rejects_file": None}
    assert first.stderr == ""
    second = run(file(GOOD), "--no-classify", "--json", "--quiet")
    assert json.loads(second.stdout) == {"accepted": 0, "duplicate": 2, "rejected": 0, "rejects_file": None}


def test_rejected_rows_end_with_exit_1_and_stand_in_the_rejects_file(run, file, tmp_path):
    rejects = tmp_path / "bad.csv"
    found = run(file(BAD), "--no-classify", "--rejects", rejects, "--json")
    assert found.exit_code == 1
    assert json.loads(found.stdout) == {"accepted": 2, "duplicate": 0, "rejected": 1, "rejects_file": str(rejects)}
    with rejects.open(encoding="utf-8", newline="") as lines:
        assert list(csv.reader(lines)) == [
            ["line", "reason", "id", "date", "comment"],
            ["4", "the row has a date that cannot be read in column date", "3", "never", "gone"],
        ]


@pytest.mark.parametrize(
    ("content", "arguments", "told"),
    [
        ("a,b\n1,2\n", [], "--map text="),
        (GOOD, ["--map", "text=nope"], "Columns:"),
        (GOOD, ["--zone", "Mars/Olympus"], "Europe/Berlin"),
        ("", [], "empty"),
    ],
)
def test_what_cannot_be_understood_ends_with_exit_2_and_the_remedy(run, file, content, arguments, told):
    found = run(file(content), "--no-classify", *arguments)
    assert found.exit_code == 2
    assert told in found.stderr
    assert "Traceback" not in found.stderr


def test_stdin_is_read_and_a_dry_run_stores_nothing(run, read):
    found = run("-", "--source", "piped", "--dry-run", "--json", stdin=GOOD)
    assert json.loads(found.stdout)["accepted"] == 2
    assert read(select(func.count()).select_from(Feedback)) == 0


def test_beside_a_running_service_it_writes_and_leaves_the_rest_to_the_service(run, file, read, tmp_path):
    run(file(GOOD), "--no-classify")
    service = FileLock(tmp_path / "data" / "closeloop.db")
    service.acquire()
    try:
        found = run(file(GOOD.replace("\n1,", "\n7,")))
    finally:
        service.release()
    assert found.exit_code == 0, found.output
    assert "1 accepted, 1 duplicate" in found.stderr
    assert "classified" not in found.stderr
    assert read(select(func.count()).select_from(Feedback)) == 3


CALL = "WEBVTT\n\n00:01.000 --> 00:02.000\n<v Kim>Hello.\n\n00:03.000 --> 00:04.000\n<v Lee>It leaks.\n"


def test_a_transcript_is_read_by_its_ending_with_the_settings_that_are_given(run, file, read):
    call = file(CALL, "call-7.vtt")
    result = run(call, "--no-classify", "--source", "calls", "--config", '{"agents": ["Kim"]}')
    assert result.exit_code == 0, result.output
    assert "1 files: 1 by webvtt" in result.output
    assert read(select(Feedback.external_id)) == "call-7.vtt"
    assert read(select(Turn.text).where(Turn.role == "customer")) == "It leaks."
    assert (
        "0 accepted, 1 duplicate"
        in run(call, "--no-classify", "--source", "calls", "--config", '{"agents": ["Kim"]}').output
    )


def test_a_folder_is_read_file_by_file_and_what_cannot_be_read_is_told(run, file, read, tmp_path):
    folder = tmp_path / "calls"
    (folder / "march").mkdir(parents=True)
    (folder / "march" / "call.vtt").write_text(CALL)
    (folder / "call.srt").write_text("1\n00:00:01,000 --> 00:00:02,000\nCaller: It leaks.\n")
    (folder / "broken.vtt").write_text("no caption")
    (folder / "notes.txt").write_text("passed over")
    rejects = tmp_path / "rejects.csv"
    result = run(folder, "--no-classify", "--source", "calls", "--rejects", rejects)
    assert result.exit_code == 1, result.output
    assert "3 files: 2 by webvtt, 1 by srt; 1 others are passed over" in result.output
    assert read(select(func.count()).select_from(Feedback)) == 2
    assert read(select(Feedback.external_id).where(Feedback.external_id.contains("/"))) == "march/call.vtt"
    with rejects.open(newline="") as stream:
        assert [row[2] for row in csv.reader(stream)] == ["file", "broken.vtt"]


def test_a_vendors_files_are_read_by_the_connector_that_is_named(run, file, read):
    body = json.dumps({"segments": [{"speaker": "agent", "text": "Hello."}, {"speaker": "A", "text": "It leaks."}]})
    assert run(file(body, "x.json"), "--no-classify", "--connector", "whisper").exit_code == 0
    assert read(select(Turn.text).where(Turn.role == "customer")) == "It leaks."
    assert "no connector of that name" in run(file(body, "x.json"), "--connector", "nothing").output


def test_a_folder_without_anything_to_read_is_refused(run, tmp_path):
    (tmp_path / "empty").mkdir()
    assert "no file whose ending a connector knows" in run(tmp_path / "empty").output
