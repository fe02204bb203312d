"""Two workers chase owners for three weeks and are killed again and again: each rung and each notice happens once."""

import signal
import subprocess
import sys
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from app.act.aside import decline_item
from app.domain.actor import OPERATOR
from app.domain.calendar import deadline_after
from app.domain.working import Working
from app.processes.calendars import to_calendar
from app.store.act_tables import ActionItem, Digest, ItemEvent, Notice
from app.store.tables import Calendar, Owner, Policy, Process, Routing, Topic
from app.store.theme_tables import Theme

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

START = datetime(2026, 10, 12, 6, 0, tzinfo=UTC)  # a Monday; the clock changes on 25 October
STRETCHES = ((0, 9), (9, 15), (15, 21))  # days from the start
ITEMS = 8
ANSWERED_ON = 9
PATIENCE = 300
WEEK = {day: [["09:00", "12:00"], ["13:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}


@pytest.fixture
def company(database):
    """Three owners in one calendar, one of them away for a week, and items that fall due on different days."""
    with database.writing() as session:
        calendar = Calendar(
            key="berlin", zone="Europe/Berlin", week=WEEK, closed=[{"date": "2026-10-20", "name": "Move"}]
        )
        session.add(calendar)
        session.flush()
        clara = Owner(key="clara", name="Clara", calendar_id=calendar.id, absences=[])
        session.add(clara)
        session.flush()
        away = [{"from": "2026-10-19", "to": "2026-10-23"}]
        jonas = Owner(key="jonas", name="Jonas", calendar_id=calendar.id, absences=away, manager_id=clara.id)
        session.add(jonas)
        session.flush()
        mira = Owner(
            key="mira", name="Mira", calendar_id=calendar.id, absences=[], manager_id=clara.id, deputy_id=jonas.id
        )
        process = Process(key="returns", name="Returns")
        session.add_all([mira, process])
        session.flush()
        topic = Topic(key="refunds", name="Refunds", description="", examples=[], process_id=process.id)
        session.add_all([topic, Policy(id=1, fallback_owner_id=clara.id, document={}, applied_at=START)])
        session.flush()
        hours = to_calendar(calendar, START)
        for number in range(ITEMS):
            session.add(_routing(session, topic, hours, (mira.id, jonas.id, clara.id), number))


def _routing(session, topic, hours, people, number):
    theme = Theme(
        topic_id=topic.id, kind="cluster", name=f"theme {number}", terms=[], created_at=START, updated_at=START
    )
    session.add(theme)
    session.flush()
    owner, deputy, manager = people
    goal, deadline = (deadline_after(START, Working(days=days + number), hours) for days in (1, 2))
    rungs = (Working(time=timedelta(hours=4)), deputy, "deputy"), (Working(days=1), manager, "manager")
    return Routing(
        theme_id=theme.id,
        process_id=topic.process_id,
        owner_id=owner,
        why=["told"],
        trigger_from=date(2026, 9, 14),
        trigger_to=date(2026, 10, 11),
        complaints=9,
        people=8,
        goal_at=goal.at,
        deadline_at=deadline.at,
        goal_why=goal.explain(),
        deadline_why=deadline.explain(),
        ladder=[
            {"at": deadline_after(deadline.at, after, hours).at.isoformat(), "owner_id": who, "role": role}
            for after, who, role in rungs
        ],
        decided_at=START,
    )


class Workers:
    """Two workers at a time, killed by themselves and started again until they have come through a stretch of days."""

    def __init__(self, url, folder):
        self.url, self.sent, self.killed, self.errors = url, folder / "sent", 0, folder / "errors"

    def work_through(self, stretch):
        running = {number: self._start(stretch, number, 0) for number in range(2)}
        tries = Counter()
        while running:
            for number, process in list(running.items()):
                code = process.wait(PATIENCE)
                if code == -signal.SIGKILL:
                    self.killed += 1
                    tries[number] += 1
                    running[number] = self._start(stretch, number, tries[number])
                else:
                    assert code == 0, self.errors.read_text()[-4000:]
                    del running[number]

    def _start(self, stretch, number, attempt):
        script = Path(__file__).with_name("chasing.py")
        start, end = (START + timedelta(days=day) for day in stretch)
        deaths = 0 if attempt >= 3 else 4
        seed = f"{stretch}{number}{attempt}"
        words = [self.url, start.isoformat(), end.isoformat(), str(self.sent), seed, str(deaths)]
        with self.errors.open("a") as errors:
            return subprocess.Popen([sys.executable, str(script), *words], stdout=errors, stderr=errors)


def test_every_rung_and_every_notice_happens_once_whoever_dies(database, database_url, company, tmp_path):
    workers = Workers(database_url, tmp_path)
    for stretch in STRETCHES:
        if stretch[0] == ANSWERED_ON:
            answered = _answer_half(database, START + timedelta(days=ANSWERED_ON))
        workers.work_through(stretch)
    assert workers.killed > 0
    with database.reading() as session:
        items = session.query(ActionItem).all()
        lines = Counter((line.item_id, line.kind, line.facts.get("rung")) for line in session.query(ItemEvent))
        notices = session.query(Notice).all()
        assert len(items) == ITEMS
        assert {count for (_, kind, _), count in lines.items() if kind != "passed_on"} == {1}
        for item in items:
            climbed = sorted(rung for item_id, kind, rung in lines if item_id == item.id and kind == "escalated")
            assert climbed == list(range(1, item.rung + 1))
            if item.id not in answered:
                assert climbed == [1, 2]
        digests = Counter((row.owner_id, row.day) for row in session.query(Digest))
        assert set(digests.values()) == {1}
    assert {notice.state for notice in notices} <= {"sent", "merged", "withdrawn", "digest"}
    occasions = Counter(
        (one.item_id, one.event, one.key.rsplit(":", 2)[0], one.channel) for one in notices if one.item_id
    )
    assert set(occasions.values()) == {1}
    _check_what_left(workers.sent, notices, answered)


def _answer_half(database, now):
    with database.writing() as session:
        items = session.query(ActionItem).filter(ActionItem.id % 2 == 0).all()
        for item in items:
            decline_item(session, now, OPERATOR, item.id, version=item.version, reason="Answered")
        return {item.id for item in items}


def _check_what_left(sent, notices, answered):
    out = [line.split(" ", 2) for line in sent.read_text().splitlines()]
    keys = Counter(key for *_, key in out)
    assert set(keys) == {notice.key for notice in notices if notice.state == "sent"}
    # Whoever dies between sending and recording sends again, with the same key; nothing else comes twice.
    assert sum(count - 1 for count in keys.values()) <= 10
    berlin = ZoneInfo("Europe/Berlin")
    answered_at = START + timedelta(days=ANSWERED_ON)
    for at, owner, key in out:
        wall = datetime.fromisoformat(at).astimezone(berlin)
        minutes = wall.hour * 60 + wall.minute
        digest = key.startswith("digest:")
        assert wall.weekday() < 5
        assert wall.date() != date(2026, 10, 20)
        assert digest or 540 <= minutes < 720 or 780 <= minutes < 1020
        if owner == "jonas":
            assert not date(2026, 10, 19) <= wall.date() <= date(2026, 10, 23)
        if datetime.fromisoformat(at) >= answered_at and key.startswith("item:"):
            assert int(key.split(":")[1]) not in answered
