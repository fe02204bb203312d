"""Real texts as complaint mentions in a real database, for benchmarks of themes: a topic for each set of texts."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.pipeline import STATIONS, Station, drain
from app.runtime import Runtime, build_runtime
from app.settings import Settings
from app.store.inserting import insert_rows
from app.store.label_tables import Mention, MentionVector
from app.store.migrate import upgrade_schema
from app.store.tables import Feedback, Source, Topic, Turn
from classifiers.embedders.encoder import Encoder
from classifiers.text.clean import clean

Floats = npt.NDArray[np.float32]

SETS = {
    "banking77": ("banking77/train.jsonl", "label"),
    "bitext_support": ("bitext_support/train.jsonl", "label"),
    "dstc11_insurance": ("dstc11_insurance/utterances.jsonl", "label"),
    "multidogo_finance": ("multidogo_finance/train.jsonl", "labels"),
    "multidogo_insurance": ("multidogo_insurance/train.jsonl", "labels"),
    "nhs_fft": ("nhs_fft/comments.jsonl", "labels"),
}
NAMES = ("match", "extract", "trace", "adopt")
THEME_STATIONS: tuple[Station, ...] = tuple(station for station in STATIONS if station.name in NAMES)
"""The theme room alone: nothing is labelled, routed or told here."""


@dataclass(frozen=True)
class Texts:
    """Distinct texts of one set with their label and vectors."""

    topic: str
    texts: list[str]
    labels: list[str]
    vectors: Floats


class Said(NamedTuple):
    """A complaint: its words, where they lie, what else its writer says around them, and who that is."""

    topic: str
    text: str
    vector: npt.NDArray[np.float16]
    besides: str = ""
    person: str | None = None


@dataclass(frozen=True)
class World:
    """A migrated database with topics, and a clock that stands."""

    runtime: Runtime
    clock: SteppedClock
    source_id: int
    topic_ids: dict[str, int]

    def work(self) -> int:
        """Let the theme room do all that is due; how many batches that were."""
        return drain(self.runtime, THEME_STATIONS)


def load_sets(data: Path, most: int, seed: int) -> list[Texts]:
    """As many as `most` texts of each set, encoded."""
    encoder = Encoder()
    found = []
    for topic, (path, field) in SETS.items():
        rows: dict[str, str] = {}
        for line in (data / path).read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            label = row[field] if isinstance(row[field], list) else [row[field]]
            if len(label) == 1 and len(clean(row["text"])) > 1:
                rows.setdefault(row["text"], label[0])
        drawn = np.random.default_rng(seed).permutation(len(rows))[:most]
        every = list(rows.items())
        texts = [every[int(at)][0] for at in drawn]
        labels = [every[int(at)][1] for at in drawn]
        found.append(Texts(topic, texts, labels, encoder.encode([clean(text) for text in texts], layers=False).vectors))
    return found


@contextmanager
def open_world(topics: Sequence[str], begins: datetime, url: str | None = None) -> Iterator[World]:
    """A new SQLite file, or the empty database at `url`."""
    with tempfile.TemporaryDirectory() as folder:
        clock = SteppedClock(begins)
        settings = Settings(data_dir=Path(folder), **({} if url is None else {"database_url": url}))
        runtime = build_runtime(settings, clock)
        upgrade_schema(runtime.database.engine)
        with runtime.database.writing() as session:
            source = Source(key="crm", connector="native", config={}, created_at=begins)
            rows = [Topic(key=key, name=key, description="", examples=[]) for key in topics]
            session.add_all([source, *rows])
            session.flush()
            world = World(runtime, clock, source.id, {row.key: row.id for row in rows})
        yield world
        runtime.database.dispose()


def put_mentions(session: Session, world: World, said: Sequence[Said], at: Sequence[datetime]) -> int:
    """Store complaints, each a feedback of its own, said at `at`; the session writes.

    Returns:
        The id of the first mention; those of the others follow without a gap.
    """
    first = (session.scalar(select(func.max(Feedback.id))) or 0) + 1
    ids = range(first, first + len(said))
    insert_rows(
        Feedback, session,
        [
            {
                "id": number, "source_id": world.source_id, "external_id": str(number), "digest": "",
                "medium": "review", "occurred_at": when, "received_at": when, "attributes": {}, "state": "labelled",
                "customer_ref": each.person,
            }
            for number, each, when in zip(ids, said, at, strict=True)
        ],
    )  # fmt: skip
    insert_rows(
        Turn,
        session,
        [
            {"feedback_id": number, "position": 0, "role": "customer", "text": f"{each.text} {each.besides}".strip()}
            for number, each in zip(ids, said, strict=True)
        ],
    )
    session.execute(  # `end` is a word of PostgreSQL's own
        insert(Mention),
        [
            {
                "id": number, "feedback_id": number, "content_rev": 1, "turn": 0, "start": 0, "end": len(each.text),
                "topic_id": world.topic_ids[each.topic], "topic_confidence": 0.9, "sentiment": -0.8,
                "sentiment_label": "negative", "sentiment_confidence": 0.9, "complaint": True,
                "complaint_confidence": 0.9, "friction": None, "friction_confidence": 0.1, "fingerprint": "f",
            }
            for number, each in zip(ids, said, strict=True)
        ],
    )  # fmt: skip
    insert_rows(
        MentionVector,
        session,
        [
            {"mention_id": number, "model": "packaged", "vector": each.vector.tobytes()}
            for number, each in zip(ids, said, strict=True)
        ],
    )
    return first
