"""The facts that a routing was decided on, kept with it as JSON: the same rules on the same facts decide the same."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from app.domain.routing import ThemeFacts

_FACTS = TypeAdapter(ThemeFacts)


def write_facts(facts: ThemeFacts) -> dict[str, Any]:
    """The facts as JSON values."""
    written: dict[str, Any] = _FACTS.dump_python(facts, mode="json")
    return written


def read_facts(written: dict[str, Any]) -> ThemeFacts | None:
    """The facts again; None where a routing has none, because it is older than they are kept."""
    return _FACTS.validate_python(written) if written else None
