"""Reading the reference data: owners, calendars, processes, steps, topics, rules, ownerships, policy."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.store.company_tables import OwnerLink, Team, TeamMember
from app.store.tables import (
    Calendar,
    JourneyStage,
    Owner,
    Ownership,
    Policy,
    Process,
    ProcessStep,
    RoutingRule,
    TaxonomyVersion,
    Topic,
)


def list_owners(session: Session, *, inactive: bool = False) -> Sequence[Owner]:
    """Owners by key."""
    query = select(Owner).order_by(Owner.key)
    return session.scalars(query if inactive else query.where(Owner.active)).all()


def find_owner(session: Session, key: str) -> Owner | None:
    """The owner with this key, active or not."""
    return session.scalar(select(Owner).where(Owner.key == key))


def is_here(owner: Owner, at: datetime) -> bool:
    """Whether an owner belongs to the company on the UTC day of ``at``; they may be away."""
    day = at.astimezone(UTC).date()
    come = owner.valid_from is None or owner.valid_from <= day
    return owner.active and come and (owner.valid_to is None or day < owner.valid_to)


def list_teams(session: Session, *, inactive: bool = False) -> Sequence[Team]:
    """Teams by key."""
    query = select(Team).order_by(Team.key)
    return session.scalars(query if inactive else query.where(Team.active)).all()


def list_team_members(session: Session) -> Sequence[TeamMember]:
    """Every period of membership, past and future ones too, oldest first."""
    rows = session.scalars(select(TeamMember)).all()
    return sorted(rows, key=lambda row: (row.valid_from or date.min, row.id))


def list_owner_links(session: Session) -> Sequence[OwnerLink]:
    """Every dated manager and deputy, past and future ones too, oldest first."""
    rows = session.scalars(select(OwnerLink)).all()
    return sorted(rows, key=lambda row: (row.valid_from or date.min, row.id))


def list_calendars(session: Session, *, inactive: bool = False) -> Sequence[Calendar]:
    """Calendars by key."""
    query = select(Calendar).order_by(Calendar.key)
    return session.scalars(query if inactive else query.where(Calendar.active)).all()


def list_stages(session: Session, *, inactive: bool = False) -> Sequence[JourneyStage]:
    """Journey stages in their order."""
    query = select(JourneyStage).order_by(JourneyStage.position, JourneyStage.id)
    return session.scalars(query if inactive else query.where(JourneyStage.active)).all()


def list_processes(session: Session, *, inactive: bool = False) -> Sequence[Process]:
    """Processes by key."""
    query = select(Process).order_by(Process.key)
    return session.scalars(query if inactive else query.where(Process.active)).all()


def list_steps(session: Session, *, inactive: bool = False) -> Sequence[ProcessStep]:
    """Steps by process and in their order."""
    query = select(ProcessStep).order_by(ProcessStep.process_id, ProcessStep.position, ProcessStep.id)
    return session.scalars(query if inactive else query.where(ProcessStep.active)).all()


def list_ownerships(session: Session) -> Sequence[Ownership]:
    """Every period of ownership, past and future ones too, oldest first."""
    rows = session.scalars(select(Ownership)).all()
    return sorted(rows, key=lambda row: (row.valid_from or date.min, row.id))


def list_topics(session: Session, *, inactive: bool = False) -> Sequence[Topic]:
    """Topics by key."""
    query = select(Topic).order_by(Topic.key)
    return session.scalars(query if inactive else query.where(Topic.active)).all()


def find_topic(session: Session, topic_id: int) -> Topic | None:
    """The topic with this id, active or not."""
    return session.get(Topic, topic_id)


def list_rules(session: Session, *, inactive: bool = False) -> Sequence[RoutingRule]:
    """Routing rules in the order in which they are tried."""
    query = select(RoutingRule).order_by(RoutingRule.position, RoutingRule.id)
    return session.scalars(query if inactive else query.where(RoutingRule.active)).all()


def find_policy(session: Session) -> Policy | None:
    """The policy, or None before the first document is applied."""
    return session.get(Policy, 1)


def latest_taxonomy(session: Session) -> TaxonomyVersion | None:
    """The published topics, or None before the first document is applied."""
    return session.scalar(select(TaxonomyVersion).order_by(TaxonomyVersion.id.desc()).limit(1))
