import json
from datetime import UTC, datetime
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ingest.digest import digest_of

WORDS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=20)
INSTANTS = st.datetimes(datetime(1970, 1, 1), datetime(2199, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - with a zone in the end
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
INTEGERS = st.integers(-(2**63), 2**63 - 1)
MAYBE = st.none() | WORDS
COLUMNS = st.fixed_dictionaries(
    dict.fromkeys(("language", "question", "customer_ref", "segment", "case_ref"), MAYBE)
    | {
        "medium": st.sampled_from(["survey", "chat"]),
        "occurred_at": INSTANTS,
        "attributes": st.dictionaries(
            WORDS, WORDS | st.booleans() | st.integers(-(2**63), 2**63 - 1) | NUMBERS, max_size=4
        ),
    }
)
TURNS = st.lists(
    st.fixed_dictionaries(
        dict.fromkeys(("speaker", "ref", "question"), MAYBE)
        | {"position": st.integers(0, 9), "role": st.sampled_from(["customer", "agent"]), "text": WORDS}
        | {"version": st.integers(0, 9), "at": st.none() | INSTANTS}
    ),
    max_size=3,
)
SCORES = st.lists(
    st.fixed_dictionaries(
        dict.fromkeys(("value", "low", "high"), NUMBERS)
        | {"position": st.integers(0, 9), "metric": st.sampled_from(["nps", "csat_2"]), "raw": MAYBE}
    ),
    max_size=3,
)


@given(COLUMNS, TURNS, SCORES, st.booleans())
def test_a_digest_is_that_of_the_json_which_every_release_has_written(columns, turns, scores, dated):
    content = {**columns, "turns": [_known(turn) for turn in turns], "scores": [_known(score) for score in scores]}
    if not dated:
        del content["occurred_at"]
    known = {name: value for name, value in content.items() if value or value == ""}
    written = json.dumps(known, sort_keys=True, separators=(",", ":"), default=datetime.isoformat)
    assert digest_of(columns, turns, scores, dated=dated) == sha256(written.encode()).hexdigest()


def _known(part):
    # The first release wrote these two of a turn also where they were unknown.
    always = {"at", "speaker"}
    return {name: value for name, value in part.items() if name != "version" and (value is not None or name in always)}


@pytest.mark.parametrize("changed", [{"position": 1}, {"text": "No."}, {"at": datetime(2026, 3, 1, tzinfo=UTC)}])
def test_what_is_said_otherwise_is_other_content_and_a_version_is_none(changed):
    turn = dict.fromkeys(("at", "speaker", "ref", "question")) | {"position": 0, "role": "customer", "text": "Yes."}
    first = digest_of({"medium": "chat"}, [turn | {"version": 1}], [])
    assert first == digest_of({"medium": "chat"}, [turn | {"version": 2}], [])
    assert first != digest_of({"medium": "chat"}, [turn | {"version": 1} | changed], [])
