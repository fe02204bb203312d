"""Tables of the reference data beside those in `tables`: teams, and managers and deputies that change on a day."""

from datetime import date

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.store.row import Row, row_id


class Team(Row):
    """Owners who share work: a process, a step or a rule may name the team, one of its members gets each item."""

    __tablename__ = "teams"
    __writer__ = "processes"
    id: Mapped[int] = row_id()
    key: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    active: Mapped[bool] = mapped_column(default=True)


class TeamMember(Row):
    """Who belongs to a team from when until when (half-open UTC days, None = no end)."""

    __tablename__ = "team_members"
    __writer__ = "processes"
    id: Mapped[int] = row_id()
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id"), index=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("owners.id"))
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]


class OwnerLink(Row):
    """Who is an owner's manager or deputy from when until when; where it is always the same one, `owners` says who."""

    __tablename__ = "owner_links"
    __writer__ = "processes"
    id: Mapped[int] = row_id()
    owner_id: Mapped[int] = mapped_column(ForeignKey("owners.id"), index=True)
    role: Mapped[str] = mapped_column(String(16))  # domain.ownership.Role
    other_id: Mapped[int] = mapped_column(ForeignKey("owners.id"))
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]
