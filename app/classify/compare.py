"""What a draft of the taxonomy would move, counted from labels before and after; plain arithmetic."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from app.domain.relabelling import Move, moves_of
from app.store.previews import Place, Seen

EXAMPLES = 5
_WITH_EXAMPLES = 20
_LISTED = 200
_WEEKS = 26
_WEEK = timedelta(days=7)


@dataclass
class _Span:
    """One span: its topics on both sides, and the mention of each topic before (None: of no topic)."""

    before: dict[str | None, int | None] = field(default_factory=dict)
    after: set[str | None] = field(default_factory=set)


def compare_labels(seen: Sequence[Seen]) -> dict[str, Any]:
    """Count how spans move between topics.

    Args:
        seen: Mentions on both sides.

    Returns:
        JSON values: `spans` compared, `moved` of them and `share_moved`, `newly_assigned` and `newly_unassigned` spans;
        `moves` (`from`, `to`, `spans`, `examples`: ids of stored mentions), most first; `topics` with their mentions
        `before` and `after` and the same per week of seven days, oldest first. Holds no customer text.
    """
    spans = _spans(seen)
    moves: dict[Move, list[int]] = defaultdict(list)
    counts: Counter[Move] = Counter()
    moved = assigned = unassigned = 0
    for span in spans.values():
        before = frozenset(topic for topic in span.before if topic is not None)
        after = frozenset(topic for topic in span.after if topic is not None)
        moved += before != after
        assigned += bool(after and not before)
        unassigned += bool(before and not after)
        for move in moves_of(before, after):
            counts[move] += 1
            mention_id = span.before.get(move[0])
            if mention_id is not None:
                moves[move].append(mention_id)
    ranked = sorted(((move, count) for move, count in counts.items() if move[0] != move[1]), key=_rank)
    return {
        "spans": len(spans),
        "moved": moved,
        "share_moved": round(moved / len(spans), 4) if spans else 0.0,
        "newly_assigned": assigned,
        "newly_unassigned": unassigned,
        "moves": [
            {
                "from": move[0],
                "to": move[1],
                "spans": count,
                "examples": sorted(moves[move], reverse=True)[: EXAMPLES if at < _WITH_EXAMPLES else 0],
            }
            for at, (move, count) in enumerate(ranked[:_LISTED])
        ],
        "topics": _by_topic(seen),
    }


def _spans(seen: Sequence[Seen]) -> dict[Place, _Span]:
    spans: dict[Place, _Span] = defaultdict(_Span)
    for one in seen:
        if one.after:
            spans[one.place].after.add(one.topic)
        else:
            spans[one.place].before[one.topic] = one.mention_id
    return spans


def _rank(pair: tuple[Move, int]) -> tuple[int, str, str]:
    (source, target), count = pair
    return -count, source or "", target or ""


def _by_topic(seen: Sequence[Seen]) -> list[dict[str, Any]]:
    last = max((one.day for one in seen), default=date.min)
    totals: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    weeks: dict[str, list[list[int]]] = defaultdict(lambda: [[0, 0] for _ in range(_WEEKS)])
    longest = 0
    for one in seen:
        if one.topic is None:
            continue
        totals[one.topic][one.after] += 1
        ago = (last - one.day) // _WEEK
        if ago < _WEEKS:
            weeks[one.topic][-1 - ago][one.after] += 1
            longest = max(longest, ago + 1)
    starts = [last - _WEEK * ago + timedelta(days=1) for ago in range(longest, 0, -1)]
    return [
        {
            "topic": topic,
            "before": totals[topic][0],
            "after": totals[topic][1],
            "weeks": [
                {"starts_on": start.isoformat(), "before": pair[0], "after": pair[1]}
                for start, pair in zip(starts, weeks[topic][len(weeks[topic]) - longest :], strict=True)
            ],
        }
        for topic in sorted(totals)
    ]
