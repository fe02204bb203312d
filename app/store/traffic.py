"""Reading the sample of unlabelled texts that topics are placed by, and what a new one could be drawn from."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from sqlalchemy import Integer, cast, func, select
from sqlalchemy.orm import Session

from app.domain.feedback import FeedbackState
from app.store.label_tables import Mention, TrafficSample, TrafficText
from app.store.tables import Feedback, Turn

_SLICE = 1_000


def newest_sample(session: Session) -> TrafficSample | None:
    """The sample in use; it may be without texts."""
    return session.scalar(select(TrafficSample).order_by(TrafficSample.id.desc()).limit(1))


def sampled_texts(session: Session, sample: TrafficSample) -> Sequence[str]:
    """The texts of a sample, less those that were erased since."""
    query = select(TrafficText.text).where(TrafficText.sample_id == sample.id)
    return session.scalars(query.order_by(TrafficText.id)).all()


def count_texts(session: Session, sample: TrafficSample) -> int:
    """How many texts a sample has."""
    return session.scalar(select(func.count()).where(TrafficText.sample_id == sample.id)) or 0


def newest_feedback(session: Session) -> int:
    """The highest id of any feedback, 0 without any: about how many came in so far."""
    return session.scalar(select(func.max(Feedback.id))) or 0


def spans_of(session: Session, ids: Collection[int]) -> Iterator[tuple[int, int, str]]:
    """Feedback, turn and words of each span of these feedback that was read as it is now, in order."""
    # Cut by the database: a span is a sentence, its turn may be the transcript of an hour.
    start, length = (cast(at, Integer) for at in (Mention.start + 1, Mention.end - Mention.start))
    words = func.substr(Turn.text, start, length)
    place = (Mention.feedback_id, Mention.turn, Mention.start, Mention.end)
    query = (
        select(*place, words)
        .distinct()
        .join(Feedback, Feedback.id == Mention.feedback_id)
        .join(Turn, (Turn.feedback_id == Mention.feedback_id) & (Turn.position == Mention.turn))
        .where(Mention.feedback_id.in_(ids), Feedback.state == FeedbackState.LABELLED)
        .where(Mention.content_rev == Feedback.content_rev)
        .order_by(*place)
        .execution_options(yield_per=_SLICE)  # five hundred calls of an hour do not fit into memory
    )
    for feedback_id, turn, _, _, text in session.execute(query):
        yield feedback_id, turn, text
