"""Texts to token ids, and rows of ids as a network takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import ThreadPoolExecutor

    import numpy.typing as npt
    from tokenizers import Tokenizer

    from classifiers.embedders.network import Ids
    from classifiers.embedders.packing import Batch

_AT_ONCE = 512
_CHARS_A_TOKEN = 24


class Tokens:
    """A tokenizer set to one model's limits; safe to use from several threads.

    Attributes:
        most_chars: What lies beyond so many characters is not looked at.
    """

    def __init__(self, tokenizer: Tokenizer, limit: int, *, pad: int = 0, prompt: str = "", marks: bool = True) -> None:
        """Set the limits.

        Args:
            tokenizer: Is changed: it cuts at ``limit`` and does not pad.
            limit: The model's longest input in tokens.
            pad: Token id that fills a row up.
            prompt: What the model wants to stand before every text.
            marks: Whether the model wants its marks at the beginning and the end.
        """
        tokenizer.no_padding()
        tokenizer.enable_truncation(limit)
        self._tokenizer = tokenizer
        self._pad = pad
        self._prompt = prompt
        self._marks = marks
        self.most_chars = limit * _CHARS_A_TOKEN

    def ids(self, texts: Sequence[str], pool: ThreadPoolExecutor) -> list[list[int]]:
        """Token ids of each text."""
        if len(texts) <= _AT_ONCE:
            return self.some(texts)
        parts = [texts[at : at + _AT_ONCE] for at in range(0, len(texts), _AT_ONCE)]
        return [ids for part in pool.map(self.some, parts) for ids in part]

    def offsets(self, text: str) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.bool_]]:
        """Where each token of a text stands in it, in characters.

        Returns:
            Start and end of each of the text's own tokens, shape (tokens, 2); and for every token id of the text
            whether it is one of these, not a mark of the model's or of its prompt.
        """
        encoding = self._tokenizer.encode(self._prompt + text, add_special_tokens=self._marks)
        spans = np.array(encoding.offsets, np.int32).reshape(-1, 2) - len(self._prompt)
        own = (np.array(encoding.special_tokens_mask) == 0) & (spans[:, 0] >= 0)
        return spans[own], own

    def laid(self, batch: Batch, known: Sequence[list[int]]) -> tuple[Ids, Ids]:
        """Token ids (rows, tokens) and mask (rows, texts, tokens) of one batch of texts whose ids are ``known``."""
        ids = np.full((len(batch.rows), batch.tokens), self._pad, np.int64)
        mask = np.zeros((len(batch.rows), batch.texts, batch.tokens), np.int64)
        for row, texts in enumerate(batch.rows):
            start = 0
            for at, text in enumerate(texts):
                end = start + len(known[text])
                ids[row, start:end] = known[text]
                mask[row, at, start:end] = 1
                start = end
        return ids, mask

    def some(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of a few texts."""
        asked = [self._prompt + text for text in texts] if self._prompt else list(texts)
        found = self._tokenizer.encode_batch_fast(asked, add_special_tokens=self._marks)
        return [encoding.ids for encoding in found]
