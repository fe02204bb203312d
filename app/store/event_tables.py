"""The table of what other systems are told."""

from datetime import datetime

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.store.row import Document, Row, row_id


class Event(Row):
    """One thing that happened, for whoever subscribes; append-only, without personal data.

    Ids are given when a row is written, not when its transaction ends: a reader that goes by "the last id I saw" would
    miss the event of a slower transaction. So an event and its dispatches are written together.
    """

    __tablename__ = "events"
    __writer__ = "act"
    __table_args__ = (Index(None, "at", "id"),)
    id: Mapped[int] = row_id()
    type: Mapped[str] = mapped_column(String(64))  # domain.happenings.Happening
    subject: Mapped[str]  # kind and id of the object, e.g. "action_item:12" or "change:3"
    facts: Mapped[Document]  # ids, keys, states and days; never a name, never a customer's words
    at: Mapped[datetime]
