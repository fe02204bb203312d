"""A BERT encoder in plain torch: what the packaged model needs of it, without loading a model library.

The architecture is that of Devlin et al. 2019 (post-norm, absolute positions, exact GELU). Weights are read by the
names under which the transformers library stores them. Loading it here costs 20 MB of memory where the library costs
200, and query, key and value are one multiplication.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn.functional import gelu, layer_norm, linear, normalize, scaled_dot_product_attention

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from classifiers.embedders.network import Hidden


class Bert(nn.Module):
    """Token ids in, the mean of the last layer and all hidden states out.

    Attributes:
        dim: Length of an embedding.
        depth: Number of layers.
        width: Length of one hidden state.
    """

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
        self.norm = _Norm(weights, "embeddings.LayerNorm", eps)
        self.layers = nn.ModuleList(_Layer(weights, f"encoder.layer.{at}", heads, eps) for at in range(self.depth))

    @classmethod
    def load(cls, folder: Path) -> Bert:
        """Read ``model.safetensors`` and ``config.json`` of a folder."""
        return cls(load_file(folder / "model.safetensors"), json.loads((folder / "config.json").read_text("utf-8")))

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Hidden]:
        """Encode padded texts.

        Args:
            ids: Token ids, shape (n, tokens).
            mask: 1 where a token stands, 0 where the row is padded, shape (n, tokens).

        Returns:
            Unit vectors (n, dim), and the hidden states from the embedding output to the last layer.
        """
        state = self.norm(self.words[ids] + self.places[: ids.shape[1]])
        hidden = [state]
        seen = mask.bool()[:, None, None, :]
        for layer in self.layers:
            state = layer(state, seen)
            hidden.append(state)
        return normalize(torch.bmm(mask.to(state.dtype).unsqueeze(1), state).squeeze(1).float(), dim=1), hidden


class _Norm(nn.Module):
    def __init__(self, weights: Mapping[str, Tensor], name: str, eps: float) -> None:
        super().__init__()
        self.weight, self.bias = _fixed(weights[f"{name}.weight"]), _fixed(weights[f"{name}.bias"])
        self.eps = eps

    def forward(self, state: Tensor) -> Tensor:
        return layer_norm(state, self.weight.shape, self.weight, self.bias, self.eps)


class _Dense(nn.Module):
    def __init__(self, weights: Mapping[str, Tensor], *names: str) -> None:
        super().__init__()
        self.weight = _fixed(torch.cat([weights[f"{name}.weight"] for name in names]))
        self.bias = _fixed(torch.cat([weights[f"{name}.bias"] for name in names]))

    def forward(self, state: Tensor) -> Tensor:
        return linear(state, self.weight, self.bias)


class _Layer(nn.Module):
    def __init__(self, weights: Mapping[str, Tensor], name: str, heads: int, eps: float) -> None:
        super().__init__()
        self.heads = heads
        inner = f"{name}.attention.self"
        self.ask = _Dense(weights, f"{inner}.query", f"{inner}.key", f"{inner}.value")
        self.mix = _Dense(weights, f"{name}.attention.output.dense")
        self.mixed = _Norm(weights, f"{name}.attention.output.LayerNorm", eps)
        self.widen = _Dense(weights, f"{name}.intermediate.dense")
        self.narrow = _Dense(weights, f"{name}.output.dense")
        self.narrowed = _Norm(weights, f"{name}.output.LayerNorm", eps)

    def forward(self, state: Tensor, seen: Tensor) -> Tensor:
        texts, tokens, width = state.shape
        asked = self.ask(state).view(texts, tokens, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        mixed = scaled_dot_product_attention(asked[0], asked[1], asked[2], attn_mask=seen)
        state = self.mixed(state + self.mix(mixed.transpose(1, 2).reshape(texts, tokens, width)))
        found: Tensor = self.narrowed(state + self.narrow(gelu(self.widen(state))))
        return found


def _fixed(tensor: Tensor) -> nn.Parameter:
    return nn.Parameter(tensor, requires_grad=False)
