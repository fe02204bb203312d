"""Do themes keep their ids? Twelve weekly runs over real texts: `python benchmarks/theme_stability.py ../shared/data`.

Texts of six sets (a topic each) arrive week by week, drawn at random; what is looked at is a window of the last eight
weeks. Ours: the stations of the theme room on a real database. Baseline, same texts and same grouping: the window is
clustered anew each week, and a cluster takes the id of the one of the week before that it shares most texts with, by
Hungarian matching on Jaccard, where that is at least a quarter.

A problem is a label with at least ten texts in the window. It keeps its id from one week to the next if the theme that
holds most of its texts has the same id. Problems of which less than half are in one theme are not counted as found. The
second figure is of texts: in both windows and in a theme in both weeks, how many are in the theme with the same id.

Last, the step at finding: half of each set is searched, the other half arrives later. Counts of the later half over
those of the searched one, which should be 1: where belonging is decided for both by the anchors, and where the themes
keep the members that the search gave them.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment
from sqlalchemy import select
from theme_world import Said, Texts, World, load_sets, open_world, put_mentions

from app.store.anchors import Anchor
from app.store.theme_tables import Theme, ThemeMention
from app.theme.evaluate import group_texts
from app.theme.rule import choose_anchors
from classifiers.themes.discover import discover

WINDOW, RUNS, A_WEEK = 8, 12, 120
FEWEST, MAJORITY, SHARED = 10, 0.5, 0.25
BEGINS = datetime(2026, 1, 5, 9, tzinfo=UTC)
SEED = 20261126

Place = tuple[str, int]
"""Topic and number of a text."""


@dataclass
class Tally:
    """What was kept from week to week."""

    problems: list[bool] = field(default_factory=list)
    texts: list[bool] = field(default_factory=list)
    found: list[bool] = field(default_factory=list)
    ids: set[int] = field(default_factory=set)

    def count(self, before: Mapping[Place, int], after: Mapping[Place, int], labels: Mapping[Place, str]) -> None:
        """Compare two weeks: theme by text, of the texts that are in one."""
        both = before.keys() & after.keys()
        self.texts.extend(before[place] == after[place] for place in both)
        held = {label: (holder_of(before, own), holder_of(after, own)) for label, own in by_label(labels).items()}
        self.found.extend(new is not None for _, new in held.values())
        self.problems.extend(old == new for old, new in held.values() if old is not None and new is not None)
        self.ids |= set(after.values())

    def show(self, title: str) -> None:
        """One line."""
        kept = f"problems {np.mean(self.problems):.4f} of {len(self.problems)}, texts {np.mean(self.texts):.4f}"
        print(f"{title:34s} {kept}, found {np.mean(self.found):.3f}, ids used {len(self.ids)}")


def main() -> None:
    """Run both and print them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--seed", type=int, default=SEED)
    chosen = parser.parse_args()
    sets = load_sets(chosen.data, A_WEEK * (WINDOW + RUNS), chosen.seed)
    ours, anew = Tally(), Tally()
    with open_world([one.topic for one in sets], BEGINS) as world:
        places: dict[int, Place] = {}
        before: tuple[dict[Place, int], dict[Place, int]] = ({}, {})
        for week in range(WINDOW + RUNS):
            places |= arrive(world, sets, week)
            world.clock.set(BEGINS + timedelta(weeks=week + 1))
            world.work()
            if week < WINDOW - 1:
                continue
            window = windows(sets, week)
            after = (assigned(world, places, window), cluster_anew(sets, window, before[1]))
            if before[0]:
                for tally, old, new in zip((ours, anew), before, after, strict=True):
                    tally.count(old, new, {place: label for place, label in window.items() if label})
            before = after
            print(f"week {week + 1}: {len(set(after[0].values()))} themes", file=sys.stderr, flush=True)
        with world.runtime.database.reading() as session:
            states = Counter(session.scalars(select(Theme.state).where(Theme.kind == "cluster")))
    ours.show("ours")
    anew.show("clustered anew, matched by Jaccard")
    print(f"our themes at the end: {dict(states)}", flush=True)
    show_step(sets)


def show_step(sets: list[Texts]) -> None:
    """Whether a rate steps on the day on which a theme is found."""
    for one in sets:
        half = len(one.texts) // 2
        groups = discover(one.texts[:half], one.vectors[:half], smallest=max(6, half // 100))
        if not groups:
            continue
        anchors = [Anchor(0, at, "packaged", 0, group.centroid) for at, group in enumerate(groups)]
        first, later = (
            int((choose_anchors(vectors, anchors)[0] >= 0).sum())
            for vectors in (one.vectors[:half], one.vectors[half : 2 * half])
        )
        found = sum(len(group.members) for group in groups)
        kept = f"by the search's members {later} / {found} = {later / found:.3f}"
        ratio = f"by anchors {later} / {first} = {later / first:.3f}"
        print(f"step at finding, {one.topic:20s} themes {len(groups):3d}, {ratio}, {kept}")


def arrive(world: World, sets: list[Texts], week: int) -> dict[int, Place]:
    """Store a week's texts; which mention is which."""
    said, places = [], []
    for one in sets:
        for at in range(week * A_WEEK, min((week + 1) * A_WEEK, len(one.texts))):
            said.append(Said(one.topic, one.texts[at], one.vectors[at].astype(np.float16)))
            places.append((one.topic, at))
    with world.runtime.database.writing() as session:
        when = world.clock.now()
        first = put_mentions(session, world, said, [when] * len(said))
    return dict(enumerate(places, start=first))


def windows(sets: list[Texts], week: int) -> dict[Place, str]:
    """Label by text, of the texts in the window."""
    span = range(max(week + 1 - WINDOW, 0) * A_WEEK, (week + 1) * A_WEEK)
    return {(one.topic, at): one.labels[at] for one in sets for at in span if at < len(one.texts)}


def assigned(world: World, places: Mapping[int, Place], window: Mapping[Place, str]) -> dict[Place, int]:
    """Theme by text, of those in the window that are in a cluster."""
    query = (
        select(ThemeMention.mention_id, ThemeMention.theme_id)
        .join(Theme, Theme.id == ThemeMention.theme_id)
        .where(Theme.kind == "cluster")
    )
    with world.runtime.database.reading() as session:
        rows = session.execute(query).all()
    return {places[mention]: theme for mention, theme in rows if theme is not None and places[mention] in window}


def cluster_anew(sets: list[Texts], window: Mapping[Place, str], before: Mapping[Place, int]) -> dict[Place, int]:
    """The baseline: clusters of the window, with ids of the week before where they are the same."""
    found: dict[Place, int] = {}
    following = max(before.values(), default=0) + 1
    for one in sets:
        rows = [at for topic, at in window if topic == one.topic]
        if not rows:
            continue
        members = group_texts([one.texts[at] for at in rows], one.vectors[rows], smallest=6)[1]
        clusters = [{(one.topic, rows[member]) for member in own} for own in members]
        old: dict[int, set[Place]] = {}
        for place, theme in before.items():
            if place[0] == one.topic:
                old.setdefault(theme, set()).add(place)
        named = match_ids(clusters, old)
        for at, cluster in enumerate(clusters):
            number = named.get(at)
            if number is None:
                number, following = following, following + 1
            found |= dict.fromkeys(cluster, number)
    return found


def match_ids(clusters: list[set[Place]], old: Mapping[int, set[Place]]) -> dict[int, int]:
    """Old id by cluster: Hungarian matching on Jaccard over the texts that were there in both weeks."""
    if not clusters or not old:
        return {}
    seen = set().union(*old.values())
    ids = list(old)
    still = set().union(*clusters)
    alike = np.asarray([[_jaccard(cluster & seen, old[number] & still) for number in ids] for cluster in clusters])
    rows, columns = linear_sum_assignment(-alike)
    return {int(row): ids[column] for row, column in zip(rows, columns, strict=True) if alike[row, column] >= SHARED}


def _jaccard(one: set[Place], other: set[Place]) -> float:
    return len(one & other) / max(len(one | other), 1)


def by_label(labels: Mapping[Place, str]) -> dict[tuple[str, str], list[Place]]:
    """Texts of each problem: of each label within its topic that has enough of them."""
    found: dict[tuple[str, str], list[Place]] = {}
    for place, label in labels.items():
        found.setdefault((place[0], label), []).append(place)
    return {key: own for key, own in found.items() if len(own) >= FEWEST}


def holder_of(themes: Mapping[Place, int], own: list[Place]) -> int | None:
    """The theme that holds most of a problem's texts in that week; None where it holds less than half."""
    held = Counter(themes[place] for place in own if place in themes)
    if not held:
        return None
    theme, count = min(held.items(), key=lambda item: (-item[1], item[0]))
    return theme if count >= MAJORITY * sum(held.values()) else None


if __name__ == "__main__":
    main()
