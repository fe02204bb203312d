"""Station: on Mondays at eight, by the clock of each owner, what needs them and what has changed, if anything has.

A digest is made once for a person and a day, whatever workers run. It takes the person's mailbox, so that what waits
for them comes fifteen minutes later.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.act.digest_wording import Content, Judged, Need, Rise, write_digest
from app.act.mailboxes import BETWEEN_MESSAGES, lock_mailbox
from app.act.notices import channels_of
from app.act.wording import Letter
from app.channels.contract import Part
from app.domain.ownership import Named
from app.domain.telling import OCCASION_OF, Occasion, Rhythm, digest_day
from app.processes.owners import load_calendars, load_ownerships
from app.store.act_tables import Digest, Notice
from app.store.digests import (
    a_week_before,
    closed_by_others,
    digests_made,
    items_to_answer,
    kept_for_digest,
    last_digest_at,
    rising_themes,
    verdicts_since,
)
from app.store.preferences import all_preferences
from app.store.reference import find_policy
from app.store.tables import Owner

BATCH = 50
_RATE = 3  # a ratio and the ends of its interval
_TOLD_ELSEWHERE = frozenset({Occasion.ASSIGNED, Occasion.DUE, Occasion.ESCALATED, Occasion.VERDICT})
"""What an owner keeps for the digest stands there as an item to answer or as a verdict already."""


@dataclass(frozen=True, slots=True)
class Due:
    """A digest to write: for whom, from when on, what, and the notices that go out with it."""

    owner_id: int
    since: datetime
    content: Content
    kept: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """Digests that are due."""

    due: tuple[Due, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Each digest with its letter and parts; None where there is nothing to tell."""

    written: tuple[tuple[Due, tuple[Letter, tuple[Part, ...]] | None], ...]


def claim(session: Session, now: datetime) -> Batch | None:
    """What the people are to be told whose digest is due; None when nobody's is."""
    if find_policy(session) is None:
        return None
    due = tuple(_content(session, now, *one) for one in _whose_day(session, now))
    return Batch(due) if due else None


def work(batch: Batch, tools: object) -> Outcome:  # noqa: ARG001 - the stations' shape
    """Write the letters."""
    return Outcome(tuple((due, None if due.content.empty else write_digest(due.content)) for due in batch.due))


def record(session: Session, now: datetime, outcome: Outcome) -> None:
    """Put each digest into the outbox, once for a person and a day."""
    for due, written in outcome.written:
        made = Digest(
            owner_id=due.owner_id, day=due.content.day, since=due.since, composed_at=now, empty=written is None
        )
        try:
            with session.begin_nested():
                session.add(made)
        except IntegrityError:
            continue  # another worker made it
        if written is not None:
            _send(session, now, due, written)


def _whose_day(session: Session, now: datetime) -> list[tuple[Owner, str, date, Rhythm]]:
    ownerships, calendars, chosen = load_ownerships(session), load_calendars(session, now), all_preferences(session)
    made, found = digests_made(session, now - timedelta(days=2)), []
    for person in sorted(ownerships.people.values(), key=lambda one: one.id):
        rhythm = chosen[person.id].digest
        calendar = calendars[person.calendar_id]
        day = digest_day(calendar, rhythm, now, person.away)
        there = ownerships.stand_in(Named(person, ()), now).person.id == person.id
        if day is not None and there and (person.id, day.isoformat()) not in made:
            found.append((session.get_one(Owner, person.id), calendar.zone, day, rhythm))
    return found[:BATCH]


def _content(session: Session, now: datetime, owner: Owner, zone: str, day: date, rhythm: Rhythm) -> Due:
    since = last_digest_at(session, owner.id) or a_week_before(now)
    kept = kept_for_digest(session, owner.id)
    also = dict.fromkeys(
        (one.subject, one.item_id) for one in kept if OCCASION_OF.get(one.event) not in _TOLD_ELSEWHERE
    )
    content = Content(
        now=now,
        zone=zone,
        day=day,
        daily=rhythm is Rhythm.DAILY,
        needs=tuple(Need(item.id, item.title, item.deadline_at) for item in items_to_answer(session, owner.id)),
        verdicts=tuple(_judged(session, owner.id, since)),
        rising=tuple(Rise(*one) for one in rising_themes(session, owner.id, now)),
        closed=tuple(closed_by_others(session, owner.id, since, limit=3)),
        also=tuple(also),
    )
    return Due(owner.id, since, content, tuple(one.id for one in kept))


def _judged(session: Session, owner_id: int, since: datetime) -> Iterator[Judged]:
    for item, facts in verdicts_since(session, owner_id, since):
        rate = [float(facts[name]) for name in ("rate_ratio", "ci_low", "ci_high") if facts.get(name) is not None]
        known = (rate[0], rate[1], rate[2]) if len(rate) == _RATE else None
        yield Judged(item.id, item.title, str(facts.get("verdict", item.state)), known)


def _send(session: Session, now: datetime, due: Due, written: tuple[Letter, tuple[Part, ...]]) -> None:
    letter, parts = written
    owner = session.get_one(Owner, due.owner_id)
    for channel in sorted(channels_of(owner)):
        mailbox = lock_mailbox(session, now, owner.id, channel)
        message = Notice(
            key=f"digest:{owner.key}:{due.content.day.isoformat()}:{channel}",
            owner_id=owner.id,
            channel=channel,
            event="digest",
            subject=letter.subject,
            body=letter.body,
            parts=[asdict(part) for part in parts],
            state="pending",
            not_before=max(mailbox.free_at, now),
            created_at=now,
        )
        session.add(message)
        session.flush()
        mailbox.free_at = message.not_before + BETWEEN_MESSAGES
        told = update(Notice).where(Notice.id.in_(due.kept), Notice.channel == channel, Notice.state == "digest")
        session.execute(
            told.values(state="merged", coalesced_into_id=message.id), execution_options={"synchronize_session": False}
        )
    session.flush()
