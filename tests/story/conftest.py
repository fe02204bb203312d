"""A company in three zones: its customers, its people, its post, and two workers on one database."""

import email
import email.policy
import random
import re
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import holidays
import pytest
import yaml
from aiosmtpd.controller import Controller
from structlog.testing import capture_logs

from app.act.aside import decline_item, mark_duplicate, reopen_item, resume_item, snooze_item
from app.act.handing import Handover, comment_item, reassign_item
from app.act.progress import acknowledge_item, close_item, mark_deployed, plan_change
from app.clock import SteppedClock
from app.domain.actor import OPERATOR, Actor, Scope
from app.domain.changes import Plan, Rollout
from app.domain.items import Action, State, allowed_actions
from app.errors import AppError
from app.ingest.items import accept_items
from app.ingest.sources import ensure_native_source
from app.measure.exposures import put_exposures
from app.payloads.native import read_item
from app.pipeline import STATIONS, drain
from app.processes.apply import apply_document
from app.processes.reader import read_document
from app.runtime import build_runtime
from app.settings import Settings
from app.store.items import ItemFilter, list_items
from app.store.tables import Owner

HERE = Path(__file__).parent
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MINUTE = timedelta(minutes=1)
BEGINS = time(2, tzinfo=UTC)
SPEAKS_EVERY = timedelta(hours=4)
"""How often customers are heard, and everything is done that is due; between that, only what people wait for."""

VOLUMES = {
    "refunds": {0: 4.0, 25: 8.0},
    "hold": {0: 3.0, 18: 0.2, 40: 5.0},
    "late": {0: 0.3, 4: 4.0},
    "damage": {0: 3.0, 20: 0.0},
    "login": {0: 2.0},
    "voucher": {0: 0.3, 30: 3.0},
    "praise": {0: 1.0},
}
"""Comments a day, by the day from which it is so many."""

LIVELY = {"mira": 0.2, "lena": 0.1, "clara": 0.05, "jonas": 0.03, "ravi": 0.02}
"""How likely it is that somebody does something with an item when they look, each half hour; Ann never does."""

LIKES = {
    Action.ACKNOWLEDGE: 4,
    Action.PLAN: 5,
    Action.DEPLOY: 5,
    Action.DECLINE: 2,
    Action.REASSIGN: 1,
    Action.SNOOZE: 1,
    Action.RESUME: 1,
    Action.COMMENT: 1,
    Action.CLOSE: 3,
    Action.MARK_DUPLICATE: 0.5,
    Action.REOPEN: 0.2,
}

REFUSALS = {"stale_version", "already_open", "bad_duplicate", "item_not_found", "action_not_possible", "no_theme"}
"""What people may be told because somebody else was faster, or because they chose blindly."""


@dataclass(frozen=True)
class Mail:
    """One mail as it reached the server, and the instant of the story's clock."""

    at: datetime
    to: str
    message: email.message.EmailMessage


class Post:
    """A mail server on this machine that keeps what it takes."""

    def __init__(self, clock):
        self.clock, self.mails = clock, []

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802 - the library's name
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.mails += [Mail(self.clock.now(), to, mail) for to in envelope.rcpt_tos]
        return "250 OK"


class Diary:
    """Who works when, by the letter of the company's document: minute for minute, nothing of the product in it."""

    def __init__(self, document):
        self.owners = {owner["key"]: owner for owner in document["owners"]}
        self.calendars = {calendar["key"]: calendar for calendar in document["calendars"]}
        self.closed = {}
        for key, calendar in self.calendars.items():
            of = calendar["holidays"]
            public = holidays.country_holidays(of["country"], subdiv=of.get("subdivision"), years=[2025, 2026, 2027])
            self.closed[key] = set(public) | {extra["date"] for extra in calendar.get("closed", ())}

    def zone(self, owner):
        return ZoneInfo(self.calendars[self.owners[owner]["calendar"]]["zone"])

    def at_work(self, owner, instant):
        """Whether the owner's calendar is open in the minute that begins then."""
        local = instant.astimezone(self.zone(owner))
        minute = local.hour * 60 + local.minute
        return any(first <= minute < last for first, last in self._hours(owner, local.date()))

    def away(self, owner, instant):
        """Whether the owner is absent on the day that it then is where they are."""
        day = instant.astimezone(self.zone(owner)).date()
        return any(gone["from"] <= day <= gone["until"] for gone in self.owners[owner].get("absences", ()))

    def after(self, owner, start, duration):
        """The instant at which so much of the owner's working time has passed, such as ``8 working hours``."""
        count, unit = int(duration.split()[0]), duration.split()[-1].rstrip("s")
        if unit != "day":
            return self._after_minutes(owner, start, count * {"hour": 60, "minute": 1}[unit])
        day = start.astimezone(self.zone(owner)).date()
        while count:
            day += timedelta(days=1)
            count -= bool(self._hours(owner, day))
        hour, minute = divmod(self._hours(owner, day)[-1][1], 60)
        return datetime.combine(day, time(hour, minute), tzinfo=self.zone(owner)).astimezone(UTC)

    def _after_minutes(self, owner, start, minutes):
        while minutes:
            minutes -= self.at_work(owner, start)
            start += MINUTE
        return start

    def _hours(self, owner, day):
        name = self.owners[owner]["calendar"]
        week = self.calendars[name]["week"]
        said = next((hours for days, hours in week.items() if _names(days, day.weekday())), ())
        return [] if day in self.closed[name] else [tuple(map(_minutes, hours.split("-"))) for hours in said]


def _names(days, weekday):
    first, _, last = days.partition("-")
    return DAYS.index(first) <= weekday <= DAYS.index(last or first)


def _minutes(clock):
    hour, minute = clock.split(":")
    return int(hour) * 60 + int(minute)


class Interrupted:
    """A station whose worker is interrupted between claim and work: overtaken by another, or killed."""

    def __init__(self, module, interrupt):
        self.module, self.interrupt = module, interrupt

    def __getattr__(self, name):
        return getattr(self.module, name)

    def work(self, batch, tools):
        self.interrupt()
        return self.module.work(batch, tools)


class KilledError(BaseException):
    """The end of a worker: nothing in the pipeline can hold it."""


@dataclass
class Abroad:
    """The company, told step by step.

    Attributes:
        runtimes: The two workers' own.
        first: The first day, a Monday.
        mode: ``overtaken``: every batch of the first worker is done by the second between claim and work, always the
            same way. ``threads``: both work at the same time, and people too, in threads.
        check: Called after every step.
    """

    runtimes: list
    clock: SteppedClock
    first: date
    mode: str
    post: Post
    pool: ThreadPoolExecutor
    logs: list
    check: Callable
    dice: random.Random = field(default_factory=lambda: random.Random(11))  # noqa: S311 - a story, not a secret
    worked: set = field(default_factory=set)
    left: set = field(default_factory=set)
    said: int = 0
    steps: int = 0
    kill: str | None = None

    def __post_init__(self):
        self.texts = yaml.safe_load((HERE / "complaints.yaml").read_text())
        self.heard = self.clock.now()
        self.apply()

    @property
    def database(self):
        return self.runtimes[0].database

    @property
    def day(self):
        return (self.clock.now().date() - self.first).days

    def apply(self, leaver=None, heir=None):
        """Apply the company's document; somebody may have left, and another taken their place."""
        text = re.sub(
            r"\bday(\d+)\b",
            lambda found: (self.first + timedelta(days=int(found[1]))).isoformat(),
            (HERE / "abroad.yaml").read_text().split("\n", 1)[1],
        )
        if leaver is not None:
            self.left.add(leaver)
            kept = [line for line in text.splitlines() if f"key: {leaver}," not in line]
            text = re.sub(rf"\b{leaver}\b", heir, "\n".join(kept)).replace(f"deputy: {heir}}}", "deputy: clara}")
        self.document = yaml.safe_load(text)
        self.diary = Diary(self.document)
        with self.database.writing() as session:
            apply_document(session, self.clock.now(), OPERATOR, read_document(text), dry_run=False)

    def live(self, days):
        """Days pass."""
        end = self.clock.now() + timedelta(days=days)
        while self.clock.now() < end:
            self.clock.set(self.clock.now() + self._pause())
            self.step()

    def _pause(self):
        # People work somewhere from four to twenty-two hours UTC; on Sundays nobody does.
        now = self.clock.now()
        busy = 4 <= now.hour < 22 and now.weekday() != 6
        return self.dice.choice((15, 20, 30, 45)) * MINUTE if busy else 120 * MINUTE

    def step(self):
        """Everybody does what is due at this instant; then what must hold is looked at."""
        self.steps += 1
        stations = [station for station in STATIONS if station.module.__name__.startswith(("app.route", "app.act"))]
        if self.clock.now() - self.heard >= SPEAKS_EVERY:
            self._customers_speak()
            stations = list(STATIONS)
        if self.mode == "threads":
            self._work_at_once(stations)
        else:
            self._people_act()
            self._work_overtaken(stations)
        self.check(self)

    def _work_overtaken(self, stations):
        first, second = self.runtimes
        killed = self._doomed(stations)
        overtaken = [
            replace(each, module=Interrupted(each.module, lambda each=each: self._drain(second, [each])))
            for each in stations
        ]
        try:
            self._drain(first, killed or overtaken)
        except KilledError:
            self.kill = None
        self._drain(second, stations)

    def _work_at_once(self, stations):
        one = self.pool.submit(self._drain, self.runtimes[0], self._doomed(stations) or stations)
        other = self.pool.submit(self._drain, self.runtimes[1], stations[::-1])
        self._people_act()
        try:
            one.result()
        except KilledError:
            self.kill = None
        other.result()
        # What people did after a station had looked is due as well.
        self._drain(self.runtimes[1], stations)

    def _doomed(self, stations):
        """The stations of a worker that dies over its first batch of one of them; none while nobody is to die."""
        if self.kill is None:
            return []
        return [
            replace(each, module=Interrupted(each.module, _die)) if each.name == self.kill else each
            for each in stations
        ]

    def _drain(self, runtime, stations):
        return drain(runtime, stations, on_batch=lambda name, _batch: self.worked.add(name))

    # Customers -------------------------------------------------------------------------------------------------------

    def _customers_speak(self):
        now, since = self.clock.now(), self.heard
        span, self.heard = (now - since) / timedelta(days=1), now
        said = [item for topic in VOLUMES for item in self._comments(topic, since, span)]
        with self.database.writing() as session:
            accept_items(session, now, ensure_native_source(session, now, OPERATOR, "shop"), said)
            put_exposures(session, now, OPERATOR, "orders", {now.date() - timedelta(days=1): 1000.0})

    def _comments(self, topic, since, span):
        volume = [volume for day, volume in VOLUMES[topic].items() if day <= self.day][-1]
        for _ in range(sum(self.dice.random() < volume * span / 20 for _ in range(20))):
            self.said += 1
            at = since + timedelta(days=span * self.dice.random())
            words = {slot: self.dice.choice(choices) for slot, choices in self.texts["slots"].items()}
            sentence = self.dice.choice(self.texts["sentences"][topic]).format(**words)
            yield read_item(
                {
                    "external_id": str(self.said),
                    "medium": "review",
                    "occurred_at": at.isoformat(),
                    "text": sentence[0].upper() + sentence[1:],
                    "customer": {"ref": f"c{self.said}"},
                }
            )

    # People ----------------------------------------------------------------------------------------------------------

    def _people_act(self):
        now = self.clock.now()
        for key, lively in LIVELY.items():
            here = key not in self.left and self.diary.at_work(key, now) and not self.diary.away(key, now)
            if here and self.dice.random() < 0.5:
                self._look(key, lively)

    def _look(self, key, lively):
        with self.database.reading() as session:
            owners = {owner.key: owner.id for owner in session.query(Owner).filter_by(active=True)}
            actor = Actor(
                f"key:{key}", frozenset({Scope.ITEMS_READ, Scope.ITEMS_WRITE}), owner_id=owners[key]
            )
            items = [row.item for row in list_items(session, actor, ItemFilter(), None, 100)]
        for item in items:
            if self.dice.random() < lively:
                self._act(actor, item, [row.id for row in items if row.id != item.id], owners)

    def _act(self, actor, item, others, owners):
        possible = [action for action in allowed_actions(State(item.state)) if action in LIKES]
        action = self.dice.choices(possible, [LIKES[each] for each in possible])[0]
        now = self.clock.now()
        heirs = [key for key in LIVELY if key in owners and owners[key] != item.owner_id]
        command, values = {
            Action.ACKNOWLEDGE: lambda: (acknowledge_item, {}),
            Action.PLAN: lambda: (plan_change, {"plan": Plan("Something changes", None, 0.3)}),
            Action.DEPLOY: lambda: (mark_deployed, {"rollout": Rollout(now.date())}),
            Action.DECLINE: lambda: (decline_item, {"reason": "It costs more than it saves."}),
            Action.REASSIGN: lambda: (
                reassign_item,
                {"to": Handover(owners[self.dice.choice(heirs)], "They know more of this.")},
            ),
            Action.SNOOZE: lambda: (snooze_item, {"until": now + timedelta(hours=self.dice.randrange(4, 100))}),
            Action.RESUME: lambda: (resume_item, {}),
            Action.COMMENT: lambda: (comment_item, {"text": "I am on it."}),
            Action.CLOSE: lambda: (close_item, {"note": "So be it."}),
            Action.MARK_DUPLICATE: lambda: (mark_duplicate, {"of_id": self.dice.choice(others or [item.id])}),
            Action.REOPEN: lambda: (reopen_item, {"reason": "It is not over."}),
        }[action]()
        try:
            with self.database.writing() as session:
                command(session, now, actor, item.id, version=item.version, **values)
        except AppError as error:
            assert error.code in REFUSALS, f"{actor.name} could not {action} item {item.id}: {error}"


def _die():
    raise KilledError


@pytest.fixture
def abroad(database_url, tmp_path):
    """Founds the company; gives a function of the first day, the mode and the check."""
    opened = []

    def found(first, mode, check):
        clock = SteppedClock(datetime.combine(first, BEGINS))
        post = Post(clock)
        controller = Controller(post, hostname="127.0.0.1", port=_free_port())
        controller.start()
        opened.append(controller.stop)
        settings = Settings(
            data_dir=tmp_path,
            database_url=database_url,
            sqlite_synchronous="NORMAL",
            smtp_url=f"smtp://127.0.0.1:{controller.port}",
            mail_from="closeloop@mail.example",
        )
        runtimes = [build_runtime(settings, clock) for _ in range(2)]
        pool = ThreadPoolExecutor(2)
        opened.extend([pool.shutdown, *(runtime.database.dispose for runtime in runtimes)])
        return Abroad(runtimes, clock, first, mode, post, pool, logs, check)

    with capture_logs() as logs:
        yield found
    for close in opened:
        close()


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
