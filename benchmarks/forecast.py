"""Does "which change first?" keep its promise? Worlds with known truth: coverage of ranges, and worth of the ranking.

Each world has processes, steps, topics and frictions whose changes work differently well, verified changes with noisy
estimates, and open themes whose counts were picked because they had risen. The truth of a theme is what its change
avoids per week in the mean of the coming weeks. Nothing of the generator is known to the forecast.

    python benchmarks/forecast.py --worlds 60 --seed N
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from app.measure.forecast import HISTORY_WEEKS, HORIZON_WEEKS
from app.measure.stats.expected import Saving, ranked, saving
from app.measure.stats.level import foresee
from app.measure.stats.shrinkage import Achieved, Kind, prospects

Floats = NDArray[np.float64]
TOP = 3
FRICTIONS = ("process_opacity", "unnecessary_handoffs", "information_repetition", "unnecessary_complexity", None)


@dataclass(frozen=True)
class Scenario:
    """Ranges from which a world of a named scenario is drawn."""

    name: str
    verified: tuple[int, int] = (8, 30)
    mean: tuple[float, float] = (-0.35, 0.0)
    kin: tuple[float, float] = (0.0, 0.15)
    own: tuple[float, float] = (0.1, 0.35)
    effect: str = "normal"  # normal, heavy (t with 4 degrees), sparse (most changes do nothing)
    base: tuple[float, float] = (0.7, 2.8)  # log complaints a week
    mobility: tuple[float, float] = (0.0, 0.15)
    dispersion: tuple[float, float] = (0.0, 0.15)
    drift: float = 0.0
    spike: float = 0.0  # share of themes with an incident in the last weeks that fades by itself


SCENARIOS = (
    Scenario("usual"),
    Scenario("none_verified", verified=(0, 0)),
    Scenario("few_verified", verified=(2, 5)),
    Scenario("many_verified", verified=(50, 80)),
    Scenario("strong_kinship", kin=(0.2, 0.35), verified=(20, 50)),
    Scenario("heavy_tails", effect="heavy"),
    Scenario("most_do_nothing", effect="sparse"),
    Scenario("works_well", mean=(-0.7, -0.4)),
    Scenario("tiny_counts", base=(-1.5, 0.5)),
    Scenario("large_counts", base=(3.5, 5.5)),
    Scenario("restless", mobility=(0.15, 0.3)),
    Scenario("noisy", dispersion=(0.3, 0.8)),
    Scenario("trending", drift=0.025),
    Scenario("picked_incidents", spike=0.5),
)


@dataclass(frozen=True)
class World:
    """What the forecast sees, and the truth."""

    achieved: list[Achieved]
    kinds: list[Kind]
    counts: list[Floats]
    truth: Floats
    effect: Floats


def draw_world(scenario: Scenario, seed: int) -> World:
    """One world."""
    rng = np.random.default_rng([seed, sum(map(ord, scenario.name))])
    kin = {name: rng.uniform(*scenario.kin) for name in ("process", "step", "topic", "friction")}
    shares: dict[tuple[str, object], float] = {}
    mean, own = rng.uniform(*scenario.mean), rng.uniform(*scenario.own)

    def kind() -> Kind:
        process = int(rng.integers(6))
        step = 10 * process + int(rng.integers(3))
        return Kind(process, step, 10 * step + int(rng.integers(2)), FRICTIONS[rng.integers(len(FRICTIONS))])

    def effect(one: Kind) -> float:
        total = mean
        for name, sd in kin.items():
            key = (name, getattr(one, name))
            if key not in shares:
                shares[key] = float(rng.normal(0, sd))
            total += shares[key]
        if scenario.effect == "sparse":
            return total * 0.2 if rng.random() < 0.7 else total - 0.5
        noise = rng.standard_t(4) / np.sqrt(2) if scenario.effect == "heavy" else rng.normal()
        return float(np.clip(total + own * noise, -3, 1))

    verified = []
    for _ in range(int(rng.integers(scenario.verified[0], scenario.verified[1] + 1))):
        one, error = kind(), float(rng.uniform(0.08, 0.35))
        verified.append(Achieved(one, effect(one) + float(rng.normal(0, error)), error))
    themes = int(rng.integers(8, 20))
    streams = _picked([_stream(scenario, rng) for _ in range(3 * themes)], themes)
    kinds = [kind() for _ in range(themes)]
    effects = np.array([effect(one) for one in kinds])
    truth = np.array([ahead for _, ahead in streams]) * (1 - np.exp(effects))
    return World(verified, kinds, [seen for seen, _ in streams], truth, effects)


def _stream(scenario: Scenario, rng: np.random.Generator) -> tuple[Floats, float]:
    """Weekly counts of the history, and the mean rate of the weeks ahead."""
    weeks = HISTORY_WEEKS + HORIZON_WEEKS
    steps = rng.normal(0, rng.uniform(*scenario.mobility), weeks)
    drift = rng.choice([-1.0, 0.0, 1.0]) * scenario.drift * np.arange(weeks)
    path = rng.uniform(*scenario.base) + np.cumsum(steps) + drift
    seen = path[:HISTORY_WEEKS].copy()
    if rng.random() < scenario.spike:
        seen[-3:] += np.array([0.5, 0.9, 0.6])
    mean, dispersion = np.exp(seen), rng.uniform(*scenario.dispersion)
    lively = rng.gamma(1 / dispersion, dispersion, HISTORY_WEEKS) if dispersion > 0 else np.ones(HISTORY_WEEKS)
    return rng.poisson(mean * lively).astype(float), float(np.exp(path[HISTORY_WEEKS:]).mean())


def _picked(streams: list[tuple[Floats, float]], wanted: int) -> list[tuple[Floats, float]]:
    """Those whose last four weeks stood out most: that is why they have an item."""

    def stands_out(seen: Floats) -> float:
        usual = 4 * seen[:-4].mean()
        return float((seen[-4:].sum() - usual) / np.sqrt(usual + 1))

    streams = [one for one in streams if one[0].sum() > 0]
    return sorted(streams, key=lambda one: -stands_out(one[0]))[:wanted]


def forecast(world: World) -> list[Saving]:
    """What the product would say."""
    found = prospects(world.achieved, world.kinds)
    return [saving(foresee(seen, HORIZON_WEEKS), one) for seen, one in zip(world.counts, found, strict=True)]


def _score_oracle(world: World) -> Floats:
    return world.truth


def _score_recent(world: World) -> Floats:
    return np.array([seen[-4:].sum() for seen in world.counts])


def _score_usual(world: World) -> Floats:
    return np.array([seen.mean() for seen in world.counts])


def _score_effect(world: World) -> Floats:
    """Knows the true effects and takes the last four weeks for the rate: what perfect foresight of effects is worth."""
    return _score_recent(world) * (1 - np.exp(world.effect))


RANKINGS: dict[str, Callable[[World], Floats]] = {
    "oracle": _score_oracle,
    "recent": _score_recent,
    "usual": _score_usual,
    "knows effects": _score_effect,
}


def first_three(world: World, score: Floats) -> float:
    """Savings of the first three by a score, per complaint a week, so that no world outweighs the others."""
    return float(world.truth[np.argsort(-score, kind="stable")[:TOP]].sum() / _score_usual(world).sum())


@dataclass
class Result:
    """Sums over worlds."""

    themes: int = 0
    inside80: int = 0
    inside95: int = 0
    bias: float = 0.0
    rank: float = 0.0
    saved: dict[str, float] = field(default_factory=lambda: dict.fromkeys(["forecast", *RANKINGS], 0.0))

    def add(self, world: World) -> None:
        """Score one world."""
        said = forecast(world)
        for one, truth in zip(said, world.truth, strict=True):
            self.themes += 1
            self.inside80 += one.range80[0] <= truth <= one.range80[1]
            self.inside95 += one.range95[0] <= truth <= one.range95[1]
            self.bias += one.expected - truth
        score = np.array([one.expected for one in said])
        assert list(np.argsort(-score, kind="stable")) == ranked(said)
        self.rank += _spearman(score, world.truth)
        self.saved["forecast"] += first_three(world, score)
        for name, rate in RANKINGS.items():
            self.saved[name] += first_three(world, rate(world))


def _spearman(left: Floats, right: Floats) -> float:
    ranks = [np.argsort(np.argsort(side)).astype(float) for side in (left, right)]
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])


def measure(scenario: Scenario, worlds: int, seed: int) -> Result:
    """Many worlds of a scenario."""
    result = Result()
    for number in range(worlds):
        result.add(draw_world(scenario, seed * 1000 + number))
    return result


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="*", default=[], help="names of scenarios; without any, all")
    asked = parser.parse_args()
    names = ["forecast", "recent", "usual", "knows effects"]
    print(f"{'scenario':18} themes  in80  in95   bias  rank   " + "  ".join(f"top{TOP} {name}" for name in names))
    everything = []
    for scenario in SCENARIOS:
        if asked.only and scenario.name not in asked.only:
            continue
        result = measure(scenario, asked.worlds, asked.seed)
        best = result.saved["oracle"]
        row = [result.inside80 / result.themes, result.inside95 / result.themes, result.bias / result.themes]
        row += [result.rank / asked.worlds, *(result.saved[name] / best for name in names)]
        everything.append(row)
        print(f"{scenario.name:18} {result.themes:6d} " + _line(row), flush=True)
    print(f"{'mean':18} {'':6} " + _line(list(np.mean(everything, axis=0))))


def _line(row: list[float]) -> str:
    return f"{row[0]:5.1%} {row[1]:5.1%} {row[2]:+6.2f} {row[3]:5.2f}   " + "  ".join(f"{one:10.0%}" for one in row[4:])


if __name__ == "__main__":
    main()
