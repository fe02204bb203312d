"""Drawing the sample of unlabelled texts that topics are placed by."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter

from sqlalchemy import delete, insert
from sqlalchemy.orm import Session

from app.store.label_tables import TrafficSample, TrafficText
from app.store.traffic import newest_feedback, newest_sample, spans_of

FEWEST = 1_000
"""With fewer texts some taxonomies lose: up to .05 of their accuracy with 300, .02 with a thousand (docs/models.md)."""

GROWN = 4
"""A new sample is drawn once so many times as much has come in: history is so read anew for it a third as often as it
is read at all, at most."""

LONGEST = 1_000
"""Characters of one text; an encoder reads no further."""

_LOOKED_AT = 24_000
_AT_ONCE = 500


def is_outgrown(session: Session) -> bool:
    """Whether so much came in since the last sample that a new one is worth reading history anew for."""
    sample = newest_sample(session)
    return newest_feedback(session) >= (max(GROWN * sample.newest_id, FEWEST) if sample is not None else FEWEST)


def draw_sample(session: Session, now: datetime) -> int:
    """Draw texts at random from all that was read, one of each feedback; what was drawn before is let go.

    A text is the turn in which the customer said most, as far as it was read: sentences ("What shall I do?") say too
    little of what texts differ in. On 3,600 banking questions names alone gained 0.09 by whole turns, 0.02 by spans.

    Args:
        session: A write transaction, in which a run that reads history anew begins: what reads from now on is another
            model.
        now: When.

    Returns:
        How many distinct texts were drawn; 0 where there are too few, and then the sample is empty.
    """
    from classifiers.topics.traffic import MOST  # noqa: PLC0415 - loads the model libraries

    newest = newest_feedback(session)
    drawn: dict[str, int] = {}
    # By drawn ids: to put the rows themselves in random order would take a look at every one.
    order = random.Random(newest).sample(range(1, newest + 1), min(newest, _LOOKED_AT))  # noqa: S311 - no secret
    for at in range(0, len(order), _AT_ONCE):
        for feedback_id, text in _longest_turns(session, order[at : at + _AT_ONCE]):
            drawn.setdefault(text, feedback_id)
        if len(drawn) >= MOST:
            break
    session.execute(delete(TrafficText))
    sample = TrafficSample(newest_id=newest, drawn_at=now)
    session.add(sample)
    session.flush()
    if len(drawn) < FEWEST:
        return 0
    rows = [{"sample_id": sample.id, "feedback_id": whose, "text": text} for text, whose in drawn.items()][:MOST]
    session.execute(insert(TrafficText), rows)
    return len(rows)


def _longest_turns(session: Session, ids: Sequence[int]) -> Iterator[tuple[int, str]]:
    """Feedback, and the spans of the turn in which most was said, as one text."""
    for feedback_id, spans in groupby(spans_of(session, ids), key=itemgetter(0)):
        turns = (" ".join(text for *_, text in turn) for _, turn in groupby(spans, key=itemgetter(1)))
        yield feedback_id, max(turns, key=len)[:LONGEST]
