"""Several transactions at once: each thing happens exactly once."""

from datetime import timedelta

from app.act import escalate, gather, notify
from app.act import open as opening
from app.act.progress import acknowledge_item
from app.domain.actor import Actor
from app.errors import AppError
from app.store.act_tables import ActionItem, ItemEvent, Notice


def station(database, module, now, tools=None):
    """What a worker does: three transactions at most, as the pipeline does it."""
    with database.writing() as session:
        batch = module.claim(session, now)
    if batch is None:
        return None
    outcome = module.work(batch, tools)
    with database.writing() as session:
        module.record(session, now, outcome)
    return outcome


def test_several_workers_open_one_item(database, committed, now, at_once):
    at_once(lambda _: station(database, opening, now))
    with database.reading() as session:
        assert session.query(ActionItem).count() == 1
        assert session.query(ItemEvent).count() == 1
        assert session.query(Notice).count() == 2


def test_several_workers_climb_one_rung(database, committed, now, at_once):
    station(database, opening, now)
    late = now + timedelta(days=7)
    at_once(lambda _: station(database, escalate, late))
    with database.reading() as session:
        assert session.query(ActionItem).one().rung == 1
        assert sorted(event.kind for event in session.query(ItemEvent)) == ["escalated", "opened", "overdue"]
        assert session.query(Notice).filter_by(event="escalated").count() == 1
        assert session.query(Notice).filter_by(event="overdue", channel="log").count() == 1


def test_several_workers_send_each_notice_once(database, committed, now, at_once):
    station(database, opening, now)
    at_once(lambda _: station(database, gather, now))
    sent = []

    class Tools:
        def __init__(self):
            self.senders = {"log": sent.append, "email": sent.append}

    at_once(lambda _: station(database, notify, now, Tools()))
    assert len({message.key for message in sent}) == len(sent) == 2


def test_of_several_people_with_the_same_version_one_wins(database, committed, now, at_once):
    station(database, opening, now)
    with database.reading() as session:
        item_id = session.query(ActionItem.id).scalar()

    def acknowledge(number):
        actor = Actor(f"key:{number}", owner_id=committed.mira)
        try:
            with database.writing() as session:
                acknowledge_item(session, now, actor, item_id, version=1)
        except AppError as error:
            return error.code
        return "done"

    assert sorted(at_once(acknowledge)) == ["done", "stale_version", "stale_version", "stale_version"]
    with database.reading() as session:
        item = session.get(ActionItem, item_id)
        assert (item.state, item.version) == ("acknowledged", 2)
        assert session.query(ItemEvent).filter_by(kind="acknowledged").count() == 1
