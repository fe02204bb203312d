"""Complaints that no theme stands for, and why."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from app.store.label_tables import Mention
from app.store.routings import Window, counted
from app.store.tables import Feedback, Topic
from app.store.theme_tables import Theme, ThemeMention

COVERED = "covered"


def count_by_cover(session: Session, window: Window) -> Counter[str]:
    """Complaint mentions of the window by why nobody can be given them; ``covered`` are those of themes in force.

    Reasons: ``no_topic`` (no topic was recognised), ``no_theme`` (it belongs to no theme yet), ``muted`` and
    ``retired`` (its theme is), ``topic_inactive`` (the topic left the document).
    """
    reason = case(
        (Mention.topic_id.is_(None), "no_topic"),
        (Theme.id.is_(None), "no_theme"),
        (Theme.state != "active", Theme.state),
        (~Topic.active, "topic_inactive"),
        else_=COVERED,
    )
    query = (
        select(reason, func.count(Mention.id))
        .join(Feedback, Feedback.id == Mention.feedback_id)
        .outerjoin(ThemeMention, ThemeMention.mention_id == Mention.id)
        .outerjoin(Theme, Theme.id == ThemeMention.theme_id)
        .outerjoin(Topic, Topic.id == Theme.topic_id)
        .where(counted(window))
        .group_by(reason)
    )
    return Counter({row[0]: row[1] for row in session.execute(query)})
