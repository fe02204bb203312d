import pytest

from app.store.theme_tables import Theme
from app.theme.naming import own_name


@pytest.fixture
def called(session, world, now):
    def add(name, topic="refunds", **values):
        topic_id = getattr(world, topic).id
        theme = Theme(topic_id=topic_id, kind="cluster", name=name, terms=[], created_at=now, updated_at=now, **values)
        session.add(theme)
        session.flush()
        return theme

    return add


def test_a_name_that_nobody_has_is_kept(session, world, called):
    called("Refund pending", topic="delivery")
    called("Refund lost", merged_into_id=called("Refund gone").id)
    for name in ("Refund pending", "Refund lost"):
        assert own_name(session, world.refunds.id, name, ["weeks"]) == name


def test_a_name_of_another_theme_of_the_topic_gets_the_first_word_that_sets_it_apart(session, world, called):
    called("Refund pending")
    called("Refund Pending: bank")
    assert (
        own_name(session, world.refunds.id, "Refund pending", ["pending", "bank", "weeks"]) == "Refund pending: weeks"
    )


def test_without_such_a_word_it_stays(session, world, called):
    called("Refund pending")
    assert own_name(session, world.refunds.id, "Refund pending", ["refund", "pending"]) == "Refund pending"
