"""The values that classifiers take and give: frozen, without any heavy import.

Offsets are counted in Python characters (code points) of the turn's text: ``text[start:end]`` is the span.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.floating[Any]]
    HalfFloats = npt.NDArray[np.float16]
    Array = npt.NDArray[Any]
    Offsets = npt.NDArray[np.int32]

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
    """One speaker's part of a conversation, and the question that it answers, where known."""

    role: str
    text: str
    question: str | None = None


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
class Traffic:
    """Unlabelled texts as they come in: topics are placed by where these lie.

    Attributes:
        name: What the sample is known by; it stays the same one when a few of its texts are taken away.
        texts: At most 3,000 of them are looked at, drawn evenly.
    """

    name: str
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Correction:
    """A human's judgement of one text; a field that is None was not corrected.

    Attributes:
        text: The span's text, exactly as it was judged.
        topic: Topic key; the empty string says "none of the topics".
        about: Topic of the mention that was corrected, as it stood before ("" for none): the rest of the correction is
            about that mention. None: about the text as a whole, of which ``topic`` is then the only topic.
        beside: The other topics that the span has; they stay.
        sentiment: The right sentiment.
        complaint: Whether the text reports a problem.
        friction: Friction value; the empty string says "none".
        urgent: Whether the text cannot wait.
        response_needed: Whether the customer expects an answer.
        escalation_intent: Whether the customer threatens to take it further.
        teaches: Whether similar texts learn from it; its own text is always judged as it says.
    """

    text: str
    topic: str | None = None
    sentiment: SentimentLabel | None = None
    complaint: bool | None = None
    friction: str | None = None
    urgent: bool | None = None
    response_needed: bool | None = None
    escalation_intent: bool | None = None
    teaches: bool = True
    about: str | None = None
    beside: tuple[str, ...] = ()


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
    urgent: bool = False
    urgent_confidence: float = 0.0
    response_needed: bool = False
    response_needed_confidence: float = 0.0
    escalation_intent: bool = False
    escalation_intent_confidence: float = 0.0


@dataclass(frozen=True, slots=True)
class Reading:
    """What was found in one conversation.

    Attributes:
        mentions: In reading order; of one span with several topics the surest first.
        language: ISO 639-1 code of what the customer writes in; None where nobody can tell.
        unread: Why there are no mentions, or not of every turn: a language that the model does not speak, or nothing
            was said. None where all was read.
    """

    mentions: tuple[Mention, ...]
    language: str | None = None
    unread: Literal["language", "no_content"] | None = None


@dataclass(frozen=True, slots=True)
class Encoded:
    """What one encoder pass gives, row i for text i.

    Attributes:
        vectors: Unit-length sentence embeddings, float32, shape (n, dim).
        layers: Mean-pooled hidden states of every layer side by side, float16, shape (n, layers * hidden).
        heads: What each head asked for says of the whole text, float32, shape (n, its width).
        tokens: What each head asked for says of the text's tokens: n arrays, float16, shape (tokens, its width).
        offsets: First character and one past the last of each token in the text as it was given: n arrays, shape
            (tokens, 2). Empty where no head that judges tokens was asked for. Words that lie beyond the model's
            longest input have no token.
    """

    vectors: Floats
    layers: HalfFloats
    heads: Mapping[str, Floats] = field(default_factory=dict)
    tokens: Mapping[str, list[HalfFloats]] = field(default_factory=dict)
    offsets: list[Offsets] = field(default_factory=list)

    def part(self, rows: slice) -> Encoded:
        """What it gives of some of the texts."""
        return Encoded(
            self.vectors[rows],
            self.layers[rows],
            heads={name: said[rows] for name, said in self.heads.items()},
            tokens={name: said[rows] for name, said in self.tokens.items()},
            offsets=self.offsets[rows],
        )
