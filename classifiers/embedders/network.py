"""What a network, its heads and what runs them look like from outside."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

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


class Network(nn.Module, ABC):
    """A module that encodes padded token ids.

    Attributes:
        dim: Length of an embedding.
        depth: Number of layers whose hidden states it shows, 0 where it shows none.
        width: Length of one hidden state, 0 where it shows none.
    """

    dim: int
    depth: int
    width: int

    @abstractmethod
    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Hidden]:
        """Encode padded texts.

        Args:
            ids: Token ids, shape (n, tokens).
            mask: 1 where a token stands, 0 where the row is padded, shape (n, tokens).

        Returns:
            Unit vectors (n, dim) as float32, and the hidden states where there are any.
        """


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


class Runner(ABC):
    """Runs a network and its heads.

    Attributes:
        name: What it is called in the ``backend`` setting.
        dim: Length of an embedding.
        layer_dim: Length of the pooled layers of one text, 0 where the network shows none.
        shapes: What each head gives.
    """

    name: str
    dim: int
    layer_dim: int
    shapes: dict[str, HeadShape]

    @abstractmethod
    def run(self, ids: Ids, mask: Ids, *, layers: bool, heads: Collection[str]) -> Pass:
        """Encode one padded batch; ``ids`` and ``mask`` have shape (n, tokens)."""


def pool(hidden: Hidden, mask: Tensor) -> Tensor:
    """Average the hidden states of each layer over the tokens: (n, layers * width), float32."""
    weights = mask.to(hidden[0].dtype).unsqueeze(1)
    sums = torch.cat([torch.bmm(weights, state).squeeze(1) for state in hidden], 1)
    return sums.float() / mask.sum(1, keepdim=True)


def misfit(head: str, depth: int, width: int) -> ClassifierError:
    """What to say of a head that was made for another network."""
    return ClassifierError(
        f"The head {head!r} does not fit this text model ({depth} layers of {width} numbers). "
        "Heads that come with closeloop fit the packaged model alone."
    )
