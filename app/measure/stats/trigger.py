"""The trigger window: the spike that made somebody pick the theme falls back by itself and is no baseline."""

import numpy as np
from numpy.typing import NDArray

from app.measure.stats.case import Case
from app.measure.stats.folding import Blocks

LONGEST_BEFORE = 56  # days before the picking that a spike may have begun
STANDS_OUT = 1.5  # standard errors above the rest of the baseline
FEWEST_LEFT = 3  # blocks of baseline that must remain
ROUGHNESS = 0.1**2  # block to block variance of a log rate beyond counting error


def trigger_blocks(case: Case, blocks: Blocks) -> NDArray[np.bool_]:
    """Blocks of the target that the picked spike covers, (blocks,); none if nothing stands out or little would remain.

    A spike is the run of high blocks around the day on which the theme was picked, back to where it began and
    forward, at most to the change, until it has faded.
    """
    none = np.zeros(len(blocks.start), dtype=bool)
    if case.opened_day is None or case.opened_day < 0:
        return none
    opened = min(case.opened_day, case.change_day - 1)
    before = np.flatnonzero((blocks.post == 0) & (blocks.exposure[0] > 0))
    near = (blocks.stop > opened - LONGEST_BEFORE) & (blocks.start <= case.change_day)
    quiet = [b for b in before if not near[b]] or list(before)
    if len(before) <= FEWEST_LEFT:
        return none
    rates = (blocks.counts[0] + 0.5) / np.maximum(blocks.exposure[0], 1e-9)
    base = float(np.median(rates[quiet]))
    error = np.sqrt(1.0 / np.maximum(base * blocks.exposure[0], 0.5) + ROUGHNESS)
    high = np.log(rates / base) / error > STANDS_OUT
    seed = int(before[np.searchsorted(blocks.stop[before], opened, side="right").clip(0, len(before) - 1)])
    seeds = [b for b in (seed - 1, seed) if b >= 0 and high[b] and near[b]]
    if not seeds:
        return none
    run = set(seeds)
    for step, limit in ((-1, int(before[0])), (1, int(before[-1]))):
        block = seeds[0] if step < 0 else seeds[-1]
        while block != limit and high[block + step] and near[block + step]:
            block += step
            run.add(block)
    if len(before) - len(run) < FEWEST_LEFT:
        return none
    none[list(run)] = True
    return none
