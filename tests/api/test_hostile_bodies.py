"""Broken JSON, unknown field, no zone, 1e999, NaN, NUL, lone surrogate, deep nesting, huge bodies, wrong key."""

import asyncio
import json

import pytest
from sqlalchemy import func, select

from app.domain.actor import Scope
from app.store.tables import Feedback

JSON = {"Content-Type": "application/json"}
GOOD = (
    '{"external_id": "r", "medium": "survey", "occurred_at": "2026-09-15T14:05:00Z", "text": "late", '
    '"attributes": {"n": 1}}'
)
MARK = "jane.doe@example.com"

UNREADABLE = {
    "cut off": GOOD[:-2],
    "not json": "hello",
    "empty": "",
    "only spaces": "   ",
    "two documents": GOOD + GOOD,
    "number beyond a double": GOOD.replace('"n": 1', '"n": 1e999'),
    "nan": GOOD.replace('"n": 1', '"n": NaN'),
    "infinity": GOOD.replace('"n": 1', '"n": -Infinity'),
    "integer beyond 64 bits": GOOD.replace('"n": 1', '"n": 9223372036854775808'),
    "long integer": GOOD.replace('"n": 1', '"n": ' + "9" * 5000),
    "nul": GOOD.replace("late", "la\\u0000te"),
    "lone surrogate": GOOD.replace("late", "la\\ud800te"),
    "lone surrogate in a key": GOOD.replace('"n"', '"\\udfff"'),
    "key twice": GOOD.replace('"medium"', '"medium": "chat", "medium"'),
    "deep arrays": "[" * 100_000 + "]" * 100_000,
    "deep objects": '{"a":' * 5_000 + "1" + "}" * 5_000,
    "deep inside": GOOD.replace('"n": 1', '"n": ' + "[" * 100_000 + "]" * 100_000),
}
UNFIT = {
    "unknown field": GOOD.replace('"n": 1}', f'"n": 1}}, "{MARK}": "{MARK}"'),
    "no zone": GOOD.replace("05:00Z", "05:00"),
    "no such day": GOOD.replace("09-15", "02-30"),
    "far future": GOOD.replace("2026-09", "9999-09"),
    "wrong type": GOOD.replace('"late"', '{"words": "' + MARK + '"}'),
    "true as a number": GOOD.replace(
        '"attributes"', '"scores": [{"metric": "nps", "value": true, "min": 0, "max": 10}], "a"'
    ),
    "an array": f"[{GOOD}]",
    "null": "null",
    "a text": f'"{MARK}"',
    "no words": GOOD.replace(', "text": "late"', ""),
    "unknown medium": GOOD.replace("survey", MARK),
    "nested attribute": GOOD.replace('"n": 1', '"n": {"m": 1}'),
}


@pytest.fixture
def sender(client_for):
    return client_for(Scope.INGEST_WRITE)


@pytest.fixture
def nothing_stored(database):
    yield
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Feedback)) == 0


def test_t24_t25_t26_t27_t28_t29_t30_what_cannot_be_read_is_a_400_and_leaves_nothing(sender, nothing_stored, problem):
    for name, body in UNREADABLE.items():
        answer = sender.post("/v1/feedback", content=body.encode("utf-8", "surrogatepass"), headers=JSON)
        assert answer.status_code == 400, (name, answer.text)
        problem(answer, 400, answer.json()["code"])


def test_t33_what_does_not_fit_is_a_422_that_says_where_and_repeats_nothing(sender, nothing_stored, problem):
    for name, body in UNFIT.items():
        answer = sender.post("/v1/feedback", content=body, headers=JSON)
        assert answer.status_code == 422, (name, answer.text)
        document = problem(answer, 422, answer.json()["code"])
        assert MARK not in answer.text, name
        assert document["errors"], name
        assert all(each["message"] and each["code"] for each in document["errors"])


def test_t31_other_encodings_are_refused(sender, nothing_stored):
    for coded in (
        GOOD.encode("utf-16"),
        b"\xef\xbb\xbf" + GOOD.encode(),
        GOOD.replace("late", "spät").encode("latin-1"),
    ):
        assert sender.post("/v1/feedback", content=coded, headers=JSON).status_code == 400


def test_t32_other_content_types_are_refused(sender, nothing_stored, problem):
    for name in (
        "text/plain",
        "application/xml",
        "multipart/form-data; boundary=x",
        "application/json; charset=utf-16",
        "",
    ):
        answer = sender.post("/v1/feedback", content=GOOD, headers={"Content-Type": name})
        problem(answer, 415, "unsupported_media_type")


def test_t23_compressed_bodies_are_refused_unread(sender, nothing_stored, problem):
    for coding in ("gzip", "br", "deflate", "GZIP, gzip"):
        answer = sender.post(
            "/v1/feedback", content=b"\x1f\x8b" + b"0" * 100, headers=JSON | {"Content-Encoding": coding}
        )
        problem(answer, 415, "compressed_body")


def test_t21_a_body_at_the_limit_is_read_and_one_byte_more_is_not(sender, settings, problem):
    space = settings.max_body_bytes - len(GOOD)
    assert sender.post("/v1/feedback", content=GOOD + " " * space, headers=JSON).status_code == 202
    document = problem(
        sender.post("/v1/feedback", content=GOOD + " " * (space + 1), headers=JSON), 413, "body_too_large"
    )
    assert document["limit_bytes"] == settings.max_body_bytes


def test_t21_fifty_megabytes_are_refused_announced_or_not(sender, bulk, nothing_stored, problem):
    block = b" " * (1024 * 1024)
    problem(sender.post("/v1/feedback", content=block * 50, headers=JSON), 413, "body_too_large")

    def chunks():
        for _ in range(50):
            yield block

    problem(sender.post("/v1/feedback", content=chunks(), headers=JSON), 413, "body_too_large")
    problem(bulk(sender, content=chunks(), headers=JSON), 413, "body_too_large")


def test_a_wrong_key_is_told_before_the_body_is_read(client, nothing_stored, problem):
    for body in (GOOD, "not json", " " * 2_000_000):
        answer = client.post("/v1/feedback", content=body, headers=JSON | {"Authorization": "Bearer voc_live_x_y"})
        problem(answer, 401, "invalid_credentials")


def test_every_hostile_item_of_a_bulk_costs_only_itself(sender, bulk, database):
    lines = [body.replace("\n", " ") for body in (UNREADABLE | UNFIT).values() if body.strip()]
    body = "\n".join([GOOD, *lines, GOOD.replace('"r"', '"s"')]).encode("utf-8", "surrogatepass")
    answer = bulk(sender, content=body, headers={"Content-Type": "application/x-ndjson"})
    told = answer.json()
    assert answer.status_code == 200
    assert told["counts"] == {"created": 2, "invalid": len(lines)}
    assert MARK not in answer.text
    assert json.dumps(told["items"][0]["problem"]) == "null"


def test_a_client_that_goes_away_is_no_failure(app, key_for, nothing_stored):
    token = key_for(Scope.INGEST_WRITE)
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json", "content-length": "100"}
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/feedback",
        "raw_path": b"/v1/feedback",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "state": {},
    }
    incoming = [{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}]
    sent = []

    async def receive():
        return incoming.pop(0)

    async def send(message):
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    assert sent[0]["status"] == 400
