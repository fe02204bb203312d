import json
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from app.domain.actor import OPERATOR
from app.domain.feedback import Medium
from app.errors import AppError
from app.ingest.importing import ImportOptions, Target, open_plan, plan_import, run_import, unmapped
from app.store.tables import Feedback, Score, Source, Turn

UTC_ZONE = ZoneInfo("UTC")


@pytest.fixture
def write(tmp_path):
    def make(content, name="survey.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return make


@pytest.fixture
def load(database, now):
    def run(path, *mappings, dry_run=False, **options):
        plan = plan_import(path, ImportOptions(UTC_ZONE, mappings, **options), now)
        rejected = []
        target = Target("survey", OPERATOR, database.writing, lambda: now, dry_run)
        return plan, run_import(open_plan(plan), target, rejected.append), rejected

    return run


def _columns(plan):
    return dict(plan.reader.columns.columns)


def _texts(database):
    with database.reading() as session:
        return list(session.scalars(select(Turn.text).order_by(Turn.text)))


def _lines(*documents):
    return "\n".join(json.dumps(document) for document in documents) + "\n"


PLAIN = "ID;Datum;Kunde;Frage;Kommentar;Alter\n1;13.02.2026;K-7;Was fehlt?;Rückruf fehlt;40\n2;14.02.2026;K-8;;;41\n"


def test_german_columns_are_guessed_and_stored(database, load, write):
    plan, counts, rejected = load(write(PLAIN))
    assert _columns(plan) == {
        "external_id": "ID", "text": "Kommentar", "occurred_at": "Datum", "question": "Frage", "customer": "Kunde",
    }  # fmt: skip
    assert (counts.accepted, counts.duplicate, counts.rejected, rejected) == (2, 0, 0, [])
    assert list(unmapped(plan)) == ["Alter"]
    assert ("text", "Kommentar", "Rückruf fehlt") in plan.samples
    assert "semicolons separate the columns" in plan.notes
    with database.reading() as session:
        first = session.scalars(select(Feedback).where(Feedback.external_id == "1")).one()
        assert (first.customer_ref, first.question, first.medium) == ("K-7", "Was fehlt?", "survey")
        assert first.occurred_at.isoformat() == "2026-02-13T12:00:00+00:00"
        source = session.scalars(select(Source)).one()
        assert (source.key, source.connector) == ("survey", "native")
    assert _texts(database) == ["Rückruf fehlt"]


def test_the_same_file_twice_adds_nothing(load, write):
    path = write(PLAIN)
    load(path)
    _, counts, _ = load(path)
    assert (counts.accepted, counts.duplicate) == (0, 2)


def test_rows_without_an_id_are_known_by_their_content(database, load, write):
    path = write("date,comment\n2026-02-01,late\n2026-02-01,late\n2026-02-02,late\n")
    plan, counts, _ = load(path)
    assert (counts.accepted, counts.duplicate) == (2, 1)
    assert any("no id column" in note for note in plan.notes)
    assert load(path)[1].duplicate == 3
    with database.reading() as session:
        assert all(found.startswith("sha:") for found in session.scalars(select(Feedback.external_id)))


def test_a_file_without_dates_counts_as_said_now_and_still_adds_nothing_twice(database, load, write, now):
    path = write("comment\nlate\nlost\n", "comments.txt")
    plan, counts, _ = load(path)
    assert counts.accepted == 2
    assert any("no date column" in note for note in plan.notes)
    assert load(path)[1].duplicate == 2
    with database.reading() as session:
        assert set(session.scalars(select(Feedback.occurred_at))) == {now}


def test_a_file_in_windows_1252_is_read_and_the_person_is_told(database, load, write):
    plan, _, _ = load(write("id,text\n1,Gr\u00fc\u00dfe \u20ac\n".encode("cp1252")))
    assert "the file is not UTF-8: read as Windows-1252" in plan.notes
    assert _texts(database) == ["Grüße €"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_no_part_of_the_first_column(database, load, write, encoding):
    plan, _, _ = load(write("id\ttext\n1\tschön\n".encode(encoding)))
    assert _columns(plan) == {"external_id": "id", "text": "text"}
    assert _texts(database) == ["schön"]


def test_quoted_cells_keep_line_breaks_and_delimiters(database, load, write):
    load(write('id,text\r\n1,"one, ""two""\r\nthree"\r\n'))
    assert _texts(database) == ['one, "two"\r\nthree']


def test_columns_are_mapped_as_told(database, load, write):
    content = "A,B,C,D,E,F,G\nlate,2026-02-01,x1,9,0,red,call\n"
    told = (
        "text=A",
        "occurred_at=B",
        "external_id=C",
        "score:nps=D",
        "score:fft=E:0:5",
        "attributes.color=F",
        "medium=G",
    )
    _, counts, rejected = load(write(content), *told)
    assert counts.rejected == 1
    assert "medium" in rejected[0].reason
    load(write(content.replace("call", "Phone")), *told)
    with database.reading() as session:
        assert [(row.metric, row.value, row.low, row.high) for row in session.scalars(select(Score))] == [
            ("nps", 9, 0, 10), ("fft", 0, 0, 5),
        ]  # fmt: skip
        found = session.scalars(select(Feedback)).one()
        assert (found.attributes, found.medium) == ({"color": "red"}, "phone")


def test_nps_by_name_keeps_zero_and_leaves_out_what_is_off_the_scale(database, load, write):
    plan, counts, _ = load(write("id,text,NPS\n1,a,0\n2,b,11\n3,c,don't know\n4,d,\n5,e,10.0\n"))
    assert (counts.accepted, plan.reader.off_scale) == (5, {"nps": 2})
    with database.reading() as session:
        assert sorted(session.scalars(select(Score.value))) == [0, 10]


@pytest.mark.parametrize(
    ("mapping", "code"),
    [
        ("text", "bad_mapping"),
        ("txt=comment", "unknown_field"),
        ("text=missing", "unknown_column"),
        ("score:fft=id", "unknown_scale"),
        ("score:fft=id:5:1", "unknown_scale"),
    ],
)
def test_a_wrong_mapping_is_refused_with_what_there_is(load, write, mapping, code):
    with pytest.raises(AppError) as refusal:
        load(write("id,comment\n1,a\n"), mapping)
    assert refusal.value.code == code


def test_a_file_without_words_is_refused_and_its_columns_are_listed(load, write):
    with pytest.raises(AppError, match=r'"who", "when".*--map text='):
        load(write("who,when\n1,2026-01-01\n"))


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [("", "a.csv", "empty_file"), ('[{"text": "a"}]', "a.json", "not_json_lines")],
)
def test_a_file_that_is_no_table_says_so(load, write, content, name, code):
    with pytest.raises(AppError) as refusal:
        load(write(content, name))
    assert refusal.value.code == code


def test_a_missing_file_says_so(load, tmp_path):
    with pytest.raises(AppError, match="No such file"):
        load(tmp_path / "missing.csv")


def test_bad_rows_are_named_with_line_and_reason_and_the_others_go_in(database, load, write):
    rows = ["id,date,text", "1,2026-02-01,good", "2,never,private", "3,2026-02-01", "4,2029-02-01,private",
            "5,,private", "6,2026-02-01,a\x00b", "7,2026-02-01,good too", ""]  # fmt: skip
    _, counts, rejected = load(write("\n".join(rows)))
    assert (counts.accepted, counts.rejected) == (2, 5)
    assert [one.line for one in rejected] == [3, 4, 5, 6, 7]
    reasons = [one.reason for one in rejected]
    assert "cannot be read in column date" in reasons[0]
    assert "3 cells" in reasons[1] or "2 cells" in reasons[1]
    assert "24 hours" in reasons[2]
    assert "has no date" in reasons[3]
    assert "NUL" in reasons[4]
    assert "private" not in " ".join(reasons)
    assert rejected[0].original == ("2", "never", "private")


def test_a_quote_that_is_never_closed_swallows_no_row_silently(load, write):
    file = write('id,text\n1,fine\n2,"parcel late\n3,lamp broken\n4,sofa torn\n')
    _, counts, rejected = load(file)
    assert (counts.accepted, counts.rejected) == (1, 1)
    assert "line 3 is never closed: lines 3 to 5" in rejected[0].reason


def test_an_inch_mark_in_the_last_row_is_no_open_quote(load, write):
    _, counts, _ = load(write('id,text\n1,"two\nlines"\n2,a 5" screen\n'))
    assert (counts.accepted, counts.rejected) == (2, 0)


def test_broken_json_lines_are_named_and_the_others_go_in(database, load, write):
    content = (
        _lines({"id": 1, "text": "good"})
        + '{"id": 2, "text": \n\n[3]\n{"id": 4, "id": 5}\n{"id": 6, "text": "\\ud800"}\n'
    )
    content += _lines({"id": 7, "text": "good too"}, {"id": 1.5, "text": "x"}, {"id": 8, "text": {"a": 1}})
    _, counts, rejected = load(write(content, "a.jsonl"))
    assert counts.accepted == 2
    assert [one.line for one in rejected] == [2, 4, 5, 6, 8, 9]
    assert _texts(database) == ["good", "good too"]


def test_long_ids_are_kept_digit_for_digit(database, load, write):
    load(write(_lines({"id": 9007199254740993, "text": "a"}, {"id": "0012", "text": "b"}), "a.jsonl"))
    with database.reading() as session:
        assert set(session.scalars(select(Feedback.external_id))) == {"9007199254740993", "0012"}


def test_conversations_are_read_from_a_column_of_turns(database, load, write):
    turns = [{"role": "agent", "text": "Hello", "mood": "calm"}, {"role": "customer", "text": "No refund yet."}]
    lines = _lines({"id": "c1", "start": "2026-02-01 07:00:00", "turns": turns}, {"id": "c2", "turns": "no"})
    _, counts, rejected = load(write(lines, "calls.jsonl"), medium=Medium.PHONE)
    assert (counts.accepted, len(rejected)) == (1, 1)
    with database.reading() as session:
        found = session.execute(select(Turn.role, Turn.text).order_by(Turn.position)).all()
    assert [tuple(row) for row in found] == [("agent", "Hello"), ("customer", "No refund yet.")]


def test_lines_of_native_items_are_taken_as_they_are(database, load, write):
    item = {"external_id": "1", "medium": "review", "occurred_at": "2026-02-01T07:00:00Z", "text": "Late.",
            "scores": [{"metric": "stars", "value": 1, "min": 1, "max": 5}], "customer": {"ref": "C"}}  # fmt: skip
    plan, counts, rejected = load(
        write(_lines(item, item | {"version": 2, "text": ""}, item | {"medium": "fax"}), "a.jsonl")
    )
    assert plan.reader is None
    assert (counts.accepted, counts.duplicate, [one.line for one in rejected]) == (1, 1, [3])


def test_a_dry_run_counts_and_stores_nothing(database, load, write):
    path = write(PLAIN)
    assert load(path, dry_run=True)[1].accepted == 2
    with database.reading() as session:
        assert session.scalars(select(Source)).all() == []
    assert load(path)[1].accepted == 2
    assert load(path, dry_run=True)[1].duplicate == 2


def test_a_changed_text_under_a_known_id_is_rejected_not_swallowed(load, write):
    load(write("id,text\n1,late\n"))
    _, counts, rejected = load(write("id,text\n1,lost\n"))
    assert (counts.accepted, counts.duplicate, counts.rejected) == (0, 0, 1)
    assert "higher version" in rejected[0].reason


def test_a_file_of_many_chunks_is_stored_whole_and_progress_is_told(database, write, now):
    path = write("id,text\n" + "".join(f"{number},comment {number}\n" for number in range(1_234)))
    plan = plan_import(path, ImportOptions(UTC_ZONE), now)
    seen = []
    target = Target("survey", OPERATOR, database.writing, lambda: now)
    counts = run_import(open_plan(plan), target, lambda _rejected: None, lambda counts: seen.append(counts.rows))
    assert (plan.rows, counts.accepted, seen) == (1_234, 1_234, [500, 1_000, 1_234])
