"""Published interrupted time series: our answer beside the printed one.

Data: a folder named by CLOSELOOP_IMPACT_EXAMPLES with `sicily.csv` (Lopez Bernal, Cummins and Gasparrini 2017) and
`UKdriversKSI.txt` (Commandeur and Koopman 2007). Both are monthly: a month is given as seven days with a seventh of its
count each, because seven days is what the method folds into one block.

- Sicily, smoking ban: printed 0.894 (0.864 to 0.925) by Poisson regression with a straight trend, quasi-Poisson 0.839
  to 0.953. Ours, 0.91 (0.83 to 1.01), is nearer to 1 and wider: months may drift, and the trend may bend.
- UK, seat belts: printed -0.238 on the log scale, 0.79. Ours: 0.79 (0.65 to 0.92); the step is large beside the drift.
"""

import csv
import os
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from app.domain.verdict import VerdictState
from app.measure.stats.case import Case
from app.measure.stats.estimate import estimate

FOLDER = Path(os.environ.get("CLOSELOOP_IMPACT_EXAMPLES", "/nowhere"))

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="CLOSELOOP_IMPACT_EXAMPLES names no folder")


def monthly(counts, exposure, month):
    spread = [tuple(float(value) for value in np.repeat(np.array(values) / 7, 7)) for values in (counts, exposure)]
    return estimate(Case("published", date(2002, 1, 1), spread[1], spread[0], {}, 7 * month))


def test_the_smoking_ban_in_sicily_has_the_published_sign_and_ratio_within_its_range():
    rows = list(csv.DictReader((FOLDER / "sicily.csv").read_text(encoding="utf-8").splitlines()))
    month = [row["smokban"] for row in rows].index("1")
    ours = monthly([float(row["aces"]) for row in rows], [float(row["stdpop"]) for row in rows], month)
    assert ours.rate_ratio < 0.96
    assert ours.ci_low < 0.894 < ours.ci_high
    assert ours.ci_high - ours.ci_low > 0.953 - 0.839


def test_the_seat_belt_law_saved_about_a_fifth_of_the_drivers():
    lines = (FOLDER / "UKdriversKSI.txt").read_text(encoding="utf-8").splitlines()[1:]
    counts = [float(line) for line in lines]
    ours = monthly(counts, [1.0] * len(counts), 12 * 14 + 1)
    assert ours.verdict is VerdictState.IMPROVED
    assert ours.rate_ratio == pytest.approx(np.exp(-0.238), abs=0.05)
