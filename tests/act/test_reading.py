"""What owners see when they read."""

from datetime import timedelta

import pytest

from app.act import escalate
from app.act.progress import acknowledge_item
from app.domain.actor import Actor
from app.domain.items import State, Tab
from app.errors import AppError
from app.store.items import ItemFilter, Order, count_by_tab, get_item, history, items_etag, list_items

HOUR = timedelta(hours=1)
ALL = ItemFilter()


@pytest.fixture
def items(open_item, add_theme, company, now):
    """Four items: three of Mira's, due in this order, and one of Jonas's."""
    owners = (company.mira, company.mira, company.jonas, company.mira)
    return [
        open_item(
            now + n * HOUR,
            theme_id=add_theme(f"problem {n}").id,
            owner_id=owner,
            deadline_at=now + timedelta(days=5) + n * HOUR,
        )
        for n, owner in enumerate(owners)
    ]


def test_an_owner_sees_only_their_own_items(session, items, mira, jonas, analyst):
    def seen(actor):
        return [listed.item.id for listed in list_items(session, actor, ALL, None, 50)]

    assert seen(mira) == [items[0].id, items[1].id, items[3].id]
    assert seen(jonas) == [items[2].id]
    assert seen(analyst) == [item.id for item in items]
    assert seen(Actor("key:crm")) == []
    assert get_item(session, jonas, items[2].id).owner == "Jonas Weber"
    with pytest.raises(AppError, check=lambda error: error.code == "item_not_found"):
        get_item(session, jonas, items[0].id)


def test_an_escalated_item_is_seen_by_whom_it_reached(session, items, jonas, run):
    run(escalate, items[0].deadline_at + 4 * HOUR)
    assert [listed.item.id for listed in list_items(session, jonas, ALL, None, 50)] == [items[0].id, items[2].id]
    mine = ItemFilter(owner_id=jonas.owner_id)
    assert [listed.item.id for listed in list_items(session, jonas, mine, None, 50)] == [items[2].id]


def test_a_list_has_the_names_that_a_reader_needs(session, items, mira):
    listed = list_items(session, mira, ALL, None, 1)[0]
    assert (listed.owner, listed.process, listed.step, listed.theme) == ("Mira Kaya", "Returns", "Refund", "problem 0")
    assert (listed.owner_key, listed.process_key, listed.step_key) == ("mira", "returns", "refund")


@pytest.mark.parametrize("order", list(Order))
def test_pages_follow_each_other_without_gap_or_repetition(session, items, analyst, order):
    wanted, after, seen = ItemFilter(order=order), None, []
    while page := list_items(session, analyst, wanted, after, 2):
        seen += [listed.item.id for listed in page]
        after = page[-1].cursor(order)
    assert seen == [item.id for item in items]


def test_pages_hold_when_items_share_an_instant(session, open_item, add_theme, analyst, now):
    made = [open_item(now, theme_id=add_theme(f"problem {n}").id).id for n in range(3)]
    first = list_items(session, analyst, ALL, None, 2)
    rest = list_items(session, analyst, ALL, first[-1].cursor(Order.DEADLINE), 2)
    assert [listed.item.id for listed in [*first, *rest]] == made


def test_filters_narrow_the_list(session, items, analyst, mira, now):
    acknowledge_item(session, now + 9 * HOUR, mira, items[1].id, version=1)

    def found(**wanted):
        return [listed.item.id for listed in list_items(session, analyst, ItemFilter(**wanted), None, 50)]

    assert found(states=frozenset({State.ACKNOWLEDGED})) == [items[1].id]
    assert found(updated_since=now + 9 * HOUR) == [items[1].id]
    assert found(due_before=items[1].deadline_at) == [items[0].id]
    assert found(text="PROBLEM 3") == [items[3].id]
    assert found(text="%") == []
    assert found(process="returns") == [item.id for item in items]
    assert found(process="delivery") == []


def test_the_etag_changes_with_every_change_of_the_set(session, items, analyst, mira, jonas, now):
    before = items_etag(session, mira, ALL)
    assert before == (now + 3 * HOUR, 3, 3)
    acknowledge_item(session, now + 9 * HOUR, analyst, items[2].id, version=1)
    assert items_etag(session, mira, ALL) == before
    acknowledge_item(session, now + 9 * HOUR, mira, items[0].id, version=1)
    assert items_etag(session, mira, ALL) == (now + 9 * HOUR, 3, 4)
    assert items_etag(session, Actor("key:crm"), ALL) == (None, 0, 0)


def test_tabs_count_everything_once(session, items, analyst, mira, now):
    assert count_by_tab(session, mira, ALL) == {Tab.TO_DO: 3, Tab.WAITING: 0, Tab.MEASURING: 0, Tab.DONE: 0}
    assert sum(count_by_tab(session, analyst, ALL).values()) == 4


def test_history_is_told_oldest_first(session, items, mira, now):
    acknowledge_item(session, now + 9 * HOUR, mira, items[0].id, version=1)
    assert [line.kind for line in history(session, items[0].id)] == ["opened", "acknowledged"]
