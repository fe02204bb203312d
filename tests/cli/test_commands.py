"""The commands that set an installation up, look after it and take data out."""

import csv
import json
import stat
from datetime import UTC, datetime
from importlib.metadata import version as version_of
from pathlib import Path

import pytest

from app.cli.setup import take_lock
from app.runtime import build_runtime
from app.settings import read_settings
from app.store.label_tables import Correction
from app.store.tables import Feedback, Source, Topic, Turn

COMPANY = Path(__file__).parents[2] / "app" / "demo" / "company.yaml"


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_init_makes_everything_for_this_user_only_and_shows_the_first_key_once(closeloop, folder):
    first = closeloop("init", "--json").document
    again = closeloop("init", "--json").document

    assert mode(folder) == 0o700
    assert mode(folder / "secret.key") == 0o600
    assert (folder / "closeloop.db").is_file()
    assert first["admin_key"].startswith("voc_live_")
    assert again["admin_key"] is None


def test_init_tells_people_on_stderr_and_leaves_stdout_empty(closeloop):
    result = closeloop("init")

    assert result.stdout == ""
    assert "voc_live_" in result.stderr
    assert "closeloop serve" in result.stderr


def test_a_key_is_printed_alone_on_stdout(closeloop):
    closeloop("init")

    assert closeloop("key", "create", "crm", "--scope", "ingest:write").stdout.startswith("voc_live_")
    made = closeloop("key", "create", "crm", "--scope", "items:read", "--scope", "items:write", "--json").document
    assert made["scopes"] == ["items:read", "items:write"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("key", "create", "crm", "--scope", "everything"), "Known: ingest:write"),
        (("key", "create", "crm", "--scope", "analyst", "--owner", "nobody"), "no owner with that key"),
        (("work",), "needs PostgreSQL"),
        (("serve", "--no-worker"), "needs PostgreSQL"),
        (("export", "out", "--only", "api_keys"), "no such table"),
        (("apply", "nowhere.yaml"), "cannot be read"),
    ],
)
def test_a_wrong_wish_is_one_clear_message_and_exit_code_2(words, told, closeloop):
    closeloop("init")

    result = closeloop(*words, code=2)

    assert told in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


def test_an_unknown_setting_is_refused_by_name(closeloop, monkeypatch):
    monkeypatch.setenv("CLOSELOOP_PROT", "80")

    assert "CLOSELOOP_PROT is not a setting" in closeloop("init", code=2).stderr


def test_a_database_that_does_not_answer_is_exit_code_3_without_its_password(closeloop, monkeypatch):
    monkeypatch.setenv("CLOSELOOP_DATABASE_URL", "postgresql://me:hidden@127.0.0.1:1/none")

    result = closeloop("migrate", code=3)

    assert "does not answer" in result.stderr
    assert "hidden" not in result.stderr


def test_a_command_before_anything_is_there_says_what_to_run(closeloop):
    assert "closeloop init" in closeloop("export", "out", code=2).stderr


def test_a_held_data_directory_is_refused_to_a_second_process(closeloop):
    closeloop("init")
    runtime = build_runtime(read_settings())
    lock = take_lock(runtime)
    try:
        assert "Another Closeloop process" in closeloop("migrate", code=3).stderr
    finally:
        lock.release()
        runtime.database.dispose()


def test_apply_says_what_it_would_do_does_it_and_then_has_nothing_to_do(closeloop):
    wished = closeloop("apply", str(COMPANY), "--dry-run", "--json").document
    done = closeloop("apply", str(COMPANY), "--json").document
    again = closeloop("apply", str(COMPANY), "--json").document

    assert wished["counts"] == done["counts"]
    assert done["counts"]["create"] > 50
    assert again["counts"] == {}


def test_apply_lists_every_problem_of_a_document(closeloop):
    told = closeloop("apply", "-", code=2, typed="version: 1\nbogus: 2\n").stderr

    assert "bogus" in told
    assert "fallback_owner" in told


def test_an_export_holds_what_customers_said_and_runs_no_formulas(closeloop, tmp_path):
    closeloop("init")
    runtime = build_runtime(read_settings())
    with runtime.database.writing() as session:
        now = datetime(2026, 9, 16, tzinfo=UTC)
        session.add(Source(id=1, key="shop", connector="native", config={}, created_at=now))
        session.flush()
        times = {"occurred_at": now, "received_at": now}
        session.add(Feedback(id=1, source_id=1, external_id="7", digest="", medium="survey", attributes={}, **times))
        session.flush()
        session.add(Turn(feedback_id=1, position=0, role="customer", text='=HYPERLINK("http://evil")'))
    runtime.database.dispose()

    told = closeloop("export", str(tmp_path / "csv"), "--format", "csv", "--only", "turns", "--json").document
    closeloop("export", str(tmp_path / "all"))

    assert told["rows"] == {"turns": 1}
    with (tmp_path / "csv" / "turns.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["text"] == '\'=HYPERLINK("http://evil")'
    (feedback,) = map(json.loads, (tmp_path / "all" / "feedback.jsonl").read_text().splitlines())
    assert feedback["external_id"] == "7"
    assert feedback["occurred_at"].startswith("2026-09-16T00:00:00")
    assert "leased_until" not in feedback


def test_the_help_names_every_command(closeloop):
    told = closeloop("--help").stdout
    for command in ("init", "serve", "work", "apply", "import", "classify", "evaluate", "key", "doctor", "migrate"):
        assert command in told


def test_a_folder_that_cannot_be_written_is_wrong_usage_and_no_traceback(closeloop, tmp_path):
    closeloop("init")
    (tmp_path / "taken").touch()

    told = closeloop("export", str(tmp_path / "taken"), code=2)

    assert "taken cannot be used (File exists)" in told.stderr


def test_the_version_is_told(closeloop):
    assert closeloop("--version").stdout.strip() == version_of("closeloop")


def test_the_model_is_told_with_what_was_reviewed(closeloop, folder):
    closeloop("init")
    assert "No version yet; 0 corrections, 0 gold." in closeloop("model").stderr
    runtime = build_runtime(read_settings())
    with runtime.database.writing() as session:
        now = datetime(2026, 9, 16, tzinfo=UTC)
        source = Source(key="crm", connector="native", config={}, created_at=now)
        session.add_all([source, Topic(key="refunds", name="Refunds", description="", examples=[])])
        session.flush()
        feedback = Feedback(
            source_id=source.id, external_id="1", digest="", medium="chat", occurred_at=now, received_at=now,
            attributes={},
        )  # fmt: skip
        session.add(feedback)
        session.flush()
        labels = {"topic": "refunds"}
        row = Correction(
            feedback_id=feedback.id, turn=0, start=0, end=4, text="Late", labels=labels,
            judged=labels | {"fingerprint": "m"}, actor="cli", created_at=now,
        )  # fmt: skip
        session.add(row)
    runtime.database.dispose()
    assert "refunds: precision 1.00 (0.21 to 1.00, 1 reviewed), recall 1.00" in closeloop("model").stderr
    assert closeloop("model", "--json").document["topics"][0]["precision"]["n"] == 1


def test_the_dry_run_of_rules_is_told_to_people_and_programs(closeloop):
    closeloop("init")
    closeloop("apply", str(COMPANY))

    told = closeloop("rules", "preview", str(COMPANY), "--at", "2027-01-04", "--days", "7", "--json").document
    assert (told["days"], told["complaints"], told["moves"]) == (7, 0, [])
    assert told["at"].startswith("2027-01-04T00:00")
    assert "0 complaints of 30 days" in closeloop("rules", "preview").stderr
