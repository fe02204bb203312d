"""Command: the last thing that a person did to a theme is taken back, as far as it still can be."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.domain.actor import Actor
from app.errors import AppError, Kind
from app.store.curation import last_curation, lock_themes
from app.store.theme_tables import Theme, ThemeEvent, ThemeMention, ThemeMove
from app.theme.anchors import hand_back_anchors, hand_over_anchors
from app.theme.centre import recentre
from app.theme.curate import note_event


def undo_curation(session: Session, now: datetime, actor: Actor, theme_id: int) -> Theme:
    """Take the last curation of a theme back; doing so again takes the one before it back.

    A name is again what it was before, and whose; what a merge moved goes back as far as it is still there, and the
    retired theme lives again; a split theme gets everything back that the new one holds, which is retired.

    Returns:
        The theme that was curated.

    Raises:
        AppError: `theme_not_found`, `nothing_to_undo`, `cannot_undo`.
    """
    seen = last_curation(session, theme_id)
    touched = {theme_id} if seen is None else {theme_id, seen.theme_id, seen.other_theme_id or theme_id}
    themes = lock_themes(session, touched)
    event = last_curation(session, theme_id)
    if event is None:
        message = "Nobody has renamed, merged, split or muted this theme, or all of it was taken back."
        raise AppError(Kind.CONFLICT, "nothing_to_undo", message)
    if seen is None or event.id != seen.id:
        raise _refusal("Somebody curated this theme at this very moment. Look at it again.")
    theme = themes[event.theme_id]
    _TAKE_BACK[event.kind](session, event, theme, themes[event.other_theme_id or event.theme_id])
    for each in themes.values():
        each.updated_at = now
    facts = {"event": event.id, "kind": event.kind}
    other = themes[event.other_theme_id] if event.other_theme_id is not None else None
    event.undone_by_id = note_event(session, now, actor, theme, "undone", facts=facts, other=other).id
    session.execute(delete(ThemeMove).where(ThemeMove.event_id == event.id))
    session.flush()
    return theme


def _rename(session: Session, event: ThemeEvent, theme: Theme, _other: Theme) -> None:
    del session
    theme.name, theme.named_by = event.facts["before"], event.facts.get("before_by")


def _mute(session: Session, event: ThemeEvent, theme: Theme, _other: Theme) -> None:
    del session
    if theme.state == "retired":
        raise _refusal("The theme has gone into another one since and is closed.")
    theme.state = "active" if event.kind == "muted" else "muted"


def _merge(session: Session, event: ThemeEvent, theme: Theme, into: Theme) -> None:
    if into.merged_into_id is not None:
        raise _refusal("The theme that it went into has itself gone into another one since. Take that back first.")
    if theme.merged_into_id != into.id or "before" not in event.facts:
        raise _refusal("It is not known any more which mentions were moved.")
    moved = select(ThemeMove.mention_id).where(ThemeMove.event_id == event.id)
    there = update(ThemeMention).where(ThemeMention.theme_id == into.id, ThemeMention.mention_id.in_(moved))
    session.execute(there.values(theme_id=theme.id))
    hand_back_anchors(session, theme, into, event.facts["anchors"])
    theme.state, theme.merged_into_id = event.facts["before"], None
    recentre(session, into)


def _split(session: Session, event: ThemeEvent, theme: Theme, new: Theme) -> None:
    if theme.merged_into_id is not None or new.merged_into_id is not None:
        raise _refusal("One of the two themes has gone into another one since. Take that back first.")
    later = last_curation(session, new.id)
    if later is not None and later.id != event.id:
        raise _refusal("The new theme was curated itself since. Take that back first, or merge the two.")
    session.execute(update(ThemeMention).where(ThemeMention.theme_id == new.id).values(theme_id=theme.id))
    hand_over_anchors(session, new, theme)
    new.state, new.merged_into_id = "retired", theme.id
    recentre(session, theme)


def _refusal(why: str) -> AppError:
    return AppError(Kind.CONFLICT, "cannot_undo", why)


_TAKE_BACK: dict[str, Callable[[Session, ThemeEvent, Theme, Theme], None]] = {
    "renamed": _rename,
    "muted": _mute,
    "unmuted": _mute,
    "merged": _merge,
    "split": _split,
}
