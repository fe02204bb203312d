import pytest
from sqlalchemy import select

from app.domain.actor import OPERATOR
from app.errors import AppError
from app.store.tables import AuditEvent
from app.store.theme_tables import Theme
from app.theme import extract, match
from app.theme.loader import load_discover
from app.theme.search import search_themes


class Tools:
    discover = staticmethod(load_discover())


def test_a_topic_is_searched_when_somebody_asks_however_little_has_gathered(session, world, now):
    for topic in ("refunds", "delivery"):
        world.complain("where is my money", [1, 0, 0], topic=topic)
    match.record(session, now, match.work(match.claim(session, now), None))
    assert extract.claim(session, now) is None
    assert search_themes(session, now, OPERATOR, "refunds") == 1
    batch = extract.claim(session, now)
    assert [pile.topic_id for pile in batch.piles] == [world.refunds.id]
    extract.record(session, now, extract.work(batch, Tools()))
    assert extract.claim(session, now) is None
    assert session.scalars(select(AuditEvent.action)).all() == ["themes_searched"]
    assert session.scalars(select(Theme.search_asked)).all() == [False, False]


def test_a_topic_that_is_not_there_cannot_be_searched(session, world, now):
    with pytest.raises(AppError, match="no such topic"):
        search_themes(session, now, OPERATOR, "weather")
    assert search_themes(session, now, OPERATOR) == 0
