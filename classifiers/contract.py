"""The values that classifiers take and give: frozen, without any heavy import.

Offsets are counted in Python characters (code points) of the turn's text: ``text[start:end]`` is the span.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.floating[Any]]
    HalfFloats = npt.NDArray[np.float16]
    Array = npt.NDArray[Any]

SentimentLabel = Literal["negative", "neutral", "positive"]

SENTIMENTS: tuple[SentimentLabel, ...] = ("negative", "neutral", "positive")


class Role(StrEnum):
    """Who speaks in a turn; only ``CUSTOMER`` is ever classified."""

    CUSTOMER = "customer"
    AGENT = "agent"
    BOT = "bot"
    SYSTEM = "system"


class Friction(StrEnum):
    """The five ways in which a process rubs."""

    INFORMATION_REPETITION = "information_repetition"
    UNNECESSARY_HANDOFFS = "unnecessary_handoffs"
    CHANNEL_INCONSISTENCY = "channel_inconsistency"
    PROCESS_OPACITY = "process_opacity"
    UNNECESSARY_COMPLEXITY = "unnecessary_complexity"


class ClassifierError(Exception):
    """A model or its input is not usable; ``str()`` says what to do and holds no customer text."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One speaker's part of a conversation."""

    role: str
    text: str


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """A topic as a human describes it.

    Attributes:
        key: Stable name; it is what a mention carries.
        name: Words for humans; empty means "the key, read as words".
        description: One or two sentences, may be empty.
        examples: Texts that belong to the topic.
        parent: Key of the topic that this one is a part of; None at the top.
    """

    key: str
    name: str = ""
    description: str = ""
    examples: tuple[str, ...] = ()
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class Correction:
    """A human's judgement of one text; a field that is None was not corrected.

    Attributes:
        text: The span's text, exactly as it was judged.
        topic: Topic key; the empty string says "none of the topics".
        sentiment: The right sentiment.
        complaint: Whether the text reports a problem.
        friction: Friction value; the empty string says "none".
    """

    text: str
    topic: str | None = None
    sentiment: SentimentLabel | None = None
    complaint: bool | None = None
    friction: str | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """A sentence or clause: ``text[start:end]`` of turn ``turn``."""

    turn: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Judgement:
    """A label with its calibrated probability; ``label`` None means abstained."""

    label: str | None
    confidence: float


@dataclass(frozen=True, slots=True)
class Mention:
    """One span with one topic and one sentiment.

    Attributes:
        turn: Index of the turn in the conversation.
        start: First character of the span in the turn's text.
        end: One past the last character.
        topic: Topic key, or None where the model abstains.
        topic_confidence: Probability of the best topic, also when abstaining.
        sentiment: -1 (negative) to 1 (positive): the expected polarity.
        sentiment_label: The most probable of the three labels.
        sentiment_confidence: Its probability.
        complaint: Whether the span reports a problem.
        complaint_confidence: Probability of the answer given in ``complaint``.
        friction: Friction value, or None.
        friction_confidence: Probability of the best friction type, also when abstaining.
        vector: Unit-length embedding, float16, shape (dim,).
        corrected: True where a human's correction decided at least one field.
    """

    turn: int
    start: int
    end: int
    topic: str | None
    topic_confidence: float
    sentiment: float
    sentiment_label: SentimentLabel
    sentiment_confidence: float
    complaint: bool
    complaint_confidence: float
    friction: str | None
    friction_confidence: float
    vector: HalfFloats = field(repr=False, compare=False)
    corrected: bool = False


@dataclass(frozen=True, slots=True)
class Encoded:
    """What one encoder pass gives, row i for text i.

    Attributes:
        vectors: Unit-length sentence embeddings, float32, shape (n, dim).
        layers: Mean-pooled hidden states of every layer side by side, float16, shape (n, layers * hidden).
    """

    vectors: Floats
    layers: HalfFloats
