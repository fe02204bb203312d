"""What opening any item has in common: once, with its first line in the history, and its owner is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.act.moving import Line, add_line
from app.act.notices import about_item, put_notice
from app.act.wording import About, Letter
from app.domain.actor import Actor
from app.domain.items import State
from app.store.act_tables import ActionItem
from app.store.case_tables import CaseRouting
from app.store.tables import Routing

Write = Callable[[About, list[str]], Letter]
"""Writes to the owner, with the reasons."""


def open_item(
    session: Session, now: datetime, actor: Actor, item: ActionItem, routing: Routing | CaseRouting, write: Write
) -> None:
    """Open an item; where another worker was faster the unique indexes decide, and nothing happens here.

    Args:
        session: A write transaction.
        now: When.
        actor: The station.
        item: A new row.
        routing: The decision that it comes from.
        write: The letter to its owner.
    """
    try:
        with session.begin_nested():
            session.add(item)
            session.flush()
    except IntegrityError:
        return
    facts = {"kind": item.kind, "rule": routing.rule, "owner_id": item.owner_id}
    from_where = {name: getattr(item, name) for name in ("routing_id", "case_routing_id", "feedback_id")}
    facts |= {name: known for name, known in from_where.items() if known is not None}
    add_line(session, now, actor, item.id, Line("opened", facts=facts), (None, State.NEW))
    letter = write(about_item(session, item, item.owner_id), [str(sentence) for sentence in routing.why])
    put_notice(session, now, item, item.owner_id, ("assigned", "v1"), letter)
