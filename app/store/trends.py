"""Complaints per week for small charts: one query for many themes."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.store.label_tables import Mention
from app.store.tables import Feedback, ThemeMention


def weekly_complaints(
    session: Session, theme_ids: Collection[int], now: datetime, weeks: int = 16
) -> dict[int, list[int]]:
    """Complaint mentions per theme in each of the last `weeks` periods of seven days, oldest first.

    Returns:
        One list of length `weeks` for every theme asked for; the last entry is the seven days up to `now`.
    """
    counts = {theme_id: [0] * weeks for theme_id in theme_ids}
    first = now - timedelta(weeks=weeks)
    query = (
        select(ThemeMention.theme_id, Feedback.occurred_at)
        .join(Mention, Mention.id == ThemeMention.mention_id)
        .join(Feedback, Feedback.id == Mention.feedback_id)
        .where(ThemeMention.theme_id.in_(sorted(counts)), Mention.complaint)
        .where(Feedback.occurred_at > first, Feedback.occurred_at <= now)
    )
    for theme_id, occurred_at in session.execute(query):
        if theme_id is not None:
            counts[theme_id][min(int((occurred_at - first) / timedelta(weeks=1)), weeks - 1)] += 1
    return counts
