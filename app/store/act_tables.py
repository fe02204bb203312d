"""The tables of the act room."""

from datetime import date, datetime
from typing import Any, cast

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.orm import Mapped, mapped_column

from app.store.row import Document, Leased, Row, row_id, unique_where


class ActionItem(Row):
    """One piece of open work with an owner and deadlines."""

    __tablename__ = "action_items"
    __writer__ = "act"
    __table_args__ = (
        unique_where("uq_action_items_open", "theme_id", "process_id", where="closed_at IS NULL AND kind = 'process'"),
        Index(None, "owner_id", "updated_at"),
        Index(None, "feedback_id"),
    )
    id: Mapped[int] = row_id()
    kind: Mapped[str] = mapped_column(String(16))  # process or case
    theme_id: Mapped[int | None] = mapped_column(ForeignKey("themes.id"))
    feedback_id: Mapped[int | None] = mapped_column(ForeignKey("feedback.id", ondelete="SET NULL"))
    process_id: Mapped[int | None] = mapped_column(ForeignKey("processes.id"))
    step_id: Mapped[int | None] = mapped_column(ForeignKey("process_steps.id"))
    owner_id: Mapped[int] = mapped_column(ForeignKey("owners.id"))
    routing_id: Mapped[int | None] = mapped_column(ForeignKey("routings.id"), unique=True)
    case_routing_id: Mapped[int | None] = mapped_column(index=True, unique=True)  # of a case; no foreign key: see 0012
    title: Mapped[str]
    state: Mapped[str] = mapped_column(String(24))  # domain.items.State
    version: Mapped[int] = mapped_column(default=1)  # optimistic lock: +1 with each change
    opened_at: Mapped[datetime]
    goal_at: Mapped[datetime]
    deadline_at: Mapped[datetime]
    ladder: Mapped[list[Any]]
    counting: Mapped[Document | None]  # {"since", "goal", "deadline", "ladder"} when the clock began; None: as routed
    rung: Mapped[int] = mapped_column(default=0)  # rungs of the ladder already climbed
    snoozed_until: Mapped[datetime | None]
    reason: Mapped[str | None]  # of a decline, or what the customer of a case was answered
    duplicate_of_id: Mapped[int | None] = mapped_column(ForeignKey("action_items.id"))
    settled_measurement_id: Mapped[int | None]  # the last verdict that moved this item
    acknowledged_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    looked_on: Mapped[date | None]  # last day counted when it was asked whether a finished item's problem is back
    cleared_at: Mapped[datetime | None]  # when the words about an erased customer were taken out of a case


class Pause(Row):
    """A time for which the clock of an item stands, because its owner waits for somebody outside."""

    __tablename__ = "pauses"
    __writer__ = "act"
    __table_args__ = (unique_where("uq_pauses_open", "item_id", where="ended_at IS NULL"),)
    id: Mapped[int] = row_id()
    item_id: Mapped[int] = mapped_column(ForeignKey("action_items.id"), index=True)
    reason: Mapped[str] = mapped_column(String(24))  # domain.items.PauseReason
    note: Mapped[str | None]
    started_at: Mapped[datetime]
    actor: Mapped[str]
    limit_at: Mapped[datetime]  # when the manager is told that it waits so long
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]
    why: Mapped[Document | None]  # what was counted and what moved: domain.recount.Stop


class ItemEvent(Row):
    """One line of an action item's history, comments included; append-only."""

    __tablename__ = "item_events"
    __writer__ = "act"
    id: Mapped[int] = row_id()
    item_id: Mapped[int] = mapped_column(ForeignKey("action_items.id"), index=True)
    at: Mapped[datetime]
    actor: Mapped[str]
    kind: Mapped[str] = mapped_column(String(24))
    from_state: Mapped[str | None] = mapped_column(String(24))
    to_state: Mapped[str | None] = mapped_column(String(24))
    text: Mapped[str | None]  # reason or comment
    facts: Mapped[Document]


class Change(Row):
    """A process change: what, to which step, from when, with which target; written down before the result is known."""

    __tablename__ = "changes"
    __writer__ = "act"
    id: Mapped[int] = row_id()
    item_id: Mapped[int] = mapped_column(ForeignKey("action_items.id"), index=True)
    theme_id: Mapped[int] = mapped_column(ForeignKey("themes.id"))
    process_id: Mapped[int | None] = mapped_column(ForeignKey("processes.id"))
    step_id: Mapped[int | None] = mapped_column(ForeignKey("process_steps.id"))
    description: Mapped[str]
    planned_for: Mapped[date | None]
    target_reduction: Mapped[float]  # 0..1 of the complaint rate
    margin: Mapped[float] = mapped_column(default=0.2)
    trigger_from: Mapped[date | None]  # the window that opened the item: no part of the baseline if it stands out
    trigger_to: Mapped[date | None]
    rollout_from: Mapped[date | None]
    rollout_to: Mapped[date | None]  # last day that is not yet fully in effect; None with rollout_from: at once
    planned_at: Mapped[datetime]
    deployed_at: Mapped[datetime | None]  # when the deployment was recorded
    withdrawn_at: Mapped[datetime | None]
    actor: Mapped[str]


def _at_once(context: DefaultExecutionContext) -> datetime:
    values: dict[str, Any] = context.get_current_parameters()  # type: ignore[no-untyped-call]
    return cast("datetime", values["created_at"])


class Notice(Row, Leased):
    """One message to one owner by one channel: the outbox, and what waits for it.

    It is `waiting` until its receiver works and their mailbox is free, then `pending` until a channel takes it: `sent`,
    `skipped` (no such channel) or `parked` (failed too often). `merged`: it went out as a part of another one.
    `withdrawn`: it had lost its point before it went out. `digest`: it is kept for its receiver's digest.
    """

    __tablename__ = "notices"
    __writer__ = "act"
    __table_args__ = (Index(None, "state", "leased_until"),)
    id: Mapped[int] = row_id()
    key: Mapped[str] = mapped_column(unique=True)  # item, event and channel: sent once however often it is asked for
    item_id: Mapped[int | None] = mapped_column(ForeignKey("action_items.id"), index=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("owners.id"))
    channel: Mapped[str]
    event: Mapped[str] = mapped_column(String(24))
    subject: Mapped[str]
    body: Mapped[str]
    parts: Mapped[list[Any] | None]  # of a message that tells several things: channels.contract.Part
    state: Mapped[str] = mapped_column(String(16), default="pending")
    not_before: Mapped[datetime] = mapped_column(default=_at_once)  # else an opening of the receiver's calendar
    coalesced_into_id: Mapped[int | None] = mapped_column(ForeignKey("notices.id"), index=True)
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]


class Mailbox(Row):
    """How soon a person can be written to again by a channel; its lock keeps two messages from going out at once."""

    __tablename__ = "mailboxes"
    __writer__ = "act"
    __table_args__ = (UniqueConstraint("owner_id", "channel"),)
    id: Mapped[int] = row_id()
    owner_id: Mapped[int] = mapped_column(ForeignKey("owners.id"))
    channel: Mapped[str]
    free_at: Mapped[datetime]


class NoticePreference(Row):
    """What an owner chose to be told at once, with the digest or not at all; without a row everything is as usual."""

    __tablename__ = "notice_preferences"
    __writer__ = "act"
    id: Mapped[int] = row_id()
    owner_id: Mapped[int] = mapped_column(ForeignKey("owners.id"), unique=True)
    events: Mapped[Document]  # domain.telling: Occasion -> When
    digest: Mapped[str] = mapped_column(String(16))  # weekly or daily; whether one is wanted stands in contact_choices
    updated_at: Mapped[datetime]


class Digest(Row):
    """That the digest of a person for a day was made, or found to be empty."""

    __tablename__ = "digests"
    __writer__ = "act"
    __table_args__ = (UniqueConstraint("owner_id", "day"),)
    id: Mapped[int] = row_id()
    owner_id: Mapped[int] = mapped_column(ForeignKey("owners.id"))
    day: Mapped[date]  # by the wall clock of the owner's calendar
    since: Mapped[datetime]  # what happened from here on is in it
    composed_at: Mapped[datetime]
    empty: Mapped[bool]
