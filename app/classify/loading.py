"""The one place of the room that loads the encoder, and only when the first text is to be read."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, TypeVar, cast

from app.classify.gate import Gate, Trial
from app.errors import AppError, Kind
from app.settings import Settings

if TYPE_CHECKING:
    from app.classify.taxonomy import Known
    from classifiers.contract import Correction, TopicSpec, Traffic
    from classifiers.embedders.encoder import Backend, Encoder
    from classifiers.embedders.memory import Kept
    from classifiers.reader import Reader
    from classifiers.sentiment.pipeline import SentimentPipeline

Found = TypeVar("Found")

ANY_LANGUAGE = "*"
_READERS = 2
"""Readers kept: while a station works with the facts of a moment ago, a request may already ask with newer ones."""


class Readers:
    """Gives readers for what is known; the encoder is loaded once, the last readers are kept.

    Args:
        model: `packaged`, a folder or a hub name.
        topic_confidence: Below it a mention gets no topic.
        backend: What computes; see the setting `model_backend`.
        languages: What is read; see the setting `languages`.
        sentiment_model: A Hugging Face model that judges sentiment instead of the shipped head.
    """

    def __init__(
        self,
        model: str,
        topic_confidence: float,
        backend: Backend = "auto",
        *,
        languages: str = "en",
        sentiment_model: str | None = None,
    ) -> None:
        """Loads nothing."""
        self._model = model
        self._confidence = topic_confidence
        self._backend: Backend = backend
        self._languages = None if languages == ANY_LANGUAGE else languages.replace(",", " ").split()
        self._sentiment_model = sentiment_model
        self._pipeline: SentimentPipeline | None = None
        self._lock = threading.Lock()
        self._encoder: Encoder | None = None
        self._kept: Kept = {}
        self._ready: dict[object, Reader] = {}
        self.known: Known | None = None
        """What the newest reader was built from: what has not changed since need not be read again."""
        self.failure: str | None = None
        """Why the model could not be loaded when it was last tried."""

    def encoder(self) -> Encoder:
        """The encoder, loaded at the first call.

        Raises:
            AppError: `model_unavailable`: the model is missing, changed or not safe to load.
        """
        with self._lock:
            return self._load()

    def current(self, known: Known) -> Reader:
        """The reader of now; a correction has its effect on the very next text, unless gold texts suffer from it.

        Raises:
            AppError: `model_unavailable`, as above.
        """
        with self._lock:
            reader = self._find(known.key, lambda: self._remembering(known, self._load(), Gate.current))
            self.known = known
            return reader

    def trials(self, known: Known) -> list[Trial]:
        """What the gate says to the corrections that no version has judged yet.

        Raises:
            AppError: `model_unavailable`, as above.
        """
        return self._remembering(known, self.encoder(), lambda gate: list(gate.trials()))

    def reader(
        self, topics: Sequence[TopicSpec], corrections: Sequence[Correction], traffic: Traffic | None = None
    ) -> Reader:
        """A reader for these topics, corrections and unlabelled texts, whatever is in use.

        Raises:
            AppError: `model_unavailable`, as above.
        """
        with self._lock:
            key = (tuple(topics), tuple(corrections), traffic)
            return self._find(key, lambda: self._build(self._load(), topics, corrections, traffic))

    def _build(
        self,
        encoder: Encoder,
        topics: Sequence[TopicSpec],
        corrections: Sequence[Correction],
        traffic: Traffic | None,
    ) -> Reader:
        from classifiers.reader import Reader  # noqa: PLC0415 - loads the model libraries

        return Reader(
            encoder,
            topics,
            corrections,
            topic_confidence=self._confidence,
            sentiment_model=self._pipeline,
            languages=self._languages,
            traffic=traffic,
        )

    def _find(self, key: object, build: Callable[[], Reader]) -> Reader:
        reader = self._ready.get(key) or build()
        self._ready = dict([*self._ready.items(), (key, reader)][-_READERS:])
        return reader

    def _remembering(self, known: Known, encoder: Encoder, ask: Callable[[Gate], Found]) -> Found:
        """Ask the gate, whose readers share what was encoded for those before them; needs no lock."""
        from classifiers.embedders.memory import Remembering  # noqa: PLC0415 - loads the model libraries

        memories: list[Remembering] = []

        def build(teaching: Collection[int]) -> Reader:
            memory = Remembering(encoder, memories[-1].known() if memories else self._kept)
            memories.append(memory)
            return self._build(cast("Encoder", memory), known.specs(), known.taught(teaching), known.traffic())

        found = ask(Gate(known, build))
        self._kept = {text: row for memory in memories for text, row in memory.used.items()}
        for memory in memories:
            memory.forget()
        return found

    def _load(self) -> Encoder:
        if self._encoder is None:
            from classifiers.contract import ClassifierError  # noqa: PLC0415 - loads the model libraries
            from classifiers.reader import load_encoder  # noqa: PLC0415
            from classifiers.sentiment.pipeline import SentimentPipeline  # noqa: PLC0415

            try:
                if self._sentiment_model is not None:
                    self._pipeline = SentimentPipeline(self._sentiment_model)
                self._encoder = load_encoder(self._model, self._backend)
            except ClassifierError as error:
                self.failure = str(error)
                raise AppError(Kind.UNAVAILABLE, "model_unavailable", str(error)) from error
            self.failure = None
        return self._encoder


def readers_for(settings: Settings) -> Readers:
    """The readers that the settings ask for."""
    return Readers(
        settings.model,
        settings.topic_confidence,
        settings.model_backend,
        languages=settings.languages,
        sentiment_model=settings.sentiment_model,
    )
