"""Station: once a week the themes of a topic are compared with themselves and with each other.

Which have fallen silent or come back, which have become one, which have fallen in two, and where each now stands; after
a change of the encoder each gets an anchor of the new one. Only the newest mentions of each are read: the cost grows
with the number of themes, not with history.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.actor import Actor
from app.store.anchors import hold_themes
from app.store.kin import Family, Member, Said, next_family, themes_at_work
from app.store.theme_tables import Theme, ThemeAnchor, ThemeEvent, ThemeMention
from app.theme.anchors import Spot, lowest_rank, plant_anchor
from app.theme.curate import merge_themes
from app.theme.lineage import (
    RECENT,
    Floats,
    Halves,
    Kin,
    Merge,
    centre_of,
    find_halves,
    find_merges,
    is_back,
    is_silent,
)
from app.theme.naming import own_name
from app.theme.rule import stack_vectors

EVERY = timedelta(days=7)

NEWEST = 200
"""Mentions that show how a theme is."""

ENOUGH = 3
"""Mentions read by a new encoder from which their middle is an anchor; with fewer their texts are read again."""

REREAD = 32
"""Texts that are read again by a new encoder."""

STATION = Actor(name="station:trace")


class Describe(Protocol):
    """`classifiers.themes.names.describe`."""

    def __call__(self, texts: Sequence[str], others: Sequence[str]) -> tuple[str, list[str]]:
        """A name and characteristic words of texts, against others of the same topic."""


class Encode(Protocol):
    """The encoder that reads texts now."""

    def __call__(self, texts: Sequence[str]) -> tuple[str, Floats]:
        """Its fingerprint and unit vectors, shape (n, dim)."""


class Tools(Protocol):
    """What this station needs."""

    @property
    def describe(self) -> Describe:
        """Names texts."""

    @property
    def encode(self) -> Encode:
        """Reads texts."""


@dataclass(frozen=True, slots=True)
class Batch:
    """A topic's themes, and the encoders that each has anchors of."""

    family: Family
    models: dict[int, set[str]]
    at: datetime


@dataclass(frozen=True, slots=True)
class Split:
    """A theme of which a part becomes one of its own."""

    theme_id: int
    halves: Halves
    name: str
    terms: tuple[str, ...]
    central: int  # mention id
    mentions: int


@dataclass(frozen=True, slots=True)
class Stand:
    """Where a theme's newest mentions lie: their middle, and the most central one."""

    theme_id: int
    centre: Floats
    central: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was found out about a topic's themes."""

    own_id: int
    model: str
    silent: tuple[int, ...]
    back: tuple[int, ...]
    stands: tuple[Stand, ...]
    merges: tuple[Merge, ...]
    splits: tuple[Split, ...]
    spots: tuple[tuple[int, Spot], ...]  # anchors of a new encoder, by theme


def claim(session: Session, now: datetime) -> Batch | None:
    """The topic whose themes were compared longest ago, if that is a week."""
    family = next_family(session, now - EVERY, NEWEST)
    if family is None:
        return None
    query = select(ThemeAnchor.theme_id, ThemeAnchor.model).where(ThemeAnchor.topic_id == family.own.topic_id)
    models: dict[int, set[str]] = {}
    for theme_id, model in session.execute(query):
        models.setdefault(theme_id, set()).add(model)
    return Batch(family, models, now)


def work(batch: Batch, tools: Tools) -> Outcome:
    """Compare them."""
    members = batch.family.members
    model = batch.family.model
    kin = [_kin(member, model, batch.at) for member in members]
    active = {member.theme.id for member in members if member.theme.state == "active"}
    merges = find_merges(kin)
    merging = {theme_id for merge in merges for theme_id in (merge.theme_id, merge.into_id)}
    splits = [
        split
        for each, member in zip(kin, members, strict=True)
        if each.theme_id not in merging
        for split in _split(each, member, model, tools)
    ]
    return Outcome(
        own_id=batch.family.own.id,
        model=model,
        silent=tuple(each.theme_id for each in kin if each.theme_id in active and is_silent(each, batch.at)),
        back=tuple(each.theme_id for each in kin if is_back(each)),
        stands=tuple(
            _stand(each, member, model) for each, member in zip(kin, members, strict=True) if len(each.vectors)
        ),
        merges=tuple(merges),
        splits=tuple(splits),
        spots=tuple(_spots(batch, model, tools)),
    )


def record(session: Session, now: datetime, outcome: Outcome) -> None:
    """Write it down; what somebody did to a theme meanwhile stands."""
    touched = [*outcome.silent, *outcome.back, *(stand.theme_id for stand in outcome.stands)]
    changed = [theme_id for merge in outcome.merges for theme_id in (merge.theme_id, merge.into_id)]
    hold_themes(
        session, {outcome.own_id, *touched, *changed, *(theme_id for theme_id, _ in outcome.spots)}, changing=True
    )
    own = session.get_one(Theme, outcome.own_id, populate_existing=True)
    if own.traced_at is not None and now - own.traced_at < EVERY:
        return  # another worker has recorded it
    own.traced_at = now
    live = {theme.id: theme for theme in _live(session, own.topic_id)}
    for stand in outcome.stands:
        _settle(session, live.get(stand.theme_id), stand)
    for theme_id, spot in outcome.spots:
        if theme_id in live:
            plant_anchor(session, now, live[theme_id], spot, rank=lowest_rank(session, theme_id))
    working = themes_at_work(session, outcome.silent)
    for theme_id in outcome.silent:
        if theme_id not in working:
            _turn(session, now, live.get(theme_id), "active", "retired")
    for theme_id in outcome.back:
        _turn(session, now, live.get(theme_id), "retired", "active")
    for split in outcome.splits:
        if split.theme_id in live:
            _divide(session, now, live[split.theme_id], split, outcome.model)
    session.flush()
    _merge(session, now, outcome.merges, live)


def _kin(member: Member, model: str, now: datetime) -> Kin:
    comparable = [said.vector for said in member.said if said.model == model]
    return Kin(
        theme_id=member.theme.id,
        retired=member.theme.state == "retired",
        named=member.theme.named_by is not None,
        at_work=member.at_work,
        last_at=max((said.said_at for said in member.said), default=None),
        recent=sum(now - said.said_at <= RECENT for said in member.said),
        vectors=stack_vectors(comparable) if comparable else np.zeros((0, 1), np.float32),
    )


def _split(kin: Kin, member: Member, model: str, tools: Tools) -> list[Split]:
    halves = find_halves(kin)
    if halves is None:
        return []
    said = [each for each in member.said if each.model == model]
    part = [each for each, smaller in zip(said, halves.smaller, strict=True) if smaller]
    rest = [each.text for each, smaller in zip(said, halves.smaller, strict=True) if not smaller]
    name, terms = tools.describe([each.text for each in part], rest)
    central = part[int((kin.vectors[halves.smaller] @ halves.other).argmax())].mention_id
    return [Split(kin.theme_id, halves, name, tuple(terms), central, len(part))]


def _stand(kin: Kin, member: Member, model: str) -> Stand:
    centre = centre_of(kin.vectors)
    said = [each for each in member.said if each.model == model]
    return Stand(kin.theme_id, centre, said[int((kin.vectors @ centre).argmax())].mention_id)


def _spots(batch: Batch, model: str, tools: Tools) -> list[tuple[int, Spot]]:
    """Anchors for themes that have none of the encoder that reads now."""
    found = []
    for member in batch.family.members:
        models = batch.models.get(member.theme.id, set())
        if not model or model in models or not member.said:
            continue
        vectors = [said.vector for said in member.said if said.model == model]
        if len(vectors) >= ENOUGH:
            found.append((member.theme.id, Spot(model, centre_of(stack_vectors(vectors)).tobytes())))
        else:
            found.extend((member.theme.id, spot) for spot in _read_again(member.said, model, tools))
    return found


def _read_again(said: Sequence[Said], model: str, tools: Tools) -> list[Spot]:
    fingerprint, vectors = tools.encode([each.text for each in said[:REREAD]])
    return [Spot(model, centre_of(vectors).tobytes())] if fingerprint == model else []


def _live(session: Session, topic_id: int) -> Sequence[Theme]:
    query = select(Theme).where(Theme.topic_id == topic_id, Theme.merged_into_id.is_(None), Theme.kind == "cluster")
    return session.scalars(query.execution_options(populate_existing=True)).all()


def _settle(session: Session, theme: Theme | None, stand: Stand) -> None:
    if theme is None:
        return
    theme.centroid = stand.centre.tobytes()
    place = session.get(ThemeMention, theme.central_mention_id) if theme.central_mention_id is not None else None
    if place is None or place.theme_id != theme.id:
        theme.central_mention_id = stand.central


def _turn(session: Session, now: datetime, theme: Theme | None, before: str, after: str) -> None:
    if theme is None or theme.state != before:
        return
    theme.state, theme.updated_at = after, now
    kind = "retired" if after == "retired" else "reopened"
    session.add(ThemeEvent(theme_id=theme.id, kind=kind, actor=STATION.name, facts={}, at=now))


def _divide(session: Session, now: datetime, theme: Theme, split: Split, model: str) -> None:
    """The larger part stays what it is; both get an anchor that asks the mentions of the whole."""
    part = Theme(
        topic_id=theme.topic_id,
        kind="cluster",
        name=own_name(session, theme.topic_id, split.name, split.terms),
        terms=list(split.terms),
        central_mention_id=split.central,
        centroid=split.halves.other.tobytes(),
        created_at=now,
        updated_at=now,
    )
    session.add(part)
    session.flush()
    rank = lowest_rank(session, theme.id)
    plant_anchor(session, now, theme, Spot(model, split.halves.centre.tobytes()), rank=rank)
    plant_anchor(session, now, part, Spot(model, split.halves.other.tobytes()), rank=rank, asks=theme.id)
    facts = {"mentions": split.mentions, "similarity": round(split.halves.similarity, 3)}
    for one, other, kind in ((theme, part, "split"), (part, theme, "created")):
        event = ThemeEvent(theme_id=one.id, kind=kind, other_theme_id=other.id, actor=STATION.name, facts=facts, at=now)
        session.add(event)


def _merge(session: Session, now: datetime, merges: Sequence[Merge], live: dict[int, Theme]) -> None:
    working = themes_at_work(session, [merge.theme_id for merge in merges])
    for merge in merges:
        gone, into = live.get(merge.theme_id), live.get(merge.into_id)
        open_to_it = gone is not None and gone.named_by is None and gone.id not in working
        if open_to_it and into is not None and "retired" not in {live[merge.theme_id].state, into.state}:
            merge_themes(session, now, STATION, merge.theme_id, into_id=merge.into_id)
