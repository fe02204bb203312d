"""The verdict by simulation with known truth, on seeds that were never used while the method was made."""

import importlib.util
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"
CASES, SEED = 40, 910_000


@pytest.fixture(scope="module")
def rows():
    spec = importlib.util.spec_from_file_location("impact_benchmark", FOLDER / "impact.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["impact_benchmark"] = module
    spec.loader.exec_module(module)
    return module.run(list(module.streams.BY_NAME), CASES, SEED, ("closeloop",), processes=1)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_changes_that_do_nothing_are_seldom_called_effects(rows):
    assert sum(row.false for row in rows) / len(rows) <= 0.05
    # 40 cases a scenario: 6 false ones are what 8 % give now and then in one of 33 scenarios.
    assert max(row.false for row in rows) <= 0.15


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_interval_holds_the_truth_as_often_as_it_says(rows):
    coverage = [row.coverage for row in rows]
    assert 0.94 <= sum(coverage) / len(coverage) <= 0.99
    assert min(coverage) >= 0.88


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_real_falls_are_found_and_never_called_rises(rows):
    halved = [row.power[0.5] for row in rows if 0.5 in row.power and row.scenario != "tiny_counts"]
    assert sum(halved) / len(halved) >= 0.9
    assert max(row.wrong_sign for row in rows) <= 0.025
