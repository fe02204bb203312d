"""Topics, corrections, what of them may teach, and a sample of texts, as the classifiers want them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from app.domain.learning import Standing, Step, load_figures, taught_ids
from app.store.learning import LearningKey, active_version, learning_key, list_steps
from app.store.mentions import list_corrections
from app.store.reference import latest_taxonomy, list_topics
from app.store.traffic import newest_sample, sampled_texts

if TYPE_CHECKING:
    from classifiers.contract import Correction, TopicSpec, Traffic


Topics = tuple[tuple[str, str, str, tuple[str, ...], str | None], ...]
"""Key, name, description, examples and key of the topic above of each topic."""


@dataclass(frozen=True)
class Said:
    """One correction: of two on one text the later one counts; one that is gold measures and never teaches.

    `about` is the topic of the mention as it stood ("" for none, None where nobody knows), `beside` are the other
    topics of its span.
    """

    id: int
    text: str
    labels: tuple[tuple[str, object], ...]
    gold: bool = False
    about: str | None = None
    beside: tuple[str, ...] = ()


@dataclass(frozen=True)
class Known:
    """What a reader is built from, as plain values.

    Attributes:
        key: Two that are equal here are equal.
        topics: Key, name, description, examples and key of the topic above, of each active topic.
        topic_ids: Id of each topic by key.
        corrections: All of them, oldest first.
        taxonomy_version_id: The published taxonomy, where one was published.
        steps: Model versions, oldest first.
        fingerprint: Of the active version; empty without one.
        standing: What the active version judges right of the gold texts, and what the best one so far did.
        sample: Number and texts of the sample of unlabelled texts; no texts where none was drawn.
    """

    key: LearningKey
    topics: Topics
    topic_ids: dict[str, int]
    corrections: tuple[Said, ...]
    taxonomy_version_id: int | None = None
    steps: tuple[Step, ...] = ()
    fingerprint: str = ""
    standing: Standing = Standing({}, {})  # noqa: RUF009 - frozen
    sample: tuple[int, tuple[str, ...]] = (0, ())

    def specs(self) -> tuple[TopicSpec, ...]:
        """The topics for a reader."""
        return specs_of(self.topics)

    def taught(self, teaching: Collection[int] | None = None) -> tuple[Correction, ...]:
        """The corrections for a reader; every one decides its own text.

        Args:
            teaching: Ids of those that teach; None: those of the accepted versions, and what came since.
        """
        from classifiers import contract  # noqa: PLC0415 - as above

        ids = {*self.accepted, *self.fresh} if teaching is None else teaching
        return tuple(
            contract.Correction(
                one.text, **_read(dict(one.labels)), teaches=one.id in ids, about=one.about, beside=one.beside
            )
            for one in self.corrections
        )

    def traffic(self) -> Traffic | None:
        """The unlabelled texts for a reader."""
        from classifiers import contract  # noqa: PLC0415 - as above

        number, texts = self.sample
        return contract.Traffic(str(number), texts) if texts else None

    @cached_property
    def gold(self) -> dict[int, Said]:
        """Gold corrections by id, the last one of each text."""
        last = {one.text: one for one in self.corrections if one.gold}
        return {one.id: one for one in last.values()}

    @cached_property
    def accepted(self) -> frozenset[int]:
        """Ids of the corrections that accepted versions teach; those of a text that is gold never do."""
        return taught_ids(self.steps, self._learnable)

    @cached_property
    def fresh(self) -> tuple[int, ...]:
        """Ids of the corrections that no version has judged yet, oldest first."""
        last = self.steps[-1].to if self.steps else 0
        return tuple(number for number in self._learnable if number > last)

    @cached_property
    def _learnable(self) -> tuple[int, ...]:
        gold = {one.text for one in self.corrections if one.gold}
        return tuple(one.id for one in self.corrections if one.text not in gold)


def specs_of(topics: Topics) -> tuple[TopicSpec, ...]:
    """Topics for a reader; one whose topic above is not among them stands at the top."""
    from classifiers import contract  # noqa: PLC0415 - the classifiers are loaded when they are needed

    keys = {topic[0] for topic in topics}
    return tuple(
        contract.TopicSpec(key, name, description, examples, above if above in keys else None)
        for key, name, description, examples, above in topics
    )


def load_known(session: Session, last: Known | None = None) -> Known:
    """Read what a reader is built from; `last` is given back if nothing has changed since: one small query."""
    key = learning_key(session)
    if last is not None and last.key == key:
        return last
    topics, active, published = list_topics(session), active_version(session), latest_taxonomy(session)
    hits = active.hits if active else {}
    keys, sample = {row.id: row.key for row in topics}, newest_sample(session)
    return Known(
        key=key,
        topics=tuple(
            (row.key, row.name, row.description, tuple(map(str, row.examples)), keys.get(row.parent_id or 0))
            for row in topics
        ),
        topic_ids={row.key: row.id for row in topics},
        corrections=tuple(
            Said(
                row.id,
                row.text,
                tuple(sorted(row.labels.items())),
                row.gold,
                row.judged.get("about"),
                tuple(row.judged.get("beside", ())),
            )
            for row in list_corrections(session)
        ),
        taxonomy_version_id=published.id if published else None,
        steps=tuple(list_steps(session)),
        fingerprint=active.fingerprint if active else "",
        standing=Standing(load_figures(hits.get("after", {})), load_figures(hits.get("best", {}))),
        sample=(sample.id, tuple(sampled_texts(session, sample))) if sample is not None else (0, ()),
    )


def _read(labels: dict[str, object]) -> dict[str, Any]:
    """A stored null says "none of them", which a reader spells as the empty string; a missing key says nothing."""
    read: dict[str, Any] = {}
    for name, value in labels.items():
        if name in {"topic", "friction"}:
            read[name] = value or ""
        else:
            read["sentiment" if name == "sentiment_label" else name] = value
    return read
