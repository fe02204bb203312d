"""The tables of the theme room."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.store.label_tables import Mention
from app.store.row import Document, Row, row_id, unique_where


class Theme(Row):
    """A recurring problem inside a topic, with a lasting identity."""

    __tablename__ = "themes"
    __writer__ = "theme"
    __table_args__ = (unique_where("uq_themes_topic_level", "topic_id", where="kind = 'topic'"),)
    id: Mapped[int] = row_id()
    topic_id: Mapped[int] = mapped_column(ForeignKey("topics.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))  # 'topic' (all of the topic that is in no cluster) or 'cluster'
    name: Mapped[str]
    named_by: Mapped[str | None]  # the human whose name it is; None: named from the data
    terms: Mapped[list[Any]]
    central_mention_id: Mapped[int | None]  # no foreign key: mentions are replaced when texts are read anew
    centroid: Mapped[bytes | None]  # float32, little-endian, unit length
    state: Mapped[str] = mapped_column(String(16), default="active")  # active, muted, retired
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class ThemeMention(Row):
    """Which theme a complaint mention belongs to; NULL with a reason where there is none."""

    __tablename__ = "theme_mentions"
    __writer__ = "theme"
    mention_id: Mapped[int] = mapped_column(ForeignKey(Mention.id, ondelete="CASCADE"), primary_key=True)
    theme_id: Mapped[int | None] = mapped_column(ForeignKey("themes.id"), index=True)
    similarity: Mapped[float | None]
    reason: Mapped[str | None]
    assigned_at: Mapped[datetime]


class ThemeEvent(Row):
    """One line of a theme's lineage.

    Kinds: created, continued, split, merged, retired, reopened, renamed, muted, unmuted, undone; searched, of topics'
    own ones.
    """

    __tablename__ = "theme_events"
    __writer__ = "theme"
    id: Mapped[int] = row_id()
    theme_id: Mapped[int] = mapped_column(ForeignKey("themes.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    other_theme_id: Mapped[int | None] = mapped_column(ForeignKey("themes.id"), index=True)
    actor: Mapped[str]
    facts: Mapped[Document]
    at: Mapped[datetime]
    undone_by_id: Mapped[int | None] = mapped_column(ForeignKey("theme_events.id"))


class ThemeMove(Row):
    """A mention that a merge or split moved: what taking that back moves the other way."""

    __tablename__ = "theme_moves"
    __writer__ = "theme"
    __table_args__ = (Index(None, "mention_id"),)
    event_id: Mapped[int] = mapped_column(ForeignKey("theme_events.id"), primary_key=True, autoincrement=False)
    mention_id: Mapped[int] = mapped_column(
        ForeignKey(Mention.id, ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
