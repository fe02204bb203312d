"""How much of the complaints the themes explain, and why the rest is in none: in all and by topic."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, case, func, select
from sqlalchemy.orm import Session

from app.store.copies import people_counted
from app.store.copy_tables import UncountedMention
from app.store.label_tables import Mention
from app.store.tables import Feedback, Topic
from app.store.theme_tables import Theme, ThemeMention

THEME = "in_theme"
REASONS = {
    "not_near": "no theme of the topic is near enough",
    "no_topic": "the classifier gave no topic",
    "waiting": "not matched yet",
    "muted": "in a theme that is muted",
    "copy": "a copy of another one that is counted",
    "boilerplate": "a line that stands in texts about anything",
}
"""Why a complaint is in no theme that raises work, with what to tell a person."""


@dataclass(slots=True)
class Share:
    """Complaint mentions of one topic, or of all.

    Attributes:
        topic: Key; None: of complaints without a topic, and in the total.
        name: The topic's.
        mentions: All complaints.
        people: Those behind them.
        by_fate: Complaints in a theme (`in_theme`) and, by reason, in none.
    """

    topic: str | None
    name: str
    mentions: int = 0
    people: int = 0
    by_fate: dict[str, int] = field(default_factory=dict)

    @property
    def counted(self) -> int:
        """Complaints that are no copies and no boilerplate."""
        return self.mentions - self.by_fate.get("copy", 0) - self.by_fate.get("boilerplate", 0)

    @property
    def unassigned(self) -> int:
        """Counted complaints that are in no theme."""
        return self.counted - self.by_fate.get(THEME, 0) - self.by_fate.get("muted", 0)


@dataclass(frozen=True, slots=True)
class Coverage:
    """Complaints that occurred in a time.

    Attributes:
        total: All topics together.
        topics: Each topic with a complaint, most complaints first; those without a topic are one of them.
        unread: Feedback that gave no mentions, by why: `language`, `no_content`.
        pending: Feedback that is not read yet, or cannot be.
    """

    total: Share
    topics: tuple[Share, ...]
    unread: dict[str, int]
    pending: int


def measure_coverage(session: Session, since: datetime, until: datetime) -> Coverage:
    """What became of the complaints in feedback that occurred from `since` to `until`, the latter excluded."""
    within = and_(Feedback.occurred_at >= since, Feedback.occurred_at < until)
    shares: dict[int | None, Share] = {}
    for topic_id, key, name, people in session.execute(_people(within)):
        shares[topic_id] = Share(key, name or "No topic", people=people)
    for topic_id, fate, mentions in session.execute(_fates(within)):
        share = shares[topic_id]
        share.by_fate[fate] = share.by_fate.get(fate, 0) + mentions
        share.mentions += mentions
    everybody = select(people_counted()).select_from(Mention).join(Feedback, Feedback.id == Mention.feedback_id)
    total = Share(None, "All", people=session.scalar(everybody.where(Mention.complaint, within)) or 0)
    for share in shares.values():
        total.mentions += share.mentions
        for fate, mentions in share.by_fate.items():
            total.by_fate[fate] = total.by_fate.get(fate, 0) + mentions
    unread = select(Feedback.unread, func.count()).where(within, Feedback.unread.is_not(None)).group_by(Feedback.unread)
    pending = select(func.count()).select_from(Feedback).where(within, Feedback.state != "labelled")
    return Coverage(
        total,
        tuple(sorted(shares.values(), key=lambda share: (-share.mentions, share.name))),
        {why: count for why, count in session.execute(unread) if why is not None},
        session.scalar(pending) or 0,
    )


def _people(within: ColumnElement[bool]) -> Select[int | None, str, str, int]:
    return (
        select(Mention.topic_id, Topic.key, Topic.name, people_counted())
        .select_from(Mention)
        .join(Feedback, Feedback.id == Mention.feedback_id)
        .outerjoin(Topic, Topic.id == Mention.topic_id)
        .where(Mention.complaint, within)
        .group_by(Mention.topic_id, Topic.key, Topic.name)
    )


def _fates(within: ColumnElement[bool]) -> Select[int | None, str, int]:
    fate = case(
        (UncountedMention.kind.is_not(None), UncountedMention.kind),
        (Mention.topic_id.is_(None), "no_topic"),
        (ThemeMention.mention_id.is_(None), "waiting"),
        (and_(Theme.kind == "cluster", Theme.state == "muted"), "muted"),
        (Theme.kind == "cluster", THEME),
        else_="not_near",
    )
    return (
        select(Mention.topic_id, fate, func.count())
        .select_from(Mention)
        .join(Feedback, Feedback.id == Mention.feedback_id)
        .outerjoin(UncountedMention, UncountedMention.mention_id == Mention.id)
        .outerjoin(ThemeMention, ThemeMention.mention_id == Mention.id)
        .outerjoin(Theme, Theme.id == ThemeMention.theme_id)
        .where(Mention.complaint, within)
        .group_by(Mention.topic_id, fate)
    )
