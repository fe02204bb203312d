import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import settings

from app.connectors.contract import Deleted, Ignored, Undated, Wanted
from app.payloads.delivery import RawDelivery
from app.plugins import load_plugin

settings.register_profile("plugins", deadline=None)  # how long something takes says nothing on a busy machine
settings.load_profile("plugins")


@pytest.fixture(scope="session")
def root():
    return Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def now_for_all():
    return datetime(2026, 9, 16, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def told():
    """Reads a payload and says in few words what came out: per item its id, time, customer's words, scores, who."""

    def read(name, body):
        connector = load_plugin("app.connectors", name)
        found = connector.parse(RawDelivery(json.dumps(body).encode()), connector.Config())
        return found.reason if isinstance(found, Ignored) else [_brief(one) for one in found]

    return read


def _brief(found):
    if isinstance(found, Deleted | Wanted):
        return type(found).__name__, found.external_id
    item = found.item if isinstance(found, Undated) else found
    words = [turn.text for turn in item.turns or () if turn.role == "customer"] + ([item.text] if item.text else [])
    scores = [(one.metric, one.value, one.min, one.max) for one in item.scores]
    who = item.customer.email or item.customer.ref or item.customer.name if item.customer else None
    return item.external_id, f"{item.occurred_at:%Y-%m-%dT%H:%M}", words, scores, who
