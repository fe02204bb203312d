"""Plays the story against the real rooms with a moving clock: comments come in, owners act, changes are judged."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import takewhile
from pathlib import Path

from app.act.aside import decline_item
from app.act.progress import acknowledge_item, mark_deployed, plan_change
from app.clock import SteppedClock
from app.demo.generator import SEED, list_feedback
from app.demo.story import STORY, Story
from app.demo.summary import Summary, summarise
from app.demo.volume import SERIES, list_exposures
from app.domain.actor import OPERATOR, Actor, Scope
from app.domain.changes import Plan, Rollout
from app.errors import AppError, Kind
from app.ingest.items import accept_items
from app.ingest.sources import ensure_native_source
from app.measure.design import freeze_deployed
from app.measure.exposures import put_exposures
from app.payloads.native import NativeItem, read_item
from app.pipeline import STATIONS, Station, drain
from app.processes.apply import apply_document
from app.processes.document import Document
from app.processes.reader import read_document
from app.runtime import Runtime
from app.store.act_tables import ActionItem
from app.store.items import ItemFilter, get_item, list_items
from app.store.routings import theme_facts, window_of

SOURCE = "demo"
SEARCH = "extract"
OPENING = frozenset({"assign", "open"})
"""Stations that decide what somebody has to work on: they run when the story says so."""

_COMPANY = Path(__file__).with_name("company.yaml")
_AT_ONCE = 200
_LOOK_WEEKS = 2
_MORNING = timedelta(hours=7)
_TILL_SEEN = timedelta(hours=4)
_LATER = "Not part of the pilot, which begins with refunds and the phone line; taken up when the pilot is over."

Progress = Callable[[int, int, str], None]
"""Is told what is done, of how much (feedback items), and what is going on."""


def read_company() -> Document:
    """The example company."""
    return read_document(_COMPANY.read_bytes())


@dataclass
class _Play:
    """The stage: the rooms, the clock, what is still to be said, and who works on which of the two changes."""

    runtime: Runtime
    clock: SteppedClock
    story: Story
    end: date
    stations: Sequence[Station]
    tell: Progress
    items: list[NativeItem]
    said: int = 0
    changed: dict[str, int] = field(default_factory=dict)

    def goes_to(self, week: int) -> None:
        """The morning of a week's first day."""
        self.clock.set(_morning(self.story.day_of_week(self.end, week)))

    def drains(self, stations: Iterable[Station], what: str) -> None:
        """Let stations do all that is due."""
        self.tell(self.said, len(self.items), what)
        drain(self.runtime, stations)

    @property
    def readers(self) -> tuple[Station, ...]:
        """Stations that read what was said, before anything is made of it in its sum."""
        return tuple(takewhile(lambda one: one.name not in OPENING | {SEARCH}, self.stations))

    @property
    def watchers(self) -> tuple[Station, ...]:
        """All stations but those that open items."""
        return tuple(one for one in self.stations if one.name not in OPENING)


def play_story(
    runtime: Runtime,
    end: date,
    tell: Progress,
    *,
    story: Story = STORY,
    seed: int = SEED,
    stations: Sequence[Station] = STATIONS,
) -> Summary:
    """Play the whole story into an empty, migrated database; takes minutes with the real classifier.

    Args:
        runtime: The process's parts; its clock is replaced by one that the story moves.
        end: The day that begins when the history is over, e.g. today (UTC).
        tell: Is told how far it is.
        story: What happens when.
        seed: Of the invented feedback.
        stations: The pipeline.

    Raises:
        AppError: ``demo_not_told``: the feedback did not lead to the two action items that the story is about.
    """
    present = runtime.clock.now()
    clock = SteppedClock(_morning(story.first_day(end)))
    items = [read_item(item) for item in list_feedback(end, seed, story)]
    play = _Play(replace(runtime, clock=clock), clock, story, end, stations, tell, items)
    company = read_company()
    _apply(play, company)
    _count_orders(play, seed)
    _feed(play, story.opening_week)
    _open(play, company)
    _acknowledge(play)
    _feed(play, story.plan_week)
    _answer(play)
    _feed(play, story.deploy_week)
    _deploy(play)
    for week in range(story.weeks, story.deploy_week, -_LOOK_WEEKS)[::-1]:
        _feed(play, week)
        play.drains(play.watchers, "looking whether the changes worked")
    if present.date() == end:
        clock.set(max(clock.now(), present))
    _apply(play, company)
    play.drains(stations, "opening action items")
    with play.runtime.database.reading() as session:
        days = (story.first_day(end), end - timedelta(days=1))
        return summarise(session, clock.now(), days, play.changed)


def _apply(play: _Play, company: Document) -> None:
    with play.runtime.database.writing() as session:
        apply_document(session, play.clock.now(), OPERATOR, company, dry_run=False)
        ensure_native_source(session, play.clock.now(), OPERATOR, SOURCE)


def _count_orders(play: _Play, seed: int) -> None:
    counts = {exposure.day: exposure.count for exposure in list_exposures(play.end, seed, play.story)}
    with play.runtime.database.writing() as session:
        put_exposures(session, _morning(play.end), OPERATOR, SERIES, counts)


def _feed(play: _Play, week: int) -> None:
    """Let everything come in and be read that was said before a week begins."""
    until = _morning(play.story.day_of_week(play.end, week)) - _MORNING
    due = list(takewhile(lambda item: item.occurred_at < until, play.items[play.said :]))
    for start in range(0, len(due), _AT_ONCE):
        batch = due[start : start + _AT_ONCE]
        play.clock.set(max(play.clock.now(), batch[-1].occurred_at))
        with play.runtime.database.writing() as session:
            now = play.clock.now()
            source = ensure_native_source(session, now, OPERATOR, SOURCE)
            accept_items(session, now, source, batch)
        play.drains(play.readers, "reading what customers said")
        play.said += len(batch)
    play.goes_to(week)


def _open(play: _Play, company: Document) -> None:
    """Open the two items of the pilot: its threshold is what the quieter of the story's two topics reaches.

    The topics are not searched for finer problems before: each change is meant for the whole of its topic.
    """
    with play.runtime.database.reading() as session:
        window = window_of(company.thresholds.window_days, play.clock.now())
        facts = theme_facts(session, window, min_people=company.thresholds.min_people)
    topics = (play.story.working_topic, play.story.idle_topic)
    loudest = {topic: next((one for one in facts if one.topics[0] == topic), None) for topic in topics}
    least = min(one.complaints if one else 1 for one in loudest.values())
    pilot = company.thresholds.model_copy(update={"min_complaints": least})
    _apply(play, company.model_copy(update={"thresholds": pilot}))
    play.drains(tuple(one for one in play.stations if one.name != SEARCH), "opening action items")
    for topic, one in loudest.items():
        play.changed[topic] = _item_of(play, one.theme_id if one else None)


def _item_of(play: _Play, theme_id: int | None) -> int:
    with play.runtime.database.reading() as session:
        for listed in list_items(session, OPERATOR, ItemFilter(), None, 200):
            if theme_id is not None and listed.item.theme_id == theme_id:
                return listed.item.id
    message = "The demo's comments led to no action item: the classifier is not the usual one. See `closeloop doctor`."
    raise AppError(Kind.MISCONFIGURED, "demo_not_told", message)


def _acknowledge(play: _Play) -> None:
    play.clock.set(play.clock.now() + _TILL_SEEN)
    with play.runtime.database.writing() as session:
        for item_id in play.changed.values():
            listed = get_item(session, OPERATOR, item_id)
            owner = _owner(listed.item, listed.owner_key)
            acknowledge_item(session, play.clock.now(), owner, item_id, version=listed.item.version)


def _answer(play: _Play) -> None:
    """Both owners say what they will change, before any result; the others wait for the pilot to end."""
    story = play.story
    changes = {story.working_topic: story.working_change, story.idle_topic: story.idle_change}
    planned = {play.changed[topic]: Plan(text, _deploy_day(play), story.target) for topic, text in changes.items()}
    with play.runtime.database.writing() as session:
        now = play.clock.now()
        for listed in list_items(session, OPERATOR, ItemFilter(), None, 200):
            item, owner = listed.item, _owner(listed.item, listed.owner_key)
            if item.id not in planned:
                decline_item(session, now, owner, item.id, version=item.version, reason=_LATER)
                continue
            plan_change(session, now, owner, item.id, version=item.version, plan=planned[item.id])


def _deploy(play: _Play) -> None:
    first = _deploy_day(play)
    rollout = Rollout(first, first + timedelta(days=play.story.rollout_days - 1))
    with play.runtime.database.writing() as session:
        for item_id in play.changed.values():
            listed = get_item(session, OPERATOR, item_id)
            owner = _owner(listed.item, listed.owner_key)
            mark_deployed(session, play.clock.now(), owner, item_id, version=listed.item.version, rollout=rollout)
            freeze_deployed(session, play.clock.now(), owner, item_id)


def _owner(item: ActionItem, key: str) -> Actor:
    return Actor(f"owner:{key}", frozenset({Scope.ITEMS_READ, Scope.ITEMS_WRITE}), owner_id=item.owner_id)


def _deploy_day(play: _Play) -> date:
    return play.story.day_of_week(play.end, play.story.deploy_week)


def _morning(day: date) -> datetime:
    return datetime.combine(day, time(0), tzinfo=UTC) + _MORNING
