"""Command: a theme that holds two problems becomes two; which mentions leave, a person says or the vectors propose."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from app.domain.actor import Actor
from app.errors import AppError, Kind
from app.store.curation import held_by, holds_others, lock_themes, members_of, mention_words
from app.store.theme_tables import Theme, ThemeMention, ThemeMove
from app.store.themes import find_theme
from app.theme.anchors import lowest_rank, next_rank, plant_anchor
from app.theme.centre import recentre
from app.theme.curate import LONGEST_NAME, check_live, good_name, note_event
from app.theme.lineage import two_means
from app.theme.naming import own_name

_MOST = 5_000
"""Mentions that are looked at, newest first: what is older stays where it is."""

_FEWEST = 2
_NAMED_BY = 200
_AT_ONCE = 5_000
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Part:
    """One of the two parts, most central mention first."""

    mention_ids: tuple[int, ...]
    name: str
    terms: tuple[str, ...]

    @property
    def central(self) -> tuple[int, ...]:
        """The mentions to read first."""
        return self.mention_ids[:_SHOWN]


@dataclass(frozen=True, slots=True)
class Proposal:
    """How a theme would fall apart; `token` names exactly these parts."""

    stays: Part
    leaves: Part
    token: str


def propose_split(session: Session, theme_id: int) -> Proposal:
    """The two parts that a theme falls into most clearly; the smaller one would leave.

    Raises:
        AppError: `theme_not_found`, `theme_retired`, `nothing_to_split`.
    """
    check_live(find_theme(session, theme_id))
    members = members_of(session, theme_id, _MOST)
    leaves = two_means(members.vectors) if len(members.ids) >= 2 * _FEWEST else np.zeros(len(members.ids), bool)
    if leaves.sum() < _FEWEST:
        message = "The system sees no two parts in this theme. Name the mentions that are to leave it."
        raise AppError(Kind.CONFLICT, "nothing_to_split", message)
    sides = [_central_first(members.ids, members.vectors, np.flatnonzero(side)) for side in (~leaves, leaves)]
    stay, leave = _describe(session, sides)
    digest = hashlib.sha256(",".join(map(str, sorted(leave.mention_ids))).encode()).hexdigest()
    return Proposal(stay, leave, digest[:32])


def split_as_proposed(
    session: Session, now: datetime, actor: Actor, theme_id: int, token: str, *, name: str | None = None
) -> Theme:
    """Split a theme exactly as it was proposed.

    Raises:
        AppError: `proposal_changed`, and as for `split_theme`.
    """
    lock_themes(session, [theme_id])
    proposal = propose_split(session, theme_id)
    if proposal.token != token:
        message = "The theme holds other mentions than when this split was proposed. Ask for a new proposal."
        raise AppError(Kind.CONFLICT, "proposal_changed", message)
    return split_theme(session, now, actor, theme_id, mention_ids=proposal.leaves.mention_ids, name=name)


def split_theme(
    session: Session,
    now: datetime,
    actor: Actor,
    theme_id: int,
    *,
    mention_ids: Collection[int],
    name: str | None = None,
) -> Theme:
    """Move mentions of a theme into a new one of the same topic; the old one keeps its id.

    Args:
        session: A session.
        now: When.
        actor: Who.
        theme_id: The theme that holds them.
        mention_ids: What leaves it.
        name: The new theme's; None: named from the data.

    Returns:
        The new theme.

    Raises:
        AppError: `theme_not_found`, `theme_retired`, `bad_theme_name`, `mentions_not_held`, `split_takes_all`.
    """
    theme = check_live(lock_themes(session, [theme_id])[theme_id])
    wanted = sorted(set(mention_ids))
    if not wanted or len(_held(session, theme_id, wanted)) < len(wanted):
        message = "Name mentions that stand in this theme, and only those: some of these do not, or no longer."
        raise AppError(Kind.INVALID, "mentions_not_held", message)
    if theme.kind != "topic" and not holds_others(session, theme_id, wanted):
        message = "These are all that the theme holds: rename it instead, or leave some."
        raise AppError(Kind.INVALID, "split_takes_all", message)
    (part,) = _describe(session, [tuple(wanted)])
    new = Theme(
        topic_id=theme.topic_id,
        kind="cluster",
        name=own_name(session, theme.topic_id, part.name, part.terms) if name is None else good_name(name),
        named_by=None if name is None else actor.name,
        terms=list(part.terms),
        created_at=now,
        updated_at=now,
    )
    session.add(new)
    session.flush()
    event = note_event(session, now, actor, theme, "split", facts={"mentions": len(wanted)}, other=new)
    for start in range(0, len(wanted), _AT_ONCE):
        some = wanted[start : start + _AT_ONCE]
        session.execute(insert(ThemeMove), [{"event_id": event.id, "mention_id": each} for each in some])
        moved = update(ThemeMention).where(ThemeMention.theme_id == theme.id, ThemeMention.mention_id.in_(some))
        session.execute(moved.values(theme_id=new.id))
    theme.updated_at = now
    _plant(session, now, theme, new)
    return new


def _plant(session: Session, now: datetime, theme: Theme, new: Theme) -> None:
    """Both parts get anchors of the whole's rank: mentions to come find theirs as these did."""
    rank = next_rank(session, theme.topic_id) if theme.kind == "topic" else lowest_rank(session, theme.id)
    for part in (new, theme):
        spot = recentre(session, part)
        if spot is not None:
            plant_anchor(session, now, part, spot, rank=rank)


def _held(session: Session, theme_id: int, wanted: list[int]) -> set[int]:
    held: set[int] = set()
    for start in range(0, len(wanted), _AT_ONCE):
        held |= held_by(session, theme_id, wanted[start : start + _AT_ONCE])
    return held


def _central_first(ids: tuple[int, ...], vectors: np.ndarray, rows: np.ndarray) -> tuple[int, ...]:
    near = vectors[rows] @ vectors[rows].mean(axis=0)
    return tuple(ids[int(row)] for row in rows[np.argsort(-near, kind="stable")])


def _describe(session: Session, sides: list[tuple[int, ...]]) -> list[Part]:
    """Parts with names out of their most central texts, told apart from each other."""
    from classifiers.themes.names import describe  # noqa: PLC0415 - loaded when it is needed

    words = mention_words(session, {each for side in sides for each in side[:_NAMED_BY]})
    texts = [[words[each] for each in side[:_NAMED_BY] if each in words] for side in sides]
    found = []
    for at, side in enumerate(sides):
        name, terms = describe(texts[at], [text for other in texts[:at] + texts[at + 1 :] for text in other])
        found.append(Part(side, (name or "Unnamed")[:LONGEST_NAME], tuple(terms)))
    return found
