"""Every connector file, whatever it connects: its examples come true, and no bytes make it fail in its own way."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.connectors.contract import ConnectorConfig, Deleted, Ignored, Spec, Undated, Wanted
from app.errors import AppError
from app.payloads.delivery import RawDelivery
from app.payloads.keys import check_secret, new_secret
from app.payloads.native import NativeItem, read_item
from app.payloads.verifying import verify
from app.plugins import load_plugin, plugin_names

NAMES = plugin_names("app.connectors")
CONNECTORS = [load_plugin("app.connectors", name) for name in NAMES]
EXAMPLES = [
    pytest.param(connector, example, id=f"{name}: {example.name}")
    for name, connector in zip(NAMES, CONNECTORS, strict=True)
    for example in connector.EXAMPLES
]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*NativeItem.model_fields, "items", "data", "x"]), inner, max_size=5)
    ),
    max_leaves=20,
)


@pytest.mark.parametrize(("connector", "example"), EXAMPLES)
def test_an_example_comes_true(connector, example):
    config = connector.Config.model_validate(example.config)
    if isinstance(example.expect, str):
        with pytest.raises(AppError) as refusal:
            connector.parse(example.delivery, config)
        assert refusal.value.code == example.expect
        return
    found = connector.parse(example.delivery, config)
    if isinstance(example.expect, Ignored):
        assert found == example.expect
    else:
        assert list(found) == [read_item(one) if isinstance(one, dict) else one for one in example.expect]


@pytest.mark.parametrize("connector", CONNECTORS, ids=NAMES)
def test_a_connector_has_what_the_contract_asks_for(connector):
    assert issubclass(connector.Config, ConnectorConfig)
    assert isinstance(connector.SPEC, Spec)
    assert connector.SPEC.title
    assert connector.SPEC.setup
    assert any(isinstance(example.expect, list) for example in connector.EXAMPLES)
    assert connector.__doc__
    secret = new_secret(connector.SPEC.auth)
    check_secret(connector.SPEC.auth, secret)
    assert secret != new_secret(connector.SPEC.auth)


@pytest.mark.parametrize("connector", CONNECTORS, ids=NAMES)
@pytest.mark.parametrize("body", [{"hello": "world"}, {"say": {"text": "It broke."}, "who": [1]}])
def test_a_body_of_no_known_shape_is_refused_so_that_it_can_be_replayed(connector, body):
    with pytest.raises(AppError):
        connector.parse(RawDelivery(json.dumps(body).encode()), connector.Config())


@pytest.mark.parametrize("connector", CONNECTORS, ids=NAMES)
@given(body=st.binary() | VALUES.map(lambda value: json.dumps(value).encode()), content_type=st.text(max_size=20))
def test_any_body_gives_items_a_reason_or_a_typed_refusal(connector, body, content_type):
    for kind in ("application/json", content_type):
        try:
            found = connector.parse(RawDelivery(body=body, content_type=kind), connector.Config())
        except AppError:
            continue
        kinds = NativeItem | Undated | Deleted | Wanted
        assert isinstance(found, Ignored) or all(isinstance(one, kinds) for one in found)


@pytest.mark.parametrize("connector", CONNECTORS, ids=NAMES)
@given(headers=st.dictionaries(st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature"]), st.text()))
def test_no_headers_make_verification_fail_or_pass(connector, now_for_all, headers):
    auth = connector.SPEC.auth
    assert not verify(auth, RawDelivery(b"{}", headers), [new_secret(auth)], now_for_all)
