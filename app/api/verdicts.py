"""How verdicts about changes are written in answers."""

from datetime import date

from pydantic import BaseModel, Field

from app.measure.discoveries import Judged


class StandingOut(BaseModel):
    """What the newest look at a change says, alone and among all changes that are watched."""

    day: date = Field(description="The last day that was counted.")
    verdict: str = Field(
        description="`improved`, `no_change`, `worse`, `inconclusive`, `too_early` or `invalid`.",
        examples=["improved"],
    )
    headline: str
    rate_ratio: float | None
    ci_low: float | None
    ci_high: float | None
    relapse: bool
    holds: bool | None = Field(
        description=(
            "For `improved` and `worse`: whether it also holds when the share of false verdicts among all changes that "
            "are watched is kept at 5 % (Benjamini-Hochberg). Null for other verdicts."
        )
    )
    judged_together: int = Field(description="Among how many changes.")


def show_standing(judged: Judged | None) -> StandingOut | None:
    """A change's standing; None before its first look and when it is watched no more."""
    if judged is None:
        return None
    look = judged.look
    return StandingOut(
        day=look.day,
        verdict=look.verdict,
        headline=look.headline,
        rate_ratio=look.rate_ratio,
        ci_low=look.ci_low,
        ci_high=look.ci_high,
        relapse=look.relapse,
        holds=judged.holds,
        judged_together=judged.together,
    )
