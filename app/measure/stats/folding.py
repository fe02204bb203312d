"""Days become blocks counted from the change, so that weekday patterns cancel and noise within a week averages out.

Blocks are 7 days long (14 or 28 where the target has very few complaints), older history is merged into longer
blocks, days that are not counted (roll-out, missing) are left out of both counts and exposure. The exposure of a day
is weighted by a weekday and holiday profile pooled over all series and shrunk towards flat, so that part weeks and
holidays compare fairly.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.measure.stats.case import Case

Floats = NDArray[np.float64]

WEEK = 7
RECENT_BLOCKS = 20
OLD_MERGE = 4
OLD_BLOCKS = 13
POST_BLOCKS = 14
MAX_SERIES = 9
FEWEST_PER_BLOCK = 3.0
SHRINK_COUNTS = 40.0


@dataclass(frozen=True, slots=True)
class Blocks:
    """Folded series; row 0 is the target, the other rows are controls.

    Attributes:
        counts: complaints, (series, blocks).
        exposure: profile-weighted exposure of the counted days, (series, blocks); 0 = nothing known in this cell.
        start, stop: first day and one past the last day of each block, (blocks,).
        post: share of each block that lies after the change (0 or 1 but for broken cases), (blocks,).
        names: the controls in the order of rows 1 and up.
    """

    counts: Floats
    exposure: Floats
    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    post: Floats
    names: tuple[str, ...]

    @property
    def middle(self) -> Floats:
        """Middle of each block in days after the change would be `middle - change_day`."""
        return (self.start + self.stop) / 2.0


def daily(case: Case) -> tuple[Floats, Floats, tuple[str, ...]]:
    """Counts (series, days; NaN where unknown), exposure (days; 0 where nothing is counted) and the controls' names.

    Controls are ordered by their counts and not by their order in the case, so that permuting them changes nothing;
    beyond `MAX_SERIES - 1` of them, those with the fewest complaints are added up to one.
    """
    exposure = np.array([np.nan if value is None else value for value in case.exposure], dtype=float)
    exposure = np.where(np.isfinite(exposure) & (exposure > 0), exposure, 0.0)
    if case.rollout is not None:
        exposure[max(case.rollout[0], 0) : max(case.rollout[1], 0)] = 0.0
    target = _array(case.target)
    arrays = [(name, _array(values)) for name, values in case.controls.items()]
    usable = [(name, values) for name, values in arrays if np.nansum(values) > 0 and np.isfinite(values).any()]
    usable.sort(key=lambda pair: (-float(np.nansum(pair[1])), tuple(np.nan_to_num(pair[1], nan=-1.0)), pair[0]))
    usable = _pooled(usable)
    counts = np.array([target, *(values for _, values in usable)])
    positive = exposure[exposure > 0]
    scale = float(positive.mean()) if positive.size else 1.0
    return counts, exposure / scale, tuple(name for name, _ in usable)


def profile(case: Case, counts: Floats, exposure: Floats) -> Floats:
    """Relative rate of each day by weekday and holiday, pooled over the series and shrunk towards 1, (days,)."""
    days = np.arange(case.days)
    valid = np.isfinite(counts) & (exposure > 0)
    rates = np.nansum(np.where(valid, counts, 0.0), axis=1) / np.maximum((valid * exposure).sum(axis=1), 1e-12)
    expected = np.where(valid, rates[:, None] * exposure, 0.0).sum(axis=0)
    seen = np.where(valid, counts, 0.0).sum(axis=0)
    is_holiday = np.isin(days, np.array(case.holidays, dtype=np.int64))
    factor = np.ones(case.days)
    for weekday in range(WEEK):
        ordinary = (days % WEEK == weekday) & ~is_holiday
        factor[days % WEEK == weekday] = _shrunk(seen[ordinary].sum(), expected[ordinary].sum())
    factor[is_holiday] *= _shrunk(seen[is_holiday].sum(), (expected * factor)[is_holiday].sum())
    return np.maximum(factor, 0.02)


def fold(case: Case) -> Blocks:
    """Fold the case; see the module."""
    counts, exposure, names = daily(case)
    weighted = exposure * profile(case, counts, exposure)
    edges = _edges(case, counts[0], exposure)
    valid = np.isfinite(counts)
    filled = np.where(valid & (exposure > 0), counts, 0.0)
    offered = np.where(valid, weighted, 0.0)
    start, stop = (
        np.array([edge[0] for edge in edges], dtype=np.int64),
        np.array([edge[1] for edge in edges], dtype=np.int64),
    )
    sums = np.array([filled[:, a:b].sum(axis=1) for a, b in edges]).T
    offers = np.array([offered[:, a:b].sum(axis=1) for a, b in edges]).T
    return Blocks(sums, offers, start, stop, (start >= case.change_day).astype(float), names)


def _pooled(controls: list[tuple[str, Floats]]) -> list[tuple[str, Floats]]:
    most = MAX_SERIES - 1
    if len(controls) <= most:
        return controls
    kept, rest = controls[: most - 1], controls[most - 1 :]
    together = np.sum([values for _, values in rest], axis=0)
    return [*kept, (f"{len(rest)} smaller topics together", np.asarray(together, dtype=float))]


def _array(values: tuple[float | None, ...]) -> Floats:
    return np.array([np.nan if value is None else value for value in values], dtype=float)


def _shrunk(seen: float, expected: float) -> float:
    return float((seen + SHRINK_COUNTS) / (expected + SHRINK_COUNTS))


def _edges(case: Case, target: Floats, exposure: Floats) -> list[tuple[int, int]]:
    change, days = case.change_day, case.days
    length = _length(target[:change], exposure[:change])
    before = [(max(stop - length, 0), stop) for stop in range(change, 0, -length)][::-1]
    if len(before) > 1 and before[0][1] - before[0][0] < length:
        before = before[1:]
    before = _merge_old(before)
    after = [(start, min(start + length, days)) for start in range(change, days, length)]
    if len(after) > 1 and after[-1][1] - after[-1][0] < length // 2:
        after[-2:] = [(after[-2][0], after[-1][1])]
    while len(after) > POST_BLOCKS:
        after = [(after[i][0], after[min(i + 1, len(after) - 1)][1]) for i in range(0, len(after), 2)]
    return before + after


def _length(target: Floats, exposure: Floats) -> int:
    known = np.isfinite(target) & (exposure > 0)
    per_week = WEEK * float(target[known].mean()) if known.any() else 0.0
    for weeks in (1, 2, 4):
        enough_blocks = len(target) >= 4 * 2 * weeks * WEEK
        if per_week * weeks >= FEWEST_PER_BLOCK or not enough_blocks:
            return weeks * WEEK
    return 4 * WEEK


def _merge_old(blocks: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Keep recent blocks as they are and merge older ones by four; histories are cut after a year and a half."""
    old, recent = blocks[:-RECENT_BLOCKS], blocks[-RECENT_BLOCKS:]
    merged = [(chunk[0][0], chunk[-1][1]) for chunk in _chunks_from_end(old, OLD_MERGE)]
    return merged[-OLD_BLOCKS:] + recent


def _chunks_from_end(blocks: list[tuple[int, int]], size: int) -> list[list[tuple[int, int]]]:
    first = len(blocks) % size
    chunks = [blocks[:first]] if first else []
    return chunks + [blocks[i : i + size] for i in range(first, len(blocks), size)]
