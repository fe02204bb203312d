"""The inbox, an item's page, and the forms with which owners answer."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from app.act.aside import decline_item, mark_duplicate, reopen_item, resume_item, snooze_item
from app.act.handing import Handover, comment_item, reassign_item
from app.act.pausing import Waiting, continue_item, pause_item
from app.act.progress import acknowledge_item, answer_item, close_item, mark_deployed, plan_change
from app.api.deps import Id, Now, Reading, TransactionRoute, Writing
from app.domain.actor import Actor, Scope
from app.domain.changes import Plan, Rollout
from app.domain.items import TABS, PauseReason, Tab
from app.errors import AppError, Kind
from app.measure.design import freeze_deployed
from app.store.cases import deciding
from app.store.items import ItemFilter, changes_of, count_by_tab, get_item, history, list_items
from app.store.quotes import evidence_of, topics_beside
from app.store.reference import find_owner, list_owners
from app.store.trends import weekly_reach
from app.ui.charts import sparkline
from app.ui.deps import Form, visit, visit_form, zone_of
from app.ui.impact_views import change_card, expectation
from app.ui.item_views import group_rows, history_view, inbox_row, item_view, owner_choices, quote_view
from app.ui.rendering import render
from app.ui.wording import SAID

router = APIRouter(route_class=TransactionRoute, include_in_schema=False)

_PAGE = 100
_NEWEST = 3
_WORDS = {Tab.TO_DO: "To do", Tab.WAITING: "Waiting", Tab.MEASURING: "Measuring", Tab.DONE: "Done"}


@router.get("/inbox")
def show_inbox(request: Request, session: Reading, now: Now, tab: Tab = Tab.TO_DO) -> Response:
    """The items that the visitor may see, by tab."""
    visitor = visit(request, session)
    zone = zone_of(request)
    found = list_items(session, visitor.actor, ItemFilter(states=frozenset(TABS[tab])), None, _PAGE)
    trends = weekly_reach(session, {each.item.theme_id for each in found if each.item.theme_id is not None}, now)
    rows = [inbox_row(each, trends.get(each.item.theme_id or 0, []), now, zone) for each in found]
    counts = count_by_tab(session, visitor.actor, ItemFilter())
    return render(
        request,
        "inbox.html",
        visitor=visitor,
        tabs=[{"key": key, "word": word, "count": counts[key], "here": key is tab} for key, word in _WORDS.items()],
        groups=group_rows(rows),
        overdue=sum(row.group == "Overdue" for row in rows),
        cut_at=_PAGE if len(found) == _PAGE else 0,
    )


@router.get("/items/{item_id}")
def show_item(
    request: Request, session: Reading, now: Now, item_id: Id, said: Annotated[str, Query(max_length=20)] = ""
) -> Response:
    """One item: what to do, by when, why, and what customers said."""
    visitor = visit(request, session)
    zone = zone_of(request)
    listed = get_item(session, visitor.actor, item_id)
    item = listed.item
    owners = list_owners(session)
    decision = deciding(session, item)
    weeks = weekly_reach(session, {item.theme_id} if item.theme_id is not None else set(), now)
    quotes = evidence_of(session, item, _NEWEST)
    also = topics_beside(session, quotes)
    return render(
        request,
        "item.html",
        visitor=visitor,
        said=SAID.get(said, ""),
        here="/inbox",
        item=item_view(listed, decision, {owner.id: owner.name for owner in owners}, now, zone),
        last_week=weeks.get(item.theme_id or 0, [0])[-1],
        spark=sparkline(weeks.get(item.theme_id or 0, [])),
        evidence=[quote_view(quote, also.get(quote.mention.id, ()), zone) for quote in quotes],
        changes=[
            change_card(session, change, listed) | {"expected": expectation(session, now, change)}
            for change in changes_of(session, item.id)
        ],
        history=history_view(history(session, item.id), zone),
        owners=owner_choices(owners, item.owner_id),
        today=now.astimezone(UTC).date().isoformat(),
    )


@router.post("/items/{item_id}/{deed}")
def act_on_item(request: Request, session: Writing, now: Now, item_id: Id, deed: str, form: Form) -> Response:
    """Carry out what a form of the item's page asks for, then show the item again."""
    visitor = visit_form(request, session, form, Scope.ITEMS_WRITE)
    carry_out = _DEEDS.get(deed)
    if carry_out is None:
        raise AppError(Kind.NOT_FOUND, "not_found", "There is nothing at this address.")
    carry_out(session, now, visitor.actor, item_id, _Fields(form, zone_of(request)))
    if deed == "reassign" and not visitor.actor.sees_all:
        return RedirectResponse("/inbox", status_code=303)
    return RedirectResponse(f"/items/{item_id}?said={deed}", status_code=303)


class _Fields:
    """A form's fields, read as what they should be."""

    def __init__(self, form: dict[str, str], zone: ZoneInfo) -> None:
        self._form = form
        self._zone = zone

    def text(self, name: str) -> str:
        return self._form.get(name, "").strip()

    def number(self, name: str) -> int:
        text = self.text(name)
        return int(text) if text.isdecimal() and len(text) < 10 else 0  # noqa: PLR2004 - no row has 0, nor more digits

    @property
    def version(self) -> int:
        return self.number("version")

    def day(self, name: str) -> date | None:
        try:
            return date.fromisoformat(self.text(name)) if self.text(name) else None
        except ValueError:
            raise AppError(Kind.INVALID, "bad_form", "Write days as year-month-day, e.g. 2026-12-07.") from None

    def needed_day(self, name: str) -> date:
        day = self.day(name)
        if day is None:
            raise AppError(Kind.INVALID, "bad_form", "A day is missing: fill it in and send the form again.")
        return day

    def instant(self, name: str) -> datetime:
        return datetime.combine(self.needed_day(name), time(8), tzinfo=self._zone)

    def share(self, name: str) -> float:
        try:
            return float(self.text(name)) / 100
        except ValueError:
            raise AppError(Kind.INVALID, "bad_form", "Write the target in per cent as a number, e.g. 30.") from None


def _plan(session: Session, now: datetime, actor: Actor, item_id: int, fields: _Fields) -> None:
    plan = Plan(fields.text("description"), fields.day("planned_for"), fields.share("target"))
    plan_change(session, now, actor, item_id, version=fields.version, plan=plan)


def _deploy(session: Session, now: datetime, actor: Actor, item_id: int, fields: _Fields) -> None:
    rollout = Rollout(fields.needed_day("rollout_from"), fields.day("rollout_to"))
    mark_deployed(session, now, actor, item_id, version=fields.version, rollout=rollout)
    freeze_deployed(session, now, actor, item_id)


def _pause(session: Session, now: datetime, actor: Actor, item_id: int, fields: _Fields) -> None:
    reason = fields.text("reason")
    if reason not in list(PauseReason):
        raise AppError(Kind.INVALID, "bad_form", "Say for whom everybody waits: choose one of the list.")
    waiting = Waiting(PauseReason(reason), fields.text("note"))
    pause_item(session, now, actor, item_id, version=fields.version, waiting=waiting)


def _reassign(session: Session, now: datetime, actor: Actor, item_id: int, fields: _Fields) -> None:
    owner = find_owner(session, fields.text("owner"))
    to = Handover(owner.id if owner is not None else 0, fields.text("reason"))
    reassign_item(session, now, actor, item_id, version=fields.version, to=to)


_Deed = Callable[[Session, datetime, Actor, int, _Fields], object]

_DEEDS: dict[str, _Deed] = {
    "acknowledge": lambda s, now, actor, i, f: acknowledge_item(s, now, actor, i, version=f.version),
    "plan": _plan,
    "deploy": _deploy,
    "answer": lambda s, now, actor, i, f: answer_item(s, now, actor, i, version=f.version, text=f.text("text")),
    "decline": lambda s, now, actor, i, f: decline_item(s, now, actor, i, version=f.version, reason=f.text("reason")),
    "reassign": _reassign,
    "snooze": lambda s, now, actor, i, f: snooze_item(s, now, actor, i, version=f.version, until=f.instant("until")),
    "resume": lambda s, now, actor, i, f: resume_item(s, now, actor, i, version=f.version),
    "pause": _pause,
    "continue": lambda s, now, actor, i, f: continue_item(s, now, actor, i, version=f.version),
    "duplicate": lambda s, now, actor, i, f: mark_duplicate(s, now, actor, i, version=f.version, of_id=f.number("of")),
    "comment": lambda s, now, actor, i, f: comment_item(s, now, actor, i, text=f.text("text")),
    "close": lambda s, now, actor, i, f: close_item(s, now, actor, i, version=f.version),
    "reopen": lambda s, now, actor, i, f: reopen_item(s, now, actor, i, version=f.version, reason=f.text("reason")),
}
