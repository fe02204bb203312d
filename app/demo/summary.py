"""What the demo has to show at its end, read from the tables: what came in, what recurs, who owns it, what worked."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.actor import OPERATOR
from app.domain.items import TABS, Tab
from app.store.impact import latest_measurement
from app.store.items import ItemFilter, current_change, list_items
from app.store.label_tables import Mention
from app.store.routings import theme_facts, window_of
from app.store.tables import Feedback
from app.store.theme_tables import Theme

_WINDOW = 28
_MANY = 200


@dataclass(frozen=True, slots=True)
class TopTheme:
    """A recurring problem: its name, its topic's key, complaints and people of the last 28 days."""

    name: str
    topic: str
    complaints: int
    people: int


@dataclass(frozen=True, slots=True)
class OpenItem:
    """An action item that waits for its owner's answer."""

    item_id: int
    title: str
    owner: str
    step: str | None
    deadline_at: datetime


@dataclass(frozen=True, slots=True)
class Outcome:
    """A change with the verdict about it; the rate ratio is complaints after, per expected without the change."""

    item_id: int
    change_id: int
    topic: str
    owner: str
    change: str
    rollout_from: date | None
    verdict: str
    rate_ratio: float | None
    ci_low: float | None
    ci_high: float | None
    seen_until: date
    headline: str
    detail: str


@dataclass(frozen=True, slots=True)
class Summary:
    """Everything that the demo command prints.

    Attributes:
        first_day: first day of the history.
        last_day: last day of the history.
        by_medium: feedback items per medium, most first.
        people: different customers.
        mentions: mentions found in the feedback.
        complaints: those of them that report a problem.
        themes: recurring problems, most complaints of the last 28 days first.
        items: what waits for an answer, earliest deadline first.
        outcomes: the two changes, the one that works first.
    """

    first_day: date
    last_day: date
    by_medium: dict[str, int]
    people: int
    mentions: int
    complaints: int
    themes: tuple[TopTheme, ...]
    items: tuple[OpenItem, ...]
    outcomes: tuple[Outcome, ...]

    @property
    def feedback(self) -> int:
        """Feedback items in all."""
        return sum(self.by_medium.values())


def summarise(session: Session, now: datetime, days: tuple[date, date], changed: dict[str, int]) -> Summary:
    """Read the summary.

    Args:
        session: A read transaction.
        now: The end of the window in which themes are counted.
        days: First and last day of the history.
        changed: Topic key to action item of the changes, in the order in which they are shown.
    """
    media = select(Feedback.medium, func.count()).group_by(Feedback.medium).order_by(func.count().desc())
    labels = select(Mention.complaint, func.count()).group_by(Mention.complaint)
    counts = {bool(complaint): count for complaint, count in session.execute(labels)}
    return Summary(
        first_day=days[0],
        last_day=days[1],
        by_medium=dict(session.execute(media).all()),
        people=session.scalar(select(func.count(Feedback.customer_ref.distinct()))) or 0,
        mentions=sum(counts.values()),
        complaints=counts.get(True, 0),
        themes=_themes(session, now),
        items=_items(session),
        outcomes=tuple(_outcome(session, topic, item_id) for topic, item_id in changed.items()),
    )


def _themes(session: Session, now: datetime) -> tuple[TopTheme, ...]:
    facts = theme_facts(session, window_of(_WINDOW, now))
    wanted = select(Theme.id, Theme.name).where(Theme.id.in_([one.theme_id for one in facts]))
    names = dict(session.execute(wanted).all())
    return tuple(TopTheme(names[one.theme_id], one.topics[0], one.complaints, one.people) for one in facts)


def _items(session: Session) -> tuple[OpenItem, ...]:
    listed = list_items(session, OPERATOR, ItemFilter(states=TABS[Tab.TO_DO]), None, _MANY)
    return tuple(
        OpenItem(one.item.id, one.item.title, one.owner, one.step, one.item.deadline_at)
        for one in listed
        if one.item.acknowledged_at is None
    )


def _outcome(session: Session, topic: str, item_id: int) -> Outcome:
    listed = next(one for one in list_items(session, OPERATOR, ItemFilter(), None, _MANY) if one.item.id == item_id)
    change = current_change(session, item_id)
    look = None if change is None else latest_measurement(session, change.id)
    if change is None or look is None:
        raise LookupError(f"the change of item {item_id} was never measured")
    return Outcome(
        item_id=item_id,
        change_id=change.id,
        topic=topic,
        owner=listed.owner,
        change=change.description,
        rollout_from=change.rollout_from,
        verdict=look.verdict,
        rate_ratio=look.rate_ratio,
        ci_low=look.ci_low,
        ci_high=look.ci_high,
        seen_until=look.day,
        headline=look.result.get("headline", ""),
        detail=look.result.get("detail", ""),
    )
