"""A sentence encoder that also returns its inner layers and what heads say of them, from the same pass.

Speed comes from four habits: equal texts are encoded once, batches hold hardly any padding
(:mod:`classifiers.embedders.packing`), bfloat16 where the processor computes it natively, and one intra-operation
thread per worker with as many workers as cores (two-thread torch collapses when another process uses the other core).
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from classifiers.contract import ClassifierError, Encoded
from classifiers.embedders.foreign import load_foreign
from classifiers.embedders.onnx_backend import OnnxBackend, has_fast_int8
from classifiers.embedders.packaged import PACKAGED, hash_model, packaged_folder, packaged_network, packaged_tokens
from classifiers.embedders.packing import alone, packed
from classifiers.embedders.torch_backend import TorchBackend, native_bfloat16
from classifiers.halves import halved

if TYPE_CHECKING:
    from torch import nn

    from classifiers.contract import HalfFloats, Offsets
    from classifiers.embedders.network import Pass, Runner
    from classifiers.embedders.packing import Batch

Backend = Literal["auto", "float32", "bfloat16", "onnx-int8"]

_HALF_PAIR = re.compile("[\ud800-\udfff]")


class Encoder:
    """Any sentence-transformers model, loaded once and safe to use from several threads.

    Attributes:
        dim: Length of an embedding.
        layer_dim: Length of the pooled layers of one text, 0 where the model does not show its layers.
        backend: What computes: ``float32``, ``bfloat16``, ``float16`` (a GPU) or ``onnx-int8``.
        fingerprint: Hash of weights, tokenizer and configuration; the backend is not in it, because labels agree
            whatever the backend.
        packaged: Whether it is the packaged model with verified weights: the one that shipped heads fit.
        heads: Names of the heads that it can run.
        workers: How many batches are encoded side by side.
    """

    def __init__(
        self,
        name: str = PACKAGED,
        *,
        heads: Mapping[str, nn.Module] | None = None,
        backend: Backend = "auto",
        cache: Path | None = None,
        workers: int | None = None,
    ) -> None:
        """Load the model.

        Args:
            name: ``packaged``, a folder, or a name on the model hub (only then is the network used, once).
            heads: Modules ``forward(hidden, mask)`` that run inside the pass, in the backend's number format.
                ``hidden`` are the outputs of all layers (rows, tokens, width), index 0 the embedding output, the last
                index the last layer; a row holds one text or several, and ``mask`` (rows, texts, tokens) is 1 where a
                token of that text stands. They give (rows, texts, numbers) or, for each token, (rows, tokens,
                numbers). They are copied.
            backend: ``auto`` takes what is fastest here: a GPU where there is one (not tried on one yet), else bfloat16
                where the processor has it, else ``onnx-int8`` where the extra ``onnx`` is installed and the processor
                multiplies bytes, else float32. Any other value is taken or refused.
            cache: Folder that keeps the graphs of ``onnx-int8``; None means one in the user's cache folder.
            workers: Batches encoded side by side; None means one for each core that this process may use.

        Raises:
            ClassifierError: The model is missing, changed, or not safe to load; the backend is not to be had; or a head
                does not fit the model.
        """
        self.packaged = name == PACKAGED
        # Several threads for one multiplication stand in each other's way as soon as another process works.
        torch.set_num_threads(1)
        threadpool_limits(1)
        device, chosen = _choose(backend, packaged=self.packaged)
        if self.packaged:
            self._tokens, self.fingerprint = packaged_tokens(), hash_model(packaged_folder())
        else:
            network, self._tokens, self.fingerprint = load_foreign(name)
        self._backend: Runner
        if chosen == "onnx-int8":
            self._backend = OnnxBackend(packaged_network, self.fingerprint, heads or {}, cache)
        else:
            self._backend = TorchBackend(chosen, packaged_network() if self.packaged else network, heads or {}, device)
        self.workers = workers or _cores()
        self._pool = ThreadPoolExecutor(self.workers, thread_name_prefix="encode")
        self.backend = self._backend.name
        self.heads = frozenset(self._backend.shapes)
        self.dim, self.layer_dim = self._backend.dim, self._backend.layer_dim

    def encode(self, texts: Sequence[str], *, layers: bool = True, heads: Collection[str] = ()) -> Encoded:
        """Encode texts; equal texts are encoded once and get equal rows.

        Args:
            texts: Cleaned texts; what lies beyond the model's longest input is not seen.
            layers: Whether to keep the pooled layers (4.6 kB a text with the packaged model).
            heads: Names of the heads to run.

        Returns:
            Row i belongs to ``texts[i]``.

        Raises:
            ClassifierError: There is no head of that name, or what was given is no list of texts.
        """
        if unknown := sorted(set(heads) - self.heads):
            raise ClassifierError(f"This encoder has no head {unknown[0]!r}. It has: {sorted(self.heads) or 'none'}.")
        layers = layers and self.layer_dim > 0
        cut = [text[: self._tokens.most_chars] for text in _checked(texts)]
        cut = [text if text.isascii() else _HALF_PAIR.sub("\ufffd", text) for text in cut]
        distinct = {text: row for row, text in enumerate(dict.fromkeys(cut))}
        gathered = _Gathered(self, list(distinct), heads, layers=layers)
        ids = self._tokens.ids(gathered.texts, self._pool)

        def run(batch: Batch) -> None:
            found = self._backend.run(*self._tokens.laid(batch, ids), layers=layers, heads=heads)
            gathered.put(batch.rows, found)

        lengths, tie = [len(row) for row in ids], gathered.texts.__getitem__
        batches = packed(lengths, tie, self.workers) if self._backend.packs else alone(lengths, tie)
        # Always by the pool: what multiplies keeps its programs for each thread that it ever ran in.
        list(self._pool.map(run, batches))
        return gathered.spread([distinct[text] for text in cut])

    def numbers(self, name: str) -> int:
        """How many numbers a head gives, for the text or for each token."""
        return self._backend.shapes[name].width

    def judges_tokens(self, name: str) -> bool:
        """Whether a head judges each token, not the text as a whole."""
        return self._backend.shapes[name].by_token

    def offsets(self, text: str) -> tuple[Offsets, np.ndarray[tuple[int], np.dtype[np.bool_]]]:
        """Where the tokens of a text stand, and which of its token ids they are."""
        return self._tokens.offsets(text)


class _Gathered:
    """The answers to distinct texts while they come in, batch by batch, from several threads."""

    def __init__(self, encoder: Encoder, texts: list[str], heads: Collection[str], *, layers: bool) -> None:
        count = len(texts)
        by_token = {name for name in heads if encoder.judges_tokens(name)}
        self.texts = texts
        self._vectors = np.zeros((count, encoder.dim), np.float32)
        self._layers = np.zeros((count, encoder.layer_dim if layers else 0), np.float16)
        self._heads = {name: np.zeros((count, encoder.numbers(name)), np.float32) for name in set(heads) - by_token}
        self._tokens: dict[str, list[HalfFloats]] = {name: [np.zeros((0, 0), np.float16)] * count for name in by_token}
        self._offsets: list[Offsets] = [np.zeros((0, 2), np.int32)] * count if by_token else []
        self._find = encoder.offsets

    def put(self, rows: list[list[int]], found: Pass) -> None:
        """Take what a batch gave: its texts row by row."""
        texts = list(chain.from_iterable(rows))
        self._vectors[texts] = found.vectors
        if found.layers is not None:
            self._layers[texts] = halved(found.layers)
        for name, answers in self._heads.items():
            answers[texts] = found.heads[name]
        if not self._tokens:
            return
        for at, row in enumerate(rows):
            start = 0
            for text in row:
                self._offsets[text], own = self._find(self.texts[text])
                for name, judged in self._tokens.items():
                    judged[text] = found.heads[name][at, start : start + len(own)][own].astype(np.float16)
                start += len(own)

    def spread(self, rows: list[int]) -> Encoded:
        """Give every text its row."""
        every = slice(None) if len(rows) == len(self.texts) else rows
        return Encoded(
            vectors=self._vectors[every],
            layers=self._layers[every],
            heads={name: answers[every] for name, answers in self._heads.items()},
            tokens={name: [judged[row] for row in rows] for name, judged in self._tokens.items()},
            offsets=[self._offsets[row] for row in rows] if self._offsets else [],
        )


def _checked(texts: Sequence[str]) -> Sequence[str]:
    """Refuse what would be read letter by letter, or end in an error of a library's."""
    if isinstance(texts, str):
        raise ClassifierError("encode() takes a list of texts. Put the one text into a list.")
    for at, text in enumerate(texts):
        if not isinstance(text, str):
            raise ClassifierError(f"Text {at} is no string but {type(text).__name__}. Leave it out, or give ''.")
    return texts


def _cores() -> int:
    asked = getattr(os, "sched_getaffinity", None)
    return len(asked(0)) if asked is not None else os.cpu_count() or 1


def _choose(backend: str, *, packaged: bool) -> tuple[str, str]:
    """Device and backend."""
    if backend not in get_args(Backend):
        raise ClassifierError(f"There is no backend {backend!r}. There are: {', '.join(get_args(Backend))}.")
    if backend == "onnx-int8" and not packaged:
        raise ClassifierError("The backend onnx-int8 is for the packaged text model. Set the backend to auto.")
    if torch.cuda.is_available() and backend != "onnx-int8":
        return "cuda", "float16" if backend == "auto" else backend
    if backend != "auto":
        return "cpu", backend
    if native_bfloat16():
        return "cpu", "bfloat16"
    return "cpu", "onnx-int8" if packaged and has_fast_int8() else "float32"
