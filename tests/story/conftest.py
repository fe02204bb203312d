"""A company in three zones: its customers, its people, its post, and two workers on one database."""

import email
import email.policy
import json
import random
import re
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from zoneinfo import ZoneInfo

import holidays
import pytest
import yaml
from aiosmtpd.controller import Controller
from sqlalchemy import select
from structlog.testing import capture_logs

from app.act.aside import decline_item, mark_duplicate, reopen_item, resume_item, snooze_item
from app.act.handing import Handover, comment_item, reassign_item
from app.act.pausing import Waiting, continue_item, pause_item
from app.act.progress import acknowledge_item, answer_item, close_item, mark_deployed, plan_change
from app.act.subscribe import NewSubscription, create_subscription
from app.clock import SteppedClock
from app.domain.actor import OPERATOR, Actor, Scope
from app.domain.changes import Plan, Rollout
from app.domain.items import Action, ItemKind, PauseReason, State, allowed_actions
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
from app.store.act_tables import Pause
from app.store.items import ItemFilter, list_items
from app.store.tables import Owner

HERE = Path(__file__).parent
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MINUTE = timedelta(minutes=1)
BEGINS = time(2, tzinfo=UTC)
SPEAKS_EVERY = timedelta(hours=4)
"""How often customers are heard, and everything is done that is due; between that, only what people wait for."""

SELDOM = {
    "fetch",
    "unpack",
    "load",
    "learn",
    "label",
    "relabel",
    "watch",
    "match",
    "extract",
    "trace",
    "adopt",
    "alert",
}
SELDOM |= {"effect", "come_back"}
"""Stations that have nothing to do between two hearings."""

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

ANSWERS = [1, *range(3, 11)] * 2 + [7] * 12
"""What customers give when asked whether they would recommend the shop; at 2 and below somebody answers them."""

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
    Action.ANSWER: 5,
    Action.PAUSE: 1,
    Action.CONTINUE: 1,
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


class Crm:
    """A system on this machine that subscribes to events and keeps the numbers of those it was told, in their order."""

    def __init__(self):
        self.told = []
        crm = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                crm.told.append(int(event["id"].split("_")[1]))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/events"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Diary:
    """Who works when, by the letter of the company's document: minute for minute, nothing of the product in it."""

    def __init__(self, document):
        self.owners = {owner["key"]: owner for owner in document["owners"]}
        self.calendars = {calendar["key"]: calendar for calendar in document["calendars"]}
        self.zones = {key: ZoneInfo(calendar["zone"]) for key, calendar in self.calendars.items()}
        self.closed, self.hours = {}, {}
        for key, calendar in self.calendars.items():
            of = calendar["holidays"]
            public = holidays.country_holidays(of["country"], subdiv=of.get("subdivision"), years=[2025, 2026, 2027])
            self.closed[key] = set(public) | {extra["date"] for extra in calendar.get("closed", ())}

    def zone(self, owner):
        return self.zones[self.owners[owner]["calendar"]]

    def is_open(self, calendar, instant):
        """Whether a calendar is open in the minute that begins then."""
        local = instant.astimezone(self.zones[calendar])
        minute = local.hour * 60 + local.minute
        return any(first <= minute < last for first, last in self._hours(calendar, local.date()))

    def at_work(self, owner, instant):
        """Whether the owner works then: their calendar is open, and they are neither away nor gone."""
        there = self.is_open(self.owners[owner]["calendar"], instant) and not self.away(owner, instant)
        return there and not self.has_left(owner, instant)

    def works_on(self, owner, day):
        """Whether the owner works at all on a day where they are."""
        noon = datetime.combine(day, time(12), tzinfo=self.zone(owner))
        return bool(self._hours(self.owners[owner]["calendar"], day)) and not self.away(owner, noon)

    def has_left(self, owner, instant):
        """Whether the owner is no longer with the company on the UTC day of the instant."""
        until = self.owners[owner].get("until")
        return until is not None and until <= instant.date()

    def away(self, owner, instant):
        """Whether the owner is absent on the day that it then is where they are."""
        day = instant.astimezone(self.zone(owner)).date()
        return any(gone["from"] <= day <= gone["until"] for gone in self.owners[owner].get("absences", ()))

    def next_at_work(self, owner, instant):
        """The first minute from an instant on in which the owner works."""
        while not self.at_work(owner, instant):
            instant += MINUTE
        return instant

    def after(self, calendar, start, duration):
        """The instant at which so much working time has passed, such as ``8 working hours`` or ``2 days``."""
        count, unit = int(duration.split()[0]), duration.split()[-1].rstrip("s")
        if unit != "day":
            return self.later(calendar, start, count * {"hour": 60, "minute": 1}[unit])
        zone = self.zones[calendar]
        day = start.astimezone(zone).date()
        while count:
            day += timedelta(days=1)
            count -= bool(self._hours(calendar, day))
        hour, minute = divmod(self._hours(calendar, day)[-1][1], 60)
        return datetime.combine(day, time(hour, minute), tzinfo=zone).astimezone(UTC)

    def later(self, calendar, start, minutes):
        """The instant at which so many open minutes have passed."""
        while minutes:
            minutes -= self.is_open(calendar, start)
            start += MINUTE
        return start

    def open_minutes(self, calendar, start, end):
        """How many minutes a calendar is open between two instants."""
        return sum(self.is_open(calendar, start + n * MINUTE) for n in range((end - start) // MINUTE))

    def _hours(self, calendar, day):
        if (calendar, day) not in self.hours:
            week = self.calendars[calendar]["week"]
            said = next((hours for days, hours in week.items() if _names(days, day.weekday())), ())
            closed = day in self.closed[calendar]
            self.hours[calendar, day] = [] if closed else [tuple(map(_minutes, hours.split("-"))) for hours in said]
        return self.hours[calendar, day]


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
        first: The first day.
        mode: ``overtaken``: every batch of the first worker is done by the second between claim and work, always the
            same way. ``threads``: both work at the same time, and people too, in threads.
        check: Called after every step.
    """

    runtimes: list
    clock: SteppedClock
    first: date
    mode: str
    post: Post
    crm: Crm
    pool: ThreadPoolExecutor
    logs: list
    check: Callable
    dice: random.Random = field(default_factory=lambda: random.Random(11))  # noqa: S311 - a story, not a secret
    worked: set = field(default_factory=set)
    said: int = 0
    steps: int = 0
    kill: str | None = None

    def __post_init__(self):
        self.texts = yaml.safe_load((HERE / "complaints.yaml").read_text())
        self.heard = self.clock.now()
        self.apply()
        with self.database.writing() as session:
            wanted = NewSubscription("CRM", "webhook", self.crm.url)
            create_subscription(session, self.clock.now(), OPERATOR, wanted, self.runtimes[0].tools.secret_key)

    @property
    def database(self):
        return self.runtimes[0].database

    @property
    def day(self):
        return (self.clock.now().date() - self.first).days

    def apply(self, before="", after=""):
        """Apply the company's document, in which something may be written otherwise than before."""
        text = re.sub(
            r"\bday(\d+)\b",
            lambda found: (self.first + timedelta(days=int(found[1]))).isoformat(),
            (HERE / "abroad.yaml").read_text().split("\n", 1)[1],
        )
        text = text.replace(before, after) if before else text
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
        return self.dice.choice((15, 30, 60, 75)) * MINUTE if busy else 180 * MINUTE

    def step(self):
        """Everybody does what is due at this instant; then what must hold is looked at."""
        self.steps += 1
        stations = [station for station in STATIONS if station.name not in SELDOM]
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
                    "scores": [{"metric": "nps", "value": self.dice.choice(ANSWERS), "min": 0, "max": 10}],
                    "customer": {"ref": f"c{self.said}"},
                }
            )

    # People ----------------------------------------------------------------------------------------------------------

    def _people_act(self):
        now = self.clock.now()
        for key, lively in LIVELY.items():
            if self.diary.at_work(key, now) and self.dice.random() < 0.5:
                self._look(key, lively)

    def _look(self, key, lively):
        with self.database.reading() as session:
            owners = {owner.key: owner.id for owner in session.query(Owner).filter_by(active=True)}
            actor = Actor(f"key:{key}", frozenset({Scope.ITEMS_READ, Scope.ITEMS_WRITE}), owner_id=owners[key])
            paused = set(session.scalars(select(Pause.item_id).where(Pause.ended_at.is_(None))))
            items = [row.item for row in list_items(session, actor, ItemFilter(), None, 100)]
        for item in items:
            if self.dice.random() < lively:
                possible = allowed_actions(State(item.state), ItemKind(item.kind), paused=item.id in paused)
                others = [row.id for row in items if row.id != item.id and row.kind == item.kind]
                self._act(actor, item, possible, (others, owners))

    def _act(self, actor, item, possible, known):
        others, owners = known
        action = self.dice.choices(possible, [LIKES[each] for each in possible])[0]
        now = self.clock.now()
        heirs = [key for key in LIVELY if owners[key] != item.owner_id and not self.diary.has_left(key, now)]
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
            Action.ANSWER: lambda: (answer_item, {"text": "We have called them."}),
            Action.PAUSE: lambda: (pause_item, {"waiting": Waiting(PauseReason.SUPPLIER)}),
            Action.CONTINUE: lambda: (continue_item, {}),
            Action.CLOSE: lambda: (close_item, {"note": "So be it."}),
            Action.MARK_DUPLICATE: lambda: (mark_duplicate, {"of_id": self.dice.choice(others or [item.id])}),
            Action.REOPEN: lambda: (reopen_item, {"reason": "It is not over."}),
        }[action]()
        try:
            with self.database.writing() as session:
                command(session, now, actor, item.id, version=item.version, **values)
        except AppError as error:
            if error.code not in REFUSALS:
                raise AssertionError(f"{actor.name} could not {action} item {item.id}: {error}") from error


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
        crm = Crm()
        opened.extend([controller.stop, crm.stop])
        settings = Settings(
            data_dir=tmp_path,
            database_url=database_url,
            sqlite_synchronous="NORMAL",
            smtp_url=f"smtp://127.0.0.1:{controller.port}",
            mail_from="closeloop@mail.example",
            outbound_allow="127.0.0.0/8",
        )
        runtimes = [build_runtime(settings, clock) for _ in range(2)]
        pool = ThreadPoolExecutor(2)
        opened.extend([pool.shutdown, *(runtime.database.dispose for runtime in runtimes)])
        return Abroad(runtimes, clock, first, mode, post, crm, pool, logs, check)

    with capture_logs() as logs:
        yield found
    for close in opened:
        close()


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
