"""Who asks: the identity and the rights that a command or query is carried out with."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Scope(StrEnum):
    """What a credential may do."""

    INGEST_WRITE = "ingest:write"
    ITEMS_READ = "items:read"
    ITEMS_WRITE = "items:write"
    ANALYST = "analyst"
    PII_READ = "pii:read"
    ADMIN = "admin"


class UserRole(StrEnum):
    """Scopes under one name, for people."""

    OWNER = "owner"
    ANALYST = "analyst"
    ADMIN = "admin"


SCOPES_OF: Mapping[UserRole, frozenset[Scope]] = {
    UserRole.OWNER: frozenset({Scope.ITEMS_READ, Scope.ITEMS_WRITE}),
    UserRole.ANALYST: frozenset({Scope.ANALYST}),
    UserRole.ADMIN: frozenset({Scope.ADMIN}),
}
"""What each role may do; customers' names and addresses need `pii:read` beside it, but for the administrator."""


@dataclass(frozen=True)
class Actor:
    """Someone who acts.

    Attributes:
        name: How the audit names them, e.g. "key:crm", "cli", "station:escalate".
        scopes: What they may do; `admin` includes every other scope.
        owner_id: The process owner they are, if they are one; without `analyst` they see only that owner's items.
        source_id: The only source they may write to, if bound to one.
    """

    name: str
    scopes: frozenset[Scope] = frozenset()
    owner_id: int | None = None
    source_id: int | None = None

    def may(self, scope: Scope) -> bool:
        """Whether the actor holds `scope`."""
        return scope in self.scopes or Scope.ADMIN in self.scopes

    @property
    def sees_all(self) -> bool:
        """Whether other owners' items are visible."""
        return self.may(Scope.ANALYST)


OPERATOR = Actor(name="cli", scopes=frozenset({Scope.ADMIN}))
"""Someone with a shell on the machine."""
