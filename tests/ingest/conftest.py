from datetime import UTC, datetime

import pytest

from app.payloads.native import read_item
from app.store.tables import Source

SAID = datetime(2026, 9, 15, 12, 0, tzinfo=UTC)


@pytest.fixture
def make_item():
    def make(external_id="r-1", text="The parcel came late.", **fields):
        base = {"external_id": external_id, "medium": "survey", "occurred_at": SAID.isoformat()}
        words = {} if "turns" in fields else {"text": text}
        return read_item(base | words | fields)

    return make


@pytest.fixture
def source(database):
    with database.writing() as session:
        row = Source(key="crm", connector="native", config={}, secrets=None, created_at=SAID, paused_at=None)
        session.add(row)
    return row
