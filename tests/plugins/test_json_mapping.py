import json

import pytest
from pydantic import ValidationError

from app.connectors.contract import Undated
from app.connectors.json_mapping import MAX_ITEMS, Config, parse
from app.errors import AppError
from app.payloads.delivery import RawDelivery


def _parse(body, **mapping):
    return parse(RawDelivery(json.dumps(body).encode()), Config.model_validate(mapping))


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "[[",
        "a..b",
        "x" * 501,
        "(" * 400 + "a" + ")" * 400,
        "abs(" * 50 + "n" + ")" * 50,
        "[@,@]|" * 20 + "to_string(@)",
        "[@,@,@,@,@,@,@,@][]|[@,@,@,@,@,@,@,@][]|[@,@][]",
        "map(&[@,@,@,@,@,@,@,@,@], [@,@,@,@,@,@,@,@,@])",
    ],
)
def test_an_expression_that_cannot_be_used_or_makes_too_much_is_refused_when_it_is_configured(expression):
    with pytest.raises(ValidationError) as refusal:
        Config.model_validate({"text": expression})
    known = {"bad_expression", "heavy_expression", "string_too_long", "string_too_short"}
    assert {error["type"] for error in refusal.value.errors()} <= known


def test_t77_an_expression_over_a_large_body_ends():
    body = {"rows": [{"id": n, "tags": ["a", "b"], "t": "x"} for n in range(20_000)]}
    found = _parse(
        body,
        items="sort_by(rows, &id)[?contains(tags, 'a')] | [:500]",
        text="join(', ', map(&to_string(@), tags))",
    )
    assert len(found) == 500


def test_ids_stay_digit_for_digit_and_zero_is_a_score():
    mapping = {"scores": [{"metric": "nps", "value": "n", "min": 0, "max": 10}], "text": "t"}
    found = _parse([{"id": 2**62, "n": 0}, {"id": "007", "n": "0"}], **mapping)
    assert [one.item.external_id for one in found] == [str(2**62), "007"]
    assert [one.item.scores[0].value for one in found] == [0, 0]
    assert all(isinstance(one, Undated) for one in found)


def test_a_score_off_its_scale_or_too_many_items_are_typed_refusals():
    with pytest.raises(AppError) as refusal:
        _parse({"id": 1, "n": 11}, scores=[{"metric": "nps", "value": "n", "min": 0, "max": 10}])
    assert refusal.value.code == "invalid_item"
    with pytest.raises(AppError) as refusal:
        _parse([{"id": n} for n in range(MAX_ITEMS + 1)])
    assert refusal.value.code == "too_many_items"


def test_text_and_turns_or_two_versions_cannot_both_be_mapped():
    for wrong in ({"text": "a", "turns": {"items": "b", "text": "c"}}, {"version": "a", "updated_at": "b"}):
        with pytest.raises(ValidationError):
            Config.model_validate(wrong)


def test_an_unknown_role_is_nobody_s_voice():
    turns = {"items": "m", "text": "t", "role": "r", "roles": {"user": "customer", "bot": "bot"}}
    found = _parse({"id": 1, "m": [{"r": "user", "t": "a"}, {"r": "boss", "t": "b"}, {"t": "c"}]}, turns=turns)
    assert [turn.text for turn in found[0].item.turns] == ["a"]
