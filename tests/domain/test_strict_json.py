import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.strict_json import MAX_DEPTH, decode_json
from app.errors import AppError, Kind

DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(
        st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])), inner
    ),
)  # fmt: skip


@given(DOCUMENTS, st.booleans())
def test_every_plain_document_is_read_as_it_was_written(document, ascii_only):
    assert decode_json(json.dumps(document, ensure_ascii=ascii_only).encode()) == document


@given(st.binary())
def test_any_bytes_end_in_a_value_or_a_typed_refusal(body):
    try:
        decode_json(body)
    except AppError as error:
        refusal = error
    else:
        return
    assert (refusal.kind, refusal.code) == (Kind.BAD_REQUEST, "bad_json")


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "not JSON"),
        (b"{}x", "not JSON"),
        (b"[1,]", "not JSON"),
        (b"\xef\xbb\xbf{}", "byte order mark"),
        ('{"a": "ä"}'.encode("utf-16"), "UTF-8"),
        ('{"a": "ä"}'.encode("latin-1"), "UTF-8"),
        (b'{"a": 1, "a": 1}', "twice"),
        (b'{"external_id": "a", "external\\u005fid": "b"}', "twice"),
        (b"[NaN]", "NaN"),
        (b"[-Infinity]", "NaN"),
        (b"[1e999]", "too large"),
        (b"[-1e999]", "too large"),
        (b"[9223372036854775808]", "64 bits"),
        (b"[-9223372036854775809]", "64 bits"),
        (b"[" + b"9" * 5000 + b"]", "64 bits"),
        (b'["\\u0000"]', "NUL"),
        (b'["\\ud800"]', "surrogate"),
        (b'{"\\udc00": 1}', "surrogate"),
        (b'[["\\ud800\\ud800"]]', "surrogate"),
    ],
)
def test_what_two_parsers_could_read_differently_is_refused(body, why):
    with pytest.raises(AppError, match=why):
        decode_json(body)


def test_a_surrogate_pair_and_an_escaped_backslash_are_no_offence():
    assert decode_json(b'["\\ud83d\\ude00", "\\\\u0000", "\\\\ud800"]') == ["😀", "\\u0000", "\\ud800"]


@pytest.mark.parametrize("core", [b"", b"1", b'"x"', b"{}"])
def test_sixty_four_levels_are_read_and_sixty_five_are_not(core):
    levels = MAX_DEPTH - (core == b"{}")
    assert decode_json(b"[" * levels + core + b"]" * levels)
    with pytest.raises(AppError, match="deep"):
        decode_json(b"[" * (levels + 1) + core + b"]" * (levels + 1))


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'[{"a":'])
def test_a_hundred_thousand_levels_are_refused_at_once(opening):
    with pytest.raises(AppError):
        decode_json(opening * 100_000)


def test_a_refusal_never_repeats_the_input():
    for body in (b'{"secret words": 1, "secret words": 2}', b'"secret words', b'["secret words\\u0000"]'):
        with pytest.raises(AppError) as refusal:
            decode_json(body)
        assert "secret" not in refusal.value.message
