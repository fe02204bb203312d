"""Which change first, over HTTP: what a change to each open theme would avoid."""

from datetime import date

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app.api.bodies import ApiRoute
from app.api.deps import Now, Reader, Reading
from app.measure.forecast import HORIZON_WEEKS, Forecast, Prospect, forecast_changes

router = APIRouter(prefix="/v1/forecast", tags=["changes"], route_class=ApiRoute)


class RangeOut(BaseModel):
    """Complaints avoided per week, from and to; below zero: more complaints than without a change."""

    low: float
    high: float


class MoneyOut(BaseModel):
    """The same in money, by what the company says that one complaint costs."""

    currency: str
    expected_per_week: float
    low_per_week: float = Field(description="Lower end of the 80 % range.")
    high_per_week: float


class KinOut(BaseModel):
    """How many judged changes the effect is learnt from that were of the same kind."""

    process: int
    step: int
    topic: int
    friction: int


class ProspectOut(BaseModel):
    """One open theme."""

    rank: int
    item_id: int
    theme_id: int
    theme: str
    state: str
    owner: str = Field(description="Key of the owner.")
    recent_per_week: float = Field(description="Complaints per week in the last four weeks.")
    per_week: float = Field(description="Complaints per week that are expected if nothing is done.")
    rate_ratio: float = Field(description="Expected rate with a change, as a share of that without.")
    avoided_per_week: float = Field(description="Expected complaints avoided per week.")
    range_80: RangeOut
    range_95: RangeOut
    chance: float = Field(description="Chance that a change lowers the rate at all.")
    kin: KinOut
    saved: MoneyOut | None = Field(description="Null where the company says no cost of a complaint.")


class ForecastOut(BaseModel):
    """All open themes that the caller may see, the one whose change would avoid most first."""

    until: date = Field(description="The last day that was counted.")
    horizon_weeks: int = Field(description="Over how many coming weeks it is averaged.")
    judged_changes: int = Field(description="Changes with a verdict; with none the documented prior speaks alone.")
    items: list[ProspectOut]


@router.get("", operation_id="get_forecast", summary="Which change first")
def show(session: Reading, now: Now, actor: Reader) -> ForecastOut:
    """A forecast, not a verdict: from each theme's rate, and from what judged changes of the same kind achieved."""
    forecast = forecast_changes(session, now, actor)
    return ForecastOut(
        until=forecast.until,
        horizon_weeks=HORIZON_WEEKS,
        judged_changes=forecast.judged_changes,
        items=[_shown(rank, one, forecast) for rank, one in enumerate(forecast.prospects, start=1)],
    )


def _shown(rank: int, one: Prospect, forecast: Forecast) -> ProspectOut:
    saving, undone = one.saving, one.undone
    return ProspectOut(
        rank=rank,
        item_id=undone.item_id,
        theme_id=undone.theme_id,
        theme=undone.theme,
        state=undone.state,
        owner=undone.owner_key,
        recent_per_week=round(one.recent_per_week, 2),
        per_week=round(one.per_week, 2),
        rate_ratio=round(one.rate_ratio, 3),
        avoided_per_week=round(saving.expected, 2),
        range_80=_range(saving.range80),
        range_95=_range(saving.range95),
        chance=round(saving.chance, 3),
        kin=KinOut(**one.kin),
        saved=_money(one, forecast),
    )


def _range(ends: tuple[float, float]) -> RangeOut:
    return RangeOut(low=round(ends[0], 2), high=round(ends[1], 2))


def _money(one: Prospect, forecast: Forecast) -> MoneyOut | None:
    cost = forecast.complaint_cost
    if cost is None:
        return None
    amount = float(cost["amount"])
    return MoneyOut(
        currency=cost["currency"],
        expected_per_week=round(amount * one.saving.expected, 2),
        low_per_week=round(amount * one.saving.range80[0], 2),
        high_per_week=round(amount * one.saving.range80[1], 2),
    )
