"""An owner who goes away keeps what is open; whoever stands in is told, once for each absence."""

from datetime import timedelta

import pytest

from app.act import standing
from app.act.progress import acknowledge_item
from app.store.act_tables import Notice
from app.store.items import visible_item
from app.store.tables import Owner

DAY = timedelta(days=1)


@pytest.fixture
def away(session):
    def away(owner_id, first, last):
        owner = session.get(Owner, owner_id)
        owner.own_absences = [*owner.own_absences, {"from": first, "to": last, "note": ""}]
        session.flush()

    return away


def test_the_deputy_is_told_and_may_see_and_change_the_item(session, item, jonas, now, away, run):
    assert visible_item(session, jonas, item.id) is None
    away(item.owner_id, "2026-09-17", "2026-09-20")
    assert standing.claim(session, now) is None
    assert run(standing, now + DAY)
    assert not run(standing, now + 2 * DAY)
    told = session.query(Notice).filter_by(event="stand_in", channel="log").one()
    assert told.owner_id == jonas.owner_id
    assert "Mira Kaya is away and you stand in" in told.body
    assert visible_item(session, jonas, item.id) is not None
    acknowledge_item(session, now + DAY, jonas, item.id, version=item.version)


def test_another_absence_is_told_again(session, item, company, now, away, run):
    away(company.mira, "2026-09-16", "2026-09-16")
    away(company.mira, "2026-09-18", "2026-09-18")
    assert run(standing, now)
    assert not run(standing, now + DAY)
    assert run(standing, now + 2 * DAY)


def test_where_nobody_else_is_here_nobody_is_told(session, item, company, now, away):
    for owner_id in (company.mira, company.jonas, company.clara):
        away(owner_id, "2026-09-16", "2026-09-18")
    item.owner_id = company.clara
    session.flush()
    assert standing.claim(session, now) is None
