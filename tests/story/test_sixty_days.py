"""Sixty days of a company in three zones, with two workers: what must hold is looked at after every step.

Each check reads the tables and the mail server as they are; nothing of the rooms that are under test computes in it.
"""

import hashlib
from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlalchemy import distinct, func, select

from app.domain.items import AWAITS_ANSWER, FINISHED, TRANSITIONS
from app.pipeline import STATIONS
from app.store.act_tables import ActionItem, ItemEvent, Notice
from app.store.label_tables import Mention
from app.store.tables import Feedback, Owner, Routing, Topic
from app.store.theme_tables import Theme, ThemeMention

CHASING = {"due_soon", "overdue", "escalated", "untouched"}
"""What nobody hears any more once an item is answered."""

QUIET = timedelta(minutes=15)


class Watch:
    """Says after a step what does not hold; remembers what was seen so far."""

    def __init__(self):
        self.mails = self.routings = self.events = 0
        self.states, self.rungs = {}, {}
        self.heard, self.lives = defaultdict(list), defaultdict(list)

    def __call__(self, company):
        broken = list(self.look(company))
        assert not broken, "\n".join([f"{company.clock.now()}, step {company.steps}:", *broken])

    def look(self, company):
        self.company, self.now = company, company.clock.now()
        with company.database.reading() as session:
            self.session = session
            self.owners = {row.id: row for row in self.read(Owner)}
            self.items = {row.id: row for row in self.read(ActionItem)}
            self.notices = self.read(Notice)
            self.decided = self.read(Routing, Routing.id > self.routings)
            self.happened = self.read(ItemEvent, ItemEvent.id > self.events)
            yield from self.every_loud_theme_has_one_open_item()
            yield from self.every_theme_was_found_once()
            yield from self.every_owner_is_there()
            yield from self.every_history_follows_the_life_cycle()
            yield from self.every_mail_comes_once_and_in_working_time()
            yield from self.nobody_is_chased_after_an_answer()
            yield from self.every_rung_is_climbed_once_and_not_before_its_time()
            yield from self.every_deadline_can_be_counted_again()
            yield from self.nothing_was_given_up()
        self.routings = max([self.routings, *(row.id for row in self.decided)])
        self.events = max([self.events, *(row.id for row in self.happened)])
        self.mails = len(company.post.mails)

    def read(self, table, *where):
        return self.session.execute(select(table.__table__).where(*where).order_by(table.id)).all()

    def every_loud_theme_has_one_open_item(self):
        terms = self.company.document["thresholds"]
        first = datetime.combine(self.now.date(), time(0), UTC) - timedelta(days=terms["window_days"] - 1)
        loud = self.session.execute(
            select(Theme.id, Topic.process_id, func.count())
            .join(Topic, Topic.id == Theme.topic_id)
            .join(ThemeMention, ThemeMention.theme_id == Theme.id)
            .join(Mention, Mention.id == ThemeMention.mention_id)
            .join(Feedback, Feedback.id == Mention.feedback_id)
            .where(Theme.state == "active", Mention.complaint, Feedback.occurred_at.between(first, self.now))
            .group_by(Theme.id, Topic.process_id)
            .having(func.count() >= terms["min_complaints"])
            .having(func.count(distinct(Feedback.customer_ref)) >= terms["min_people"])
        ).all()
        about = defaultdict(list)
        for item in self.items.values():
            about[item.theme_id, item.process_id].append(item)
        for theme, process, complaints in loud:
            opened = [item.id for item in about[theme, process] if item.closed_at is None]
            # A theme whose item was closed rests for one window: only complaints that are all later open it again.
            rests = any(item.closed_at is not None and item.closed_at > first for item in about[theme, process])
            if not opened and not rests:
                yield f"theme {theme} has {complaints} complaints and no item"
        for pair, items in about.items():
            opened = [item.id for item in items if item.closed_at is None]
            if len(opened) > 1:
                yield f"theme and process {pair} have the open items {opened}"

    def every_theme_was_found_once(self):
        query = select(Theme.topic_id, Theme.name, func.count()).where(Theme.state == "active")
        for topic, name, count in self.session.execute(query.group_by(Theme.topic_id, Theme.name)):
            if count > 1:
                yield f"topic {topic} has {count} themes of the name {name!r}"

    def every_owner_is_there(self):
        for item in self.items.values():
            owner = self.owners[item.owner_id]
            if item.closed_at is None and not owner.active:
                yield f"item {item.id} belongs to {owner.key}, who has left"
        for routing in self.decided:
            owner = self.owners[routing.owner_id].key
            if self.company.diary.away(owner, routing.decided_at):
                yield f"routing {routing.id} was given to {owner}, who is away: {routing.why}"

    def every_mail_comes_once_and_in_working_time(self):
        for mail in self.company.post.mails[self.mails :]:
            person, said = mail.to.partition("@")[0], f"{mail.to} was sent {mail.message['Subject']!r}"
            before = self.heard[person]
            if mail.message["Message-ID"] in {other.message["Message-ID"] for other in before}:
                yield f"{said} a second time"
            if not self.company.diary.at_work(person, mail.at):
                yield f"{said} outside of working time"
            if before and mail.at - before[-1].at < QUIET:
                yield f"{said} within 15 minutes of {before[-1].message['Subject']!r}"
            before.append(mail)

    def nobody_is_chased_after_an_answer(self):
        for mail in self.company.post.mails[self.mails :]:
            for notice in self.told_by(mail):
                states = [state for at, state in self.lives[notice.item_id] if at < mail.at]
                if notice.event in CHASING and states[-1] not in AWAITS_ANSWER:
                    yield f"{mail.to} was chased for item {notice.item_id}, which is {states[-1]}: {notice.key}"

    def told_by(self, mail):
        """The notices that a mail tells; by the Message-ID, which is made of the key."""
        name = mail.message["Message-ID"].strip("<>").partition("@")[0]
        for notice in self.notices:
            if name == hashlib.sha256(notice.key.encode()).hexdigest()[: len(name)]:
                yield from [one for one in self.notices if one.coalesced_into_id == notice.id] or [notice]

    def every_history_follows_the_life_cycle(self):
        for event in self.happened:
            if event.to_state is None:
                continue
            stood = self.states.get(event.item_id)
            leads = [
                move for move in TRANSITIONS.values() if stood in move.sources and move.target in {None, event.to_state}
            ]
            if event.from_state != stood or (stood is not None and not leads):
                yield f"item {event.item_id}: {event.kind} from {event.from_state} to {event.to_state} after {stood}"
            self.states[event.item_id] = event.to_state
            self.lives[event.item_id].append((event.at, event.to_state))
        for item in self.items.values():
            if item.state != self.states.get(item.id):
                yield f"item {item.id} is {item.state}, by its history {self.states.get(item.id)}"
            if (item.closed_at is not None) != (item.state in FINISHED):
                yield f"item {item.id} is {item.state} and closed at {item.closed_at}"

    def every_rung_is_climbed_once_and_not_before_its_time(self):
        for event in self.happened:
            if event.kind == "reopened":
                self.rungs[event.item_id] = 0
            if event.kind != "escalated":
                continue
            rung, ladder = event.facts["rung"], self.items[event.item_id].ladder
            if rung != self.rungs.get(event.item_id, 0) + 1:
                yield f"item {event.item_id} climbs rung {rung} after {self.rungs.get(event.item_id, 0)}"
            if event.at < datetime.fromisoformat(ladder[rung - 1]["at"]):
                yield f"item {event.item_id} climbs rung {rung} too early: {ladder}"
            self.rungs[event.item_id] = rung
        for item in self.items.values():
            if item.rung != self.rungs.get(item.id, 0):
                yield f"item {item.id} is on rung {item.rung}, by its history {self.rungs.get(item.id, 0)}"

    def every_deadline_can_be_counted_again(self):
        for routing in self.decided:
            owner, said = self.owners[routing.owner_id].key, f"routing {routing.id}: by hand"
            for mark in ("goal", "deadline"):
                why = getattr(routing, f"{mark}_why")
                counted = self.company.diary.after(owner, routing.decided_at, why["duration"])
                if counted != getattr(routing, f"{mark}_at"):
                    yield f"{said} the {mark} is {counted}: {why}"
            afters = {rung["to"]: rung["after"] for rung in self.company.document["ladder"]}
            for rung in routing.ladder:
                counted = self.company.diary.after(owner, routing.deadline_at, afters[rung["role"]])
                if counted != datetime.fromisoformat(rung["at"]):
                    yield f"{said} the rung {rung} is climbed at {counted}"

    def nothing_was_given_up(self):
        for notice in self.notices:
            if notice.state == "parked" or notice.last_error not in {None, "this channel is not set up"}:
                yield f"notice {notice.key} is {notice.state}: {notice.last_error}"
        for line in self.company.logs:
            if line["log_level"] not in {"debug", "info"}:
                yield f"a worker logged {line}"
        self.company.logs.clear()


@pytest.mark.parametrize("mode", ["overtaken", "threads"])
def test_two_weeks_with_both_changes_of_the_clock(abroad, mode):
    company = abroad(date(2026, 10, 19), mode, Watch())
    company.live(days=15)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("mode", ["overtaken", "threads"])
def test_sixty_days_with_a_reorganisation_a_leaver_and_workers_that_die(abroad, mode):
    company = abroad(date(2026, 2, 9), mode, Watch())
    company.live(days=17)
    for station in ("label", "match", "extract", "assign", "open", "escalate", "notify", "effect", "settle"):
        company.kill = station
        company.live(days=2)
    company.live(days=5)
    company.apply(leaver="ravi", heir="lena")
    company.live(days=20)
    assert company.worked == {station.name for station in STATIONS} - UNUSED


UNUSED = {"fetch", "unpack", "load", "learn", "relabel", "watch"}
