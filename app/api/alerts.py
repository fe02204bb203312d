"""Alerts over HTTP: what is above expectation, since when and by how much, and how it went on."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from app.api.action_items import NOT_MODIFIED, owner_id_of
from app.api.bodies import ApiRoute
from app.api.conditions import unchanged, weak_tag
from app.api.deps import LARGEST_ID, Doer, Id, Now, Reader, Reading, Writing
from app.api.instants import Instant
from app.api.paging import Listing, Paged
from app.domain.actor import Actor
from app.store.alerts import AlertFilter, AlertRow, alert_history, alerts_etag, get_alert, list_alerts
from app.theme.alert_commands import LONGEST_NOTE, acknowledge_alert

router = APIRouter(prefix="/v1/alerts", tags=["alerts"], route_class=ApiRoute)


class AlertOut(BaseModel):
    """A theme that is above what was expected of it."""

    id: int
    theme_id: int
    theme: str
    topic: str = Field(description="Key of the topic.")
    kind: str = Field(description="`excess`, or `emerging`: the theme itself is new.")
    state: str = Field(description="`open`, `growing`, `ended`, or `explained`: a known event did it.")
    reason: str | None = Field(
        description="Why it ended (`over`, `new_level`, `muted`, `retired`), or what explains it."
    )
    opened_at: datetime
    excess_from: date = Field(description="Day (UTC) from which an excess explains the counts best.")
    delay_days: int = Field(description="Days from then to the last day that was counted when it opened.")
    last_day: date = Field(description="Newest day in the numbers.")
    observed: int = Field(description="People who complained since `excess_from`; each counts once a day.")
    expected: float
    expected_low: float = Field(description="95 % of such sums lie above this, if all is as expected.")
    expected_high: float
    excess: float = Field(description="Observed less expected.")
    peak_day: date
    peak: int = Field(description="People on that day.")
    reopened: int = Field(description="How often it came back.")
    ended_on: date | None
    ended_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    note: str | None
    updated_at: datetime


class AlertDayOut(BaseModel):
    """A day: people who complained, how many were expected, and between what 95 % of such days lie."""

    day: date
    observed: int
    expected: float
    low: float
    high: float


class AlertEventOut(BaseModel):
    """One line of an alert's life."""

    at: datetime
    kind: str
    actor: str
    facts: dict[str, Any]


class BasisOut(BaseModel):
    """What the alert rests on."""

    budget: float = Field(description="False alerts a week, over all themes, that are accepted on average.")
    themes: int = Field(description="Themes that were watched together.")
    evidence: float = Field(description="Natural logarithm of the evidence at opening.")
    threshold: float = Field(description="What it had to reach.")
    exposure: str | None = Field(description="Series of denominators; null: counts as they are.")


class WholeAlertOut(AlertOut):
    """An alert with its days, its life and what it rests on."""

    basis: BasisOut
    series: list[AlertDayOut]
    history: list[AlertEventOut]


class AcknowledgeIn(BaseModel):
    """A known cause, if there is one."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"note": "Price letter of 1 March"}]})

    note: str | None = Field(default=None, max_length=LONGEST_NOTE)


_SEEN = AcknowledgeIn()


@dataclass(frozen=True)
class AlertQuery:
    """Which alerts are asked for."""

    state: Annotated[
        list[Literal["open", "growing", "ended", "explained"]] | None, Query(description="One or more states.")
    ] = None
    theme: Annotated[int | None, Query(ge=1, le=LARGEST_ID, description="Id of a theme.")] = None
    topic: Annotated[str | None, Query(max_length=64, description="Key of a topic.")] = None
    owner: Annotated[str | None, Query(max_length=64, description="`me` or the key of an owner with an item.")] = None
    since: Annotated[Instant | None, Query(description="Changed at or after this instant.")] = None

    def filter(self, session: Session, actor: Actor) -> AlertFilter:
        """The filter that the query layer takes.

        Raises:
            AppError: There is no such owner, or no `me`.
        """
        return AlertFilter(
            states=frozenset(self.state or ()),
            theme_id=self.theme,
            topic=self.topic,
            owner_id=None if self.owner is None else owner_id_of(session, actor, self.owner),
            since=self.since,
        )


@router.get(
    "", operation_id="list_alerts", summary="List alerts", responses=NOT_MODIFIED, response_model=Listing[AlertOut]
)
def index(
    request: Request,
    response: Response,
    session: Reading,
    page: Paged,
    actor: Reader,
    query: Annotated[AlertQuery, Depends()],
) -> Listing[AlertOut] | Response:
    """Last opened first. Owners see the alerts of themes that they may see; analysts see all.

    Poll with `If-None-Match`: as long as nothing has changed, the answer is 304.
    """
    wanted = query.filter(session, actor)
    tag = weak_tag(actor.name, str(request.query_params), *alerts_etag(session, actor, wanted))
    same = unchanged(request, tag)
    if same is not None:
        return same
    response.headers["ETag"] = tag
    found = list_alerts(session, actor, wanted, page.after, page.limit)
    rows, following = page.cut(found, lambda row: (row.alert.opened_at, row.alert.id))
    return Listing(items=[_shown(row) for row in rows], next=following)


@router.get("/{alert_id}", operation_id="get_alert", summary="One alert with its days and its life")
def show(alert_id: Id, session: Reading, actor: Reader) -> WholeAlertOut:
    """Four weeks before the excess and all days of it, with what was expected."""
    return _whole(session, get_alert(session, actor, alert_id))


@router.post("/{alert_id}/acknowledge", operation_id="acknowledge_alert", summary="Say that you have seen an alert")
def acknowledge(alert_id: Id, session: Writing, now: Now, actor: Doer, body: AcknowledgeIn = _SEEN) -> WholeAlertOut:
    """Nobody is told of it any more, unless it ends and comes back; it goes on being counted. Say why, if you know."""
    get_alert(session, actor, alert_id)
    acknowledge_alert(session, now, actor, alert_id, note=body.note)
    return _whole(session, get_alert(session, actor, alert_id))


def _whole(session: Session, row: AlertRow) -> WholeAlertOut:
    alert = row.alert
    history = alert_history(session, alert.id)
    return WholeAlertOut(
        **_shown(row).model_dump(),
        basis=BasisOut.model_validate(alert, from_attributes=True),
        series=[AlertDayOut.model_validate(day) for day in alert.series],
        history=[AlertEventOut.model_validate(event, from_attributes=True) for event in history],
    )


def _shown(row: AlertRow) -> AlertOut:
    alert = row.alert
    return AlertOut(
        id=alert.id,
        theme_id=alert.theme_id,
        theme=row.theme,
        topic=row.topic,
        kind=alert.kind,
        state=alert.state,
        reason=alert.reason,
        opened_at=alert.opened_at,
        excess_from=alert.excess_from,
        delay_days=(alert.opened_on - alert.excess_from).days,
        last_day=alert.last_day,
        observed=int(alert.observed),
        expected=round(alert.expected, 2),
        expected_low=alert.expected_low,
        expected_high=alert.expected_high,
        excess=round(alert.observed - alert.expected, 2),
        peak_day=alert.peak_day,
        peak=int(alert.peak),
        reopened=alert.reopened,
        ended_on=alert.ended_on,
        ended_at=alert.ended_at,
        acknowledged_at=alert.acknowledged_at,
        acknowledged_by=alert.acknowledged_by,
        note=alert.note,
        updated_at=alert.updated_at,
    )
