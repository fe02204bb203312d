"""Judging the risks in what was read: from stored embeddings, without reading a word again."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from app.classify.loading import Readers
from app.log import get_logger

if TYPE_CHECKING:
    from classifiers.signals.risks import Risks

_log = get_logger("classify")


class RiskJudge:
    """Tells a legal threat, danger to people and leaving.

    Args:
        readers: Whose encoder is asked where mentions were not embedded by the packaged one.
    """

    def __init__(self, readers: Readers) -> None:
        """Loads nothing."""
        self._readers = readers
        self._lock = threading.Lock()
        self._known: dict[str, Risks] = {}

    def judge(self, vectors: Sequence[bytes], model: str) -> Mapping[str, Sequence[float]]:
        """The probability of each risk for each embedding.

        Args:
            vectors: Embeddings as they are stored: float16, little-endian.
            model: Fingerprint of the encoder that they come from.

        Returns:
            Risk -> a probability for each vector; empty where that encoder is not the one in use any more.

        Raises:
            AppError: `model_unavailable`: the encoder is another than the packaged one, and cannot be loaded.
        """
        import numpy as np  # noqa: PLC0415 - the web process stays small

        with self._lock:
            risks = self._known.get(model) or self._load(model)
        if risks is None:
            _log.warning("risks_not_judged", model=model, mentions=len(vectors))
            return {}
        rows = np.stack([np.frombuffer(vector, "<f2") for vector in vectors])
        return {risk: [float(p) for p in found] for risk, found in risks.judge(rows).items()}

    def _load(self, model: str) -> Risks | None:
        from classifiers.signals.risks import Risks, shipped_for  # noqa: PLC0415 - loads the model libraries

        if model == shipped_for():
            self._known[model] = Risks()
        else:
            encoder = self._readers.encoder()
            if encoder.fingerprint != model:
                return None
            self._known[model] = Risks(encoder.encode)
        return self._known[model]
