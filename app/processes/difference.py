"""What differs between two states of the reference data, as entries that people and programs can read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["calendar", "owner", "team", "stage", "process", "step", "ownership", "topic", "rule", "policy"]
KINDS: tuple[Kind, ...] = (
    "calendar",
    "owner",
    "team",
    "stage",
    "process",
    "step",
    "ownership",
    "topic",
    "rule",
    "policy",
)
"""In the order in which they can be written: each names only kinds before it or its own."""

Fields = dict[str, Any]
State = dict[Kind, dict[str, Fields]]
Action = Literal["create", "change", "deactivate", "reactivate"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that differs; ``fields`` maps each name to its value before and after (None where there is none)."""

    action: Action
    kind: Kind
    key: str
    fields: Mapping[str, tuple[Any, Any]]

    def __str__(self) -> str:
        """One line for people."""
        if self.action != "change":
            return f"{self.action} {self.kind} {self.key}"
        return f"change {self.kind} {self.key}: {', '.join(sorted(self.fields))}"


@dataclass(frozen=True, slots=True)
class Difference:
    """What a document changes, or would change; empty when it is already so."""

    entries: tuple[Entry, ...]

    def __bool__(self) -> bool:
        """Whether anything differs."""
        return bool(self.entries)

    def lines(self) -> list[str]:
        """One line for each entry."""
        return [str(entry) for entry in self.entries]

    def counts(self) -> dict[str, int]:
        """How many entries there are of each action."""
        found: dict[str, int] = {}
        for entry in self.entries:
            found[entry.action] = found.get(entry.action, 0) + 1
        return found

    def as_json(self) -> list[dict[str, Any]]:
        """The entries as JSON values, for the API and the audit."""
        return [
            {
                "action": entry.action,
                "kind": entry.kind,
                "key": entry.key,
                "fields": {name: {"before": pair[0], "after": pair[1]} for name, pair in entry.fields.items()},
            }
            for entry in self.entries
        ]


def compare(stored: State, wanted: State) -> Difference:
    """What has to happen for ``stored`` to become ``wanted``; what is not wanted is deactivated."""
    return Difference(tuple(entry for kind in KINDS for entry in _compare_kind(kind, stored[kind], wanted[kind])))


def _compare_kind(kind: Kind, stored: Mapping[str, Fields], wanted: Mapping[str, Fields]) -> Iterator[Entry]:
    for key, fields in wanted.items():
        before = stored.get(key)
        if before is None:
            yield Entry("create", kind, key, {name: (None, value) for name, value in fields.items()})
            continue
        differing = {name: (before[name], value) for name, value in fields.items() if before[name] != value}
        if differing:
            yield Entry("reactivate" if "active" in differing else "change", kind, key, differing)
    for key, fields in stored.items():
        if key not in wanted and fields.get("active", False):
            yield Entry("deactivate", kind, key, {"active": (True, False)})
