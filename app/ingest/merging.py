"""One message at a time: what a sender says of a conversation is added to what is stored of it, in any order."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from app.ingest.digest import digest_of
from app.ingest.prepared import Prepared

_KEPT = ("medium",)
_KNOWN_FIRST = ("language", "question", "customer_ref", "customer_email", "customer_name", "segment", "case_ref")


def merge_prepared(stored: Prepared, fresh: Prepared) -> Prepared:
    """The state after both, whichever came first.

    Turns are known by their `ref`: the newer words count, and no turn is taken away. Of scores (by metric), attributes
    (by name) and other parts the newer state counts where it says something. The conversation began at the earlier of
    the two instants; a turn without a time, such as a ticket's description, is as old as the conversation. Equal
    versions count as newer: what comes later in the same instant wins.
    """
    newer = fresh.version >= stored.version
    first, last = (stored, fresh) if newer else (fresh, stored)
    columns = {name: stored.columns[name] for name in _KEPT}
    columns["occurred_at"] = min(stored.columns["occurred_at"], fresh.columns["occurred_at"])
    for name in _KNOWN_FIRST:
        columns[name] = first.columns[name] if last.columns[name] is None else last.columns[name]
    columns["attributes"] = {**first.columns["attributes"], **last.columns["attributes"]}
    merged = _merge_turns(stored.turns, fresh.turns)
    turns = _numbered(sorted(merged, key=lambda turn: turn["at"] or columns["occurred_at"]))
    scores = _numbered({score["metric"]: score for score in (*first.scores, *last.scores)}.values())
    digest = digest_of(columns, turns, scores)
    return Prepared(stored.external_id, last.version, digest, columns, turns, scores)


def _merge_turns(stored: Sequence[Mapping[str, Any]], fresh: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    merged: dict[object, Mapping[str, Any]] = {
        turn["ref"] or ("unnamed", place): turn for place, turn in enumerate(stored)
    }
    for turn in fresh:
        known = merged.get(turn["ref"])
        if known is None or turn["version"] >= known["version"]:
            merged[turn["ref"]] = turn
    return list(merged.values())


def _numbered(parts: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{**part, "position": position} for position, part in enumerate(parts)]
