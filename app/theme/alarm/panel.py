"""What the maths of alerts is given: counts of many themes on the same days."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

HOLIDAY = 7
"""Kind of a day that is a holiday, whatever its weekday; 0 to 6 are Monday to Sunday."""


@dataclass(frozen=True, slots=True)
class Panel:
    """Counts of K themes on n days in a row, oldest first.

    Attributes:
        counts: (K, n) people who complained.
        exposure: (K, n) denominator of the rate, above 0; ones where there is none.
        kinds: (n,) 0 to 6 for Monday to Sunday, `HOLIDAY` for holidays.
        usable: (K, n) days that say something about what is usual: not those of past alerts.
        begins: (K,) index of the first day whose counts can be compared with today's.
    """

    counts: Floats
    exposure: Floats
    kinds: Ints
    usable: Flags
    begins: Ints

    @property
    def days(self) -> int:
        """How many days it has."""
        return int(self.counts.shape[1])

    def learned_from(self) -> Flags:
        """(K, n) usable days since each theme's beginning."""
        return np.asarray(self.usable & (np.arange(self.days) >= self.begins[:, None]))

    def only(self, themes: Ints) -> Panel:
        """The panel of some themes."""
        return Panel(self.counts[themes], self.exposure[themes], self.kinds, self.usable[themes], self.begins[themes])
