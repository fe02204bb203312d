from datetime import UTC, datetime
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def root():
    return Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def now_for_all():
    return datetime(2026, 9, 16, 9, 0, tzinfo=UTC)
