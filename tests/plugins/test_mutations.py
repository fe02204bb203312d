"""One value of a real shape replaced by any other: items, a reason, or a typed refusal, never a mistake of ours."""

import json
import random
from copy import deepcopy
from zlib import crc32

import pytest

from app.connectors.contract import Deleted, Ignored, Undated, Wanted
from app.errors import AppError
from app.payloads.delivery import RawDelivery
from app.payloads.native import NativeItem
from app.plugins import load_plugin, plugin_names

NAMES = plugin_names("app.connectors")
MUTATIONS = 120
JUNK = (
    *(None, "", "x", "0", "\u200b", "a\tb\nc", "y" * 300, "1e999", "NaN", "<p>&amp;</p>", "2026-13-45", "9" * 30),
    *("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "99999999999999999", 0, -1, 1e300, 3.5, 2**63 - 1, -(2**63)),
    *(True, False, [], {}, [None], [[]], ["a"], {"a": 1}, {"id": []}, ["a", {"b": [1]}]),
)


def _places(value, path=()):
    yield path
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, child in children:
        yield from _places(child, (*path, step))


def _changed(value, path, new):
    if not path:
        return new
    value = deepcopy(value)
    inner = value
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = new
    return value


def _bodies(connector):
    for example in connector.EXAMPLES:
        try:
            value = json.loads(example.delivery.body)
        except ValueError:
            continue
        yield example, value, list(_places(value))


@pytest.mark.parametrize("name", NAMES)
def test_any_value_in_any_place_is_survived(name):
    connector = load_plugin("app.connectors", name)
    dice = random.Random(crc32(name.encode()))  # noqa: S311 - the same mutations every time
    known = list(_bodies(connector))
    for _ in range(MUTATIONS if known else 0):
        example, value, places = dice.choice(known)
        for _ in range(dice.choice((1, 1, 2))):
            value = _changed(value, dice.choice(places), deepcopy(dice.choice(JUNK)))
            places = list(_places(value))
        delivery = RawDelivery(json.dumps(value).encode(), example.delivery.headers, example.delivery.content_type)
        connector.reference(delivery)
        try:
            found = connector.parse(delivery, connector.Config.model_validate(example.config))
        except AppError:
            continue
        kinds = NativeItem | Undated | Deleted | Wanted
        assert isinstance(found, Ignored) or all(isinstance(one, kinds) for one in found)
