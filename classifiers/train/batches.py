"""Training texts in batches of like length, and the encoder pass that the heads read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from classifiers.embedders import packing
from classifiers.embedders.packaged import hash_model, packaged_folder, packaged_network, packaged_tokens

_BUDGET = 1400
_CHUNK = 3000
_LONGEST = 128


@dataclass(frozen=True)
class Batch:
    """Texts of like length.

    Attributes:
        rows: Which texts, as indices.
        ids: Token ids, padded.
        mask: 1 where a token stands, shape (n, 1, tokens): a text has a row of its own.
    """

    rows: list[int]
    ids: Tensor
    mask: Tensor


class Source:
    """The packaged encoder for training: token ids in, hidden states out.

    Attributes:
        network: The encoder, float32.
        fingerprint: Of its weights.
    """

    def __init__(self) -> None:
        """Load the packaged model."""
        self.network, self.tokens = packaged_network(), packaged_tokens()
        self.fingerprint = hash_model(packaged_folder())
        self._pool = ThreadPoolExecutor(1)

    def batches(self, texts: Sequence[str], rng: np.random.Generator | None = None) -> list[Batch]:
        """Group texts by length under a token budget; with ``rng`` in random order and random company."""
        ids = [row[:_LONGEST] for row in self.tokens.ids(texts, self._pool)]
        order = rng.permutation(len(ids)) if rng else np.arange(len(ids))
        groups: list[list[int]] = []
        for at in range(0, len(order), _CHUNK):
            groups += _grouped(sorted(map(int, order[at : at + _CHUNK]), key=lambda row: len(ids[row])), ids)
        if rng:
            groups = [groups[at] for at in rng.permutation(len(groups))]
        lengths = [len(row) for row in ids]
        laid = (self.tokens.laid(packing.Batch.apart(rows, lengths), ids) for rows in groups)
        return [Batch(rows, *map(torch.from_numpy, pair)) for rows, pair in zip(groups, laid, strict=True)]

    def places(self, text: str) -> np.ndarray:
        """Characters of each token, shape (tokens, 2), those of the model's own marks empty."""
        spans, own = self.tokens.offsets(text)
        every = np.zeros((len(own), 2), np.int32)
        every[own] = spans
        return every[:_LONGEST]

    def hidden(self, batch: Batch) -> list[Tensor]:
        """Hidden states without gradients, float32."""
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
            _, states = self.network(batch.ids, batch.mask)
        return [state.float().clone() for state in states]


def _grouped(order: list[int], ids: list[list[int]]) -> Iterator[list[int]]:
    group: list[int] = []
    for row in order:
        if group and len(ids[row]) * (len(group) + 1) > _BUDGET:
            yield group
            group = []
        group.append(row)
    if group:
        yield group


def descend(
    modules: Sequence[tuple[nn.Module, float]], steps: int, losses: Iterator[Tensor], tell: Callable[[str], None]
) -> None:
    """Follow the gradients of the losses: AdamW, a short warm-up, then a cosine down to nothing.

    Args:
        modules: Each with its highest learning rate.
        steps: How many losses there will be.
        losses: One for each step.
        tell: Hears how it goes.
    """
    groups = [{"params": [p for p in module.parameters() if p.requires_grad], "lr": rate} for module, rate in modules]
    optimizer = torch.optim.AdamW(groups, weight_decay=0.01, betas=(0.9, 0.98), fused=True)
    highest = [rate for _, rate in modules]
    every = [parameter for group in groups for parameter in group["params"]]  # type: ignore[attr-defined]
    mean = 0.0
    for step, loss in enumerate(losses, 1):
        share = min(1.0, step / 150) * 0.5 * (1 + np.cos(np.pi * min(1.0, step / steps)))
        for group, rate in zip(optimizer.param_groups, highest, strict=True):
            group["lr"] = rate * share
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(every, 1.0)
        optimizer.step()
        mean += (loss.item() - mean) * max(0.01, 1 / step)
        if step % 100 == 0:
            tell(f"step {step} of {steps}, loss {mean:.3f}")
