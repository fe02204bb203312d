"""The torch backend: float32, bfloat16, or float16 on a GPU."""

from __future__ import annotations

import copy
import os
from typing import TYPE_CHECKING

import torch
from torch.nn.functional import pad

from classifiers.embedders.network import HeadShape, Pass, Runner, misfit, pool

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from torch import nn

    from classifiers.embedders.network import Ids, Network

_KEPT = "128"
_STEP, _STEPPED = 8, 64

# For every shape that it has ever multiplied oneDNN keeps a program, up to a thousand of them, and so does what stands
# between it and torch: 700 MB once a few thousand texts were read, for shapes that hardly ever come again.
os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", _KEPT)
os.environ.setdefault("LRU_CACHE_CAPACITY", _KEPT)


class TorchBackend(Runner):
    """Runs a network and its heads in one number format on one device."""

    def __init__(self, name: str, network: Network, heads: Mapping[str, nn.Module], device: str = "cpu") -> None:
        """Bring network and copies of the heads into the number format that ``name`` says."""
        self.name = name
        self.dim = network.dim
        self.layer_dim = network.depth * network.width
        self._device = device
        dtype = getattr(torch, name)
        self._network = network.to(device=device, dtype=dtype).eval()
        self._heads = {key: copy.deepcopy(head).to(device=device, dtype=dtype).eval() for key, head in heads.items()}
        self.shapes = {key: self._probe(key, dtype) for key in self._heads}

    def run(self, ids: Ids, mask: Ids, *, layers: bool, heads: Collection[str]) -> Pass:
        """Encode one padded batch; ``ids`` and ``mask`` have shape (n, tokens)."""
        with torch.inference_mode():
            more = self._room(ids)
            tokens, seen = (pad(torch.from_numpy(each), (0, more)).to(self._device) for each in (ids, mask))
            vectors, hidden = self._network(tokens, seen)
            found = {key: self._heads[key](hidden, seen).float().cpu().numpy() for key in heads}
            pooled = pool(hidden[1:], seen).cpu().numpy() if layers else None
            return Pass(vectors.cpu().numpy(), pooled, found)

    def _room(self, ids: Ids) -> int:
        """By how many tokens a text that comes alone is filled up: a new shape costs as much as its multiplications."""
        texts, tokens = ids.shape
        return -tokens % _STEP if texts == 1 and tokens <= _STEPPED and self.name == "bfloat16" else 0

    def _probe(self, key: str, dtype: torch.dtype) -> HeadShape:
        """Run the head on nothing: a head that does not fit the network fails at the start."""
        states = [torch.zeros(1, 2, self._network.width, dtype=dtype, device=self._device)] * (self._network.depth + 1)
        seen = torch.ones(1, 2, dtype=torch.int64, device=self._device)
        try:
            with torch.inference_mode():
                given = self._heads[key](states, seen)
        except (RuntimeError, IndexError) as error:
            raise misfit(key, self._network.depth, self._network.width) from error
        return HeadShape(width=given.shape[-1], by_token=given.ndim == states[0].ndim)


def native_bfloat16() -> bool:
    """Whether the processor multiplies bfloat16 itself; emulated it is slower than float32."""
    found = torch.cpu.get_capabilities()
    return bool(found.get("avx512_bf16") or found.get("amx_bf16"))
