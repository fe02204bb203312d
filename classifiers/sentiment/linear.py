"""A linear answer on features: the last step of the shipped heads, and what corrections adapt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from classifiers.contract import ClassifierError

if TYPE_CHECKING:
    from classifiers.contract import Floats


@dataclass(frozen=True)
class Linear:
    """``softmax((features @ weight + bias) / temperature)``.

    Attributes:
        labels: One label for each column.
        weight: Shape (features, labels).
        bias: Shape (labels,).
        temperature: From texts that the weights were not trained on.
    """

    labels: tuple[str, ...]
    weight: Floats
    bias: Floats
    temperature: float = 1.0

    def scores(self, features: Floats) -> Floats:
        """What the softmax is taken of, shape (n, labels).

        Raises:
            ClassifierError: The features are not those that the weights belong to.
        """
        if features.shape[1] != self.weight.shape[0]:
            message = (
                f"The head reads {self.weight.shape[0]} numbers a text and was given {features.shape[1]}. "
                "Use the packaged encoder with the head that belongs to these weights."
            )
            raise ClassifierError(message)
        found: Floats = (features @ self.weight + self.bias) / self.temperature
        return found

    def probabilities(self, features: Floats) -> Floats:
        """Probability of each label, shape (n, labels).

        Raises:
            ClassifierError: As :meth:`scores`.
        """
        return softmax(self.scores(features))


def softmax(scores: Floats) -> Floats:
    """Shares of each row, float32."""
    shifted = np.exp(scores - scores.max(axis=1, keepdims=True, initial=-np.inf))
    answer: Floats = (shifted / shifted.sum(axis=1, keepdims=True)).astype(np.float32)
    return answer
