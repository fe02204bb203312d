"""Station: new anchors ask the mentions that were there before them, a bounded number at a time, newest first.

Who belongs to a theme is thereby decided by one rule on both sides of the day on which it was found: its rate does not
seem to step there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, update
from sqlalchemy.orm import Session

from app.store.anchors import Anchor, Asking, Candidate, hold_themes, next_asking, theme_ids_of
from app.store.theme_tables import ThemeAnchor, ThemeMention
from app.store.themes import topic_level_themes
from app.theme.rule import choose_anchors, stack_vectors

AT_ONCE = 16_384
"""Their vectors take 13 MB."""


@dataclass(frozen=True, slots=True)
class Move:
    """A mention that a new anchor takes."""

    mention_id: int
    from_theme_id: int | None
    anchor_id: int
    similarity: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was asked, and who moves."""

    asking: Asking
    moves: tuple[Move, ...]


def claim(session: Session, now: datetime) -> Asking | None:
    """The next mentions that a topic's new anchors have not been asked about."""
    del now
    return next_asking(session, AT_ONCE)


def work(batch: Asking, tools: object) -> Outcome:
    """Find out which anchor takes each mention."""
    del tools
    groups: dict[str, list[Candidate]] = defaultdict(list)
    for candidate in batch.candidates:
        groups[candidate.model].append(candidate)
    moves: list[Move] = []
    for model, members in groups.items():
        anchors = [anchor for anchor in batch.anchors if anchor.model == model]
        if anchors:
            moves.extend(_moves(members, anchors))
    return Outcome(batch, tuple(moves))


def record(session: Session, now: datetime, outcome: Outcome) -> None:
    """Move them, and remember how far was asked."""
    asking = outcome.asking
    wanted = {move.anchor_id for move in outcome.moves}
    own = topic_level_themes(session, [asking.topic_id])
    sources = {move.from_theme_id for move in outcome.moves if move.from_theme_id is not None}
    hold_themes(session, {*own.values(), *sources, *theme_ids_of(session, wanted).values()})
    whose = theme_ids_of(session, wanted)
    rows = [
        {
            "mention": move.mention_id,
            "was": move.from_theme_id,
            "theme_id": whose[move.anchor_id],
            "similarity": move.similarity,
            "assigned_at": now,
        }
        for move in sorted(outcome.moves, key=lambda move: move.mention_id)
        if whose.get(move.anchor_id, move.from_theme_id) != move.from_theme_id
    ]
    if rows:
        moved = update(ThemeMention).where(
            ThemeMention.mention_id == bindparam("mention"), ThemeMention.theme_id == bindparam("was")
        )
        session.connection().execute(moved, rows)
        session.expire_all()
    _remember(session, asking)


def _moves(members: Sequence[Candidate], anchors: Sequence[Anchor]) -> list[Move]:
    best, similarity = choose_anchors(stack_vectors([each.vector for each in members]), anchors)
    return [
        Move(each.mention_id, each.theme_id, anchors[at].id, float(near))
        for each, at, near in zip(members, best, similarity, strict=True)
        if at >= 0 and anchors[at].theme_id != each.theme_id
    ]


def _remember(session: Session, asking: Asking) -> None:
    asked = update(ThemeAnchor).where(ThemeAnchor.id.in_(asking.asking))
    if asking.last:
        session.execute(asked.values(asks_below=None, asks_theme_id=None))
        return
    lowest = asking.candidates[-1].mention_id
    session.execute(asked.where(ThemeAnchor.asks_below > lowest).values(asks_below=lowest))
