"""Station: owners and subscribers are told of alerts: when one opens, opens again, and when its excess has doubled.

Which owner: that of the theme's open item, else whoever owns the step of its topic. Not each day, and not after
somebody has acknowledged the alert.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.act.happenings import tell
from app.act.notices import put_notice
from app.act.wording import Letter, one_line
from app.domain.happenings import Happening
from app.processes.owners import load_ownerships
from app.store.act_tables import ActionItem
from app.store.alert_counts import STANDING
from app.store.alert_tables import Alert, AlertEvent, AlertTelling
from app.store.conflicts import insert_of
from app.store.reference import find_policy
from app.store.tables import Topic
from app.store.theme_tables import Theme

TOLD = ("opened", "reopened", "grew")
EVENT = "alert"
FRESH = timedelta(days=3)
"""What is older when it could be told, because no owner was known before, is not told any more."""

BATCH = 50
LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class Batch:
    """Ids of alert events that nobody was told of."""

    event_ids: tuple[int, ...]


Outcome = Batch


def claim(session: Session, now: datetime) -> Batch | None:
    """Events of alerts that somebody should hear of; None when there are none, or before there are owners."""
    if find_policy(session) is None:
        return None
    query = (
        select(AlertEvent.id)
        .join(Alert, Alert.id == AlertEvent.alert_id)
        .outerjoin(AlertTelling, AlertTelling.event_id == AlertEvent.id)
        .where(AlertEvent.kind.in_(TOLD), AlertEvent.at > now - FRESH, AlertTelling.event_id.is_(None))
        .where(Alert.state.in_(STANDING), Alert.acknowledged_at.is_(None))
        .order_by(AlertEvent.id)
        .limit(BATCH)
    )
    found = tuple(session.scalars(query))
    return Batch(found) if found else None


def work(batch: Batch, tools: object) -> Outcome:  # noqa: ARG001 - the stations' shape
    """Nothing to compute: who is told is looked up where it is written down."""
    return batch


def record(session: Session, now: datetime, outcome: Outcome) -> None:
    """Tell each event once; whoever comes second finds it told."""
    insert = insert_of(session)
    for event_id in outcome.event_ids:
        event = session.get_one(AlertEvent, event_id)
        alert = session.get_one(Alert, event.alert_id)
        theme = session.get_one(Theme, alert.theme_id)
        item = _open_item(session, theme.id)
        owner_id = item.owner_id if item is not None else _owner_of_step(session, now, theme.topic_id)
        told = insert(AlertTelling).values(event_id=event_id, owner_id=owner_id, told_at=now)
        if session.scalar(told.on_conflict_do_nothing().returning(AlertTelling.event_id)) is None:
            continue
        letter = write_alert(alert, event.kind, theme.name)
        put_notice(session, now, item, owner_id, (EVENT, f"alert{alert.id}:{event_id}"), letter)
        _tell_others(session, now, alert, event, item)
    session.flush()


def write_alert(alert: Alert, kind: str, theme: str) -> Letter:
    """An alert in words: names, days and counts only."""
    name = one_line(theme, LONGEST_NAME)
    lead = {
        "opened": "A new problem is growing" if alert.kind == "emerging" else "More complaints than expected",
        "reopened": "Again more complaints than expected",
        "grew": "The excess of complaints has doubled",
    }[kind]
    since = f"Since {alert.excess_from:%a %d %b %Y} {alert.observed:.0f} people complained"
    usual = f"{alert.expected:.1f} were expected ({alert.expected_low:.0f} to {alert.expected_high:.0f})"
    seen = f"Counted up to {alert.last_day:%a %d %b %Y} (UTC)."
    return Letter(f'{lead}: "{name}"', f"{since}; {usual}.\n{seen}\n\nAlert {alert.id}, theme {alert.theme_id}: {name}")


def _tell_others(session: Session, now: datetime, alert: Alert, event: AlertEvent, item: ActionItem | None) -> None:
    tell(
        session,
        now,
        Happening.ALERT,
        f"alert:{alert.id}",
        alert_id=alert.id,
        event=event.kind,
        theme_id=alert.theme_id,
        item_id=None if item is None else item.id,
        kind=alert.kind,
        observed=alert.observed,
        expected=alert.expected,
        excess_from=alert.excess_from.isoformat(),
        last_day=alert.last_day.isoformat(),
    )


def _open_item(session: Session, theme_id: int) -> ActionItem | None:
    query = select(ActionItem).where(
        ActionItem.theme_id == theme_id, ActionItem.kind == "process", ActionItem.closed_at.is_(None)
    )
    return session.scalar(query.order_by(ActionItem.id).limit(1))


def _owner_of_step(session: Session, now: datetime, topic_id: int) -> int:
    topic = session.get_one(Topic, topic_id)
    return load_ownerships(session).owner_at(topic.process_id, topic.step_id, now).person.id
