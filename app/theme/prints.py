"""Copies and boilerplate among the mentions that arrive: looked up by keys, linked, and marked as not counted.

Nothing scans history: a text is compared with the few that share a key with it, and a key names few texts. Two texts
that arrive at the same moment in two workers are not seen as copies of each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.store.copies import complaints_in, count_topics, find_candidates, load_written, marked
from app.store.copy_tables import PrintKey, TextPrint, UncountedMention
from app.store.inserting import insert_rows
from app.store.label_tables import Mention
from app.store.tables import Feedback
from app.theme.copies import LETTER, Judged, Print, Shelf, print_texts

OFTEN = 5
"""People in whose otherwise different texts a line stands that is boilerplate."""

TOPICS = 4
"""Topics of these texts, the line's own one included: a form stands in texts about anything, a complaint does not."""

COPY, BOILERPLATE = "copy", "boilerplate"
Mark = tuple[str, int | None]
"""Why a mention is not counted, and of which feedback it is a copy."""


def mark_copies(session: Session, prints: Sequence[Print]) -> None:
    """Link copies to the first of their kind, and mark the mentions that no count includes.

    Texts that changed since they were loaded are left alone; recording twice changes nothing.
    """
    there = _still_so(session, prints)
    stored = _stored(session, there)
    fresh = [each for each in there if each.origin.feedback_id not in stored]
    lines = {key for each in there for key in each.lines.values()}
    shelf = Shelf(find_candidates(session, lines | {key for each in fresh for key in each.all_keys}))
    judged = [shelf.judge(each) for each in fresh]
    _keep(session, judged, shelf)
    firsts = stored | {each.arrived.origin.feedback_id: _first_of(each.kind, each.first_id) for each in judged}
    marks: dict[int, Mark] = dict.fromkeys(_boilerplate(session, there, shelf), (BOILERPLATE, None))
    for each in there:
        first = firsts[each.origin.feedback_id]
        if first is not None:
            marks |= dict.fromkeys(each.mention_ids, (COPY, first))
    _mark(session, marks)


def _still_so(session: Session, prints: Sequence[Print]) -> list[Print]:
    # Locked as the room locks them that replaces mentions: it comes before or after all of this.
    query = select(Feedback.id, Feedback.content_rev).where(
        Feedback.id.in_([each.origin.feedback_id for each in prints])
    )
    revisions = dict(session.execute(query.order_by(Feedback.id).with_for_update()).all())
    return [each for each in prints if revisions.get(each.origin.feedback_id) == each.content_rev]


def _stored(session: Session, there: Sequence[Print]) -> dict[int, int | None]:
    """By feedback that was judged before: of which one it is a copy; prints of earlier words are dropped."""
    revisions = {each.origin.feedback_id: each.content_rev for each in there}
    query = select(TextPrint.feedback_id, TextPrint.content_rev, TextPrint.copy_kind, TextPrint.copy_of_id)
    found, gone = {}, []
    for feedback_id, content_rev, kind, first_id in session.execute(query.where(TextPrint.feedback_id.in_(revisions))):
        if content_rev == revisions[feedback_id]:
            found[feedback_id] = _first_of(kind, first_id)
        else:
            gone.append(feedback_id)
    if gone:
        session.execute(delete(TextPrint).where(TextPrint.feedback_id.in_(gone)))
    return found


def _first_of(kind: str | None, first_id: int | None) -> int | None:
    """Of which feedback it is a copy that is not counted."""
    return None if kind == LETTER else first_id


def _keep(session: Session, judged: Sequence[Judged], shelf: Shelf) -> None:
    if not judged:
        return
    insert_rows(TextPrint, session, [_row(each) for each in judged])
    if shelf.claimed:
        session.execute(update(TextPrint).where(TextPrint.feedback_id.in_(sorted(shelf.claimed))).values(signed=True))
    keys = [{"key": key, "feedback_id": each.arrived.origin.feedback_id} for each in judged for key in each.keys]
    insert_rows(PrintKey, session, keys)


def _row(each: Judged) -> dict[str, Any]:
    arrived = each.arrived
    return {
        "feedback_id": arrived.origin.feedback_id,
        "content_rev": arrived.content_rev,
        "words": arrived.sketch.words,
        "exact": arrived.exact,
        "slots": arrived.sketch.slots,
        "signed": bool(arrived.origin.people),
        "copy_of_id": each.first_id,
        "copy_kind": each.kind,
    }


def _boilerplate(session: Session, there: Sequence[Print], shelf: Shelf) -> set[int]:
    """Mentions, arriving and stored ones, that are lines of a form."""
    often: dict[int, set[int]] = {}
    for each in there:
        for mention_id, key in each.lines.items():
            if shelf.writers(key, each) >= OFTEN:
                often.setdefault(key, set()).add(mention_id)
    found: set[int] = set()
    for key, mention_ids in often.items():
        texts = {each.origin.feedback_id for each in shelf.holders(key)}
        if count_topics(session, texts) >= TOPICS:
            earlier = print_texts(load_written(session, complaints_in(session, texts)))
            found |= mention_ids | {at for each in earlier for at, line in each.lines.items() if line == key}
    return found


def _mark(session: Session, marks: Mapping[int, Mark]) -> None:
    # Whoever reads history anew may have replaced some meanwhile, and waits from here on.
    there = set(session.scalars(select(Mention.id).where(Mention.id.in_(sorted(marks))).with_for_update(read=True)))
    known = marked(session, marks)
    rows = [
        {"mention_id": mention_id, "kind": kind, "first_id": first_id}
        for mention_id, (kind, first_id) in sorted(marks.items())
        if mention_id in there - known
    ]
    insert_rows(UncountedMention, session, rows)
