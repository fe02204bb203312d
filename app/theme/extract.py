"""Station: what piled up in a topic's own theme is searched for recurring problems, which become themes.

A topic is due when enough complaints have gathered there since it was last searched, so that running twice adds
nothing. What has a theme keeps it: the world is never clustered anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

import numpy as np
from sqlalchemy import update
from sqlalchemy.orm import Session

from app.store.theme_tables import Theme, ThemeEvent, ThemeMention
from app.store.themes import Pile, Piled, find_piles
from app.theme.rule import NEAR

if TYPE_CHECKING:
    from classifiers.themes.discover import Group

FEWEST = 24
"""New complaints in a topic's own theme from which it is searched."""

RESOLUTION = 0.25
"""Few, broad groups: inside one topic they agree best with labelled intents (adjusted Rand .50; .45 at 1)."""

FURTHER_WORDS = 2
ALIKE_LETTERS = 4
"""Words with the same first letters add nothing to each other: return, returned."""

SMALLEST = 6
SMALLEST_SHARE = 0.04
ROUNDS = 4
TOPICS_AT_ONCE = 4
STATION = "station:extract"


class Discover(Protocol):
    """`classifiers.themes.discover.discover`."""

    def __call__(self, texts: Sequence[str], vectors: np.ndarray, *, smallest: int, resolution: float) -> list[Group]:
        """Groups of at least `smallest` texts, largest first."""


class Tools(Protocol):
    """What this station needs."""

    @property
    def discover(self) -> Discover:
        """Finds groups of texts that tell of the same problem."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Topics' own themes that are due."""

    piles: tuple[Pile, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """A new theme; members most central first."""

    name: str
    terms: tuple[str, ...]
    centroid: bytes
    members: tuple[tuple[int, float], ...]  # mention id, similarity to the centroid


@dataclass(frozen=True, slots=True)
class Searched:
    """What a pile held."""

    pile: Pile
    found: tuple[Found, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a batch led to."""

    searched: tuple[Searched, ...]


def claim(session: Session, now: datetime) -> Batch | None:
    """Topics whose own theme has gathered enough complaints since it was last searched."""
    del now
    piles = find_piles(session, FEWEST, TOPICS_AT_ONCE)
    return Batch(tuple(piles)) if piles else None


def work(batch: Batch, tools: Tools) -> Outcome:
    """Search each pile for themes."""
    return Outcome(tuple(Searched(pile, tuple(_search(pile.members, tools.discover))) for pile in batch.piles))


def record(session: Session, now: datetime, outcome: Outcome) -> None:
    """Make the new themes, move their mentions, and remember how far each pile was searched."""
    for searched in outcome.searched:
        pile = searched.pile
        for found in searched.found:
            _make_theme(session, now, pile, found)
        facts = {"newest": pile.newest, "searched": len(pile.members), "themes": len(searched.found)}
        session.add(ThemeEvent(theme_id=pile.theme_id, kind="searched", actor=STATION, facts=facts, at=now))
    session.flush()


def _search(members: Sequence[Piled], discover: Discover) -> list[Found]:
    """New themes of a pile.

    Groups give the themes; who belongs to one is then decided as `match` decides it for mentions that are still to
    come. Otherwise a theme's rate would seem to step on the day on which it was found.
    """
    groups = _groups(members, discover)
    if not groups:
        return []
    vectors = _stack(members)
    near = vectors @ np.stack([np.asarray(group.centroid, np.float32) for group in groups]).T
    nearest = near.argmax(axis=1)
    found = []
    for number, group in enumerate(groups):
        own = np.flatnonzero((nearest == number) & (near[:, number] >= NEAR))
        central = own[np.argsort(-near[own, number], kind="stable")]
        held = tuple((members[at].mention_id, float(near[at, number])) for at in central)
        if held:
            found.append(_describe(group, held))
    return found


def _groups(members: Sequence[Piled], discover: Discover) -> list[Group]:
    """Groups among the members, and among those that are left over, until nothing more is found."""
    left = list(members)
    found: list[Group] = []
    smallest = max(SMALLEST, round(SMALLEST_SHARE * len(members)))
    for _ in range(ROUNDS):
        if len(left) < smallest:
            break
        groups = discover([each.text for each in left], _stack(left), smallest=smallest, resolution=RESOLUTION)
        if not groups:
            break
        found.extend(groups)
        taken = {member for group in groups for member in group.members}
        left = [each for at, each in enumerate(left) if at not in taken]
    return found


def _stack(members: Sequence[Piled]) -> np.ndarray:
    return np.stack([np.frombuffer(each.vector, np.float16) for each in members]).astype(np.float32)


def _name(group: Group) -> str:
    """The phrase that customers share, and what else sets the group apart: "Return label: error, expired"."""
    said = group.name.split()
    more = [term for term in group.terms if not any(_alike(term, word) for word in said)][:FURTHER_WORDS]
    phrase = group.name[:1].upper() + group.name[1:]
    return f"{phrase}: {', '.join(more)}" if more else phrase


def _alike(one: str, other: str) -> bool:
    shortest = min(len(one), len(other), ALIKE_LETTERS)
    return one[:shortest] == other[:shortest]


def _describe(group: Group, held: tuple[tuple[int, float], ...]) -> Found:
    return Found(
        name=_name(group),
        terms=tuple(group.terms),
        centroid=np.asarray(group.centroid, np.float32).tobytes(),
        members=held,
    )


def _make_theme(session: Session, now: datetime, pile: Pile, found: Found) -> None:
    theme = Theme(
        topic_id=pile.topic_id,
        kind="cluster",
        name=found.name,
        terms=list(found.terms),
        central_mention_id=found.members[0][0],
        centroid=found.centroid,
        created_at=now,
        updated_at=now,
    )
    session.add(theme)
    session.flush()
    for mention_id, similarity in found.members:
        moved = update(ThemeMention).where(
            ThemeMention.mention_id == mention_id, ThemeMention.theme_id == pile.theme_id
        )
        session.execute(moved.values(theme_id=theme.id, similarity=similarity, assigned_at=now))
    facts = {"mentions": len(found.members)}
    session.add(ThemeEvent(theme_id=theme.id, kind="created", actor=STATION, facts=facts, at=now))
