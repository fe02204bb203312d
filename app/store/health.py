"""What an operator wants to know: what waits, since when, and whether a worker is alive."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import func, select, type_coerce
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.domain.feedback import DeliveryState, FeedbackState
from app.store.act_tables import Notice
from app.store.drift import last_readings
from app.store.subscription_tables import Dispatch, Subscription
from app.store.tables import Delivery, Feedback, WorkerHeartbeat
from app.store.types import Utc


@dataclass(frozen=True)
class Waiting:
    """Rows of one table: how many are in each state, and since when the oldest one waits to be worked on."""

    table: str
    states: dict[str, int]
    oldest: datetime | None

    def age_s(self, now: datetime) -> float:
        """Seconds that the oldest row has waited; 0 when none waits."""
        return max(0.0, (now - self.oldest).total_seconds()) if self.oldest else 0.0


def waiting_rows(session: Session) -> list[Waiting]:
    """Deliveries, feedback, notices and dispatches by state."""
    return [
        _waiting(session, Delivery.__tablename__, Delivery.state, DeliveryState.RECEIVED, Delivery.received_at),
        _waiting(session, Feedback.__tablename__, Feedback.state, FeedbackState.PENDING, Feedback.received_at),
        _waiting(session, Notice.__tablename__, Notice.state, "pending", Notice.created_at),
        _dispatches(session),
    ]


def heartbeat_ages(session: Session) -> list[float]:
    """Seconds since the last heartbeat of each worker, youngest first, by the database's clock."""
    present = session.scalars(select(type_coerce(func.now(), Utc()))).one()
    beats: Iterable[datetime] = session.scalars(select(WorkerHeartbeat.beat_at))
    return sorted(max(0.0, (present - beat).total_seconds()) for beat in beats)


def drift_alarms(session: Session) -> dict[str, bool]:
    """Whether each drift alarm is on, by statistic; empty before the first reading."""
    return {row.statistic: row.alarm for row in last_readings(session)}


def _dispatches(session: Session) -> Waiting:
    """What waits for an endpoint that fails or is paused is late for a reason of its own."""
    found = _waiting(session, Dispatch.__tablename__, Dispatch.state, "pending", Dispatch.created_at)
    well = (Subscription.paused_at.is_(None), Subscription.disabled_at.is_(None), Subscription.attempts == 0)
    oldest = (
        select(func.min(Dispatch.created_at))
        .join(Subscription, Subscription.id == Dispatch.subscription_id)
        .where(Dispatch.state == "pending", *well)
    )
    return replace(found, oldest=session.scalars(oldest).one())


def _waiting(
    session: Session, table: str, state: InstrumentedAttribute[str], due: str, since: InstrumentedAttribute[datetime]
) -> Waiting:
    counted = session.execute(select(state, func.count()).group_by(state)).all()
    return Waiting(
        table=table,
        states={name: count for name, count in counted},  # noqa: C416 - rows are no pairs to the type checker
        oldest=session.scalars(select(func.min(since)).where(state == due)).one(),
    )
