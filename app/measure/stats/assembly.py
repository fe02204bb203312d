"""From a folded case to what the model sees: hidden cells, known events, remains of a spike, controls that moved."""

import numpy as np
from numpy.typing import NDArray

from app.measure.stats.case import Case
from app.measure.stats.folding import Blocks
from app.measure.stats.mixed import Data, Floats

Flags = NDArray[np.bool_]

FEWEST_BASELINE_DAYS = 14
FEWEST_BASELINE_BLOCKS = 2
TOUCHED = 3.5
MOST_EVENTS = 6  # known events whose steps are told apart: those nearest to the change
FADING_DAYS = 14.0  # in which what is left of a spike falls to a third


def has_baseline(case: Case) -> bool:
    """Whether the days before the change are enough to fit anything: days, exposure and at least one complaint."""
    known = [
        target for target, offered in zip(case.target, case.exposure, strict=True) if offered and target is not None
    ]
    return case.change_day >= FEWEST_BASELINE_DAYS and len(known) >= FEWEST_BASELINE_DAYS and sum(known) > 0


def enough_blocks(blocks: Blocks) -> bool:
    """Whether the target has counted blocks on both sides of the change."""
    known = blocks.exposure[0] > 0
    before = int((known & (blocks.post == 0)).sum())
    return before >= FEWEST_BASELINE_BLOCKS and bool((known & (blocks.post > 0)).any())


def touched_controls(blocks: Blocks) -> Floats:
    """Controls that stepped far from their peers at the change: helped, or moved to; (series,) of 0/1."""
    loose = np.zeros(blocks.counts.shape[0])
    if len(blocks.names) < 3:  # noqa: PLR2004 - with two nobody knows which one is odd
        return loose
    after = blocks.post > 0
    before = ~after & (np.cumsum(~after) > (~after).sum() - 16)
    counts = [blocks.counts[1:, side].sum(axis=1) + 0.5 for side in (before, after)]
    offered = [np.maximum(blocks.exposure[1:, side].sum(axis=1), 1e-9) for side in (before, after)]
    step = np.log(counts[1] / offered[1]) - np.log(counts[0] / offered[0])
    error = 1 / counts[0] + 1 / counts[1] + 0.08**2
    apart = np.abs(step - np.median(step))
    scatter = 1.4826 * float(np.median(apart))
    loose[1:] = apart > TOUCHED * np.sqrt(error + min(scatter, 0.3) ** 2)
    return loose


def assemble(case: Case, blocks: Blocks, excluded: Flags, touched: Floats | None = None) -> Data:
    """What the model sees of a folded case: the trigger window hidden, a step per known event."""
    exposure = blocks.exposure.copy()
    exposure[0, excluded] = 0.0
    length = (blocks.stop - blocks.start).astype(float)
    events = told_apart(case, blocks)
    shares = [np.clip((blocks.stop - day) / length, 0, 1) for day in events]
    series = blocks.counts.shape[0]
    sds = [[max(_step_sd(kind, s) for kind in kinds) for s in range(series)] for kinds in events.values()]
    fading = _fading(case, blocks, excluded)
    if fading is not None:
        shares.append(fading[0])
        sds.append([fading[1]] + [0.0] * (series - 1))
    steps = np.array(shares).reshape(len(shares), len(length))
    sd = np.array(sds).reshape(len(sds), series).T
    loose = np.zeros(series) if touched is None else touched
    return Data(blocks.counts, exposure, blocks.middle - case.change_day, length, blocks.post, steps, sd, loose)


def told_apart(case: Case, blocks: Blocks) -> dict[int, set[str]]:
    """Days of the known events that get a step, with their kinds: what lies within the folded days, nearest first.

    Beyond `MOST_EVENTS` more steps would leave nothing of the baseline, and cost as much as the square of their number.
    """
    first, last = int(blocks.start[0]), int(blocks.stop[-1])
    days: dict[int, set[str]] = {}
    for event in case.known_events:
        if first < event.day < last and event.day != case.change_day:
            days.setdefault(event.day, set()).add(event.kind)
    nearest = sorted(days, key=lambda day: (abs(day - case.change_day), day))[:MOST_EVENTS]
    return {day: days[day] for day in nearest}


def _fading(case: Case, blocks: Blocks, excluded: Flags) -> tuple[Floats, float] | None:
    """What may be left of a spike that reached up to the change: its course, and the spread of its size there."""
    before = np.flatnonzero(blocks.post == 0)
    if not excluded[before[-1]]:
        return None
    rates = (blocks.counts[0] + 0.5) / np.maximum(blocks.exposure[0], 1e-9)
    left = float(np.log(rates[before[-1]] / np.median(rates[before[~excluded[before]]])))
    days = np.maximum(blocks.middle - case.change_day, 0.0)
    return blocks.post * np.exp(-days / FADING_DAYS), max(left, 0.05)


def _step_sd(kind: str, row: int) -> float:
    if kind == "process_change" and row > 0:
        return 0.15
    return 0.5
