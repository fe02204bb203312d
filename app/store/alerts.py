"""Reading alerts: lists for those who poll, one alert with its life."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, exists, func, or_, select
from sqlalchemy.orm import Session

from app.domain.actor import Actor
from app.errors import AppError, Kind
from app.store.act_tables import ActionItem
from app.store.alert_tables import Alert, AlertEvent, AlertTelling
from app.store.items import theme_visible_to
from app.store.keyset import After, keyset_page
from app.store.tables import Topic
from app.store.theme_tables import Theme


@dataclass(frozen=True, slots=True)
class AlertFilter:
    """Which alerts are wanted; a part that is None or empty wants all.

    Attributes:
        states: In one of these states.
        theme_id: Of this theme.
        topic: Of themes of the topic with this key.
        owner_id: Of themes that this owner has an action item for.
        since: Changed at or after this instant.
    """

    states: frozenset[str] = frozenset()
    theme_id: int | None = None
    topic: str | None = None
    owner_id: int | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class AlertRow:
    """An alert with the names that a reader needs."""

    alert: Alert
    theme: str
    topic: str


def list_alerts(session: Session, actor: Actor, wanted: AlertFilter, after: After | None, limit: int) -> list[AlertRow]:
    """Alerts that `actor` may see, last opened first; one more than `limit` where more follow."""
    query = _with_names().where(*_conditions(actor, wanted))
    page = keyset_page(query, (Alert.opened_at, Alert.id), after, limit)
    return [AlertRow(*row) for row in session.execute(page)]


def alerts_etag(session: Session, actor: Actor, wanted: AlertFilter) -> tuple[datetime | None, int, int]:
    """What the list depends on: the last change, how many there are, and the sum of their versions."""
    moved = func.coalesce(func.sum(Alert.version), 0)
    query = (
        select(func.max(Alert.updated_at), func.count(), moved)
        .join(Theme, Theme.id == Alert.theme_id)
        .join(Topic, Topic.id == Theme.topic_id)
    )
    changed, count, total = session.execute(query.where(*_conditions(actor, wanted))).one()
    return changed, count, int(total)


def get_alert(session: Session, actor: Actor, alert_id: int) -> AlertRow:
    """One alert.

    Raises:
        AppError: `alert_not_found`, also for alerts that `actor` may not see.
    """
    row = session.execute(_with_names().where(Alert.id == alert_id, _visible_to(actor))).one_or_none()
    if row is None:
        message = "There is no such alert among those you can see. List them at /v1/alerts."
        raise AppError(Kind.NOT_FOUND, "alert_not_found", message)
    return AlertRow(*row)


def alert_history(session: Session, alert_id: int) -> Sequence[AlertEvent]:
    """The life of an alert, oldest first; ask `get_alert` first whether the reader may see it."""
    query = select(AlertEvent).where(AlertEvent.alert_id == alert_id).order_by(AlertEvent.id)
    return session.scalars(query).all()


def _visible_to(actor: Actor) -> ColumnElement[bool]:
    """Alerts of themes that `actor` may see, and those that they were told of."""
    told = exists().where(
        AlertEvent.alert_id == Alert.id,
        AlertTelling.event_id == AlertEvent.id,
        AlertTelling.owner_id == actor.owner_id,
    )
    return theme_visible_to(actor) if actor.sees_all or actor.owner_id is None else or_(theme_visible_to(actor), told)


def _with_names() -> Select[Alert, str, str]:
    return (
        select(Alert, Theme.name, Topic.key)
        .join(Theme, Theme.id == Alert.theme_id)
        .join(Topic, Topic.id == Theme.topic_id)
    )


def _conditions(actor: Actor, wanted: AlertFilter) -> list[ColumnElement[bool]]:
    conditions = [_visible_to(actor)]
    if wanted.states:
        conditions.append(Alert.state.in_(sorted(wanted.states)))
    if wanted.theme_id is not None:
        conditions.append(Alert.theme_id == wanted.theme_id)
    if wanted.topic is not None:
        conditions.append(Topic.key == wanted.topic)
    if wanted.owner_id is not None:
        own = exists().where(ActionItem.theme_id == Theme.id, ActionItem.owner_id == wanted.owner_id)
        conditions.append(own)
    if wanted.since is not None:
        conditions.append(Alert.updated_at >= wanted.since)
    return conditions
