"""The promise about false alerts, and what it costs in delay, by simulation on seeds that nothing was chosen by."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import chi2

FOLDER = Path(__file__).parents[2] / "benchmarks"
WEEKS, SEED, BUDGET = 40, 930_000, 1.0

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def benchmark():
    spec = importlib.util.spec_from_file_location("alerts_benchmark", FOLDER / "alerts.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["alerts_benchmark"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("kind", ["poisson", "overdispersed", "bursty"])
def test_quiet_themes_raise_no_more_false_alerts_than_the_budget(benchmark, kind):
    stream = benchmark.streams.quiet(SEED, kind, WEEKS)
    found = len(benchmark.Ours(stream, BUDGET).run(benchmark.WARM).opened)
    least = chi2.ppf(0.025, 2 * found) / 2 / WEEKS if found else 0.0  # exact Poisson interval
    assert least <= BUDGET
    assert found / WEEKS <= 1.2 * BUDGET


def test_what_doubles_is_found_within_weeks_where_there_is_anything_to_see(benchmark):
    stream = benchmark.streams.changed(SEED, "overdispersed", "2", 28)
    opened = benchmark.Ours(stream, BUDGET).run(benchmark.WARM - 1).opened
    busy = np.flatnonzero(stream.means[:, benchmark.WARM - 28 : benchmark.WARM].mean(axis=1) >= 5)
    assert np.mean(np.isin(busy, [theme for theme, *_ in opened])) > 0.95
