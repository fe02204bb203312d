"""The torch backend: float32, bfloat16, or float16 on a GPU."""

from __future__ import annotations

import copy
import os
from typing import TYPE_CHECKING

import numpy as np
import torch

from classifiers.embedders.network import Pass, Runner, pool, shape_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from torch import nn

    from classifiers.embedders.network import Ids, Network

_KEPT = "256"
# For every shape that it has ever multiplied oneDNN keeps a program, up to a thousand of them, and so does what stands
# between it and torch. Packed rows have few shapes, which all fit; those of another model's rows would take 700 MB.
os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", _KEPT)
os.environ.setdefault("LRU_CACHE_CAPACITY", _KEPT)


class TorchBackend(Runner):
    """Runs a network and its heads in one number format on one device."""

    def __init__(self, name: str, network: Network, heads: Mapping[str, nn.Module], device: str = "cpu") -> None:
        """Bring network and copies of the heads into the number format that ``name`` says."""
        self.name = name
        self.dim = network.dim
        self.layer_dim = network.depth * network.width
        self.packs = network.packs
        self._device = device
        dtype = getattr(torch, name)
        self._network = network.to(device=device, dtype=dtype).eval()
        self._heads = {key: copy.deepcopy(head).to(device=device, dtype=dtype).eval() for key, head in heads.items()}
        self.shapes = {key: shape_of(key, head, self._network) for key, head in self._heads.items()}

    def run(self, ids: Ids, mask: Ids, *, layers: bool, heads: Collection[str]) -> Pass:
        """Encode one batch: ``ids`` (rows, tokens), ``mask`` (rows, texts, tokens)."""
        # No row is without a text, but a text may be without tokens.
        texts = mask.any(2) | (np.arange(mask.shape[1]) == 0)
        with torch.inference_mode():
            tokens, seen = (torch.from_numpy(each).to(self._device) for each in (ids, mask))
            vectors, hidden = self._network(tokens, seen)
            found = {key: self._heads[key](hidden, seen).float().cpu().numpy() for key in heads}
            pooled = pool(hidden[1:], seen).cpu().numpy()[texts] if layers else None
        judged = {key: given if self.shapes[key].by_token else given[texts] for key, given in found.items()}
        return Pass(vectors.cpu().numpy()[texts], pooled, judged)


def native_bfloat16() -> bool:
    """Whether the processor multiplies bfloat16 itself; emulated it is slower than float32."""
    found = torch.cpu.get_capabilities()
    return bool(found.get("avx512_bf16") or found.get("amx_bf16"))
