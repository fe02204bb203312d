"""The statements by which utterances are stored: for many at once, safe against other transactions with the same."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.orm import Session

from app.domain.feedback import FeedbackState
from app.engine.wake import wake
from app.ingest.prepared import ITEM_COLUMNS, Prepared, tombstone_id
from app.store.inserting import insert_new, insert_rows
from app.store.tables import Feedback, Score, Turn

CLOCK_AHEAD = "sender_clock_ahead"
"""The attribute that keeps a sender's own time where its clock is ahead of ours."""

_KEY = ("source_id", "external_id")

# Built once: every item asks.
_THESE = (Feedback.source_id == bindparam("source")) & Feedback.external_id.in_(bindparam("keys", expanding=True))
_KNOWN = select(Feedback.external_id).where(_THESE)
_LOCKED = (
    select(Feedback.external_id, Feedback.id, Feedback.version, Feedback.digest, Feedback.content_rev)
    .where(_THESE)
    .order_by(Feedback.external_id)
    .with_for_update()
)


class Stored(NamedTuple):
    """Where an utterance stands."""

    id: int
    version: int
    digest: str
    content_rev: int


class Statements:
    """The statements of one call.

    Attributes:
        changed: Utterances that were written and not yet told of -> whether they are new.
    """

    def __init__(self, session: Session, now: datetime, source_id: int, delivery_id: int | None) -> None:
        """Nothing is read or written yet."""
        self.session, self.now, self.source_id = session, now, source_id
        self._arrival = {"delivery_id": delivery_id, "received_at": now}
        self.changed: dict[str, bool] = {}
        self._last: Stored | None = None

    def erased(self, keys: Iterable[str]) -> set[str]:
        """Which of the utterances were erased."""
        by_tombstone = {tombstone_id(self.source_id, key): key for key in keys}
        found = self.session.connection().execute(_KNOWN, {"source": self.source_id, "keys": list(by_tombstone)})
        return {by_tombstone[key] for key in found.scalars()}

    def store(self, wanted: Mapping[str, Prepared]) -> dict[str, Stored]:
        """Insert what is new, replace what is older; gives every utterance's state after that, by external id."""
        stored = self._insert(wanted)
        known = self.lock([key for key in wanted if key not in stored])
        newer = {key: row for key, row in known.items() if wanted[key].version > row.version}
        stored |= known | self._replace(newer, wanted)
        self._finish(stored, wanted)
        return stored

    def create(self, one: Prepared) -> Stored | None:
        """Insert an utterance; None if there is one of its id."""
        stored = self._insert({one.external_id: one})
        self._finish(stored, {one.external_id: one})
        return stored.get(one.external_id)

    def overwrite(self, row: Stored, one: Prepared) -> None:
        """Replace the state of a locked row, whatever its version."""
        stored = self._replace({one.external_id: row}, {one.external_id: one})
        self._finish(stored, {one.external_id: one})

    def wake_next(self) -> None:
        """Wake the next room if anything was written."""
        if self._last is not None:
            wake(self.session, "label", f"{self._last.id}.{self._last.content_rev}")

    def load(self, feedback_id: int) -> Prepared:
        """The stored state of an utterance, in the form of an item that is ready to be stored."""
        row = self.session.execute(select(Feedback.__table__).where(Feedback.id == feedback_id)).mappings().one()
        parts = []
        for table in (Turn, Score):
            found = select(table.__table__).where(table.feedback_id == feedback_id).order_by(table.position)
            rows = self.session.execute(found).mappings()
            parts.append([{name: value for name, value in one.items() if name != "feedback_id"} for one in rows])
        columns = {name: row[name] for name in ITEM_COLUMNS}
        return Prepared(row["external_id"], row["version"], row["digest"], columns, *parts)

    def _insert(self, wanted: Mapping[str, Prepared]) -> dict[str, Stored]:
        if not wanted:
            return {}
        rows = [self._columns(one) for one in wanted.values()]
        same = {"source_id": self.source_id, **self._arrival}
        ids = dict(insert_new(Feedback, self.session, rows, same, key=_KEY, told=("external_id", "id")))
        self.changed |= dict.fromkeys(ids, True)
        return {key: Stored(found, wanted[key].version, wanted[key].digest, 1) for key, found in ids.items()}

    def lock(self, keys: list[str]) -> dict[str, Stored]:
        """The rows of these utterances, locked in the order in which all transactions lock."""
        if not keys:
            return {}
        found = self.session.connection().execute(_LOCKED, {"source": self.source_id, "keys": keys})
        return {key: Stored(at, version, digest, rev) for key, at, version, digest, rev in found}

    def _replace(self, older: Mapping[str, Stored], wanted: Mapping[str, Prepared]) -> dict[str, Stored]:
        if not older:
            return {}
        fresh = {"state": FeedbackState.PENDING, "attempts": 0, "leased_until": None, "last_error": None}
        rows = [
            self._columns(wanted[key]) | self._arrival | fresh | {"id": row.id, "content_rev": row.content_rev + 1}
            for key, row in older.items()
        ]
        self.session.execute(update(Feedback), rows)
        for table in (Turn, Score):
            self.session.execute(delete(table).where(table.feedback_id.in_([row.id for row in older.values()])))
        self.changed |= dict.fromkeys(older, False)
        return {
            key: Stored(row.id, wanted[key].version, wanted[key].digest, row.content_rev + 1)
            for key, row in older.items()
        }

    def _finish(self, stored: Mapping[str, Stored], wanted: Mapping[str, Prepared]) -> None:
        if not self.changed:
            return
        self._write_parts({stored[key].id: wanted[key] for key in self.changed})
        self._last = stored[next(reversed(self.changed))]

    def _write_parts(self, items: Mapping[int, Prepared]) -> None:
        turns = [turn | {"feedback_id": found} for found, one in items.items() for turn in one.turns]
        scores = [score | {"feedback_id": found} for found, one in items.items() for score in one.scores]
        insert_rows(Turn, self.session, turns)
        insert_rows(Score, self.session, scores)

    def _columns(self, one: Prepared) -> dict[str, Any]:
        row = {**one.columns, "external_id": one.external_id, "version": one.version, "digest": one.digest}
        said = row["occurred_at"]
        if said > self.now:
            # A clock that is ahead must not put words into days to come; what it said is kept beside.
            row |= {"occurred_at": self.now, "attributes": _flagged(one.columns, said)}
        return row


def _flagged(columns: Mapping[str, Any], said: datetime) -> dict[str, Any]:
    return {**columns["attributes"], CLOCK_AHEAD: said.isoformat()}
