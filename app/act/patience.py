"""How long an item may lie untouched, and how long its clock may stand, before somebody hears of it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.domain.working import Working, parse_working
from app.store.tables import Policy

_IDLE, _PAUSE = "3 days", "10 days"


@dataclass(frozen=True, slots=True)
class Patience:
    """Both in working time of the calendar in which the item's deadline is counted."""

    idle: Working
    pause: Working


def read_patience(session: Session) -> Patience:
    """As the company's document says, else three and ten working days."""
    policy = session.get(Policy, 1)
    said = policy.document.get("defaults", {}) if policy is not None else {}
    return Patience(parse_working(said.get("idle", _IDLE)), parse_working(said.get("pause", _PAUSE)))
