"""Of a team, whoever is here and has the fewest open items gets the next one, also when two workers decide at once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import func, select

from app.route import assign
from app.route.preview import preview_rules
from app.store import reference
from app.store.tables import Routing

TEAM = """
version: 1
calendars: [{key: always, zone: UTC, week: {mon-sun: ["00:00-24:00"]}}]
owners:
  - {key: boss, name: Boss, email: boss@example.com, calendar: always}
  - {key: ada, name: Ada, email: ada@example.com, calendar: always}
  - {key: ben, name: Ben, email: ben@example.com, calendar: always}
  - key: cem
    name: Cem
    email: cem@example.com
    calendar: always
    absences: [{from: 2026-09-14, until: 2026-09-18}]
teams: [{key: desk, name: Desk, members: [{owner: cem}, {owner: ben}, {owner: ada}]}]
processes: [{key: p, name: P, team: desk}]
topics: [TOPICS]
thresholds: {min_complaints: 1, min_people: 1, window_days: 7}
fallback_owner: boss
"""
KEYS = [f"t{number}" for number in range(8)]
DOCUMENT = TEAM.replace("TOPICS", ", ".join(f"{{key: {key}, name: {key}, process: p}}" for key in KEYS))


@pytest.fixture
def company_yaml():
    return DOCUMENT


@pytest.fixture
def run(session):
    def run(at):
        batch = assign.claim(session, at)
        if batch is not None:
            assign.record(session, at, assign.work(batch, None))

    return run


def spread(session):
    names = {row.id: row.key for row in reference.list_owners(session, inactive=True)}
    query = select(Routing.owner_id, func.count()).where(Routing.superseded_at.is_(None)).group_by(Routing.owner_id)
    return {names[owner_id]: count for owner_id, count in session.execute(query)}


def test_the_work_is_spread_over_those_who_are_here_and_it_is_said(session, now, theme_of, complain, run):
    for key in KEYS:
        complain(theme_of(key), 1)
    run(now)
    assert spread(session) == {"ada": 4, "ben": 4}
    first, second = session.scalars(select(Routing).order_by(Routing.id).limit(2))
    assert "the team Desk owns the process" in first.why
    assert "Ada has the fewest open items of its members (Ada 0, Ben 0; away: Cem)" in first.why
    assert "Ben has the fewest open items of its members (Ben 0, Ada 1; away: Cem)" in second.why


def test_open_items_count_and_closed_ones_do_not(session, now, theme_of, complain, run, item_of):
    ada = reference.find_owner(session, "ada").id
    ben = reference.find_owner(session, "ben").id
    themes = [theme_of(key) for key in KEYS]
    for theme in themes[:3]:
        item_of(Routing(theme_id=theme.id, owner_id=ada))
    item_of(Routing(theme_id=themes[3].id, owner_id=ben), closed_at=now)
    for theme in themes[4:]:
        complain(theme, 1)
    run(now)
    assert spread(session) == {"ben": 3, "ada": 1}


def test_whoever_is_back_is_the_least_loaded(session, now, theme_of, complain, run):
    for key in KEYS[:4]:
        complain(theme_of(key), 1)
    run(now)
    later = now + timedelta(days=3)
    for key in KEYS[4:]:
        complain(theme_of(key), 1, at=later)
    run(later)
    assert spread(session) == {"ada": 3, "ben": 3, "cem": 2}


def test_when_all_of_a_team_are_away_somebody_stands_in(session, now, theme_of, complain, run):
    for key in ("ada", "ben"):
        reference.find_owner(session, key).own_absences = [{"from": "2026-09-16", "to": "2026-09-16", "note": ""}]
    session.flush()
    complain(theme_of("t0"), 1)
    run(now)
    assert spread(session) == {"boss": 1}


def test_the_dry_run_shows_how_a_team_would_share(session, now, theme_of, complain):
    for key in KEYS:
        complain(theme_of(key), 1)
    preview = preview_rules(session, now, days=7)
    assert [(share.key, share.themes) for share in preview.owners] == [("ada", 4), ("ben", 4)]
    assert [(share.key, share.themes) for share in preview.holders] == [("team:desk", 8)]


def test_two_workers_at_once_share_fairly_and_route_each_theme_once(session, database, now, theme_of, complain):
    for key in KEYS:
        complain(theme_of(key), 1)
    session.commit()
    barrier = Barrier(2)

    def worker(_number):
        barrier.wait(timeout=30)
        with database.writing() as own:
            batch = assign.claim(own, now)
        barrier.wait(timeout=30)
        if batch is not None:
            with database.writing() as own:
                assign.record(own, now, assign.work(batch, None))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(worker, range(2)))
    with database.reading() as own:
        assert spread(own) == {"ada": 4, "ben": 4}
