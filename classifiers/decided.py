"""What humans have decided about texts: it wins over the model on the same text, topic by topic, and it teaches."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import reduce
from typing import TYPE_CHECKING, Any

from classifiers import contract
from classifiers.signals.model import NONE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SIGNALS = ("urgent", "response_needed", "escalation_intent")
_SAID = ("topic", "sentiment", "complaint", "friction", *SIGNALS)


@dataclass(frozen=True)
class Decided:
    """All that was said of one text; later words win over earlier ones, field by field.

    Attributes:
        text: The span's text.
        topics: Its topics, the one that was named last first; None where nobody said, empty for none of them.
        said: By topic what was said of its mention; under None what was said of the text as a whole.
        shared: Whether the span has several topics, so that what was said of one need not hold for the whole.
        teaches: Whether similar texts learn from it.
    """

    text: str
    topics: tuple[str, ...] | None = None
    said: dict[str | None, contract.Correction] = field(default_factory=dict)
    shared: bool = False
    teaches: bool = True

    def add(self, row: contract.Correction) -> Decided:
        """The decision with one correction more."""
        said, plain = dict(self.said), contract.Correction(self.text)
        if row.about is None:
            said = {about: _over(earlier, row) for about, earlier in said.items()}
            said[None] = _over(said.get(None, plain), row)
        else:
            now = row.about if row.topic is None else row.topic
            said[now] = _over(said.pop(row.about, plain), row)
        topics = self.topics
        if row.topic is not None:
            topics = tuple(dict.fromkeys(topic for topic in (row.topic, *row.beside) if topic))
        return Decided(self.text, topics, said, bool(row.beside), self.teaches and row.teaches)

    def for_mentions(self, topics: Sequence[str | None]) -> list[contract.Correction | None]:
        """What holds for each mention of the span, by their topics.

        What was said of a topic that the span does not have any more holds for its first mention.
        """
        there = {topic or "" for topic in topics}
        found: list[contract.Correction | None] = []
        for at, topic in enumerate(topics):
            rows = [row for about, row in self.said.items() if about is None or (at == 0 and about not in there)]
            rows += [row for about, row in self.said.items() if about == (topic or "")]
            merged = reduce(_over, rows) if rows else None
            if merged is not None and merged.topic != (topic or ""):
                merged = replace(merged, topic=None)
            found.append(merged)
        return found

    def lesson(self, name: str) -> Any:  # noqa: ANN401 - whatever the field holds
        """What the text as a whole teaches in one respect; None where nobody said it of the whole text."""
        values = {getattr(row, name) for row in self.said.values()} - {None}
        return values.pop() if self.teaches and not self.shared and len(values) == 1 else None

    def felt(self) -> contract.Correction:
        """What the text as a whole teaches about feelings."""
        return contract.Correction(self.text, sentiment=self.lesson("sentiment"), complaint=self.lesson("complaint"))


def decide(corrections: Iterable[contract.Correction]) -> dict[str, Decided]:
    """What was decided about each text, from corrections in their order.

    Raises:
        ClassifierError: A sentiment or a kind of friction is none of those that there are.
    """
    decided: dict[str, Decided] = {}
    for row in corrections:
        if row.sentiment not in {None, *contract.SENTIMENTS}:
            raise contract.ClassifierError(f"A correction says one of {', '.join(contract.SENTIMENTS)}, or None.")
        if row.friction not in {None, "", *contract.Friction}:
            raise contract.ClassifierError(f"A correction says one of {', '.join(contract.Friction)}, '' or None.")
        decided[row.text] = decided.get(row.text, Decided(row.text)).add(row)
    return decided


def correct(mention: contract.Mention, correction: contract.Correction) -> contract.Mention:
    """Let a human's judgement win over the model's, field by field, with confidence 1."""
    if correction.topic is not None:
        mention = replace(mention, topic=correction.topic or None, topic_confidence=1.0)
    if correction.sentiment is not None:
        value = float(contract.SENTIMENTS.index(correction.sentiment) - 1)
        mention = replace(mention, sentiment=value, sentiment_label=correction.sentiment, sentiment_confidence=1.0)
    if correction.complaint is not None:
        mention = replace(mention, complaint=correction.complaint, complaint_confidence=1.0)
    if correction.friction is not None:
        mention = replace(mention, friction=correction.friction or None, friction_confidence=1.0)
    signals: dict[str, Any] = {}
    for name in SIGNALS:
        if getattr(correction, name) is not None:
            signals |= {name: getattr(correction, name), f"{name}_confidence": 1.0}
    return replace(mention, **signals, corrected=True)


def signals_taught(decided: Iterable[Decided]) -> dict[str, list[tuple[str, str]]]:
    """Texts with the right answer, for friction and each of the yes/no signals."""
    taught: dict[str, list[tuple[str, str]]] = {name: [] for name in ("friction", *SIGNALS)}
    for one in decided:
        if (friction := one.lesson("friction")) is not None:
            taught["friction"].append((one.text, friction or NONE))
        for signal in SIGNALS:
            if (right := one.lesson(signal)) is not None:
                taught[signal].append((one.text, "yes" if right else "no"))
    return taught


def _over(earlier: contract.Correction, later: contract.Correction) -> contract.Correction:
    said = {name: value for name in _SAID if (value := getattr(later, name)) is not None}
    return replace(earlier, **said)
