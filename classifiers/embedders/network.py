"""What a network and its heads look like from outside, and the torch backend that runs them."""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from classifiers.contract import ClassifierError

if TYPE_CHECKING:
    from classifiers.contract import Floats

Hidden = Sequence[Tensor]
"""Hidden states (n, tokens, width): index 0 the embedding output, the last index the last layer."""

Ids = npt.NDArray[np.int64]


class Network(Protocol):
    """A module that encodes padded token ids.

    Attributes:
        dim: Length of an embedding.
        depth: Number of layers whose hidden states it shows, 0 where it shows none.
        width: Length of one hidden state, 0 where it shows none.
    """

    dim: int
    depth: int
    width: int

    def __call__(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Hidden]:
        """Give unit vectors (n, dim) as float32, and the hidden states."""


@dataclass(frozen=True, slots=True)
class Pass:
    """What one batch gave, row i for row i of the batch.

    Attributes:
        vectors: Unit vectors, float32, shape (n, dim).
        layers: Pooled layers side by side, shape (n, depth * width); None where nobody asked.
        heads: For each head asked for (n, its width), or (n, tokens, its width) for one that judges tokens.
    """

    vectors: Floats
    layers: Floats | None
    heads: dict[str, Floats]


@dataclass(frozen=True, slots=True)
class HeadShape:
    """What a head gives: so many numbers, for the text or for each token."""

    width: int
    by_token: bool


class TorchBackend:
    """Runs a network and its heads in one number format on one device.

    Attributes:
        name: What it is called in the ``backend`` setting.
        shapes: What each head gives.
    """

    def __init__(self, name: str, network: nn.Module, heads: Mapping[str, nn.Module], device: str = "cpu") -> None:
        """Bring network and copies of the heads into the number format that ``name`` says."""
        self.name = name
        self._device = device
        dtype = getattr(torch, name)
        self._network: Any = network.to(device=device, dtype=dtype).eval()
        self._heads = {key: copy.deepcopy(head).to(device=device, dtype=dtype).eval() for key, head in heads.items()}
        self.shapes = {key: self._probe(key, dtype) for key in self._heads}

    def run(self, ids: Ids, mask: Ids, *, layers: bool, heads: Collection[str]) -> Pass:
        """Encode one padded batch; ``ids`` and ``mask`` have shape (n, tokens)."""
        with torch.inference_mode():
            tokens, seen = torch.from_numpy(ids).to(self._device), torch.from_numpy(mask).to(self._device)
            vectors, hidden = self._network(tokens, seen)
            found = {key: self._heads[key](hidden, seen).float().cpu().numpy() for key in heads}
            pooled = pool(hidden[1:], seen).cpu().numpy() if layers else None
            return Pass(vectors.cpu().numpy(), pooled, found)

    def _probe(self, key: str, dtype: torch.dtype) -> HeadShape:
        """Run the head on nothing: a head that does not fit the network fails at the start."""
        states = [torch.zeros(1, 2, self._network.width, dtype=dtype, device=self._device)] * (self._network.depth + 1)
        seen = torch.ones(1, 2, dtype=torch.int64, device=self._device)
        try:
            with torch.inference_mode():
                given = self._heads[key](states, seen)
        except (RuntimeError, IndexError) as error:
            raise ClassifierError(
                f"The head {key!r} does not fit this text model ({self._network.depth} layers of "
                f"{self._network.width} numbers). Heads that come with closeloop fit the packaged model alone."
            ) from error
        return HeadShape(width=given.shape[-1], by_token=given.ndim == states[0].ndim)


def pool(hidden: Hidden, mask: Tensor) -> Tensor:
    """Average the hidden states of each layer over the tokens: (n, layers * width), float32."""
    weights = mask.to(hidden[0].dtype).unsqueeze(1)
    sums = torch.cat([torch.bmm(weights, state).squeeze(1) for state in hidden], 1)
    return sums.float() / mask.sum(1, keepdim=True)
