"""The closed loop, told once: complaint, theme, owner, change, verdict, and what happens when the problem comes back.

Customers speak for half a year. In the first weeks two owners get an item each. Mira has refunds paid at once, and
complaints about them fall by three quarters; Jonas has new music played on hold, which changes nothing. In the sixth
month the refunds are slow again.
"""

import random
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
import yaml

from app.act.progress import acknowledge_item, mark_deployed, plan_change
from app.clock import SteppedClock
from app.domain.actor import OPERATOR, Actor, Scope
from app.domain.changes import Plan, Rollout
from app.domain.items import State
from app.ingest.items import accept_items
from app.ingest.sources import ensure_native_source
from app.measure.discoveries import judge_together
from app.measure.exposures import put_exposures
from app.measure.recheck import recheck
from app.payloads.native import read_item
from app.pipeline import STATIONS, drain
from app.processes.apply import apply_document
from app.processes.reader import read_document
from app.runtime import build_runtime
from app.settings import Settings
from app.store.act_tables import Notice
from app.store.items import ItemFilter, changes_of, get_item, history, list_items
from app.store.tables import Measurement, Routing

HERE = Path(__file__).parent
FIRST_DAY = date(2026, 1, 5)  # a Monday
WEEK = timedelta(weeks=1)
USUAL = {"refunds": 40, "hold": 40, "late": 6, "damage": 6, "login": 6, "voucher": 6, "praise": 4}
"""Comments a week."""


class Town:
    """The customers, the clock and the service."""

    def __init__(self, runtime):
        self.runtime, self.clock = runtime, runtime.clock
        self.random = random.Random(7)  # noqa: S311 - a story, not a secret
        self.texts = yaml.safe_load((HERE / "complaints.yaml").read_text())
        self.usual = dict(USUAL)
        self.days = self.said = 0
        self.chosen = {}
        self.worked = set()

    def begin(self):
        with self.runtime.database.writing() as session:
            apply_document(
                session, self.clock.now(), OPERATOR, read_document((HERE / "company.yaml").read_bytes()), dry_run=False
            )

    def talk(self, weeks=0, days=0):
        """Time passes, customers speak; each week, and in the end, everything is done that is due by then."""
        for span in [7] * weeks + [days] * bool(days):
            first = FIRST_DAY + timedelta(days=self.days)
            said = [item for topic in self.usual for item in self._comments(topic, first, span)]
            self.days += span
            self.clock.set(datetime.combine(first + timedelta(days=span), time(8), tzinfo=UTC))
            now = self.clock.now()
            with self.runtime.database.writing() as session:
                accept_items(session, now, ensure_native_source(session, now, OPERATOR, "shop"), said)
                orders = {first + timedelta(days=n): 1000.0 for n in range(span)}
                put_exposures(session, now, OPERATOR, "orders", orders)
            for _ in range(2):  # what came while a mailbox was taken goes out a quarter of an hour later
                drain(self.runtime, on_batch=lambda name, _batch: self.worked.add(name))
                self.clock.set(self.clock.now() + timedelta(minutes=15))

    def _comments(self, topic, first, span):
        # The sum of many small chances: nearly Poisson, with the same seed always the same.
        chance = self.usual[topic] * span / 7 / 100
        for _ in range(sum(self.random.random() < chance for _ in range(100))):
            self.said += 1
            at = datetime.combine(first, time(0), tzinfo=UTC) + timedelta(minutes=self.random.randrange(span * 1440))
            yield read_item(
                {
                    "external_id": str(self.said),
                    "medium": "review",
                    "occurred_at": at.isoformat(),
                    "text": self._sentence(topic),
                    "customer": {"ref": f"c{self.said}"},
                }
            )

    def _sentence(self, topic):
        words = {slot: self.random.choice(choices) for slot, choices in self.texts["slots"].items()}
        sentence = self.random.choice(self.texts["sentences"][topic]).format(**words)
        return sentence[0].upper() + sentence[1:]

    def item_of(self, owner):
        """The item about the loudest theme that an owner had when they first looked, and the actor that they are."""
        with self.runtime.database.reading() as session:
            found = [
                row.item for row in list_items(session, OPERATOR, ItemFilter(), None, 50) if row.owner_key == owner
            ]
            loudest = max(found, key=lambda item: (session.get(Routing, item.routing_id).complaints, -item.id))
            chosen = self.chosen.setdefault(owner, loudest.id)
        item = next(item for item in found if item.id == chosen)
        return item, Actor(f"key:{owner}", frozenset({Scope.ITEMS_READ, Scope.ITEMS_WRITE}), owner_id=item.owner_id)

    def does(self, command, owner, **values):
        """An owner does something with their item, at the version that they see."""
        item, actor = self.item_of(owner)
        with self.runtime.database.writing() as session:
            command(session, self.clock.now(), actor, item.id, version=item.version, **values)

    def state_of(self, owner):
        return State(self.item_of(owner)[0].state)


@pytest.fixture
def town(database_url, tmp_path):
    settings = Settings(data_dir=tmp_path, database_url=database_url, sqlite_synchronous="NORMAL")
    runtime = build_runtime(settings, SteppedClock(datetime.combine(FIRST_DAY, time(8), tzinfo=UTC)))
    yield Town(runtime)
    runtime.database.dispose()


def test_a_complaint_becomes_a_change_with_a_verdict_and_a_relapse_reopens_it(town):
    town.begin()
    town.talk(weeks=10)
    _two_owners_have_an_item_each(town)

    changes = {"mira": "Refunds are paid when the parcel is scanned", "jonas": "New music on hold"}
    for owner, description in changes.items():
        town.does(acknowledge_item, owner)
        town.does(plan_change, owner, plan=Plan(description, None, 0.3))
    town.talk(weeks=1)
    for owner in changes:
        town.does(mark_deployed, owner, rollout=Rollout(town.clock.now().date()))
        assert town.state_of(owner) is State.DEPLOYED

    town.usual["refunds"] = 9
    town.talk(days=3)
    assert {town.state_of(owner) for owner in changes} == {State.MEASURING}
    town.talk(weeks=6)
    _the_fix_is_verified_and_the_other_change_is_not(town)
    _every_verdict_follows_from_its_own_evidence(town)

    town.usual["refunds"] = 55
    town.talk(weeks=5)
    _the_relapse_reopened_the_item(town)
    # Nobody sends raw or in files, corrects, publishes, subscribes, leaves or is away; nothing is a case or closed.
    assert town.worked | {"watch"} == {station.name for station in STATIONS} - {
        "fetch",
        "unpack",
        "load",
        "learn",
        "relabel",
        "reorganise",
        "hand_over",
        "stand_in",
        "open_case",
        "clear",
        "come_back",
        "deliver",
        "deliver_slow",
    }


def _two_owners_have_an_item_each(town):
    for owner, place in (("mira", "the step Refund of Returns"), ("jonas", "the step Phone line of Customer service")):
        item, actor = town.item_of(owner)
        assert item.state == State.NEW
        assert item.title.endswith(place)
        assert item.opened_at < item.goal_at < item.deadline_at
        with town.runtime.database.reading() as session:
            assert get_item(session, actor, item.id).owner_key == owner
            told = session.query(Notice).filter_by(item_id=item.id, event="assigned").all()
            assert {(notice.channel, notice.state) for notice in told} == {("log", "sent"), ("email", "skipped")}
    assert "Assigned to you" in (town.runtime.settings.data_dir / "notices.jsonl").read_text()


def _the_fix_is_verified_and_the_other_change_is_not(town):
    assert town.state_of("mira") is State.IMPROVED
    assert town.state_of("jonas") in {State.MEASURING, State.NO_EFFECT, State.INCONCLUSIVE}
    item, _ = town.item_of("mira")
    with town.runtime.database.reading() as session:
        change = changes_of(session, item.id)[0]
        verdict = session.query(Measurement).filter_by(change_id=change.id, verdict="improved").first()
        assert verdict.ci_low < 9 / 40 < verdict.ci_high < 1
        assert change.planned_at.date() <= change.rollout_from
        assert session.query(Notice).filter_by(item_id=item.id, event="verdict", channel="log").count() == 1


def _every_verdict_follows_from_its_own_evidence(town):
    with town.runtime.database.reading() as session:
        looks = session.query(Measurement).all()
        assert {look.result["facts"]["frozen_at"] for look in looks} != {None}
        assert {recheck(look).differs for look in looks} == {()}
        works, idle = (judge_together(session, town.clock.now())[changes_of(session, town.chosen[owner])[0].id]
                       for owner in ("mira", "jonas"))  # fmt: skip
        assert (works.look.verdict, works.holds, works.together) in {("improved", True, 1), ("improved", True, 2)}
        assert idle.holds is None


def _the_relapse_reopened_the_item(town):
    assert town.state_of("mira") is State.REOPENED
    assert town.state_of("jonas") is not State.IMPROVED
    item, _ = town.item_of("mira")
    assert item.deadline_at > town.clock.now() - 6 * WEEK
    with town.runtime.database.reading() as session:
        kinds = [
            line.kind for line in history(session, item.id) if line.kind not in {"escalated", "overdue", "reminded"}
        ]
        assert kinds == ["opened", "acknowledged", "change_planned", "deployed", "measuring", "verdict", "reopened"]
        assert session.query(Notice).filter_by(item_id=item.id, event="reopened", channel="log").count() == 1
