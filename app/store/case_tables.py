"""The table of the route room for the inner loop."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.store.row import Document, Row, row_id
from app.store.tables import Feedback


class CaseRouting(Row):
    """The decision that somebody has to answer one feedback: by which rule, who, by when, and why; one at most each."""

    __tablename__ = "case_routings"
    __writer__ = "route"
    id: Mapped[int] = row_id()
    feedback_id: Mapped[int | None] = mapped_column(
        ForeignKey(Feedback.id, ondelete="SET NULL"), unique=True
    )  # None: its person was erased
    content_rev: Mapped[int]  # the version of the feedback that was looked at
    rule: Mapped[str]
    process_id: Mapped[int | None] = mapped_column(ForeignKey("processes.id"))
    step_id: Mapped[int | None] = mapped_column(ForeignKey("process_steps.id"))
    topic: Mapped[str | None]  # name of the topic that the place comes from
    owner_id: Mapped[int] = mapped_column(ForeignKey("owners.id"))
    signals: Mapped[list[Any]]  # that held, surest reading of each: [["legal_threat", 0.93], ...]
    why: Mapped[list[Any]]  # sentences without the customer's words
    goal_at: Mapped[datetime]
    deadline_at: Mapped[datetime]
    goal_why: Mapped[Document]
    deadline_why: Mapped[Document]
    ladder: Mapped[list[Any]]  # as in routings
    decided_at: Mapped[datetime]
