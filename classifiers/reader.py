"""Every head in one pass: conversations in, mentions out."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from copy import copy
from itertools import chain, islice, repeat
from typing import TYPE_CHECKING

from classifiers import contract
from classifiers.decided import correct, decide, signals_taught
from classifiers.embedders.encoder import Backend, Encoder
from classifiers.embedders.packaged import PACKAGED
from classifiers.fingerprint import code_fingerprint, digest
from classifiers.refuse import bad_asked, bad_conversations, bad_parts
from classifiers.sentiment.feelings import About, Feelings, shipped_heads
from classifiers.sentiment.model import HEAD
from classifiers.signals.model import Signals, seeds_fingerprint
from classifiers.telling import Feeling, Looks, Seen, feelings, judged, mention, said_nothing, topics_of
from classifiers.text.clean import clean, has_words
from classifiers.text.content import Content, weigh
from classifiers.text.finding import Found, find, listen
from classifiers.topics.answers import TopicAnswer
from classifiers.topics.explain import Why, explain
from classifiers.topics.labelled import Labelled
from classifiers.topics.model import TopicModel
from classifiers.topics.prototypes import readable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from classifiers.sentiment.pipeline import SentimentPipeline

SPOKEN = frozenset({"en"})
"""What the packaged model and the shipped heads have learnt."""

FRICTION_AT = 0.5
_SPANS_AT_ONCE = 2048
"""What heads say of so many is 5 MB, whatever the size of the input."""

_FEWEST_SPANS = 128


def load_encoder(name: str = PACKAGED, backend: Backend = "auto") -> Encoder:
    """An encoder with all that a reader wants of it: the packaged model runs the shipped heads in its pass.

    Raises:
        ClassifierError: As :class:`Encoder`.
    """
    return Encoder(name, heads=shipped_heads() if name == PACKAGED else None, backend=backend)


class Reader:
    """Reads conversations: one encoder pass, then topic, sentiment, complaint and friction.

    Attributes:
        fingerprint: `MODEL.CORRECTIONS`: a hash of code version, weights, topics and name of the traffic, and one of
            corrections and texts of the traffic. Equal fingerprints judge equally, but for texts that somebody's word
            stands on without teaching; with equal model parts only a few texts are judged differently.
        topics: The topic model, or None without topics.
    """

    def __init__(  # noqa: PLR0913 - what it knows and how it reads, each by its name
        self,
        encoder: Encoder,
        topics: Sequence[contract.TopicSpec] = (),
        corrections: Iterable[contract.Correction] = (),
        *,
        topic_confidence: float = 0.5,
        sentiment_model: SentimentPipeline | None = None,
        languages: Collection[str] | None = SPOKEN,
        traffic: contract.Traffic | None = None,
    ) -> None:
        """Compose the heads.

        Args:
            encoder: Any encoder; best from :func:`load_encoder`. One that cannot run the shipped heads brings the
                packaged model along for sentiment.
            topics: The taxonomy; without it every mention is without topic.
            corrections: Human judgements; on exactly the same text they win, on similar ones they teach. Of several
                on one text the last wins, field by field.
            topic_confidence: Below this probability no topic is given.
            sentiment_model: A Hugging Face model that judges sentiment instead of the shipped head.
            languages: ISO 639-1 codes of what is read; a turn in another language is left alone. None: everything.
            traffic: Unlabelled texts of the kind that is read; see :class:`TopicModel`.

        Raises:
            ClassifierError: Something of it is of another kind, or as :class:`TopicModel`.
        """
        corrections = list(corrections)
        bad_parts(encoder, topics, corrections, traffic, languages, topic_confidence)
        self._encoder = encoder
        self._confidence = topic_confidence
        self._languages = None if languages is None else frozenset(languages)
        self._decided = decide(corrections)
        known = {spec.key for spec in topics}
        taught = [
            Labelled(clean(one.text), one.topics)
            for one in self._decided.values()
            if one.teaches and one.topics is not None and (not one.topics or known.intersection(one.topics))
        ]
        followed = [clean(text) for text in traffic.texts if has_words(text)] if traffic is not None else []
        self.topics = TopicModel(topics, self._encode, taught, followed) if topics else None
        self._feelings = Feelings(encoder, [one.felt() for one in self._decided.values()], sentiment_model)
        names = [readable(spec.name or spec.key) for spec in topics]
        self._names = dict(zip((spec.key for spec in topics), self._feelings.embed(names), strict=True))
        self._signals = Signals(encoder.encode, signals_taught(self._decided.values()), packaged=encoder.packaged)
        self.fingerprint = self._hash(topics, traffic)

    def read(
        self, conversations: Sequence[Sequence[contract.Turn]], questions: Sequence[str | None] | None = None
    ) -> list[contract.Reading]:
        """Find the mentions of each conversation.

        Args:
            conversations: Turns in order; only customer turns are read.
            questions: The question that each conversation answers, where known.

        Returns:
            One reading for each conversation, in their order.

        Raises:
            ClassifierError: What was given is not of this form; it says what stands where.
        """
        bad_conversations(conversations, questions)
        asked = questions if questions is not None else [None] * len(conversations)
        mentions: list[list[contract.Mention]] = [[] for _ in conversations]
        heard = [listen(turns, self._languages) for turns in conversations]
        found = find(conversations, asked, heard)
        while batch := list(islice(found, _SPANS_AT_ONCE)):
            for one, told in zip(batch, self._mentions(batch), strict=True):
                mentions[one.conversation] += told
        return [
            contract.Reading(tuple(found), one.language, "language" if one.foreign else None if found else "no_content")
            for found, one in zip(mentions, heard, strict=True)
        ]

    def feel(self, asked: Sequence[tuple[str, str | None, tuple[int, int] | None]]) -> list[Feeling]:
        """Judge whole texts, or what they say of a span.

        Args:
            asked: Text, the question that it answers, and the span; None where unknown or for the whole text.

        Raises:
            ClassifierError: What was given is not of this form; it says what stands where.
        """
        bad_asked(asked)
        found = feelings(self._feelings.ask([About(text, span) for text, _, span in asked]))
        verdicts = (Content.TEXT if span else weigh(text, question) for text, question, span in asked)
        return [said_nothing(verdict) or feeling for verdict, feeling in zip(verdicts, found, strict=True)]

    def explain(self, text: str) -> tuple[str, bool, Why]:
        """Why a text gets its topic; corrections of these very words aside.

        Returns:
            The text as the model sees it, whether a topic is sure enough, and what the most probable one rests on, with
            offsets in that text.

        Raises:
            ClassifierError: There are no topics, or the text is no string.
        """
        if not isinstance(text, str):
            raise contract.ClassifierError(f"explain() takes one text, and got {type(text).__name__}.")
        if self.topics is None:
            raise contract.ClassifierError("There are no topics that could be explained.")
        seen = clean(text)
        (answer,) = self.topics.judge([seen], self._encoder.encode([seen]), self._confidence)
        return seen, bool(answer.topics), explain(self.topics, seen, self._encoder.encode)

    def uncorrected(self) -> Reader:
        """The same reader without anybody's word on exact texts: it says what was learnt, which is what to measure."""
        plain = copy(self)
        plain._decided = {}  # noqa: SLF001 - it is one of us
        return plain

    def _encode(self, texts: Sequence[str]) -> contract.Encoded:
        # As the feelings ask for it: a text that teaches both is encoded, and remembered, once.
        return self._encoder.encode([clean(text) for text in texts], heads={HEAD} & self._encoder.heads)

    def _mentions(self, batch: Sequence[Found]) -> list[list[contract.Mention]]:
        """The mentions of each span: one encoder pass, then every core takes its share of what the heads do."""
        texts = [clean(found.text) for found in batch]
        encoded = self._encoder.encode(texts, heads=(HEAD,) if self._feelings.encoder is self._encoder else ())

        def seen(rows: slice) -> list[Seen]:
            looks = self._look(texts[rows], encoded.part(rows))
            answers = looks.topics or repeat(TopicAnswer((), contract.Judgement(None, 0.0)))
            given = (
                topics_of(found, answer, self._decided.get(found.text), self._names)
                for found, answer in zip(batch[rows], answers, strict=False)
            )
            return [Seen(*row) for row in zip(batch[rows], texts[rows], judged(looks), given, strict=True)]

        shares = _shares(len(batch), self._encoder.workers)
        if len(shares) == 1:
            return self._told(seen(shares[0]))
        with ThreadPoolExecutor(len(shares)) as pool:
            return self._told(list(chain.from_iterable(pool.map(seen, shares))))

    def _look(self, texts: Sequence[str], encoded: contract.Encoded) -> Looks:
        """Judge texts, each on its own words alone."""
        felt = self._feelings.judge(texts, encoded if encoded.heads else None)
        return Looks(
            vectors=encoded.vectors,
            topics=self.topics.judge(texts, encoded, self._confidence) if self.topics else [],
            sentiments=felt.sentiments,
            complaints=felt.complaints,
            signals=self._signals.judge(encoded, FRICTION_AT),
        )

    def _told(self, spans: Sequence[Seen]) -> list[list[contract.Mention]]:
        """The mentions of each span, one for each of its topics; of several topics each has a feeling of its own."""
        asked = [
            (row, str(topic.label)) for row, one in enumerate(spans) if len(one.topics) > 1 for topic in one.topics
        ]
        # All at once: small passes cost more than their share, and the encoder spreads one over the cores.
        felt = self._feelings.ask([About(spans[row].text, topic=self._names[key]) for row, key in asked])
        about = dict(zip(asked, feelings(felt), strict=True))
        return [
            self._corrected(
                one.found,
                [mention(one.found, one.said, topic, about.get((row, str(topic.label)))) for topic in one.topics],
                [topic.label for topic in one.topics],
            )
            for row, one in enumerate(spans)
        ]

    def _corrected(
        self, found: Found, mentions: list[contract.Mention], topics: Sequence[str | None]
    ) -> list[contract.Mention]:
        decided = self._decided.get(found.text)
        if decided is None:
            return mentions
        said = decided.for_mentions(topics)
        return [correct(one, row) if row else one for one, row in zip(mentions, said, strict=True)]

    def _hash(self, topics: Sequence[contract.TopicSpec], traffic: contract.Traffic | None) -> str:
        model = [code_fingerprint(), self._encoder.fingerprint, self._feelings.fingerprint, seeds_fingerprint()]
        settings = [repr(tuple(topics)), repr(self._confidence), repr(sorted(self._languages or ()))]
        taught = sorted(repr(row) for row in self._decided.values() if row.teaches)
        if traffic is not None:
            settings.append(repr(traffic.name))
            taught += traffic.texts
        return f"{digest([*model, *settings], 12)}.{digest(taught, 6)}"


def _shares(count: int, cores: int) -> list[slice]:
    """Equal parts of so many spans, one for each core; of a few one part, for a thread costs as much as it saves."""
    parts = max(1, min(cores, count // _FEWEST_SPANS))
    return [slice(count * at // parts, count * (at + 1) // parts) for at in range(parts)]
