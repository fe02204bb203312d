"""Commands with which people tend themes: rename, merge, mute. A name that a human gave is never overwritten."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.access.audit import record_audit
from app.domain.actor import Actor
from app.errors import AppError, Kind
from app.store.theme_tables import Theme, ThemeEvent, ThemeMention
from app.store.themes import find_theme
from app.theme.anchors import hand_over_anchors

LONGEST_NAME = 120


def rename_theme(session: Session, now: datetime, actor: Actor, theme_id: int, name: str) -> Theme:
    """Give a theme a name of one's own.

    Raises:
        AppError: `theme_not_found`, `bad_theme_name`.
    """
    theme = find_theme(session, theme_id)
    name = " ".join(name.split())
    if not 0 < len(name) <= LONGEST_NAME:
        message = f"A theme's name has 1 to {LONGEST_NAME} characters."
        raise AppError(Kind.INVALID, "bad_theme_name", message)
    before, theme.name, theme.named_by, theme.updated_at = theme.name, name, actor.name, now
    _note(session, now, actor, theme, "renamed", before=before, after=name)
    return theme


def mute_theme(session: Session, now: datetime, actor: Actor, theme_id: int, *, muted: bool) -> Theme:
    """Keep a theme from opening action items, or let it do so again; it goes on gathering mentions.

    Raises:
        AppError: `theme_not_found`, `theme_retired`.
    """
    theme = _live(session, theme_id)
    theme.state, theme.updated_at = ("muted" if muted else "active"), now
    _note(session, now, actor, theme, "muted" if muted else "unmuted")
    return theme


def merge_themes(session: Session, now: datetime, actor: Actor, theme_id: int, *, into_id: int) -> Theme:
    """Move all mentions of one theme into another of the same topic; the first is retired and keeps its lineage.

    Raises:
        AppError: `theme_not_found`, `theme_retired`, `themes_do_not_merge`.
    """
    # Locked before the mentions are moved: what is matched at this moment is moved as well, or goes elsewhere.
    both = select(Theme).where(Theme.id.in_([theme_id, into_id])).order_by(Theme.id).with_for_update()
    session.scalars(both.execution_options(populate_existing=True)).all()
    theme, into = _live(session, theme_id), _live(session, into_id)
    if theme.id == into.id or theme.topic_id != into.topic_id or theme.kind == "topic":
        message = "Merge a theme into another one of the same topic; a topic's own theme stays."
        raise AppError(Kind.INVALID, "themes_do_not_merge", message)
    session.execute(update(ThemeMention).where(ThemeMention.theme_id == theme.id).values(theme_id=into.id))
    hand_over_anchors(session, theme, into)
    theme.state, theme.merged_into_id, theme.updated_at, into.updated_at = "retired", into.id, now, now
    _note(session, now, actor, theme, "merged", into=into)
    return into


def _live(session: Session, theme_id: int) -> Theme:
    theme = find_theme(session, theme_id)
    if theme.state == "retired":
        raise AppError(Kind.CONFLICT, "theme_retired", "This theme was merged into another one and is closed.")
    return theme


def _note(
    session: Session, now: datetime, actor: Actor, theme: Theme, kind: str, *, into: Theme | None = None, **facts: str
) -> None:
    into_id = into.id if into is not None else None
    event = ThemeEvent(theme_id=theme.id, kind=kind, other_theme_id=into_id, actor=actor.name, facts=facts, at=now)
    session.add(event)
    target = {} if into_id is None else {"into": into_id}
    record_audit(session, now, actor, f"theme_{kind}", f"theme:{theme.id}", **facts, **target)
    session.flush()
