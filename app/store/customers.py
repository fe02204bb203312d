"""Whom a verified change concerns: the people who complained about its theme before it was in effect."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, func, select
from sqlalchemy.orm import Session

from app.domain.changes import Rollout
from app.domain.items import State
from app.errors import AppError, Kind
from app.store.act_tables import ActionItem, Change
from app.store.coming_back import closed_from
from app.store.days import start_of
from app.store.items import current_change
from app.store.keyset import After, keyset_page
from app.store.label_tables import Mention
from app.store.reach import reach
from app.store.tables import Feedback, Source
from app.store.theme_tables import ThemeMention

LOOKED_BACK = timedelta(days=365)
"""How long before the change a complaint may lie for its customer to be told."""

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Customer:
    """One person in one source, by reference, or one case of somebody without one.

    Args:
        id: Of their newest complaint's feedback: tells rows of equal age apart.
        source: Key of the source.
        ref: Their reference there; None where the source gave none, then there is one case.
        cases: What they complained about (order, ticket), by the source's ids.
        complaints: Utterances of theirs that complain about the theme.
        first_at: When the first was made.
        last_at: When the last was made.
    """

    id: int
    source: str
    ref: str | None
    cases: tuple[str, ...]
    complaints: int
    first_at: datetime
    last_at: datetime


def check_verified(session: Session, change: Change) -> None:
    """Refuse a change of which it is not known that it worked: nobody is told that something is fixed which is not.

    Raises:
        AppError: `not_verified`.
    """
    item = session.get_one(ActionItem, change.item_id)
    current = current_change(session, item.id)
    holds = item.state == State.IMPROVED or (
        item.state == State.CLOSED and closed_from(session, item.id) is State.IMPROVED
    )
    if not holds or current is None or current.id != change.id:
        message = "Whom a change concerns is listed once it is verified that complaints fell, and while that holds."
        raise AppError(Kind.CONFLICT, "not_verified", message, state=item.state)


def affected_customers(session: Session, change: Change, after: After | None, limit: int) -> list[Customer]:
    """One page of those who complained in the year before the change was in effect for all, the latest first.

    One more than `limit` where more follow. People who were erased are not among them.
    """
    found = _by_person(change).subquery()
    page = keyset_page(select(found), (found.c.last_at, found.c.id), after, limit)
    rows = session.execute(page).all()
    cases = _cases(session, change, rows)
    return [_customer(row, cases.get((row.source_id, row.ref), ())) for row in rows]


def every_customer(session: Session, change: Change) -> Iterator[Customer]:
    """All of them, page by page."""
    after: After | None = None
    while True:
        page = affected_customers(session, change, after, _AT_ONCE)
        yield from page[:_AT_ONCE]
        if len(page) <= _AT_ONCE:
            return
        after = (page[_AT_ONCE - 1].last_at, page[_AT_ONCE - 1].id)


def _by_person(change: Change) -> Select[int, int, str, str | None, str | None, int, datetime, datetime]:
    lone = func.coalesce(Feedback.customer_ref, Feedback.case_ref)
    return (
        select(
            func.max(Feedback.id).label("id"),
            Feedback.source_id,
            Source.key.label("source"),
            Feedback.customer_ref.label("ref"),
            func.max(Feedback.case_ref).label("case_ref"),
            func.count(func.distinct(Feedback.id)).label("complaints"),
            func.min(Feedback.occurred_at).label("first_at"),
            func.max(Feedback.occurred_at).label("last_at"),
        )
        .join(Source, Source.id == Feedback.source_id)
        .join(Mention, Mention.feedback_id == Feedback.id)
        .join(ThemeMention, ThemeMention.mention_id == Mention.id)
        .where(*_concerned(change), lone.is_not(None))
        .group_by(Feedback.source_id, Source.key, Feedback.customer_ref, lone)
    )


def _concerned(change: Change) -> tuple[Any, ...]:
    start = change.rollout_from or change.planned_at.astimezone(UTC).date()
    until = start_of(Rollout(start, change.rollout_to).observed_from)
    said = and_(Feedback.occurred_at >= until - LOOKED_BACK, Feedback.occurred_at < until)
    return ThemeMention.theme_id.in_(reach(change.theme_id)), Mention.complaint, said


def _cases(session: Session, change: Change, rows: Sequence[Any]) -> dict[tuple[int, str | None], tuple[str, ...]]:
    refs = sorted({row.ref for row in rows if row.ref is not None})
    query = (
        select(Feedback.source_id, Feedback.customer_ref, Feedback.case_ref)
        .join(Mention, Mention.feedback_id == Feedback.id)
        .join(ThemeMention, ThemeMention.mention_id == Mention.id)
        .where(*_concerned(change), Feedback.customer_ref.in_(refs), Feedback.case_ref.is_not(None))
        .distinct()
        .order_by(Feedback.case_ref)
    )
    found: dict[tuple[int, str | None], tuple[str, ...]] = {}
    for source_id, ref, case_ref in session.execute(query):
        found[source_id, ref] = (*found.get((source_id, ref), ()), str(case_ref))
    return found


def _customer(row: Any, cases: tuple[str, ...]) -> Customer:  # noqa: ANN401 - a row of the query above
    own = (row.case_ref,) if row.ref is None else cases
    return Customer(row.id, row.source, row.ref, own, row.complaints, row.first_at, row.last_at)
