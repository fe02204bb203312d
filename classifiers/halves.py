"""Half to single precision and back, by torch: numpy converts number by number and takes twenty times as long."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

if TYPE_CHECKING:
    from classifiers.contract import Floats, HalfFloats


def halved(numbers: Floats) -> HalfFloats:
    """The nearest float16 of each number."""
    found: HalfFloats = torch.from_numpy(numbers).half().numpy()
    return found


def widened(numbers: Floats) -> Floats:
    """The same numbers as float32; what is float32 already is not copied."""
    if numbers.dtype == np.float32:
        return numbers
    found: Floats = torch.from_numpy(numbers).float().numpy()
    return found
