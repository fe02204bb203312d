"""The tables of those who are told: subscriptions, what is on its way to them, and how owners want to be told."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, false, true
from sqlalchemy.orm import Mapped, mapped_column

from app.store.event_tables import Event
from app.store.row import Leased, Row, row_id
from app.store.tables import Owner


class Subscription(Row, Leased):
    """An endpoint that is told of events, one at a time and in their order; the row is its circuit as well.

    `attempts` counts failures since the last success, `last_error` is the last one's reason.
    """

    __tablename__ = "subscriptions"
    __writer__ = "act"
    id: Mapped[int] = row_id()
    name: Mapped[str]
    kind: Mapped[str] = mapped_column(String(16))  # file name of a channel that can be subscribed
    host: Mapped[str]  # the part of its address that may be shown
    url: Mapped[bytes]  # sealed: whoever knows it can post there
    secrets: Mapped[bytes | None]  # sealed, the newest first; None where the channel signs nothing
    types: Mapped[list[Any]]  # of events; none: all
    owner_id: Mapped[int | None] = mapped_column(ForeignKey(Owner.id))  # only events about their items
    verbatims: Mapped[str] = mapped_column(String(16))  # domain.quoting.Verbatims
    created_at: Mapped[datetime]
    paused_at: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]  # the receiver is gone, or nothing got through for days
    disabled_why: Mapped[str | None]
    slow: Mapped[bool] = mapped_column(default=False, server_default=false())  # not known to answer at once
    broken: Mapped[bool] = mapped_column(default=False, server_default=false())  # gave one up, and no success since
    retry_at: Mapped[datetime | None]  # nothing is sent before
    tried_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]


class Dispatch(Row):
    """One event on its way to one subscription: `pending`, `sent`, or `dead` until a person has it sent again."""

    __tablename__ = "dispatches"
    __writer__ = "act"
    __table_args__ = (
        UniqueConstraint("subscription_id", "event_id"),
        Index(None, "subscription_id", "state", "event_id"),
        Index(None, "state", "created_at"),
    )
    id: Mapped[int] = row_id()
    subscription_id: Mapped[int] = mapped_column(ForeignKey(Subscription.id, ondelete="CASCADE"))
    event_id: Mapped[int] = mapped_column(ForeignKey(Event.id))
    state: Mapped[str] = mapped_column(String(16), default="pending")
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    status: Mapped[int | None]  # what the receiver answered last
    last_error: Mapped[str | None]
    created_at: Mapped[datetime]
    tried_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]


class ContactChoice(Row):
    """How one owner wants to be told; without a row: by mail where there is an address, digests too."""

    __tablename__ = "contact_choices"
    __writer__ = "act"
    owner_id: Mapped[int] = mapped_column(ForeignKey(Owner.id), primary_key=True, autoincrement=False)
    channels: Mapped[list[Any] | None]  # besides the log; None: mail
    digests: Mapped[bool] = mapped_column(default=True, server_default=true())
