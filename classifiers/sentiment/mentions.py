"""How a text feels about one span of it, or about one topic."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from classifiers.sentiment.linear import softmax
from classifiers.sentiment.network import INNER, WIDTH, Asking, TokenHead
from classifiers.sentiment.weights import Weights, read_weights, write_weights

if TYPE_CHECKING:
    from classifiers.contract import Floats, HalfFloats, Offsets

MENTION_HEAD = "mention"
"""Name of the head in the encoder pass: ``Encoder(heads={MENTION_HEAD: mention_model().head})``."""

MENTION_FILE = Path(__file__).parent / "mention.safetensors"
_AT_ONCE = 128


@dataclass(frozen=True)
class Question:
    """What is asked of a text; at least one of both.

    Attributes:
        row: Which text.
        span: First character and one past the last, in the text that was encoded.
        topic: Embedding of the topic's name, shape (dim,).
    """

    row: int
    span: tuple[int, int] | None = None
    topic: Floats | None = None


@dataclass(frozen=True)
class MentionModel:
    """A head that runs inside the encoder pass, and what reads its tokens.

    Attributes:
        head: Gives the tokens.
        asking: Reads them.
        temperature: From sentences that the weights were not trained on.
        encoder: Fingerprint of the encoder that the head was trained beside.
    """

    head: TokenHead
    asking: Asking
    temperature: float
    encoder: str

    def judge(self, tokens: Sequence[HalfFloats], offsets: Sequence[Offsets], questions: Sequence[Question]) -> Floats:
        """Probability of negative, neutral and positive for each question, shape (questions, 3).

        Args:
            tokens: ``Encoded.tokens[MENTION_HEAD]``.
            offsets: ``Encoded.offsets``.
            questions: In any order. One whose span no token touches is asked of the whole text.
        """
        answer = np.zeros((len(questions), 3), np.float32)
        order = sorted(range(len(questions)), key=lambda at: len(tokens[questions[at].row]))
        for start in range(0, len(order), _AT_ONCE):
            some = order[start : start + _AT_ONCE]
            answer[some] = self._answer([questions[at] for at in some], tokens, offsets)
        return softmax(answer / self.temperature)

    def _answer(
        self, questions: Sequence[Question], tokens: Sequence[HalfFloats], offsets: Sequence[Offsets]
    ) -> Floats:
        longest = max(1, *(len(tokens[question.row]) for question in questions))
        states = np.zeros((len(questions), longest, INNER), np.float32)
        mask = np.zeros((len(questions), longest), np.float32)
        inside = np.zeros((len(questions), longest), np.float32)
        topics = np.zeros((len(questions), WIDTH), np.float32)
        for at, question in enumerate(questions):
            own, places = tokens[question.row], offsets[question.row]
            states[at, : len(own)] = own
            mask[at, : len(own)] = 1
            if question.topic is not None:
                topics[at] = question.topic
            if question.span is not None:
                touched = (places[:, 0] < question.span[1]) & (places[:, 1] > question.span[0])
                inside[at, : len(own)] = touched if touched.any() else 1
        with torch.inference_mode():
            found: Floats = self.asking(*map(torch.from_numpy, (states, mask, inside, topics))).numpy()
        return found

    def save(self, path: Path) -> None:
        """Write a safetensors file; equal weights give equal bytes."""
        about = {"temperature": repr(self.temperature), "encoder": self.encoder}
        write_weights(path, Weights({"head": self.head, "asking": self.asking}, {}, about))

    @classmethod
    def load(cls, path: Path = MENTION_FILE) -> MentionModel:
        """Read what :meth:`save` wrote.

        Raises:
            ClassifierError: The file is missing or damaged.
        """
        head, asking = TokenHead(), Asking()
        _, about = read_weights(path, {"head": head, "asking": asking})
        return cls(head, asking, float(about["temperature"]), about["encoder"])


@cache
def mention_model() -> MentionModel:
    """The shipped weights."""
    return MentionModel.load()


@cache
def mention_fingerprint() -> str:
    """Hash of the shipped weights."""
    return hashlib.sha256(MENTION_FILE.read_bytes()).hexdigest()[:12]
