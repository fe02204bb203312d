import pytest

from app.errors import AppError
from app.payloads.native import MAX_TEXT, NativeItem, read_item

BASE = {"external_id": "1", "medium": "survey", "occurred_at": "2026-03-01T14:05:00Z", "text": "hi"}
NPS = {"metric": "nps", "value": 0, "min": 0, "max": 10}


@pytest.mark.parametrize("example", NativeItem.model_config["json_schema_extra"]["examples"])
def test_the_documented_examples_are_valid(example):
    assert read_item(example).external_id == example["external_id"]


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"external_id": 5}, "/external_id", "string_type"),
        ({"external_id": ""}, "/external_id", "string_too_short"),
        ({"external_id": "x" * 256}, "/external_id", "string_too_long"),
        ({"external_id": "a\nb"}, "/external_id", "control_character"),
        ({"version": True}, "/version", "int_type"),
        ({"version": "1"}, "/version", "int_type"),
        ({"version": -1}, "/version", "greater_than_equal"),
        ({"version": 2**63}, "/version", "less_than_equal"),
        ({"version": 1, "updated_at": "2026-03-01T14:05:00Z"}, "", "version_twice"),
        ({"occurred_at": "2026-03-01T14:05:00"}, "/occurred_at", "timezone_aware"),
        ({"occurred_at": 1772373900}, "/occurred_at", "instant"),
        ({"occurred_at": "1772373900"}, "/occurred_at", "instant"),
        ({"occurred_at": "2026-03-01"}, "/occurred_at", "instant"),
        ({"occurred_at": "0001-01-01T00:00:00+14:00"}, "/occurred_at", "instant_range"),
        ({"occurred_at": "9999-12-31T23:59:59-14:00"}, "/occurred_at", "instant_range"),
        ({"medium": "fax"}, "/medium", "enum"),
        ({"text": "a\x00b"}, "/text", "nul_character"),
        ({"text": "\ud800"}, "/text", "string_unicode"),
        ({"text": "x" * (MAX_TEXT + 1)}, "/text", "string_too_long"),
        ({"text": None}, "", "words_missing"),
        ({"turns": [{"role": "customer", "text": "hi"}]}, "", "words_twice"),
        ({"language": "English!"}, "/language", "string_pattern_mismatch"),
        ({"scores": [NPS | {"value": True}]}, "/scores/0/value", "number"),
        ({"scores": [NPS | {"value": "9"}]}, "/scores/0/value", "number"),
        ({"scores": [NPS | {"value": float("inf")}]}, "/scores/0/value", "finite_number"),
        ({"scores": [NPS | {"value": float("nan")}]}, "/scores/0/value", "finite_number"),
        ({"scores": [NPS | {"value": 11}]}, "/scores/0", "off_scale"),
        ({"scores": [NPS | {"min": 10}]}, "/scores/0", "scale"),
        ({"attributes": {"a": [1]}}, "/attributes/a", "attribute"),
        ({"attributes": {"a": None}}, "/attributes/a", "attribute"),
        ({"attributes": {"a": 2**63}}, "/attributes/a", "attribute"),
        ({"attributes": {"a": float("nan")}}, "/attributes/a", "attribute"),
        ({"attributes": {"a": "\ud800"}}, "/attributes/a", "attribute"),
        ({"customer": {"ref": 7}}, "/customer/ref", "string_type"),
        ({"unknown": 1}, "/unknown", "extra_forbidden"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(change, pointer, code):
    with pytest.raises(AppError) as refusal:
        read_item(BASE | change)
    assert refusal.value.code == "invalid_item"
    assert [(error["pointer"], error["code"]) for error in refusal.value.facts["errors"]] == [(pointer, code)]


@pytest.mark.parametrize("value", [None, 1, "x", [], [BASE]])
def test_anything_but_an_object_is_refused(value):
    with pytest.raises(AppError):
        read_item(value)


def test_a_score_of_zero_is_zero():
    assert read_item(BASE | {"scores": [NPS]}).scores[0].value == 0


def test_attributes_keep_their_types():
    given = {"a": True, "b": 1, "c": 1.5, "d": "1"}
    kept = read_item(BASE | {"attributes": given}).attributes
    assert [(name, type(value)) for name, value in kept.items()] == [("a", bool), ("b", int), ("c", float), ("d", str)]


def test_a_refusal_repeats_neither_values_nor_strange_keys():
    with pytest.raises(AppError) as refusal:
        read_item(BASE | {"medium": "my private words", "my private words": 1, "language": "my private words"})
    assert "private" not in f"{refusal.value.message}{refusal.value.facts}"
