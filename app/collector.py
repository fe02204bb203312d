"""The cycle collector of a process that makes many objects at once and few cycles."""

import gc


def spare_collector() -> None:
    """Keep it away from what lives as long as the process: it cost 40 % of taking a bulk in."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
