from dataclasses import dataclass
from datetime import date

import pytest

from app.demo.generator import Truth, list_feedback, list_truth

END = date(2026, 3, 2)


@dataclass(frozen=True)
class History:
    items: list[dict]
    truth: dict[str, Truth]


@pytest.fixture(scope="session")
def history():
    return History(list(list_feedback(END)), list_truth(END))


@pytest.fixture
def end():
    return END
