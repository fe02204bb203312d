"""Bodies by their number in the fault catalogue: what is too much, too deep, in another form, or not meant so."""

import json

import pytest
from sqlalchemy import func, select

from app.domain.actor import Scope
from app.domain.strict_json import MAX_DEPTH
from app.store.tables import Feedback, Turn

JSON = {"Content-Type": "application/json"}
LINES = {"Content-Type": "application/x-ndjson"}
BOMB = b"\x1f\x8b\x08" + bytes(900)
ITEM = {"external_id": "r", "medium": "chat", "occurred_at": "2026-09-01T00:00:00Z", "text": "late"}


@pytest.fixture
def sender(client_for):
    return client_for(Scope.INGEST_WRITE)


@pytest.fixture
def analyst(client_for):
    return client_for(Scope.ANALYST)


@pytest.fixture
def count(database):
    def ask(row):
        with database.reading() as session:
            return session.scalar(select(func.count()).select_from(row))

    return ask


def in_chunks(body, size=9_000):
    yield from (body[at : at + size] for at in range(0, len(body), size))


def test_t21_a_body_of_unknown_length_has_the_same_limit(sender, settings, problem, count):
    body = json.dumps(ITEM).encode()
    full = body + b" " * (settings.max_body_bytes - len(body))
    assert sender.post("/v1/feedback", content=in_chunks(full), headers=JSON).status_code == 202
    problem(sender.post("/v1/feedback", content=in_chunks(full + b" "), headers=JSON), 413, "body_too_large")
    assert count(Feedback) == 1


def test_t23_a_bomb_is_refused_before_it_is_unpacked(sender, client, problem):
    for path, headers in (("/v1/feedback", JSON), ("/v1/feedback/bulk", LINES | {"Idempotency-Key": "k"})):
        for coding in ("gzip", "deflate", "br", "zstd", "identity, gzip"):
            answer = sender.post(
                path, content=b"\x1f\x8b\x08" + bytes(900), headers=headers | {"Content-Encoding": coding}
            )
            problem(answer, 415, "compressed_body")


def test_t26_integers_end_at_64_bits_and_ids_are_kept_digit_for_digit(sender, analyst, problem):
    for number in (2**63, -(2**63) - 1, 10**30):
        body = json.dumps(ITEM | {"attributes": {"n": number}})
        problem(sender.post("/v1/feedback", content=body, headers=JSON), 400, "bad_json")
    for number in (2**63 - 1, -(2**63), 2**53 + 1):
        item = ITEM | {"external_id": f"000{number}", "attributes": {"n": number}}
        told = sender.post("/v1/feedback", json=item).json()
        found = analyst.get(f"/v1/feedback/{told['id']}").json()
        assert found["attributes"] == {"n": number}
        assert found["external_id"] == f"000{number}"
    problem(sender.post("/v1/feedback", json=ITEM | {"external_id": 1.0}), 422, "invalid_request")
    problem(sender.post("/v1/feedback", json=ITEM | {"external_id": 7}), 422, "invalid_request")


def test_t29_sixty_four_levels_are_read_and_one_more_is_not(sender, problem):
    for outside, inside, levels in (("[", "]", MAX_DEPTH), ('{"a":', "}", MAX_DEPTH)):
        deep = outside * levels + "1" + inside * levels
        answer = sender.post("/v1/feedback", content=deep, headers=JSON)
        problem(answer, 422, "invalid_request")
        answer = sender.post("/v1/feedback", content=outside + deep + inside, headers=JSON)
        assert "64 levels" in problem(answer, 400, "bad_json")["detail"]


def test_t30_a_key_that_is_the_same_once_unescaped_is_the_same_key(sender, problem, count):
    for again in ('"external_id": "s"', '"external\\u005fid": "s"'):
        body = json.dumps(ITEM)[:-1] + f", {again}}}"
        problem(sender.post("/v1/feedback", content=body, headers=JSON), 400, "bad_json")
    assert count(Feedback) == 0


def test_t33_fields_that_nobody_knows_are_a_422_at_every_depth(sender, problem):
    for item, pointer in (
        (ITEM | {"colour": 1}, "/colour"),
        (ITEM | {"customer": {"ref": "C", "tenant": 1}}, "/customer/tenant"),
        (ITEM | {"scores": [{"metric": "nps", "value": 1, "min": 0, "max": 10, "x": 1}]}, "/scores/0/x"),
    ):
        document = problem(sender.post("/v1/feedback", json=item), 422, "invalid_request")
        assert [each["pointer"] for each in document["errors"]] == [pointer]


def test_t34_t35_a_transcript_of_twenty_thousand_turns_is_stored_whole(sender, bulk, count, problem):
    turns = [{"role": "agent" if number % 2 else "customer", "text": f"turn {number}"} for number in range(20_000)]
    item = {name: value for name, value in ITEM.items() if name != "text"} | {"turns": turns}
    answer = bulk(sender, content=json.dumps(item), headers=LINES)
    assert answer.json()["counts"] == {"created": 1}
    assert count(Turn) == 20_000
    more = item | {"external_id": "s", "turns": [*turns, turns[0]]}
    told = bulk(sender, content=json.dumps(more), headers=LINES).json()
    assert told["items"][0]["problem"]["errors"][0]["pointer"] == "/turns"


def test_t36_an_answer_without_words_is_an_item_without_words(sender, analyst):
    for number, text in enumerate(("", "\u200b\u200d\ufeff", " \t\n")):
        told = sender.post("/v1/feedback", json=ITEM | {"external_id": str(number), "text": text}).json()
        found = analyst.get(f"/v1/feedback/{told['id']}").json()
        assert found["mentions"] == []
        assert [turn["text"] for turn in found["turns"]] == ([text] if text else [])


def test_t38_forms_of_a_thousand_parts_are_no_json(sender, problem, count):
    part = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
    form = {"Content-Type": "multipart/form-data; boundary=x"}
    for body in (part * 1_000 + b"--x--\r\n", b"-" * 10_000_000 + part, b"--x\r\nX: " + b"y" * 1_000_000 + b"\r\n\r\n"):
        for path in ("/v1/feedback", "/v1/feedback/bulk"):
            answer = sender.post(path, content=body, headers=form | {"Idempotency-Key": "k"})
            problem(answer, 415, "unsupported_media_type")
    assert count(Feedback) == 0


def test_t87_a_clock_that_is_two_hours_ahead_is_believed_and_one_of_a_year_is_not(sender, problem, now, count):
    ahead = ITEM | {"occurred_at": now.replace(hour=now.hour + 2).isoformat()}
    assert sender.post("/v1/feedback", json=ahead).status_code == 202
    for year in (now.year + 1, 9999):
        far = ITEM | {"external_id": str(year), "occurred_at": now.replace(year=year).isoformat()}
        assert sender.post("/v1/feedback", json=far).status_code == 422
    assert count(Feedback) == 1


def test_t88_what_was_said_five_years_ago_is_taken_at_its_day(sender, analyst):
    told = sender.post("/v1/feedback", json=ITEM | {"occurred_at": "2021-09-01T00:00:00Z"}).json()
    assert analyst.get(f"/v1/feedback/{told['id']}").json()["occurred_at"] == "2021-09-01T00:00:00Z"
    assert analyst.get("/v1/feedback?since=2026-01-01T00:00:00Z").json()["items"] == []


def test_t92_of_a_thousand_three_are_wrong_and_told_by_place(sender, bulk, count):
    items = [ITEM | {"external_id": str(number)} for number in range(1_000)]
    items[7] = items[7] | {"occurred_at": "2026-09-01T00:00:00"}
    items[499] = items[499] | {"scores": [{"metric": "nps", "value": True, "min": 0, "max": 10}]}
    items[999] = {"external_id": "x"}
    told = bulk(sender, json=items).json()
    assert told["counts"] == {"created": 997, "invalid": 3}
    wrong = {each["index"]: each["problem"]["errors"][0]["pointer"] for each in told["items"] if each["problem"]}
    assert wrong == {7: "/occurred_at", 499: "/scores/0/value", 999: "/medium"}
    assert count(Feedback) == 997


def test_t94_a_broken_line_500_costs_only_itself(sender, bulk, count):
    lines = [json.dumps(ITEM | {"external_id": str(number)}) for number in range(1_000)]
    lines[499] = lines[499][:-7]
    told = bulk(sender, content="\n".join(lines), headers=LINES).json()
    assert told["counts"] == {"created": 999, "invalid": 1}
    assert [each["index"] for each in told["items"] if each["problem"]] == [499]
    assert told["items"][499]["problem"]["code"] == "bad_json"
    assert count(Feedback) == 999


def test_times_are_text_with_a_zone_and_never_numbers(analyst, admin, problem):
    for text in ("0.5", "1789000000", "2026-09-01", "2026-09-01T00:00:00", "tomorrow"):
        problem(analyst.get("/v1/feedback", params={"since": text}), 422, "invalid_request")
    for value in (0, 1789000000000, True, "1789000000"):
        problem(admin.post("/v1/deliveries/replay", json={"until": value}), 422, "invalid_request")
    assert analyst.get("/v1/feedback?since=2026-09-01T00:00:00%2B02:00").status_code == 200


def test_numbers_and_truths_are_not_guessed_from_other_things(admin, problem):
    for path, body in (
        ("/v1/themes/1/mute", {"muted": 0}),
        ("/v1/themes/1/merge", {"into": "2"}),
        ("/v1/action-items/1/acknowledge", {"version": True}),
        ("/v1/action-items/1/plan", {"version": 1, "description": "x", "target_reduction": "0.3"}),
        ("/v1/feedback/retry", {"ids": ["1"]}),
        ("/v1/keys", {"name": "x", "scopes": ["analyst"], "owner_id": "1"}),
    ):
        problem(admin.post(path, json=body), 422, "invalid_request")
