"""The one place of the room that loads the encoder, and only when the first text is to be read."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.errors import AppError, Kind

if TYPE_CHECKING:
    from classifiers.contract import Correction, TopicSpec
    from classifiers.embedders.encoder import Encoder
    from classifiers.reader import Reader


class Readers:
    """Gives readers for a taxonomy and its corrections; the encoder is loaded once, the last reader is kept.

    Args:
        model: `packaged`, a folder or a hub name.
        topic_confidence: Below it a mention gets no topic.
    """

    def __init__(self, model: str, topic_confidence: float) -> None:
        """Loads nothing."""
        self._model = model
        self._confidence = topic_confidence
        self._lock = threading.Lock()
        self._encoder: Encoder | None = None
        self._last: tuple[object, Reader] | None = None
        self.failure: str | None = None
        """Why the model could not be loaded when it was last tried."""

    def encoder(self) -> Encoder:
        """The encoder, loaded at the first call.

        Raises:
            AppError: `model_unavailable`: the model is missing, changed or not safe to load.
        """
        with self._lock:
            return self._load()

    def reader(self, topics: Sequence[TopicSpec], corrections: Sequence[Correction]) -> Reader:
        """A reader that knows these topics and corrections.

        Raises:
            AppError: `model_unavailable`, as above.
        """
        from classifiers.reader import Reader  # noqa: PLC0415 - loads the model libraries

        asked = (tuple(topics), tuple(corrections))
        with self._lock:
            if self._last is None or self._last[0] != asked:
                built = Reader(self._load(), topics, corrections, topic_confidence=self._confidence)
                self._last = (asked, built)
            return self._last[1]

    def _load(self) -> Encoder:
        if self._encoder is None:
            from classifiers.contract import ClassifierError  # noqa: PLC0415 - loads the model libraries
            from classifiers.reader import load_encoder  # noqa: PLC0415

            try:
                self._encoder = load_encoder(self._model)
            except ClassifierError as error:
                self.failure = str(error)
                raise AppError(Kind.UNAVAILABLE, "model_unavailable", str(error)) from error
            self.failure = None
        return self._encoder
