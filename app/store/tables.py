"""The tables as plain row classes; those of the rooms with many have a file each (`theme_tables`, `act_tables`, ...).

`__writer__` names the one room that may write a table's rows.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from app.store.act_tables import Change
from app.store.company_tables import Team
from app.store.people_tables import User
from app.store.row import Document, Leased, Row, row_id, unique_where
from app.store.theme_tables import Theme

# Reference data ------------------------------------------------------------------------------------------------------


class Calendar(Row):
    """A business calendar: working intervals per weekday in a zone, less holidays and closed days."""

    __tablename__ = "calendars"
    __writer__ = "processes"
    id: Mapped[int] = row_id()
    key: Mapped[str] = mapped_column(unique=True)
    zone: Mapped[str]
    week: Mapped[Document]  # {"mon": [["09:00", "12:30"], ["13:30", "17:00"]], ...}
    country: Mapped[str | None]  # ISO 3166 code for the holidays library
    subdivision: Mapped[str | None]
    closed: Mapped[list[Any]]  # ISO dates closed besides holidays
    active: Mapped[bool] = mapped_column(default=True)


class Owner(Row):
    """A named person who can own a process, stand in for one, or be escalated to."""

    __tablename__ = "owners"
    __writer__ = "processes"
    id: Mapped[int] = row_id()
    key: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    email: Mapped[str | None]
    manager_id: Mapped[int | None] = mapped_column(ForeignKey("owners.id"))
    deputy_id: Mapped[int | None] = mapped_column(ForeignKey("owners.id"))
    calendar_id: Mapped[int] = mapped_column(ForeignKey("calendars.id"))
    absences: Mapped[list[Any]]  # of the document: [{"from": ISO date, "to": ISO date}], both inclusive
    own_absences: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")  # told by the owner; same shape
    valid_from: Mapped[date | None]  # first UTC day in the company; None: always was
    valid_to: Mapped[date | None]  # first UTC day no longer in it
    active: Mapped[bool] = mapped_column(default=True)


class JourneyStage(Row):
    """A stage of the customer journey, in order."""

    __tablename__ = "journey_stages"
    __writer__ = "processes"
    id: Mapped[int] = row_id()
    key: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    position: Mapped[int]
    active: Mapped[bool] = mapped_column(default=True)


class Process(Row):
    """A business process inside a journey stage."""

    __tablename__ = "processes"
    __writer__ = "processes"
    id: Mapped[int] = row_id()
    key: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    stage_id: Mapped[int | None] = mapped_column(ForeignKey("journey_stages.id"))
    active: Mapped[bool] = mapped_column(default=True)


class ProcessStep(Row):
    """A step of a process, in order."""

    __tablename__ = "process_steps"
    __writer__ = "processes"
    __table_args__ = (UniqueConstraint("process_id", "key"),)
    id: Mapped[int] = row_id()
    process_id: Mapped[int] = mapped_column(ForeignKey("processes.id"))
    key: Mapped[str]
    name: Mapped[str]
    position: Mapped[int]
    active: Mapped[bool] = mapped_column(default=True)


class Ownership(Row):
    """Which owner or team has a process, or one step of it, from when until when (half-open, None = no end)."""

    __tablename__ = "ownerships"
    __writer__ = "processes"
    id: Mapped[int] = row_id()
    process_id: Mapped[int] = mapped_column(ForeignKey("processes.id"), index=True)
    step_id: Mapped[int | None] = mapped_column(ForeignKey("process_steps.id"))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("owners.id"))  # or a team
    team_id: Mapped[int | None] = mapped_column(ForeignKey(Team.id))
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]


class TaxonomyVersion(Row):
    """The topics as they were published, whole, so that a change of topics is a known event for every verdict."""

    __tablename__ = "taxonomy_versions"
    __writer__ = "processes"
    id: Mapped[int] = row_id()
    digest: Mapped[str]
    document: Mapped[Document]  # {"topics": {key: fields}}
    published_at: Mapped[datetime]
    actor: Mapped[str | None]  # None: published before this was kept
    restores_id: Mapped[int | None]  # the older version whose topics these are
    relabels: Mapped[bool] = mapped_column(default=False, server_default=false())  # what was read before is read anew


class TaxonomyDraft(Row):
    """Topics that somebody thinks of publishing; nothing reads with them but previews."""

    __tablename__ = "taxonomy_drafts"
    __writer__ = "processes"
    id: Mapped[int] = row_id()
    version_id: Mapped[int | None] = mapped_column(ForeignKey("taxonomy_versions.id"))  # current when it was made
    document: Mapped[Document]  # as in taxonomy_versions
    actor: Mapped[str]
    created_at: Mapped[datetime]
    published_id: Mapped[int | None] = mapped_column(ForeignKey("taxonomy_versions.id"))  # what it became


class Topic(Row):
    """A node of the taxonomy; belongs to a process and usually a step."""

    __tablename__ = "topics"
    __writer__ = "processes"
    id: Mapped[int] = row_id()
    key: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    description: Mapped[str]
    examples: Mapped[list[Any]]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("topics.id"))
    process_id: Mapped[int | None] = mapped_column(ForeignKey("processes.id"))
    step_id: Mapped[int | None] = mapped_column(ForeignKey("process_steps.id"))
    active: Mapped[bool] = mapped_column(default=True)


class RoutingRule(Row):
    """One ordered rule: when these facts hold, then this owner and these durations."""

    __tablename__ = "routing_rules"
    __writer__ = "processes"
    id: Mapped[int] = row_id()
    key: Mapped[str] = mapped_column(unique=True)
    position: Mapped[int]
    when: Mapped[Document]
    then: Mapped[Document]
    valid_from: Mapped[date | None]  # UTC days, half-open, None: open
    valid_to: Mapped[date | None]
    active: Mapped[bool] = mapped_column(default=True)


class Policy(Row):
    """The one row (id 1) of thresholds, default durations, escalation ladder and fallback owner."""

    __tablename__ = "policies"
    __writer__ = "processes"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    fallback_owner_id: Mapped[int] = mapped_column(ForeignKey("owners.id"))
    document: Mapped[Document]
    applied_at: Mapped[datetime]


# What comes in -------------------------------------------------------------------------------------------------------


class Source(Row):
    """A configured connector: where feedback comes from."""

    __tablename__ = "sources"
    __writer__ = "ingest"
    id: Mapped[int] = row_id()
    key: Mapped[str] = mapped_column(unique=True)
    connector: Mapped[str]
    config: Mapped[Document]
    secrets: Mapped[bytes | None]  # encrypted JSON list, newest first; at most two are live
    created_at: Mapped[datetime]
    paused_at: Mapped[datetime | None]
    pull_token: Mapped[bytes | None]  # encrypted; with it, what thin events name is fetched from the sender


class Delivery(Row, Leased):
    """One raw payload as received, kept verbatim until its retention ends; replayable."""

    __tablename__ = "deliveries"
    __writer__ = "ingest"
    __table_args__ = (Index(None, "state", "leased_until"), Index(None, "source_id", "sender_ref"))
    id: Mapped[int] = row_id()
    source_id: Mapped[int] = mapped_column(ForeignKey("sources.id"))
    sender_ref: Mapped[str | None]  # the sender's own delivery id
    digest: Mapped[str]  # SHA-256 of the body
    content_type: Mapped[str]
    headers: Mapped[Document]
    body: Mapped[bytes | None]  # None once retention has ended
    received_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(default="received")  # domain.feedback.DeliveryState
    reason: Mapped[str | None]
    unpacked_at: Mapped[datetime | None]


class Fetch(Row, Leased):
    """What a thin event only named: it is fetched, or comes by another way, or is given up."""

    __tablename__ = "fetches"
    __writer__ = "ingest"
    __table_args__ = (Index(None, "state", "leased_until"), Index(None, "source_id", "external_id"))
    id: Mapped[int] = row_id()
    delivery_id: Mapped[int] = mapped_column(ForeignKey("deliveries.id"), index=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("sources.id"))
    external_id: Mapped[str]
    path: Mapped[str]  # what to ask the sender's API for
    occurred_at: Mapped[datetime | None]
    asked_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(16), default="open")  # domain.feedback.FetchState


class Feedback(Row, Leased):
    """One customer utterance in one medium; its turns and scores hang on it."""

    __tablename__ = "feedback"
    __writer__ = "ingest"
    __table_args__ = (
        UniqueConstraint("source_id", "external_id"),
        Index(None, "state", "leased_until"),
        Index(None, "occurred_at"),
        Index(None, "customer_ref"),
        Index("ix_feedback_case_due", "id", sqlite_where=text("case_due"), postgresql_where=text("case_due")),
    )
    id: Mapped[int] = row_id()
    source_id: Mapped[int] = mapped_column(ForeignKey("sources.id"))
    external_id: Mapped[str]
    version: Mapped[int] = mapped_column(default=0)  # the sender's number, or its update time in microseconds
    digest: Mapped[str]  # SHA-256 of the item's content
    content_rev: Mapped[int] = mapped_column(default=1)  # +1 with each accepted version
    delivery_id: Mapped[int | None] = mapped_column(ForeignKey("deliveries.id"))
    medium: Mapped[str] = mapped_column(String(16))
    occurred_at: Mapped[datetime]
    received_at: Mapped[datetime]
    language: Mapped[str | None]
    question: Mapped[str | None]
    customer_ref: Mapped[str | None]
    customer_email: Mapped[str | None]
    customer_name: Mapped[str | None]
    segment: Mapped[str | None]
    case_ref: Mapped[str | None]
    attributes: Mapped[Document]
    state: Mapped[str] = mapped_column(default="pending")  # domain.feedback.FeedbackState
    language_guess: Mapped[str | None] = mapped_column(String(16))  # what it seems to be written in, once it was read
    unread: Mapped[str | None] = mapped_column(String(16))  # why it has no mentions: language, no_content
    case_due: Mapped[bool] = mapped_column(default=False, server_default=false())  # read; no rule for cases looked yet


class Turn(Row):
    """One speaker's part; a plain text is one customer turn."""

    __tablename__ = "turns"
    __writer__ = "ingest"
    feedback_id: Mapped[int] = mapped_column(ForeignKey("feedback.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    role: Mapped[str] = mapped_column(String(16))
    text: Mapped[str]
    at: Mapped[datetime | None]
    speaker: Mapped[str | None]
    ref: Mapped[str | None]  # the source's own id of this turn
    question: Mapped[str | None]  # that it answers
    version: Mapped[int] = mapped_column(default=0, server_default="0")  # of the item that it came with


class Score(Row):
    """A structured answer with its scale."""

    __tablename__ = "scores"
    __writer__ = "ingest"
    feedback_id: Mapped[int] = mapped_column(ForeignKey("feedback.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    metric: Mapped[str] = mapped_column(String(32))
    value: Mapped[float]
    low: Mapped[float]
    high: Mapped[float]
    raw: Mapped[str | None]  # what the source wrote, where it was no number


# What we make of it --------------------------------------------------------------------------------------------------


# Who acts ------------------------------------------------------------------------------------------------------------


class Routing(Row):
    """The decision theme -> step -> owner -> deadline, with the rule that made it and why."""

    __tablename__ = "routings"
    __writer__ = "route"
    __table_args__ = (unique_where("uq_routings_current", "theme_id", "process_id", where="superseded_at IS NULL"),)
    id: Mapped[int] = row_id()
    theme_id: Mapped[int] = mapped_column(ForeignKey(Theme.id))
    process_id: Mapped[int | None] = mapped_column(ForeignKey("processes.id"))
    step_id: Mapped[int | None] = mapped_column(ForeignKey("process_steps.id"))
    owner_id: Mapped[int] = mapped_column(ForeignKey("owners.id"))
    rule: Mapped[str | None]  # key of the rule; None: the ownership map alone
    holder: Mapped[str | None]  # whose it was by rule or map: owner:KEY, team:KEY, fallback; None: a person chose
    why: Mapped[list[Any]]  # sentences
    facts: Mapped[Document] = mapped_column(default=dict, server_default="{}")  # domain.routing.ThemeFacts
    trigger_from: Mapped[date]  # first and last day of the window whose count opened it
    trigger_to: Mapped[date]
    complaints: Mapped[int]  # in that window
    people: Mapped[int]
    goal_at: Mapped[datetime]
    deadline_at: Mapped[datetime]
    goal_why: Mapped[Document]  # {"working": minutes, "counted": [[start, end], ...], "closed": [...]}
    deadline_why: Mapped[Document]
    ladder: Mapped[list[Any]]  # [{"at": ISO instant, "owner_id": 3, "role": "manager"}, ...] fixed here
    decided_at: Mapped[datetime]
    reviewed_at: Mapped[datetime | None]  # when it was last looked at again because the organisation had changed
    superseded_at: Mapped[datetime | None]


# Whether it worked ---------------------------------------------------------------------------------------------------


class Exposure(Row):
    """The denominator of a rate: how many orders, contacts or customers on a day."""

    __tablename__ = "exposures"
    __writer__ = "measure"
    series: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    count: Mapped[float]


class Registration(Row):
    """What a change is judged by, frozen when it is deployed: target, controls, exposure, method."""

    __tablename__ = "registrations"
    __writer__ = "measure"
    change_id: Mapped[int] = mapped_column(ForeignKey(Change.id), primary_key=True)
    design: Mapped[Document]
    registered_at: Mapped[datetime]


class Measurement(Row):
    """One look at a change: everything that the verdict used, and the verdict."""

    __tablename__ = "measurements"
    __writer__ = "measure"
    __table_args__ = (UniqueConstraint("change_id", "day"),)
    id: Mapped[int] = row_id()
    change_id: Mapped[int] = mapped_column(ForeignKey(Change.id))
    day: Mapped[date]  # the last day that was counted
    verdict: Mapped[str] = mapped_column(String(16))
    rate_ratio: Mapped[float | None]
    ci_low: Mapped[float | None]
    ci_high: Mapped[float | None]
    p_value: Mapped[float | None]
    relapse: Mapped[bool] = mapped_column(default=False)
    reasons: Mapped[list[Any]]
    case: Mapped[Document]  # the case as given to the estimator: recomputes to the same numbers
    result: Mapped[Document]  # fit, band and checks for charts
    method: Mapped[str]  # estimator version
    measured_at: Mapped[datetime]


# Governance and plumbing ---------------------------------------------------------------------------------------------


class ApiKey(Row):
    """A machine's credential: only a SHA-256 of the secret is kept."""

    __tablename__ = "api_keys"
    __writer__ = "access"
    id: Mapped[int] = row_id()
    public_id: Mapped[str] = mapped_column(unique=True)
    digest: Mapped[str]
    name: Mapped[str]
    scopes: Mapped[list[Any]]
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("owners.id"))  # acts as this owner
    source_id: Mapped[int | None] = mapped_column(ForeignKey("sources.id"))  # may write to this source only
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_on: Mapped[date | None]
    replaced_by_id: Mapped[int | None]  # the key that took its place when it was rotated


class BrowserSession(Row):
    """A person's signed-in browser; the cookie holds a token of which only the digest is kept."""

    __tablename__ = "browser_sessions"
    __writer__ = "access"
    digest: Mapped[str] = mapped_column(primary_key=True)
    api_key_id: Mapped[int | None] = mapped_column(ForeignKey("api_keys.id"))  # signed in with this key
    user_id: Mapped[int | None] = mapped_column(ForeignKey(User.id), index=True)  # or as this person
    csrf: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class AuditEvent(Row):
    """Who did what to which object; append-only."""

    __tablename__ = "audit_events"
    __writer__ = "access"
    id: Mapped[int] = row_id()
    at: Mapped[datetime] = mapped_column(index=True)
    actor: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]  # e.g. "action_item:12"
    facts: Mapped[Document]


class WorkerHeartbeat(Row):
    """A worker process that is alive; one without a fresh beat has its jobs taken over."""

    __tablename__ = "worker_heartbeats"
    __writer__ = "engine"
    executor_id: Mapped[str] = mapped_column(primary_key=True)
    beat_at: Mapped[datetime]


class KeptAnswer(Row):
    """What a request under an `Idempotency-Key` was answered, so that sending it again does nothing again."""

    __tablename__ = "kept_answers"
    __writer__ = "access"
    __table_args__ = (UniqueConstraint("credential", "method", "path", "key"),)
    id: Mapped[int] = row_id()
    credential: Mapped[str]  # the actor's name
    method: Mapped[str] = mapped_column(String(16))
    path: Mapped[str]
    key: Mapped[str] = mapped_column(String(255))
    fingerprint: Mapped[str] = mapped_column(String(64))  # SHA-256 of the body and the query
    status: Mapped[int]
    headers: Mapped[Document]
    body: Mapped[bytes]  # encrypted: an answer may hold a secret that is shown once
    created_at: Mapped[datetime] = mapped_column(index=True)
