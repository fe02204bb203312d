"""A person routes a theme, whatever the thresholds say."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from app.access.audit import record_audit
from app.domain.actor import Actor
from app.domain.ownership import Named
from app.errors import AppError, Kind
from app.processes.rules import load_rulebook
from app.route.assign import row_of
from app.route.decide import decide
from app.store import reference
from app.store.loads import lock_draws, open_loads
from app.store.routings import current_routings, facts_of, find_current_routing, window_of
from app.store.tables import Routing
from app.store.theme_tables import Theme


def route_theme(session: Session, now: datetime, actor: Actor, theme_id: int, *, owner: str | None = None) -> Routing:
    """Give a theme an owner and deadlines now; the act room opens its item from the routing.

    Args:
        session: A write transaction.
        now: When the clock starts.
        actor: Who wants it; named in the reasons.
        theme_id: The theme.
        owner: Key of the owner to give it to; None lets rules and the map of owners decide.

    Raises:
        AppError: ``theme_not_found``, ``owner_not_found``, ``no_policy``; ``already_routed`` while the theme has an
            open item, or one about to open, for its process.
    """
    theme = session.get(Theme, theme_id)
    if theme is None or theme.state == "retired":
        raise AppError(Kind.NOT_FOUND, "theme_not_found", "There is no such theme: list the themes and choose one.")
    lock_draws(session)
    rulebook = load_rulebook(session, now).with_loads(open_loads(session))
    facts = facts_of(session, window_of(rulebook.policy.window_days, now), theme)
    place = facts.place
    standing = current_routings(session).get((theme_id, place.process_id))
    if standing is not None and standing.closed_at is None:
        raise AppError(Kind.CONFLICT, "already_routed", "Somebody has an open item for this theme: hand that one over.")
    chosen = None
    if owner is not None:
        row = reference.find_owner(session, owner)
        if row is None or not rulebook.ownerships.people[row.id].here(now):
            raise AppError(Kind.INVALID, "owner_not_found", "There is no active owner with that key: list the owners.")
        person = rulebook.ownerships.people[row.id]
        chosen = Named(person, (f"{actor.name} chose {person.name}",), holder=None)
    current = find_current_routing(session, theme_id, place.process_id)
    if current is not None:
        current.superseded_at = now
        session.flush()
    routing = row_of(facts, decide(facts, rulebook, now, chosen), now)
    routing.why = [*routing.why, f"{actor.name} opened it without waiting for the threshold"]
    session.add(routing)
    session.flush()
    record_audit(session, now, actor, "theme_routed", f"theme:{theme_id}", routing_id=routing.id, owner=owner)
    return routing
