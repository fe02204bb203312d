"""The story the demo tells: forty weeks, two changes, one of which works. All its numbers stand here."""

from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True)
class Story:
    """What happens in which week. Weeks count from 0; a theme's numbers are complaints a week at the usual exposure.

    Attributes:
        weeks: length of the history, in weeks of seven days.
        orders_per_day: exposure of a usual day.
        growth: how much more is ordered in the last week than in the first, as a share.
        season: first week of the seasonal sale and the first week after it.
        season_orders: orders in the sale, as a multiple of the usual.
        season_rate: complaints per order in the sale, as a multiple of the usual, for every theme alike.
        noise: standard deviation of a theme's weekly rate around its mean, as a share (beyond Poisson).
        spike: first week of the spike that makes the working theme be noticed, and the first week after it.
        spike_rate: complaints per order in the spike, as a multiple of the usual.
        opening_week: at its beginning the action items are opened and acknowledged.
        plan_week: at its beginning both owners write down their changes, before any result.
        deploy_week: at its beginning both changes begin to be rolled out.
        rollout_days: days from the first to the last customer who gets the change.
        working_topic: topic whose change works; ``working_theme`` is the problem that it cures.
        working_rate: complaints per order of the working theme after the roll-out, as a multiple of before.
        working_change: what its owner changes.
        idle_topic: topic whose change does nothing; ``idle_theme`` is the problem that it was meant to cure.
        idle_change: what its owner changes.
        target: the reduction of the complaint rate that both owners write down, as a share.
    """

    weeks: int = 40
    orders_per_day: float = 900.0
    growth: float = 0.25
    season: tuple[int, int] = (9, 12)
    season_orders: float = 1.3
    season_rate: float = 1.1
    noise: float = 0.05
    spike: tuple[int, int] = (18, 20)
    spike_rate: float = 1.9
    opening_week: int = 20
    plan_week: int = 21
    deploy_week: int = 26
    rollout_days: int = 7
    working_topic: str = "refunds"
    working_theme: str = "refund_not_received"
    working_rate: float = 0.34
    working_change: str = "Refunds are released by the scan at the depot instead of a weekly approval run"
    idle_topic: str = "phone_waiting"
    idle_theme: str = "hold_too_long"
    idle_change: str = "A new voice menu sends callers to the right queue"
    target: float = 0.3

    @property
    def days(self) -> int:
        """Length of the history in days."""
        return self.weeks * 7

    def first_day(self, end: date) -> date:
        """Give the first day of a history that is over when ``end`` begins."""
        return end - timedelta(days=self.days)

    def day_of_week(self, end: date, week: int) -> date:
        """Give the first day of a week of the story."""
        return self.first_day(end) + timedelta(weeks=week)


STORY = Story()
