"""Payloads of known shape with one part of another kind: connectors read on or refuse, and never fail otherwise."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.connectors.contract import Deleted, Ignored, Undated, Wanted
from app.errors import AppError
from app.payloads.delivery import RawDelivery
from app.payloads.native import NativeItem
from app.plugins import load_plugin, plugin_names


def _decoded(example):
    try:
        return json.loads(example.delivery.body)
    except ValueError:
        return None


def _paths(value, path=()):
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, part in inner:
        yield from _paths(part, (*path, step))


def _put(value, path, junk):
    if not path:
        return junk
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = _put(copy[path[0]], path[1:], junk)
    return copy


CASES = [
    pytest.param(connector, example, id=f"{name}: {example.name}")
    for name in plugin_names("app.connectors")
    for connector in [load_plugin("app.connectors", name)]
    for example in connector.EXAMPLES
    if isinstance(_decoded(example), dict | list)
]
JUNK = st.sampled_from(
    [
        *(
            None,
            True,
            False,
            0,
            -1,
            0.5,
            2**63 - 1,
            -(2**63),
            1e300,
            "",
            " ",
            "x",
            "0",
            "\u200b",
            "2026-13-45",
            "-" * 2_000,
        ),
        *("<b>", "&#0;", "\n\t", [], {}, [[]], [{}], [None], {"id": {}}, {"type": []}, [{"id": None}], {"name": [1]}),
    ]
)


@pytest.mark.parametrize(("connector", "example"), CASES)
@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_part_of_another_kind_is_read_over_or_refused(connector, example, data):
    body = _decoded(example)
    path = data.draw(st.sampled_from(list(_paths(body))))
    distorted = json.dumps(_put(body, path, data.draw(JUNK))).encode()
    delivery = RawDelivery(distorted, example.delivery.headers, example.delivery.content_type)
    connector.reference(delivery)
    try:
        found = connector.parse(delivery, connector.Config.model_validate(example.config))
    except AppError:
        return
    assert isinstance(found, Ignored) or all(isinstance(one, NativeItem | Undated | Deleted | Wanted) for one in found)
