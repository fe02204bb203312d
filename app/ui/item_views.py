"""What the inbox and an item's page show: rows of the database turned into words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup

from app.domain.items import AWAITS_ANSWER, Action, ItemKind, State, allowed_actions
from app.store.act_tables import ItemEvent
from app.store.case_tables import CaseRouting
from app.store.items import Listed
from app.store.quotes import Quote
from app.store.tables import Owner, Routing
from app.ui.charts import sparkline
from app.ui.wording import STATES, due_group, due_tone, say_day, say_distance, say_time

_AROUND = 400  # characters of the turn shown on each side of a mention


@dataclass(frozen=True)
class InboxRow:
    """One line of the inbox."""

    id: int
    group: str
    title: str
    where: str
    owner: str
    state: str
    spark: Markup
    last_week: int
    due: str
    due_in: str
    due_class: str


def inbox_row(listed: Listed, weeks: Sequence[int], now: datetime, zone: ZoneInfo) -> InboxRow:
    """A line from an item and its theme's complaints per week."""
    item = listed.item
    state = State(item.state)
    tone = due_tone(state, item.deadline_at, now)
    return InboxRow(
        id=item.id,
        group=due_group(state, item.deadline_at, now),
        title=item.title,
        where=_where(listed),
        owner=listed.owner,
        state=STATES[state],
        spark=sparkline(weeks),
        last_week=weeks[-1] if weeks else 0,
        due=say_day(item.deadline_at.astimezone(zone).date()) if state in AWAITS_ANSWER else "",
        due_in=say_distance(item.deadline_at, now) if state in AWAITS_ANSWER else "answered",
        due_class=f"{tone}-text" if tone else "",
    )


def group_rows(rows: Sequence[InboxRow]) -> list[dict[str, Any]]:
    """Rows under their headings, in the order in which the headings first appear."""
    groups: dict[str, list[InboxRow]] = {}
    for row in rows:
        groups.setdefault(row.group, []).append(row)
    return [{"word": word, "rows": members} for word, members in groups.items()]


def item_view(
    listed: Listed, decision: Routing | CaseRouting | None, names: Mapping[int, str], now: datetime, zone: ZoneInfo
) -> dict[str, Any]:
    """The head of an item's page.

    Args:
        listed: The item with its names.
        decision: The decision that opened it, of its theme or its feedback; None where there was none.
        names: Owner names by id, for the ladder.
        now: The present.
        zone: The reader's zone.
    """
    item = listed.item
    state = State(item.state)
    tone = due_tone(state, item.deadline_at, now)
    counted = decision.deadline_why.get("counted", []) if decision is not None else []
    routing = decision if isinstance(decision, Routing) else None
    kind = ItemKind(item.kind)
    return {
        "id": item.id,
        "case": kind is ItemKind.CASE,
        "version": item.version,
        "title": item.title,
        "where": _where(listed),
        "owner": listed.owner,
        "state": STATES[state],
        "actions": {str(action) for action in allowed_actions(state, kind, paused=listed.paused_since is not None)},
        "due": say_day(item.deadline_at.astimezone(zone).date()),
        "due_in": say_distance(item.deadline_at, now) if state in AWAITS_ANSWER else "answered",
        "due_class": tone,
        "due_text": f"{tone}-text" if tone else "",
        "goal": say_day(item.goal_at.astimezone(zone).date()),
        "goal_in": say_distance(item.goal_at, now) if state in AWAITS_ANSWER else "",
        "complaints": routing.complaints if routing is not None else 0,
        "people": routing.people if routing is not None else 0,
        "window": f"{say_day(routing.trigger_from)} to {say_day(routing.trigger_to)}" if routing is not None else "",
        "paused": f"The clock stands since {say_time(listed.paused_since, zone)}." if listed.paused_since else "",
        "why": decision.why if decision is not None else ["It was opened by hand."],
        "next_rung": _next_rung(listed, names, zone) if Action.ACKNOWLEDGE in allowed_actions(state, kind) else "",
        "deadline_counted": [_interval(pair, zone) for pair in counted],
        "deadline_closed": decision.deadline_why.get("closed", []) if decision is not None else [],
    }


def history_view(events: Sequence[ItemEvent], zone: ZoneInfo) -> list[dict[str, Any]]:
    """An item's history in words, newest first."""
    return [
        {
            "what": event.kind.replace("_", " ").capitalize(),
            "who": f"by {event.actor}",
            "text": event.text,
            "at": event.at,
            "when": say_time(event.at, zone),
        }
        for event in reversed(events)
    ]


def quote_view(quote: Quote, also: Sequence[str], zone: ZoneInfo) -> dict[str, Any]:
    """A customer's words with the mention marked, never cut inside it; `also` names other topics of the same words."""
    mention, text = quote.mention, quote.text
    first, last = max(0, mention.start - _AROUND), mention.end + _AROUND
    return {
        "before": ("… " if first else "") + text[first : mention.start],
        "marked": text[mention.start : mention.end],
        "after": text[mention.end : last] + (" …" if last < len(text) else ""),
        "also": ", ".join(also),
        "medium": quote.feedback.medium,
        "at": quote.feedback.occurred_at,
        "when": say_time(quote.feedback.occurred_at, zone),
    }


def owner_choices(owners: Sequence[Owner], current: int) -> list[Owner]:
    """To whom an item can be handed over."""
    return [owner for owner in owners if owner.active and owner.id != current]


def _where(listed: Listed) -> str:
    return " → ".join(name for name in (listed.process, listed.step) if name)


def _next_rung(listed: Listed, names: Mapping[int, str], zone: ZoneInfo) -> str:
    rungs = listed.item.ladder[listed.item.rung :]
    if not rungs:
        return ""
    at, owner = datetime.fromisoformat(rungs[0]["at"]), names.get(rungs[0]["owner_id"], "the fallback owner")
    return f"Escalates to {owner} on {say_time(at, zone)} if there is no answer."


def _interval(pair: Sequence[str], zone: ZoneInfo) -> str:
    start, end = (datetime.fromisoformat(edge).astimezone(zone) for edge in pair)
    return f"{start:%a} {say_day(start.date())}, {start:%H:%M} to {end:%H:%M}"
