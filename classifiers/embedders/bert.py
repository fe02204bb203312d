"""A BERT encoder in plain torch: what the packaged model needs of it, without loading a model library.

The architecture is that of Devlin et al. 2019 (post-norm, absolute positions, exact GELU). Weights are read by the
names under which the transformers library stores them. Loading it here costs 20 MB of memory where the library costs
200, and query, key and value are one multiplication.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn.functional import gelu, layer_norm, linear, normalize

from classifiers.embedders.network import Network

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from classifiers.embedders.network import Hidden

_NEVER = 1e4
_INT32 = 6  # as ONNX counts its types


class Bert(Network):
    """Token ids in, the mean of the last layer and all hidden states out."""

    packs = True

    def __init__(self, weights: Mapping[str, Tensor], config: Mapping[str, int | float]) -> None:
        """Take over the weights.

        Args:
            weights: Tensors by their stored names.
            config: ``config.json`` of the model.
        """
        super().__init__()
        self.depth = int(config["num_hidden_layers"])
        self.dim = self.width = int(config["hidden_size"])
        heads, eps = int(config["num_attention_heads"]), float(config["layer_norm_eps"])
        self.words = _fixed(weights["embeddings.word_embeddings.weight"])
        # No text here has a second part: its token type is always the first.
        places = (
            weights["embeddings.position_embeddings.weight"] + weights["embeddings.token_type_embeddings.weight"][0]
        )
        self.places = _fixed(places)
        self.norm = Norm(weights, "embeddings.LayerNorm", eps)
        self.layers = nn.ModuleList(Layer(weights, f"encoder.layer.{at}", heads, eps) for at in range(self.depth))

    @classmethod
    def load(cls, folder: Path) -> Bert:
        """Read ``model.safetensors`` and ``config.json`` of a folder."""
        return cls(load_file(folder / "model.safetensors"), json.loads((folder / "config.json").read_text("utf-8")))

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Hidden]:
        """Encode rows, as :meth:`Network.forward`."""
        places = (mask.cumsum(2) * mask).sum(1) - 1
        state = self.norm(self.words[ids] + self.places[places.clamp(min=0)])
        hidden, sight = [state], sight_of(mask, state.dtype)
        for layer in self.layers:
            state = layer(state, sight)
            hidden.append(state)
        return normalize(torch.bmm(mask.to(state.dtype), state).float(), dim=2), hidden


class Norm(nn.Module):
    """Layer normalisation."""

    def __init__(self, weights: Mapping[str, Tensor], name: str, eps: float) -> None:
        """Take over ``name.weight`` and ``name.bias``."""
        super().__init__()
        self.weight, self.bias = _fixed(weights[f"{name}.weight"]), _fixed(weights[f"{name}.bias"])
        self.eps = eps

    def forward(self, state: Tensor) -> Tensor:
        """Normalise each token."""
        return layer_norm(state, self.weight.shape, self.weight, self.bias, self.eps)


class Dense(nn.Module):
    """One multiplication, of several matrices at once where several are named."""

    def __init__(self, weights: Mapping[str, Tensor], *names: str) -> None:
        """Take over ``name.weight`` and ``name.bias`` of each name."""
        super().__init__()
        self.weight = _fixed(torch.cat([weights[f"{name}.weight"] for name in names]))
        self.bias = _fixed(torch.cat([weights[f"{name}.bias"] for name in names]))

    def forward(self, state: Tensor) -> Tensor:
        """Multiply each token."""
        return linear(state, self.weight, self.bias)


class Layer(nn.Module):
    """One BERT layer; heads that need layers of their own are fastest made of this one."""

    def __init__(self, weights: Mapping[str, Tensor], name: str, heads: int, eps: float) -> None:
        """Take over the tensors below ``name``."""
        super().__init__()
        self.heads = heads
        inner = f"{name}.attention.self"
        self.ask = Dense(weights, f"{inner}.query", f"{inner}.key", f"{inner}.value")
        self.mix = Dense(weights, f"{name}.attention.output.dense")
        self.mixed = Norm(weights, f"{name}.attention.output.LayerNorm", eps)
        self.widen = Dense(weights, f"{name}.intermediate.dense")
        self.narrow = Dense(weights, f"{name}.output.dense")
        self.narrowed = Norm(weights, f"{name}.output.LayerNorm", eps)

    def forward(self, state: Tensor, sight: Tensor) -> Tensor:
        """One step: states (rows, tokens, width) and what :func:`sight_of` gave in, the next states out."""
        state = self.mixed(state + self.mix(attend(self.ask(state), sight, self.heads)))
        found: Tensor = self.narrowed(state + self.narrow(gelu(self.widen(state))))
        return found


def sight_of(mask: Tensor, dtype: torch.dtype) -> Tensor:
    """Which tokens a token sees, those of its own text: 0, else far below it; shape (rows, 1, tokens, tokens).

    Args:
        mask: Shape (rows, texts, tokens).
        dtype: Of the states that attend.
    """
    if torch.onnx.is_in_onnx_export():
        return mask.squeeze(1)  # the exported operator takes one text a row, and which of its tokens there are
    whose = (mask * torch.arange(1, mask.shape[1] + 1, device=mask.device)[:, None]).sum(1)
    return (whose[:, None, :, None] != whose[:, None, None, :]).to(dtype) * -_NEVER


def attend(asked: Tensor, sight: Tensor, heads: int) -> Tensor:
    """Attention in plain multiplications: on short texts faster than torch's fused one (measured, -10 % of a pass).

    Args:
        asked: Query, key and value side by side, shape (rows, tokens, 3 * width).
        sight: What :func:`sight_of` gave.
        heads: Into how many parts the width falls.
    """
    if torch.onnx.is_in_onnx_export():
        exported: Tensor = _Attention.apply(*asked.chunk(3, -1), sight, heads)  # type: ignore[no-untyped-call]
        return exported
    rows, tokens, width = asked.shape[0], asked.shape[1], asked.shape[2] // 3
    query, key, value = asked.view(rows, tokens, 3, heads, width // heads).permute(2, 0, 3, 1, 4)
    scores = torch.add(sight, query @ key.transpose(-1, -2), alpha=(width // heads) ** -0.5)
    found: Tensor = (scores.softmax(-1) @ value).transpose(1, 2).reshape(rows, tokens, width)
    return found


class _Attention(torch.autograd.Function):
    """Stands in the exported graph for the one operator that ONNX Runtime has for it."""

    @staticmethod
    def forward(_context: object, query: Tensor, _key: Tensor, _value: Tensor, _mask: Tensor, _heads: int) -> Tensor:
        return query.clone()

    @staticmethod
    def symbolic(graph: Any, *asked: Any) -> Any:  # noqa: ANN401 - the exporter's own types have no names
        query, key, value, mask, heads = asked
        no_bias = graph.op("prim::Constant").setType(torch._C.OptionalType.ofTensor())  # noqa: SLF001 - no public name
        mask = graph.op("Cast", mask, to_i=_INT32)
        found = graph.op("com.microsoft::MultiHeadAttention", query, key, value, no_bias, mask, num_heads_i=heads)
        return found.setType(query.type())


def _fixed(tensor: Tensor) -> nn.Parameter:
    return nn.Parameter(tensor, requires_grad=False)
