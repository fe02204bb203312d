"""What an item about a theme is about: the theme itself, and of a topic's own theme the whole topic.

A topic's own theme holds what is in no cluster. An item about it was opened for the topic, and its change is judged by
the topic: complaints that a cluster took over later still belong to it.
"""

from __future__ import annotations

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import aliased

from app.store.theme_tables import Theme


def reach_of() -> Select[int, int]:
    """Pairs of a theme and each theme whose complaints an item about it is about; columns `theme_id`, `member_id`."""
    theme, member = aliased(Theme), aliased(Theme)
    inside = and_(theme.kind == "topic", member.topic_id == theme.topic_id)
    pairs = select(theme.id.label("theme_id"), member.id.label("member_id"))
    return pairs.join(member, or_(member.id == theme.id, inside))


def reach(theme_id: int | None) -> Select[int]:
    """Ids of the themes whose complaints an item about this theme is about."""
    pairs = reach_of().subquery()
    return select(pairs.c.member_id).where(pairs.c.theme_id == theme_id)
