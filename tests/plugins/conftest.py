from datetime import UTC, datetime

import pytest


@pytest.fixture(scope="session")
def now_for_all():
    return datetime(2026, 9, 16, 9, 0, tzinfo=UTC)
