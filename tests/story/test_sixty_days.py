"""Sixty days of a company in three zones, with two workers: what must hold is looked at after every step.

Each check reads the tables and the mail server as they are; nothing of the rooms that are under test computes in it.
"""

import hashlib
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlalchemy import distinct, exists, func, select

from app.domain.items import AWAITS_ANSWER, FINISHED, TRANSITIONS
from app.store.act_tables import ActionItem, ItemEvent, Notice, Pause
from app.store.case_tables import CaseRouting
from app.store.copy_tables import UncountedMention
from app.store.event_tables import Event
from app.store.label_tables import Mention
from app.store.tables import Feedback, Owner, Routing, Score, Topic
from app.store.theme_tables import Theme, ThemeMention

CHASING = {"due_soon", "overdue", "escalated", "nudged"}
"""What nobody hears any more once an item is answered."""

LEASES = timedelta(hours=4)
"""After so long, whatever a worker held when it died was taken over by another."""

QUIET = timedelta(minutes=15)


def _message_id(key):
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:32]}@mail.example>"


class Watch:
    """Says after a step what does not hold; remembers what was seen so far."""

    def __init__(self):
        self.mails = self.routings = self.cases = self.events = 0
        self.states, self.rungs, self.counted, self.again = {}, {}, {}, set()
        self.digests = set()
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
            self.named = {_message_id(notice.key): notice for notice in self.notices if notice.channel == "email"}
            self.cases_decided = self.read(CaseRouting, CaseRouting.id > self.cases)
            self.decided = self.read(Routing, Routing.id > self.routings)
            self.happened = self.read(ItemEvent, ItemEvent.id > self.events)
            yield from self.every_loud_theme_has_one_open_item()
            yield from self.every_furious_customer_has_one_case()
            yield from self.every_theme_was_found_once()
            yield from self.every_owner_is_there()
            yield from self.every_history_follows_the_life_cycle()
            yield from self.every_mail_comes_once_and_in_working_time()
            yield from self.nobody_is_chased_after_an_answer()
            yield from self.every_rung_is_climbed_once_and_not_before_its_time()
            yield from self.every_deadline_can_be_counted_again()
            yield from self.every_event_is_told_once_and_in_order()
            yield from self.nothing_was_given_up()
        self.routings = max([self.routings, *(row.id for row in self.decided)])
        self.cases = max([self.cases, *(row.id for row in self.cases_decided)])
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
            .where(~exists().where(UncountedMention.mention_id == Mention.id))
            .group_by(Theme.id, Topic.process_id)
            .having(func.count() >= terms["min_complaints"])
            .having(func.count(distinct(Feedback.customer_ref)) >= terms["min_people"])
        ).all()
        about = defaultdict(list)
        for item in self.items.values():
            if item.kind == "process":
                about[item.theme_id, item.process_id].append(item)
        for theme, process, complaints in loud:
            # One whose item is finished was answered: a rate test on later weeks opens that item again.
            if not about[theme, process]:
                yield f"theme {theme} has {complaints} complaints and no item"
        for pair, items in about.items():
            opened = [item.id for item in items if item.closed_at is None]
            if len(opened) > 1:
                yield f"theme and process {pair} have the open items {opened}"

    def every_furious_customer_has_one_case(self):
        furious = select(Score.feedback_id).where(Score.metric == "nps", Score.value <= 2)
        cases = Counter(item.feedback_id for item in self.items.values() if item.kind == "case")
        for feedback in self.session.scalars(furious):
            if cases[feedback] != 1:
                yield f"feedback {feedback} has {cases[feedback]} cases"

    def every_theme_was_found_once(self):
        query = select(Theme.topic_id, Theme.name, func.count()).where(Theme.state == "active")
        for topic, name, count in self.session.execute(query.group_by(Theme.topic_id, Theme.name)):
            if count > 1:
                yield f"topic {topic} has {count} themes of the name {name!r}"

    def every_owner_is_there(self):
        for item in self.items.values():
            owner = self.owners[item.owner_id]
            gone = not owner.active or self.company.diary.has_left(owner.key, self.now)
            if item.closed_at is None and gone:
                yield f"item {item.id} belongs to {owner.key}, who has left"
        for routing in [*self.decided, *self.cases_decided]:
            owner = self.owners[routing.owner_id].key
            if self.company.diary.away(owner, routing.decided_at):
                yield f"routing {routing.id} was given to {owner}, who is away: {routing.why}"

    def every_mail_comes_once_and_in_working_time(self):
        for mail in self.company.post.mails[self.mails :]:
            person, said = mail.to.partition("@")[0], f"{mail.to} was sent {mail.message['Subject']!r}"
            before = self.heard[person]
            if mail.message["Message-ID"] in {other.message["Message-ID"] for other in before}:
                yield f"{said} a second time"
            notice = self.named.get(mail.message["Message-ID"])
            if notice is not None and notice.event == "digest":
                yield from self.digest_comes_once_a_week_at_eight(mail, person)
            elif not self.company.diary.at_work(person, mail.at) and not self.cannot_wait(mail, person):
                yield f"{said} outside of working time"
            if before and mail.at - before[-1].at < QUIET and not self.tried_again(mail, before[-1]):
                yield f"{said} within 15 minutes of {before[-1].message['Subject']!r}"
            before.append(mail)
        arrived = {mail.message["Message-ID"] for mail in self.company.post.mails}
        for name, notice in self.named.items():
            if (notice.state == "sent") != (name in arrived):
                yield f"notice {notice.key} is {notice.state}, and at the server: {name in arrived}"

    def tried_again(self, *mails):
        """Whether one of them is what a worker died over: such a message comes when somebody else takes it up."""
        notices = [self.named.get(mail.message["Message-ID"]) for mail in mails]
        return any(notice is not None and notice.attempts > 1 for notice in notices)

    def digest_comes_once_a_week_at_eight(self, mail, person):
        """On the first day of the week on which the receiver works, by their clock, and never without contents."""
        local = mail.at.astimezone(self.company.diary.zone(person))
        week = [local.date() - timedelta(days=local.weekday() - day) for day in range(7)]
        works = [day for day in week if self.company.diary.works_on(person, day)]
        if local.hour < 8 or local.date() != works[0]:
            yield f"{person} got the digest at {local}, and works on {works}"
        if (person, week[0]) in self.digests:
            yield f"{person} got a second digest in the week of {week[0]}"
        self.digests.add((person, week[0]))
        if len(mail.message.get_body().get_content()) < 100:
            yield f"{person} got an empty digest at {local}"

    def cannot_wait(self, mail, person):
        """Whether it is about a customer who has to be answered before the receiver works again."""
        opens = self.company.diary.next_at_work(person, mail.at)
        about = [self.items[notice.item_id] for notice in self.told_by(mail) if notice.item_id is not None]
        return any(item.kind == "case" and item.deadline_at <= opens for item in about)

    def nobody_is_chased_after_an_answer(self):
        for mail in self.company.post.mails[self.mails :]:
            for notice in self.told_by(mail):
                # In the instant of the mail it may have been opened again, or answered after the mail was sent.
                states = [state for at, state in self.lives[notice.item_id] if at < mail.at][-1:]
                states += [state for at, state in self.lives[notice.item_id] if at == mail.at]
                if notice.event in CHASING and AWAITS_ANSWER.isdisjoint(states):
                    yield f"{mail.to} was chased for item {notice.item_id}, which is {states[-1]}: {notice.key}"

    def told_by(self, mail):
        """The notices that a mail tells, without what was withdrawn; its Message-ID is made of the key."""
        notice = self.named.get(mail.message["Message-ID"])
        if notice is not None:
            parts = [one for one in self.notices if one.coalesced_into_id == notice.id]
            yield from [one for one in parts if one.state == "merged"] if parts else [notice]

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
                self.again.add(event.item_id)
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
        pauses = defaultdict(list)
        for pause in self.read(Pause, Pause.ended_at.is_not(None)):
            pauses[pause.item_id].append(pause)
        for item in self.items.values():
            if self.counted.get(item.id) == item.version:
                continue
            self.counted[item.id] = item.version
            since = datetime.fromisoformat(item.counting["since"])
            stops = [(stop.started_at, stop.ended_at) for stop in pauses[item.id] if stop.started_at >= since]
            calendar = item.counting["deadline"]["calendar"]
            for mark, stored, first in self.marks_of(item, calendar):
                counted = self.moved(first, calendar, stops)
                if counted != stored:
                    yield f"item {item.id}: the {mark} is {stored}, by hand {counted}: {item.counting}"

    def moved(self, mark, calendar, stops):
        for started, ended in stops:
            if mark > started:
                stood = self.company.diary.open_minutes(calendar, started, ended)
                mark = self.company.diary.later(calendar, mark, stood)
        return mark

    def marks_of(self, item, calendar):
        """Name, stored instant, and what it is by hand before the pauses."""
        by_hand, why = self.company.diary.after, item.counting
        goal, deadline = (
            by_hand(calendar, datetime.fromisoformat(why[mark]["start"]), why[mark]["duration"])
            for mark in ("goal", "deadline")
        )
        yield "goal", item.goal_at, min(goal, deadline)
        yield "deadline", item.deadline_at, deadline
        afters = {rung["to"]: rung["after"] for rung in self.company.document["ladder"]}
        # Opened again, the rungs keep the working time between them and the deadline, whatever it was written as.
        for rung in () if item.id in self.again else item.ladder:
            yield "rung", datetime.fromisoformat(rung["at"]), by_hand(calendar, deadline, afters[rung["role"]])

    def every_event_is_told_once_and_in_order(self):
        told = self.company.crm.told
        if told != sorted(set(told)):
            yield f"the CRM was told twice or out of order: {told[-9:]}"
        missing = [event.id for event in self.read(Event, Event.at < self.now - LEASES) if event.id not in set(told)]
        if missing:
            yield f"the CRM was never told of the events {missing[:9]}"

    def nothing_was_given_up(self):
        for notice in self.notices:
            if notice.state == "parked" or notice.last_error not in {None, "this channel is not set up"}:
                yield f"notice {notice.key} is {notice.state}: {notice.last_error}"
        for line in self.company.logs:
            if line["log_level"] not in {"debug", "info"}:
                yield f"a worker logged {line}"
        self.company.logs.clear()


@pytest.mark.timeout(600)
def test_five_days_in_which_the_clock_changes(abroad):
    company = abroad(date(2026, 10, 22), "overtaken", Watch())
    company.live(days=5)
    assert company.post.mails


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_company_lives_with_a_reorganisation_a_leaver_and_workers_that_die(abroad, database):
    first, days = date(2026, 2, 9), 60 if database.is_sqlite else 30  # with threads a step takes three times as long
    company = abroad(first, "overtaken" if database.is_sqlite else "threads", Watch())
    for station in DYING:
        company.kill = station
        for _ in range(8):
            company.live(days=1)
            if company.kill is None:
                break
        else:
            raise AssertionError(f"{station} had nothing to do in eight days")
    company.live(days=days - 15 - (company.clock.now().date() - first).days)
    company.apply("owner: mira", "owner: jonas")
    company.live(days=15)
    assert company.worked >= set(DYING)
    assert {item.kind for item in company.check.items.values()} == {"process", "case"}


DYING = ("extract", "assign", "open", "label", "match", "escalate", "gather", "notify", "deliver")
