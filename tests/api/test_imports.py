"""Imports over HTTP: a file is taken in whole, read in the background, and nothing of it is lost or stored twice."""

import csv
import io
import json
import tracemalloc
import uuid
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app.domain.actor import OPERATOR, Scope
from app.ingest import load
from app.ingest.chunks import CHUNK
from app.ingest.forget import erase_customer
from app.ingest.imports import purge_imports
from app.store.import_tables import Import, ImportReject
from app.store.tables import Feedback, Turn

ROWS = (
    "id,comment,created_at\n1,The parcel came late.,2026-09-01T10:00:00Z\n2,Nobody called back.,2026-09-02T10:00:00Z\n"
)
CALL = "WEBVTT\n\n00:01.000 --> 00:02.000\n<v Agent>Hello.\n\n00:03.000 --> 00:04.000\n<v Customer>It leaks.\n"
BOUNDARY = "x-boundary-1"


@pytest.fixture
def sender(client_for):
    return client_for(Scope.INGEST_WRITE)


@pytest.fixture
def read_on(database, now):
    """Run the station; `chunks` batches, or until nothing is due."""

    def run(chunks=1_000, at=now):
        for _ in range(chunks):
            with database.writing() as session:
                batch = load.claim(session, at)
            if batch is None:
                return
            outcome = load.work(batch, None)
            with database.writing() as session:
                load.record(session, at, outcome)

    return run


@pytest.fixture
def count(database):
    def counted(table):
        with database.reading() as session:
            return session.scalar(select(func.count()).select_from(table))

    return counted


def send(client, body, name="survey.csv", content_type="text/csv", **query):
    params = {"filename": name, **query}
    headers = {"content-type": content_type, "idempotency-key": uuid.uuid4().hex}
    return client.post("/v1/imports", params=params, content=body, headers=headers)


def many(rows, start=0):
    lines = (f"{number},Comment {number},2026-09-01T10:00:00Z" for number in range(start, start + rows))
    return "\n".join(("id,comment,created_at", *lines)) + "\n"


def files(runtime):
    folder = runtime.settings.data_dir / "imports"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_a_file_is_taken_in_read_and_deleted(sender, read_on, runtime, count):
    answer = send(sender, ROWS)
    assert answer.status_code == 202, answer.text
    told = answer.json()
    assert answer.headers["location"] == f"/v1/imports/{told['id']}"
    assert (told["state"], told["rows"], told["size"], told["connector"]) == ("queued", None, len(ROWS), None)
    assert len(files(runtime)) == 1
    read_on()
    told = sender.get(answer.headers["location"]).json()
    assert (told["state"], told["rows"], told["rows_done"], told["accepted"], told["rejected"]) == ("done", 2, 2, 2, 0)
    assert told["rejects_url"] is None
    assert files(runtime) == []
    assert count(Feedback) == 2


def test_the_same_file_again_adds_nothing(sender, read_on, count):
    for _ in range(2):
        send(sender, ROWS)
    read_on()
    told = sender.get("/v1/imports").json()["items"]
    assert [(one["accepted"], one["duplicate"]) for one in told] == [(0, 2), (2, 0)]
    assert count(Feedback) == 2


def test_a_form_with_a_file_and_other_fields(sender, read_on, count):
    answer = sender.post(
        "/v1/imports",
        data={"note": "of March"},
        files={"file": ("../../etc/survey.csv", ROWS, "text/csv")},
        headers={"idempotency-key": "form"},
    )
    assert answer.status_code == 202, answer.text
    assert answer.json()["name"] == "survey.csv"
    read_on()
    assert count(Feedback) == 2


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no form at all",
        f"--{BOUNDARY}\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n--{BOUNDARY}--\r\n".encode(),
        f"--{BOUNDARY}\r\nContent-Disposition: form-data; name=a; filename=a.csv\r\n\r\nid,te".encode(),
        f"--{BOUNDARY}\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n".encode() * 1_000,
        f"--{BOUNDARY}\r\nX: {'y' * 1_000_000}\r\n\r\nx\r\n--{BOUNDARY}--\r\n".encode(),
        b"p" * 10_000_000,
    ],
)
def test_forms_that_are_none_are_refused_and_leave_no_file_t_38(sender, runtime, problem, body):
    headers = {"content-type": f"multipart/form-data; boundary={BOUNDARY}", "idempotency-key": "one"}
    problem(sender.post("/v1/imports", content=body, headers=headers), 400, "bad_upload")
    assert files(runtime) == []


def test_a_file_above_the_limit_is_refused_also_where_its_length_is_not_announced(sender, app, runtime, problem):
    runtime.settings = runtime.settings.model_copy(update={"max_import_bytes": 2_000})
    problem(send(sender, "x" * 2_001), 413, "body_too_large")
    problem(send(sender, iter([b"x" * 1_500, b"x" * 501])), 413, "body_too_large")
    assert send(sender, "x" * 2_000).status_code == 202
    assert len(files(runtime)) == 1


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"source": "nowhere"}, "unknown_source"),
        ({"connector": "nothing"}, "unknown_connector"),
        ({"zone": "Mars/Base"}, "unknown_zone"),
        ({"medium": "fax"}, "invalid_request"),
        ({"wrong": "1"}, "unknown_parameter"),
    ],
)
def test_what_is_asked_for_wrongly_leaves_no_file(sender, runtime, problem, query, code):
    problem(send(sender, ROWS, **query), 422, code)
    assert files(runtime) == []


def test_a_file_without_text_fails_with_what_is_there(sender, read_on, runtime):
    address = send(sender, "a,b\n1,2\n").headers["location"]
    read_on()
    told = sender.get(address).json()
    assert (told["state"], told["accepted"]) == ("failed", 0)
    assert told["reason"].startswith("text_not_found: No column looks like the text.")
    assert files(runtime) == []


def test_options_are_those_of_the_command(sender, read_on, database):
    body = "Note;When\nToo slow;02/03/2026 10:00\n"
    query = {"map": ["text=Note", "occurred_at=When"], "zone": "Europe/Berlin", "date_order": "dmy", "medium": "chat"}
    send(sender, body, **query)
    read_on()
    with database.reading() as session:
        row = session.scalars(select(Feedback)).one()
    assert (row.medium, row.occurred_at.isoformat()) == ("chat", "2026-03-02T09:00:00+00:00")


def test_a_transcript_is_read_by_its_ending(sender, read_on, database):
    answer = send(sender, CALL, "calls/call-7.vtt", "text/vtt")
    assert answer.json()["connector"] == "webvtt"
    read_on()
    told = sender.get(answer.headers["location"]).json()
    assert (told["state"], told["rows"], told["accepted"]) == ("done", 1, 1)
    assert told["notes"] == ["no time in the file: conversations count as held when they arrived"]
    with database.reading() as session:
        turns = session.execute(select(Turn.role, Turn.text).order_by(Turn.position)).all()
        assert session.scalars(select(Feedback.external_id)).one() == "call-7.vtt"
    assert [tuple(turn) for turn in turns] == [("agent", "Hello."), ("customer", "It leaks.")]


def test_a_vendors_file_is_read_by_the_connector_that_is_named_or_that_the_source_has(sender, admin, read_on, database):
    body = json.dumps({"text": "It leaks.", "segments": []})
    made = {"key": "mailbox", "connector": "whisper", "config": {"alone": "customer"}}
    assert admin.post("/v1/sources", json=made).status_code == 201
    assert send(sender, body, "m-1.json", "application/json", source="mailbox").json()["connector"] == "whisper"
    assert send(sender, body, "m-2.json", "application/json", connector="openai").json()["connector"] == "whisper"
    read_on()
    with database.reading() as session:
        found = session.execute(select(Feedback.external_id, Turn.role).join(Turn).order_by(Feedback.id)).all()
    assert [tuple(one) for one in found] == [("m-1.json", "customer"), ("m-2.json", "system")]
    notes = sender.get("/v1/imports").json()["items"][0]["notes"]
    assert any(note.startswith("nothing says who is the customer") for note in notes)


def test_what_is_stored_stays_when_an_import_is_cancelled(sender, read_on, count, problem, runtime):
    address = send(sender, many(CHUNK + 5)).headers["location"]
    read_on(chunks=1)
    told = sender.get(address).json()
    assert (told["state"], told["rows"], told["rows_done"]) == ("running", CHUNK + 5, CHUNK)
    told = sender.post(f"{address}/cancel").json()
    assert told["state"] == "cancelled"
    assert told["notes"][-1] == f"cancelled after {CHUNK} rows: what was stored before stays"
    read_on()
    assert count(Feedback) == CHUNK
    assert files(runtime) == []
    problem(sender.post(f"{address}/cancel"), 409, "import_ended")


def test_a_process_that_dies_between_chunks_loses_nothing_and_repeats_nothing(sender, read_on, count):
    address = send(sender, many(2 * CHUNK + 7)).headers["location"]
    read_on(chunks=1)
    load._open.clear()  # as after kill -9: what was open is gone
    read_on()
    told = sender.get(address).json()
    assert (told["state"], told["accepted"], told["duplicate"]) == ("done", 2 * CHUNK + 7, 0)
    assert count(Feedback) == 2 * CHUNK + 7


def test_a_process_that_dies_inside_a_chunk_leaves_it_to_the_next_one(sender, database, read_on, now, count):
    send(sender, ROWS)
    with database.writing() as session:
        load.work(load.claim(session, now), None)  # never recorded
    read_on()
    assert count(Feedback) == 0  # still leased
    read_on(at=now + load.LEASE)
    assert count(Feedback) == 2


def test_a_chunk_that_comes_late_is_not_counted_twice(sender, database, now, count):
    address = send(sender, ROWS).headers["location"]
    with database.writing() as session:
        outcome = load.work(load.claim(session, now), None)
    for _ in range(2):
        with database.writing() as session:
            load.record(session, now, outcome)
    assert sender.get(address).json()["accepted"] == 2
    assert count(Feedback) == 2


def test_a_file_that_cannot_be_reached_is_given_up_with_its_reason(sender, database, runtime, now):
    address = send(sender, ROWS).headers["location"]
    for path in (runtime.settings.data_dir / "imports").iterdir():
        path.unlink()
    for turn in range(load.GIVE_UP_AT + 1):
        at = now + turn * timedelta(minutes=1)
        with database.writing() as session:
            batch = load.claim(session, at)
        if batch is not None and not batch.ended:
            with pytest.raises(FileNotFoundError) as missing:
                load.work(batch, None)
            with database.writing() as session:
                load.release(session, at, batch, str(missing.value))
    assert sender.get(address).json()["state"] == "failed"


def test_rejected_rows_come_back_as_they_were_and_no_spreadsheet_runs_them_t_58(sender, read_on, database, now):
    cells = ["=1+1", "+1", "-1", "@x", "\tx", "\uff1dx", " =x", '"=x', "'=x", "plain, with comma", 'a "quote"', "a\nb"]
    table = io.StringIO(newline="")
    writer = csv.writer(table)
    writer.writerow(["comment", "created_at"])
    writer.writerows([cell, "not a date"] for cell in cells)
    address = send(sender, table.getvalue()).headers["location"]
    read_on()
    told = sender.get(address).json()
    assert (told["accepted"], told["rejected"]) == (0, len(cells))
    assert told["reasons"][0]["rows"] == len(cells)
    answer = sender.get(told["rejects_url"])
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    head, *rows = csv.reader(io.StringIO(answer.text, newline=""))
    assert head == ["line", "reason", "comment", "created_at"]
    assert [row[2] for row in rows] == [f"'{cell}" for cell in cells[:9]] + cells[9:]
    with database.writing() as session:
        assert purge_imports(session, now + timedelta(days=31), retention_days=30) == len(cells)
        assert session.scalar(select(func.count()).select_from(ImportReject)) == 0


def test_t49_rejected_rows_show_customers_to_senders_and_to_those_who_may_know_them(sender, client_for, read_on):
    file = "comment,created_at,mail\nIt was late,not a date,zora.quist@example.net\n"
    address = send(sender, file).headers["location"] + "/rejects"
    read_on()
    assert "zora.quist@example.net" in sender.get(address).text
    assert "zora.quist@example.net" in client_for(Scope.ANALYST, Scope.PII_READ).get(address).text
    masked = client_for(Scope.ANALYST).get(address).text
    assert "***,***,***" in masked
    assert "quist" not in masked


def test_a_key_that_is_bound_to_a_source_sees_and_feeds_only_that(client_for, sender, admin, problem, read_on):
    address = send(sender, ROWS).headers["location"]
    made = admin.post("/v1/sources", json={"key": "shop", "connector": "native"})
    assert made.status_code == 201
    bound = client_for(Scope.INGEST_WRITE, source_id=made.json()["id"])
    problem(bound.get(address), 404, "not_found")
    problem(bound.get(f"{address}/rejects"), 404, "not_found")
    problem(bound.post(f"{address}/cancel"), 404, "not_found")
    problem(send(bound, ROWS, source="api"), 403, "other_source")
    assert send(bound, ROWS).json()["source"] == "shop"
    assert [one["source"] for one in bound.get("/v1/imports").json()["items"]] == ["shop"]


@pytest.mark.slow
def test_a_twenty_thousand_turn_transcript_is_taken_in_t_35(sender, read_on, count):
    cue = "00:00:01.000 --> 00:00:01.500\n<v {}>{}\n\n"
    body = "WEBVTT\n\n" + "".join(cue.format(("Agent", "Customer")[number % 2], number) for number in range(20_000))
    answer = send(sender, body, "long.vtt", "text/vtt")
    assert answer.status_code == 202
    read_on()
    assert sender.get(answer.headers["location"]).json()["accepted"] == 1
    assert count(Turn) == 20_000


def test_more_turns_are_refused_and_the_import_says_so(sender, read_on):
    cue = "00:00:01.000 --> 00:00:01.500\n<v {}>x\n\n"
    body = "WEBVTT\n\n" + "".join(cue.format(("A", "B")[number % 2]) for number in range(20_001))
    address = send(sender, body, "long.vtt", "text/vtt").headers["location"]
    read_on()
    told = sender.get(address).json()
    assert (told["state"], told["reason"].partition(":")[0]) == ("failed", "too_many_turns")


@pytest.mark.slow
def test_a_ten_megabyte_transcript_needs_less_than_150_mb_t_34(sender, read_on, database):
    cue = "00:00:01.000 --> 00:00:01.500\n<v {}>" + "The meter is wrong. " * 25 + "\n\n"
    body = ("WEBVTT\n\n" + "".join(cue.format(("Agent", "Customer")[number % 2]) for number in range(20_000))).encode()
    assert len(body) > 10_000_000
    tracemalloc.start()
    answer = send(sender, body, "long.vtt", "text/vtt")
    taken = tracemalloc.get_traced_memory()[1]
    tracemalloc.reset_peak()
    read_on()
    read = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert answer.status_code == 202
    assert max(taken, read) < 150_000_000
    with database.reading() as session:
        assert session.scalar(select(Import.accepted)) == 1


def test_erasing_a_person_takes_rejected_rows_that_name_them(sender, read_on, database, now, count):
    send(sender, "comment,customer,created_at\nlate,K-7,never\nlost,K-77,never\n")
    lines = ({"comment": "x", "customer": ref, "created_at": "never"} for ref in ("K-7", "K-8"))
    send(sender, "\n".join(json.dumps(line) for line in lines), "x.jsonl", "application/x-ndjson")
    read_on()
    assert count(ImportReject) == 4
    with database.writing() as session:
        erase_customer(session, now, OPERATOR, "K-7")
    assert count(ImportReject) == 2


def test_t95_an_import_needs_a_key_and_the_same_file_under_it_is_taken_once(sender, problem, count):
    def start(body, **headers):
        headers = {"content-type": "text/csv", **headers}
        return sender.post("/v1/imports", params={"filename": "a.csv"}, content=body, headers=headers)

    under = {"idempotency-key": "march"}
    problem(start(many(3)), 400, "idempotency_key_required")
    first, again = start(many(3), **under), start(many(3), **under)
    assert (first.status_code, again.status_code) == (202, 202)
    assert again.json() == first.json()
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["idempotency-replayed"] == "true"
    problem(start(many(4), **under), 422, "idempotency_key_reused")
    assert count(Import) == 1
