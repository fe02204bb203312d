"""What a network, its heads and what runs them look like from outside.

Texts lie in rows of tokens, one or several in a row. A mask (rows, texts, tokens) is 1 where a token of that text of
the row stands, 0 elsewhere; room for a text that is not there is 0 everywhere.
"""

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
"""Hidden states (rows, tokens, width): index 0 the embedding output, the last index the last layer."""

Ids = npt.NDArray[np.int64]


class Network(nn.Module, ABC):
    """A module that encodes rows of token ids.

    Attributes:
        packs: Whether a row may hold several texts.
        dim: Length of an embedding.
        depth: Number of layers whose hidden states it shows, 0 where it shows none.
        width: Length of one hidden state, 0 where it shows none.
    """

    packs: bool = False
    dim: int
    depth: int
    width: int

    @abstractmethod
    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Hidden]:
        """Encode rows.

        Args:
            ids: Token ids, shape (rows, tokens).
            mask: Shape (rows, texts, tokens).

        Returns:
            Unit vectors (rows, texts, dim) as float32, and the hidden states where there are any.
        """


@dataclass(frozen=True, slots=True)
class Pass:
    """What one batch gave, its n texts row by row.

    Attributes:
        vectors: Unit vectors, float32, shape (n, dim).
        layers: Pooled layers side by side, shape (n, depth * width); None where nobody asked.
        heads: For each head asked for (n, its width), or (rows, tokens, its width) for one that judges tokens.
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
        packs: Whether a row may hold several texts.
    """

    name: str
    packs: bool
    dim: int
    layer_dim: int
    shapes: dict[str, HeadShape]

    @abstractmethod
    def run(self, ids: Ids, mask: Ids, *, layers: bool, heads: Collection[str]) -> Pass:
        """Encode one batch: ``ids`` (rows, tokens), ``mask`` (rows, texts, tokens)."""


def pool(hidden: Hidden, mask: Tensor) -> Tensor:
    """Average the hidden states of each layer over each text's tokens: (rows, texts, layers * width), float32."""
    weights = mask.to(hidden[0].dtype)
    sums = torch.cat([torch.bmm(weights, state) for state in hidden], 2)
    return sums.float() / mask.sum(2, keepdim=True).clamp(min=1)


def shape_of(name: str, head: nn.Module, network: Network) -> HeadShape:
    """Run a head on one text of two tokens: one that does not fit the network fails at the start.

    Raises:
        ClassifierError: It does not fit.
    """
    weight = next(network.parameters())
    states = [torch.zeros(1, 2, network.width, dtype=weight.dtype, device=weight.device)] * (network.depth + 1)
    seen = torch.ones(1, 1, 2, dtype=torch.int64, device=weight.device)
    try:
        with torch.inference_mode():
            given = head(states, seen)
    except (RuntimeError, IndexError) as error:
        raise ClassifierError(
            f"The head {name!r} does not fit this text model ({network.depth} layers of {network.width} numbers). "
            "Heads that come with closeloop fit the packaged model alone."
        ) from error
    return HeadShape(width=given.shape[-1], by_token=given.shape[1] == seen.shape[2])
