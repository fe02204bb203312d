"""Several workers at once: one feedback opens one case, and two items never become duplicates of each other."""

from app.act import open_case
from app.act.aside import mark_duplicate
from app.domain.actor import OPERATOR
from app.errors import AppError
from app.route import cases
from app.store.act_tables import ActionItem, ItemEvent
from app.store.case_tables import CaseRouting
from app.store.tables import Feedback


def station(database, module, now, tools):
    with database.writing() as session:
        batch = module.claim(session, now)
    if batch is None:
        return
    outcome = module.work(batch, tools)
    with database.writing() as session:
        module.record(session, now, outcome)


def test_several_workers_open_one_case(database, committed, now, tools, at_once):
    at_once(lambda _: station(database, cases, now, tools))
    at_once(lambda _: station(database, open_case, now, tools))
    with database.reading() as session:
        assert session.query(CaseRouting).count() == 1
        assert session.query(ActionItem).count() == 1
        assert session.query(ItemEvent).count() == 1
        assert session.query(Feedback).one().case_due is False


def test_two_items_called_duplicates_of_each_other_at_once_do_not_both_become_one(database, committed, now, at_once):
    with database.writing() as session:
        for _ in range(2):
            session.add(_item(session, now))
    with database.reading() as session:
        first, second = [item.id for item in session.query(ActionItem).order_by(ActionItem.id)]
    pairs = [(first, second), (second, first)] * 2

    def call(number):
        item_id, of_id = pairs[number]
        try:
            with database.writing() as session:
                mark_duplicate(session, now, OPERATOR, item_id, version=1, of_id=of_id)
        except AppError as refused:
            return refused.code
        return "done"

    answers = at_once(call)
    assert answers.count("done") == 1
    with database.reading() as session:
        assert [item.duplicate_of_id is None for item in session.query(ActionItem)].count(True) == 1


def _item(session, now):
    feedback = session.query(Feedback).one()
    owner_id = session.query(CaseRouting.owner_id).scalar() or 1
    return ActionItem(
        kind="case",
        feedback_id=feedback.id,
        owner_id=owner_id,
        title="t",
        state="new",
        opened_at=now,
        goal_at=now,
        deadline_at=now,
        ladder=[],
        updated_at=now,
    )
