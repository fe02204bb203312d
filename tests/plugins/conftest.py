from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("plugins", deadline=None)  # how long something takes says nothing on a busy machine
settings.load_profile("plugins")


@pytest.fixture(scope="session")
def root():
    return Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def now_for_all():
    return datetime(2026, 9, 16, 9, 0, tzinfo=UTC)
