"""The tables by which the theme room recognises copies, and the marks of what is not counted."""

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.store.label_tables import Mention
from app.store.row import Row


class TextPrint(Row):
    """What is kept of a feedback with a complaint to recognise its copies; goes with the feedback."""

    __tablename__ = "text_prints"
    __writer__ = "theme"
    __table_args__ = (
        Index(
            None, "copy_of_id", sqlite_where=text("copy_of_id IS NOT NULL"),
            postgresql_where=text("copy_of_id IS NOT NULL"),
        ),
    )  # fmt: skip
    feedback_id: Mapped[int] = mapped_column(ForeignKey("feedback.id", ondelete="CASCADE"), primary_key=True)
    content_rev: Mapped[int]
    words: Mapped[int]
    exact: Mapped[int]  # equal for equal words
    slots: Mapped[bytes]
    signed: Mapped[bool]  # whether a person is known who wrote it, here or in a copy
    copy_of_id: Mapped[int | None] = mapped_column(ForeignKey("feedback.id", ondelete="SET NULL"))
    copy_kind: Mapped[str | None] = mapped_column(String(16))  # own, unsigned: not counted; letter: counted


class PrintKey(Row):
    """Where to look for copies: feedback whose texts share a key are worth comparing."""

    __tablename__ = "print_keys"
    __writer__ = "theme"
    __table_args__ = (Index(None, "feedback_id"),)
    key: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    feedback_id: Mapped[int] = mapped_column(
        ForeignKey("text_prints.feedback_id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )


class UncountedMention(Row):
    """A complaint mention that no count includes: of a copy, or a line that stands in texts about anything."""

    __tablename__ = "uncounted_mentions"
    __writer__ = "theme"
    mention_id: Mapped[int] = mapped_column(ForeignKey(Mention.id, ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))  # copy, boilerplate
    first_id: Mapped[int | None] = mapped_column(ForeignKey("feedback.id", ondelete="CASCADE"), index=True)
