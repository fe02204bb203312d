"""Station: what piled up in a topic's own theme is searched for recurring problems, which become themes.

A topic is due a week after its last search, at once when much has gathered, or when somebody asks. Only what no theme
has taken is looked at, and of that the newest: what has a theme keeps it, the world is never clustered anew, and the
cost does not grow with history. A group close to a theme that is there continues it: the theme gets one more anchor.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt
from sqlalchemy.orm import Session

from app.store.anchors import Anchor, hold_themes, live_anchors
from app.store.piles import Pile, Piled, count_gained, read_pile, topic_themes
from app.store.theme_tables import Theme, ThemeEvent
from app.theme.anchors import Spot, next_rank, plant_anchor
from app.theme.naming import own_name
from app.theme.rule import choose_anchors, stack_vectors

if TYPE_CHECKING:
    from classifiers.themes.discover import Group

EVERY = timedelta(days=7)

FEWEST = 24
"""New complaints in a topic's own theme from which it is searched."""

MUCH = 4
"""A search does not wait for its week once this part of what the last one looked at is new: a quarter."""

MOST = 3000
"""Complaints that one search looks at, the newest; a problem that one in a hundred of them tells of is found."""

SMALLEST = 6
SMALLEST_SHARE = 0.01
ROUNDS = 4
TOPICS_AT_ONCE = 4

CONTINUES = 0.75
"""Cosine of a group's centre and a theme's anchor from which the group is the theme's: its words have moved on."""

MOST_ANCHORS = 8
"""A theme that needed more would have wandered off; the next group becomes a theme of its own."""

STATION = "station:extract"

Floats = npt.NDArray[np.float32]


class Discover(Protocol):
    """`classifiers.themes.discover.discover`."""

    def __call__(self, texts: Sequence[str], vectors: np.ndarray, *, smallest: int) -> list[Group]:
        """Groups of at least `smallest` texts, largest first."""


class Tools(Protocol):
    """What this station needs."""

    @property
    def discover(self) -> Discover:
        """Finds groups of texts that tell of the same problem."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Topics' own themes that are due, and the anchors of each topic."""

    piles: tuple[Pile, ...]
    anchors: Mapping[int, Sequence[Anchor]]


@dataclass(frozen=True, slots=True)
class Found:
    """A new theme, or one that `continues`; `mentions` counts those that were looked at, the most central one first."""

    name: str
    terms: tuple[str, ...]
    centroid: bytes
    central: int
    mentions: int
    continues: int | None = None
    similarity: float | None = None


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
    """Topics whose own theme is due to be searched."""
    due: list[Theme] = []
    for theme in topic_themes(session):
        if len(due) < TOPICS_AT_ONCE and _is_due(session, now, theme):
            due.append(theme)
    if not due:
        return None
    piles = tuple(read_pile(session, theme, MOST) for theme in due)
    return Batch(piles, live_anchors(session, [pile.topic_id for pile in piles]))


def work(batch: Batch, tools: Tools) -> Outcome:
    """Search each pile for themes."""
    return Outcome(
        tuple(
            Searched(pile, tuple(_search(pile, batch.anchors.get(pile.topic_id, ()), tools.discover)))
            for pile in batch.piles
        )
    )


def record(session: Session, now: datetime, outcome: Outcome) -> None:
    """Make the new themes, continue others, and remember how far each pile was searched.

    The mentions come by themselves: new anchors ask all that are there (`adopt`).
    """
    for searched in sorted(outcome.searched, key=lambda searched: searched.pile.theme_id):
        pile = searched.pile
        hold_themes(session, [pile.theme_id], changing=True)
        own = session.get_one(Theme, pile.theme_id, populate_existing=True)
        if own.searched_to >= pile.newest and not own.search_asked and own.searched_at is not None:
            continue  # another worker has recorded it
        rank = next_rank(session, pile.topic_id)
        made = [_keep(session, now, pile, found, rank) for found in searched.found]
        own.searched_to, own.searched, own.searched_at, own.search_asked = pile.newest, len(pile.members), now, False
        facts = {"newest": pile.newest, "searched": len(pile.members), "themes": sum(made)}
        session.add(ThemeEvent(theme_id=pile.theme_id, kind="searched", actor=STATION, facts=facts, at=now))
        session.flush()


def _is_due(session: Session, now: datetime, theme: Theme) -> bool:
    if theme.search_asked:
        return True
    waited = theme.searched_at is None or now - theme.searched_at >= EVERY
    fewest = FEWEST if waited else max(FEWEST, theme.searched // MUCH)
    return count_gained(session, theme, fewest) >= fewest


def _search(pile: Pile, anchors: Sequence[Anchor], discover: Discover) -> list[Found]:
    """New themes of a pile, and what continues such as are there.

    Groups give the anchors; who belongs to one is then decided as `match` decides it for mentions that are still to
    come. Otherwise a theme's rate would seem to step on the day on which it was found.
    """
    smallest = max(SMALLEST, round(SMALLEST_SHARE * len(pile.members)))
    groups = _groups(pile.members, discover, smallest)
    if not groups:
        return []
    vectors = stack_vectors([each.vector for each in pile.members])
    spots = [Anchor(0, at, pile.model, 0, np.asarray(group.centroid, np.float32)) for at, group in enumerate(groups)]
    taken, similarity = choose_anchors(vectors, spots)
    comparable = [anchor for anchor in anchors if anchor.model == pile.model]
    found = []
    for at, group in enumerate(groups):
        own = np.flatnonzero(taken == at)
        if len(own) < smallest:
            continue
        continues, near = _continued(spots[at].vector, comparable)
        found.append(
            Found(
                name=group.name,
                terms=tuple(group.terms),
                centroid=spots[at].vector.tobytes(),
                central=pile.members[int(own[similarity[own].argmax()])].mention_id,
                mentions=len(own),
                continues=continues,
                similarity=near,
            )
        )
    return found


def _groups(members: Sequence[Piled], discover: Discover, smallest: int) -> list[Group]:
    """Groups among the members, and among those that are left over, until nothing more is found."""
    left = list(members)
    found: list[Group] = []
    for _ in range(ROUNDS):
        if len(left) < smallest:
            break
        vectors = stack_vectors([each.vector for each in left])
        groups = discover([each.text for each in left], vectors, smallest=smallest)
        if not groups:
            break
        found.extend(groups)
        taken = {member for group in groups for member in group.members}
        left = [each for at, each in enumerate(left) if at not in taken]
    return found


def _continued(centre: Floats, anchors: Sequence[Anchor]) -> tuple[int | None, float | None]:
    """The theme that a group continues, and how near it is; none where it is far, or has wandered far enough."""
    if not anchors:
        return None, None
    similarity = np.stack([anchor.vector for anchor in anchors]) @ centre
    best = int(similarity.argmax())
    theme_id = anchors[best].theme_id
    held = sum(anchor.theme_id == theme_id for anchor in anchors)
    if similarity[best] < CONTINUES or held >= MOST_ANCHORS:
        return None, None
    return theme_id, float(similarity[best])


def _keep(session: Session, now: datetime, pile: Pile, found: Found, rank: int) -> bool:
    """Store one finding; whether it is a new theme."""
    theme = session.get(Theme, found.continues) if found.continues is not None else None
    if theme is not None and theme.merged_into_id is not None:
        theme = session.get(Theme, theme.merged_into_id)
    kind, facts = "continued", {"mentions": found.mentions, "similarity": round(found.similarity or 0.0, 3)}
    new = theme is None
    if theme is None:
        theme = _make_theme(session, now, pile, found)
        kind, facts = "created", {"mentions": found.mentions}
    plant_anchor(session, now, theme, Spot(pile.model, found.centroid), rank=rank)
    session.add(ThemeEvent(theme_id=theme.id, kind=kind, actor=STATION, facts=facts, at=now))
    return new


def _make_theme(session: Session, now: datetime, pile: Pile, found: Found) -> Theme:
    theme = Theme(
        topic_id=pile.topic_id,
        kind="cluster",
        name=own_name(session, pile.topic_id, found.name, found.terms),
        terms=list(found.terms),
        central_mention_id=found.central,
        centroid=found.centroid,
        created_at=now,
        updated_at=now,
    )
    session.add(theme)
    session.flush()
    return theme
