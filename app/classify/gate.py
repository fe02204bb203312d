"""What a reader judges right of the gold texts, and whether it may take the place of the one before it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.classify.taxonomy import Known, Said
from app.domain.learning import Figures, Standing, halves, ratchet, refusal

if TYPE_CHECKING:
    from classifiers.contract import Mention
    from classifiers.reader import Reader

_FEWEST = 16
"""A refused group is halved until one correction is left, or this share of what came together."""

NO_GOLD = "there are no gold texts to measure it by"
PASSED = "not significantly worse on the gold texts"


@dataclass(frozen=True)
class Trial:
    """One candidate and what became of it.

    Attributes:
        added: Ids of the corrections that it learnt besides the accepted ones, oldest first.
        reader: The candidate.
        before: What the version before the group judged right of the gold texts.
        after: What the candidate judges right.
        best: The best so far, if it is accepted.
        refused: Why it is not; None: it is.
    """

    added: tuple[int, ...]
    reader: Reader
    before: Figures
    after: Figures
    best: Figures
    refused: str | None

    @property
    def reason(self) -> str:
        """The decision in words."""
        return self.refused or (PASSED if self.after else NO_GOLD)


class Gate:
    """Tries what came since the last version against the accepted one; the same facts give the same answer.

    Args:
        known: Topics, corrections, versions.
        build: Gives a reader that learns from the corrections with these ids.
    """

    def __init__(self, known: Known, build: Callable[[Collection[int]], Reader]) -> None:
        """Tries nothing yet."""
        self._known = known
        self._build = build

    def current(self) -> Reader:
        """The reader of now: with what came since the last version, unless that makes gold texts wrong."""
        known = self._known
        if known.fresh:
            trial = self.trial(known.accepted, known.standing, known.fresh)
            if trial.refused is None:
                return trial.reader
        return self._build(known.accepted)

    def trials(self) -> Iterator[Trial]:
        """Try all that came together; where it is refused, find out which part of it is to blame.

        The accepted trials, one after the other, and the refused ones cover everything that came, oldest first.
        """
        known = self._known
        accepted, standing = known.accepted, known.standing
        waiting: list[Sequence[int]] = [known.fresh]
        fewest = max(1, len(known.fresh) // _FEWEST)
        while waiting:
            ids = waiting.pop()
            trial = self.trial(accepted, standing, ids)
            if trial.refused is not None and len(ids) > fewest:
                waiting += reversed(halves(ids))
                continue
            if trial.refused is None:
                # Compared with what was there before the group: halves must not pass that together would be refused.
                accepted, standing = accepted | {*ids}, Standing(trial.before, trial.best)
            yield trial

    def trial(self, accepted: frozenset[int], standing: Standing, added: Sequence[int]) -> Trial:
        """Build the candidate that also learns `added`, and measure it."""
        gold = self._known.gold
        candidate = self._build(accepted | {*added})
        after = measure(candidate, gold) if gold else {}
        if standing is self._known.standing and not _same_ground(candidate.fingerprint, self._known.fingerprint):
            standing = Standing({}, {})
        if after and not _covers(standing.figures, after):
            figures = measure(self._build(accepted), gold)
            standing = Standing(figures, ratchet(standing.best, figures))
        best = ratchet(standing.best, after)
        refused = refusal(standing, after) if added else None  # other topics alone are somebody's decision
        return Trial(tuple(added), candidate, standing.figures, after, best, refused)


def measure(reader: Reader, gold: Mapping[int, Said]) -> Figures:
    """Which gold texts a reader judges as their corrections say, label by label, by what it has learnt alone."""
    from classifiers import contract  # noqa: PLC0415 - the classifiers are loaded when they are needed

    conversations = [[contract.Turn(contract.Role.CUSTOMER, one.text)] for one in gold.values()]
    figures: dict[str, dict[int, bool]] = {}
    for one, reading in zip(gold.values(), reader.uncorrected().read(conversations), strict=True):
        for label, value in one.labels:
            figures.setdefault(label, {})[one.id] = _right(reading.mentions, label, value)
    return figures


def _right(mentions: Sequence[Mention], label: str, value: object) -> bool:
    """Of a text that falls into several spans the longest one speaks; of a span's several topics one is enough."""
    longest = max((one.end - one.start for one in mentions), default=0)
    said = [getattr(one, label) for one in mentions if one.end - one.start == longest]
    return value in said if said else value in {None, False, "neutral"}


def _same_ground(one: str, other: str) -> bool:
    """Whether two fingerprints differ in what was taught alone: same model, same topics."""
    return one.split(".", maxsplit=1)[0] == other.split(".", maxsplit=1)[0]


def _covers(figures: Figures, wanted: Figures) -> bool:
    return all(found.keys() <= figures.get(label, {}).keys() for label, found in wanted.items())
