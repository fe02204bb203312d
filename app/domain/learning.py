"""What corrections may teach: versions, and the gate that refuses one that makes texts wrong that were right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import comb
from typing import Any

REFUSE_BELOW = 0.05
"""One-sided p against the version before it from which on a candidate is refused."""

REFUSE_BELOW_BEST = 0.02
"""The same against the best version so far: that one is the best partly by luck, and it stops a slow decline."""

Figures = Mapping[str, Mapping[int, bool]]
"""Label -> id of the gold correction -> whether the model, by itself, judges that text as the gold correction says."""


class VersionState(StrEnum):
    """What became of a version."""

    ACTIVE = "active"  # the newest that teaches
    SUPERSEDED = "superseded"  # a newer one builds on it
    REFUSED = "refused"  # the gate found it worse: its corrections hold on their own texts and teach nothing
    WITHDRAWN = "withdrawn"  # somebody went back to an older one


TEACHING = frozenset({VersionState.ACTIVE, VersionState.SUPERSEDED})


class Drawn(StrEnum):
    """How a mention came to be reviewed: decides what quality figures it counts for."""

    QUEUE = "queue"  # it was doubtful
    RANDOM = "random"
    OWN = "own"  # somebody came across it


@dataclass(frozen=True, slots=True)
class Step:
    """One version as far as learning needs it: it added the corrections (`after`, `to`]."""

    number: int
    after: int
    to: int
    state: str


def taught_ids(steps: Iterable[Step], ids: Iterable[int]) -> frozenset[int]:
    """Those of `ids` that a teaching version added."""
    spans = [(step.after, step.to) for step in steps if step.state in TEACHING]
    return frozenset(number for number in ids if any(after < number <= to for after, to in spans))


def states_after_activating(states: Mapping[int, str], number: int) -> dict[int, VersionState]:
    """The states that change when version `number` is made the active one.

    What it was built on teaches again where it had been withdrawn, what came after it is withdrawn, and it teaches
    itself, even if the gate had refused it: a person has decided.
    """
    wanted = dict(states)
    for other, state in states.items():
        if other > number and state in TEACHING:
            wanted[other] = VersionState.WITHDRAWN
        elif other < number and state in {VersionState.WITHDRAWN, VersionState.ACTIVE}:
            wanted[other] = VersionState.SUPERSEDED
    wanted[number] = VersionState.ACTIVE
    return {other: VersionState(state) for other, state in wanted.items() if state != states[other]}


@dataclass(frozen=True, slots=True)
class Standing:
    """What a candidate is compared with: what the accepted version judges right, and what the best one so far did."""

    figures: Figures
    best: Figures


def refusal(standing: Standing, after: Figures) -> str | None:
    """Why a candidate is refused, or None.

    Label by label, over the gold texts that both have judged: an exact one-sided sign test on the texts whose
    rightness changed (McNemar 1947).
    """
    return _worse(standing.figures, after, REFUSE_BELOW, "the version before it") or _worse(
        standing.best, after, REFUSE_BELOW_BEST, "the best version so far"
    )


def ratchet(best: Figures, after: Figures) -> dict[str, Mapping[int, bool]]:
    """The best figures including a new version's: per label those with more right answers on what both have judged."""
    kept: dict[str, Mapping[int, bool]] = {}
    for label, found in after.items():
        earlier = best.get(label, {})
        both = found.keys() & earlier.keys()
        kept[label] = earlier if sum(earlier[one] for one in both) > sum(found[one] for one in both) else found
    return kept


def sign_test(worse: int, better: int) -> float:
    """Probability that at least `worse` of the changes are for the worse if both ways are equally likely."""
    changes = worse + better
    ways = sum(comb(changes, count) for count in range(worse, changes + 1))
    return float(ways / 2**changes)


def counts(figures: Figures) -> dict[str, dict[str, int]]:
    """Right answers and texts per label, for people."""
    return {label: {"right": sum(found.values()), "texts": len(found)} for label, found in sorted(figures.items())}


def dump_figures(figures: Figures) -> dict[str, list[list[int]]]:
    """As JSON: per label the ids judged right and those judged wrong."""
    return {
        label: [sorted(one for one, right in found.items() if right is which) for which in (True, False)]
        for label, found in figures.items()
    }


def load_figures(document: Mapping[str, Any]) -> dict[str, dict[int, bool]]:
    """The figures back."""
    return {
        label: dict.fromkeys(right, True) | dict.fromkeys(wrong, False) for label, (right, wrong) in document.items()
    }


def halves(ids: Sequence[int]) -> tuple[Sequence[int], Sequence[int]]:
    """The older and the newer half."""
    middle = len(ids) // 2
    return ids[:middle], ids[middle:]


def _worse(before: Figures, after: Figures, level: float, than: str) -> str | None:
    for label, found in sorted(after.items()):
        earlier = before.get(label, {})
        both = found.keys() & earlier.keys()
        worse = sum(earlier[one] and not found[one] for one in both)
        better = sum(found[one] and not earlier[one] for one in both)
        chance = sign_test(worse, better)
        if chance < level:
            return (
                f"{label}: {worse} of {len(both)} gold texts that {than} judged right would be wrong, "
                f"{better} the other way round (p = {chance:.3f})"
            )
    return None
