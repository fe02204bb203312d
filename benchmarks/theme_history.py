"""History put into the database directly, as the stations would have left it; a hundred times as fast as through them.

What a search found before decides which theme takes a complaint, by the rule of `match`; none of them waits. Each text
has a print and as many keys as a long text of a person has; they are drawn at random, as those of a text are that
nobody writes again. Themes are neither found nor compared: let the stations run before and after.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime

import numpy as np
from sqlalchemy import delete
from sqlalchemy.orm import Session
from theme_world import Said, World, put_mentions

from app.store.anchors import live_anchors
from app.store.copy_tables import PrintKey, TextPrint
from app.store.inserting import insert_rows
from app.store.theme_tables import ThemeMention, WaitingMention
from app.store.themes import topic_level_themes
from app.theme.rule import choose_anchors

KEYS = 12
"""Eight for what others may write too, four for what the same person may write again."""

SLOTS = 128


def put_history(
    session: Session, world: World, said: Sequence[Said], at: Sequence[datetime], chance: np.random.Generator
) -> None:
    """Store complaints, each with its theme and print; the session writes."""
    first = put_mentions(session, world, said, at)
    ids = range(first, first + len(said))
    session.execute(delete(WaitingMention).where(WaitingMention.mention_id.in_(ids)))
    placed = [
        {"mention_id": ids[row], "theme_id": theme_id, "similarity": near, "reason": None, "assigned_at": at[row]}
        for row, theme_id, near in _placed(session, world, said)
    ]
    insert_rows(ThemeMention, session, placed)
    slots = chance.integers(256, size=(len(said), SLOTS), dtype=np.uint8)
    keys = chance.integers(-(2**63), 2**63 - 1, size=(len(said), KEYS + 1))
    prints = [
        {
            "feedback_id": number, "content_rev": 1, "words": len(f"{each.text} {each.besides}".split()),
            "exact": exact, "slots": own.tobytes(), "signed": True, "copy_of_id": None, "copy_kind": None,
        }
        for number, each, own, exact in zip(ids, said, slots, keys[:, -1].tolist(), strict=True)
    ]  # fmt: skip
    insert_rows(TextPrint, session, prints)
    insert_rows(
        PrintKey,
        session,
        [
            {"key": key, "feedback_id": number}
            for number, own in zip(ids, keys[:, :-1].tolist(), strict=True)
            for key in own
        ],
    )


def _placed(session: Session, world: World, said: Sequence[Said]) -> Iterator[tuple[int, int, float | None]]:
    """Number of each complaint, the theme that takes it, and how near it is."""
    own = topic_level_themes(session, world.topic_ids.values())
    anchors = live_anchors(session, world.topic_ids.values())
    rows: dict[int, list[int]] = defaultdict(list)
    for row, each in enumerate(said):
        rows[world.topic_ids[each.topic]].append(row)
    for topic_id, members in rows.items():
        vectors = np.stack([said[row].vector for row in members]).astype(np.float32)
        best, similarity = choose_anchors(vectors, anchors[topic_id])
        for row, taken, near in zip(members, best.tolist(), similarity.tolist(), strict=True):
            yield (row, anchors[topic_id][taken].theme_id, near) if taken >= 0 else (row, own[topic_id], None)
