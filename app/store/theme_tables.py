"""The tables of the theme room."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, false, text
from sqlalchemy.orm import Mapped, mapped_column

from app.store.label_tables import Mention
from app.store.row import Document, Row, row_id, unique_where

ASKING = "asks_below IS NOT NULL"


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
    centroid: Mapped[bytes | None]  # float32, little-endian, unit length: the middle of its newest mentions
    state: Mapped[str] = mapped_column(String(16), default="active")  # active, muted, retired
    merged_into_id: Mapped[int | None]  # the theme that goes on; of a retired one without it nothing is heard any more
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    # Of a topic's own theme: up to which mention it was searched, how many were looked at, and when.
    searched_to: Mapped[int] = mapped_column(default=0, server_default="0")
    searched: Mapped[int] = mapped_column(default=0, server_default="0")
    searched_at: Mapped[datetime | None]
    search_asked: Mapped[bool] = mapped_column(default=False, server_default=false())  # somebody wants it now
    traced_at: Mapped[datetime | None]  # when its topic's themes were last compared with each other


class ThemeAnchor(Row):
    """A place around which a theme's mentions lie. It never moves: what belonged to the theme last year belongs today.

    Of the anchors that a mention is near enough to, those of the lowest rank take it, the nearest of them first.
    """

    __tablename__ = "theme_anchors"
    __writer__ = "theme"
    __table_args__ = (
        Index("ix_theme_anchors_asking", "topic_id", sqlite_where=text(ASKING), postgresql_where=text(ASKING)),
    )
    id: Mapped[int] = row_id()
    theme_id: Mapped[int] = mapped_column(ForeignKey("themes.id"), index=True)
    founder_id: Mapped[int] = mapped_column(ForeignKey("themes.id"))  # the theme that it was made for, before merges
    topic_id: Mapped[int] = mapped_column(ForeignKey("topics.id"), index=True)
    model: Mapped[str]  # fingerprint of the encoder; vectors of others cannot be compared with it
    vector: Mapped[bytes]  # float32, little-endian, unit length
    rank: Mapped[int]  # 0: of the topic's first search
    asks_below: Mapped[int | None]  # older mentions with smaller ids are still to be asked; None: all have been
    asks_theme_id: Mapped[int | None]  # besides the topic's own theme, this one's mentions are asked: it was split
    created_at: Mapped[datetime]


class WaitingMention(Row):
    """A complaint that has no theme yet, or whose topic has changed; triggers of the database put it here."""

    __tablename__ = "waiting_mentions"
    __writer__ = "theme"
    mention_id: Mapped[int] = mapped_column(ForeignKey(Mention.id, ondelete="CASCADE"), primary_key=True)


class ThemeMention(Row):
    """Which theme a complaint mention belongs to; NULL with a reason where there is none."""

    __tablename__ = "theme_mentions"
    __writer__ = "theme"
    __table_args__ = (Index(None, "theme_id", "mention_id"),)
    mention_id: Mapped[int] = mapped_column(ForeignKey(Mention.id, ondelete="CASCADE"), primary_key=True)
    theme_id: Mapped[int | None] = mapped_column(ForeignKey("themes.id"))
    similarity: Mapped[float | None]
    reason: Mapped[str | None]
    assigned_at: Mapped[datetime]


class ThemeEvent(Row):
    """One line of a theme's lineage.

    Kinds: created, continued, split, merged, retired, reopened, renamed, muted, unmuted, undone; and searched, of a
    topic's own.
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
