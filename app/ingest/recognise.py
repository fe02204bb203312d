"""Finds the connector for a payload: by the sender's name, else by trying which one reads it best."""

import re
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from app.connectors.contract import Deleted, Found, Ignored, Undated, Wanted
from app.ingest.parsing import Refused, parse_delivery
from app.ingest.sources import CONNECTORS
from app.payloads.delivery import RawDelivery
from app.payloads.native import NativeItem
from app.plugins import load_plugin, plugin_names

_NEEDS_A_MAPPING = "json_mapping"
_ALIKE_FROM = 4
"""Letters from which a name says something as a part of another one."""
_BETWEEN = re.compile(r"[^a-z0-9]+")


def find_connector(name: str) -> ModuleType | None:
    """The connector of this name or one of its other names, however it is spelled; None if there is none.

    `salesforce_outbound` and `google_business` are found as well: where no name is the same, the longest one counts
    that is a part of what is looked for, or the other way round.
    """
    wanted = _spelled(name)
    names = {
        _spelled(one): module
        for module in map(_load, plugin_names(CONNECTORS))
        for one in (*module.SPEC.also, module.SPEC.title, name_of(module))
    }
    alike = [one for one in names if min(len(one), len(wanted)) >= _ALIKE_FROM and (one in wanted or wanted in one)]
    alike = [one for one in alike if not names[one].__name__.endswith(_NEEDS_A_MAPPING)]
    return names.get(wanted) or (names[max(alike, key=len)] if alike else None)


def name_of(connector: ModuleType) -> str:
    """A connector's name: its file's."""
    return connector.__name__.rpartition(".")[2]


def recognise(delivery: RawDelivery, config: Mapping[str, Any]) -> ModuleType | None:
    """The connector that reads most in a payload; None if none reads anything."""
    tried = [(_worth(module, delivery, config), module) for module in map(_load, plugin_names(CONNECTORS))]
    best = max(tried, key=lambda pair: pair[0], default=(0, None))
    return best[1] if best[0] > 0 else None


def _load(name: str) -> ModuleType:
    return load_plugin(CONNECTORS, name)


def _spelled(name: str) -> str:
    return _BETWEEN.sub("", name.lower())


def _worth(module: ModuleType, delivery: RawDelivery, config: Mapping[str, Any]) -> int:
    suffixes = tuple(module.SPEC.suffixes)
    parsed = parse_delivery(name_of(module), config, delivery)
    if isinstance(parsed, Refused | Ignored):
        return 0
    named = 1_000 if suffixes and delivery.name.endswith(suffixes) else 0
    return named + sum(_richness(one) for one in parsed)


def _richness(found: Found) -> int:
    """How much was understood: an id that is the sender's own, a time, words, who, scores."""
    if isinstance(found, Deleted):
        return 2
    if isinstance(found, Wanted):
        return 3
    item = found.item if isinstance(found, Undated) else found
    dated = 3 if isinstance(found, NativeItem) else 0
    words = 2 * bool(item.text or item.turns)
    return 2 + dated + words + len(item.scores) + 2 * (item.customer is not None) + (item.updated_at is not None)
