"""Commands with which people tend themes: rename, merge, mute. A name that a human gave is never overwritten."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import insert, literal, select, update
from sqlalchemy.orm import Session

from app.access.audit import record_audit
from app.domain.actor import Actor
from app.errors import AppError, Kind
from app.store.curation import lock_themes
from app.store.theme_tables import Theme, ThemeEvent, ThemeMention, ThemeMove
from app.theme.anchors import hand_over_anchors
from app.theme.centre import recentre

LONGEST_NAME = 120


def rename_theme(session: Session, now: datetime, actor: Actor, theme_id: int, name: str) -> Theme:
    """Give a theme a name of one's own.

    Raises:
        AppError: `theme_not_found`, `bad_theme_name`.
    """
    theme = lock_themes(session, [theme_id])[theme_id]
    facts = {"before": theme.name, "before_by": theme.named_by, "after": good_name(name)}
    theme.name, theme.named_by, theme.updated_at = good_name(name), actor.name, now
    note_event(session, now, actor, theme, "renamed", facts=facts)
    return theme


def good_name(name: str) -> str:
    """A name as it is stored.

    Raises:
        AppError: `bad_theme_name`.
    """
    name = " ".join(name.split())
    if not 0 < len(name) <= LONGEST_NAME:
        message = f"A theme's name has 1 to {LONGEST_NAME} characters."
        raise AppError(Kind.INVALID, "bad_theme_name", message)
    return name


def mute_theme(session: Session, now: datetime, actor: Actor, theme_id: int, *, muted: bool) -> Theme:
    """Keep a theme from opening action items, or let it do so again; it goes on gathering mentions.

    Raises:
        AppError: `theme_not_found`, `theme_retired`.
    """
    theme = check_live(lock_themes(session, [theme_id])[theme_id])
    state = "muted" if muted else "active"
    if theme.state != state:
        theme.state, theme.updated_at = state, now
        note_event(session, now, actor, theme, "muted" if muted else "unmuted")
    return theme


def merge_themes(session: Session, now: datetime, actor: Actor, theme_id: int, *, into_id: int) -> Theme:
    """Move all mentions of one theme into another of the same topic; the first is retired and keeps its lineage.

    Raises:
        AppError: `theme_not_found`, `theme_retired`, `themes_do_not_merge`.
    """
    # Locked before the mentions are moved: what is matched at this moment is moved as well, or goes elsewhere.
    both = lock_themes(session, [theme_id, into_id])
    theme, into = check_live(both[theme_id]), check_live(both[into_id])
    if theme.id == into.id or theme.topic_id != into.topic_id or theme.kind == "topic":
        message = "Merge a theme into another one of the same topic; a topic's own theme stays."
        raise AppError(Kind.INVALID, "themes_do_not_merge", message)
    facts = {"before": theme.state, "anchors": hand_over_anchors(session, theme, into)}
    event = note_event(session, now, actor, theme, "merged", facts=facts, other=into)
    whole = select(literal(event.id), ThemeMention.mention_id).where(ThemeMention.theme_id == theme.id)
    session.execute(insert(ThemeMove).from_select(["event_id", "mention_id"], whole))
    session.execute(update(ThemeMention).where(ThemeMention.theme_id == theme.id).values(theme_id=into.id))
    theme.state, theme.merged_into_id, theme.updated_at, into.updated_at = "retired", into.id, now, now
    recentre(session, into)
    return into


def check_live(theme: Theme) -> Theme:
    """The theme.

    Raises:
        AppError: `theme_retired`.
    """
    if theme.state == "retired":
        raise AppError(Kind.CONFLICT, "theme_retired", "This theme was merged into another one and is closed.")
    return theme


def note_event(  # noqa: PLR0913 - what a line of lineage says
    session: Session,
    now: datetime,
    actor: Actor,
    theme: Theme,
    kind: str,
    *,
    facts: dict[str, Any] | None = None,
    other: Theme | None = None,
) -> ThemeEvent:
    """Write a line of a theme's lineage, and of the audit."""
    facts, other_id = facts or {}, None if other is None else other.id
    event = ThemeEvent(theme_id=theme.id, kind=kind, other_theme_id=other_id, actor=actor.name, facts=facts, at=now)
    session.add(event)
    session.flush()
    target = {} if other_id is None else {"other": other_id}
    record_audit(session, now, actor, f"theme_{kind}", f"theme:{theme.id}", **facts, **target)
    return event
