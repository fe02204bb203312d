"""A new theme's own name: two of one topic that read the same could not be told apart in a list."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.store.theme_tables import Theme


def own_name(session: Session, topic_id: int, name: str, terms: Sequence[str]) -> str:
    """The name of a theme that is about to be made.

    Args:
        session: The caller's write transaction.
        topic_id: The theme's topic.
        name: As its texts are called.
        terms: Its characteristic words, best first.

    Returns:
        The name, with the first word that sets it apart where another theme of the topic is called so already.
    """
    query = select(Theme.name).where(Theme.topic_id == topic_id, Theme.merged_into_id.is_(None))
    taken = {known.casefold() for known in session.scalars(query)}
    inside = name.casefold().split()
    apart = (f"{name}: {term}" for term in terms if term.casefold() not in inside)
    return next((each for each in (name, *apart) if each.casefold() not in taken), name)
