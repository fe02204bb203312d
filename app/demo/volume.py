"""How much happens on each day: orders (the exposure) and complaints per theme."""

import math
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from app.demo.phrases import Theme
from app.demo.story import STORY, Story

SERIES = "orders"
# Orders by weekday, Monday first; the mean is 1.
_WEEKDAYS = (1.16, 1.06, 1.0, 0.98, 0.94, 0.78, 1.08)


@dataclass(frozen=True, slots=True)
class Exposure:
    """The denominator of one day: `count` orders."""

    series: str
    day: date
    count: float


def expect_orders(story: Story, end: date, day: int) -> float:
    """Give the expected orders of a day of the story (0 is the first): growth, sale and weekday."""
    weekday = _WEEKDAYS[(story.first_day(end) + timedelta(days=day)).weekday()]
    growth = 1 + story.growth * (day / story.days - 0.5)
    sale = story.season_orders if story.season[0] <= day // 7 < story.season[1] else 1.0
    return story.orders_per_day * weekday * growth * sale


def list_exposures(end: date, seed: int, story: Story = STORY) -> list[Exposure]:
    """Give the orders of every day of the history that is over when ``end`` begins, oldest first."""
    rng = Random(f"{seed}:orders")  # noqa: S311 - an invented history has to be the same again for the same seed
    first = story.first_day(end)
    return [
        Exposure(SERIES, first + timedelta(days=day), float(round(expect_orders(story, end, day) * rng.gauss(1, 0.04))))
        for day in range(story.days)
    ]


def multiply_rate(story: Story, theme_key: str, day: int) -> float:
    """Give the designed rate of a theme on a day, as a multiple of its usual complaints per order."""
    week = day // 7
    rate = story.season_rate if story.season[0] <= week < story.season[1] else 1.0
    if theme_key != story.working_theme:
        return rate
    if story.spike[0] <= week < story.spike[1]:
        rate *= story.spike_rate
    reached = min(max((day - story.deploy_week * 7 + 0.5) / story.rollout_days, 0.0), 1.0)
    return rate * (1 - reached * (1 - story.working_rate))


def draw_counts(theme: Theme, orders: list[float], seed: int, story: Story) -> list[int]:
    """Draw the complaints of each day: Poisson around orders times rate, with a weekly gamma factor as noise.

    Each theme has a stream of its own, so that another weekday at the end or another theme changes little.
    """
    rng = Random(f"{seed}:{theme.key}")  # noqa: S311 - as above
    usual = theme.weekly / (7 * story.orders_per_day)
    shape = 1 / story.noise**2
    factors = [rng.gammavariate(shape, 1 / shape) for _ in range(story.weeks)]
    return [
        draw_poisson(rng, count * usual * factors[day // 7] * multiply_rate(story, theme.key, day))
        for day, count in enumerate(orders)
    ]


def draw_poisson(rng: Random, mean: float) -> int:
    """Draw from a Poisson distribution by inversion, from one uniform number (means here stay below 20)."""
    left, count, chance = rng.random(), 0, math.exp(-mean)
    while left > chance > 0:
        left -= chance
        count += 1
        chance *= mean / count
    return count
