"""Small networks beside the frozen encoder: they read its hidden states in the same pass.

A ladder in the sense of Sung et al. 2022 (Ladder Side-Tuning): all layers of the encoder are projected to a narrow
width, a narrow transformer layer mixes the tokens, and queries pool them. It costs a tenth of the encoder pass, where
a tuned copy of the encoder's last two layers costs a third.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, layer_norm, scaled_dot_product_attention, softplus

from classifiers.embedders.bert import attend, sight_of

DEPTH = 6
WIDTH = 384
"""Layers of the packaged encoder, and numbers of one hidden state."""

INNER = 192
FEATURES = 96
_HEADS = 4
_QUERIES = 4
_LOOKS = 2
_FAR = -1e4
_NEVER = 4096
_REACH = 8
"""Tokens beyond which a learnt share of attention is lost."""


class Trunk(nn.Module):
    """All layers of the encoder, narrowed and mixed: (rows, tokens, INNER)."""

    def __init__(self, blocks: int = 1, drop: float = 0.0) -> None:
        """Start from random weights; ``drop`` is the share of numbers left out in training."""
        super().__init__()
        self.drop = nn.Dropout(drop)
        self.narrow = nn.Linear(DEPTH * WIDTH, INNER)
        self.start = nn.LayerNorm(INNER)
        self.blocks = nn.ModuleList(_Block(drop) for _ in range(blocks))
        self.end = nn.LayerNorm(INNER)

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """Read what :func:`side_by_side` made; mask (rows, texts, tokens) is 1 where a token of that text stands."""
        x = self.start(self.narrow(self.drop(states)))
        sight = sight_of(mask, x.dtype)
        for block in self.blocks:
            x = block(x, sight)
        found: Tensor = self.end(x)
        return found


def side_by_side(hidden: Sequence[Tensor]) -> Tensor:
    """The layers of an encoder pass, each normed, (rows, tokens, DEPTH * WIDTH), without the embedding output."""
    return torch.cat([layer_norm(state, (WIDTH,)) for state in hidden[1:]], 2)


class TextHead(nn.Module):
    """Features of each whole text, (rows, texts, FEATURES): what linear answers are made of."""

    def __init__(self, drop: float = 0.0) -> None:
        """Start from random weights."""
        super().__init__()
        self.trunk = Trunk(drop=drop)
        self.query = nn.Linear(INNER, _QUERIES)
        self.drop = nn.Dropout(drop)
        self.features = nn.Linear((_QUERIES + 1) * INNER, FEATURES)

    def forward(self, hidden: Sequence[Tensor], mask: Tensor) -> Tensor:
        """Read the hidden states of an encoder pass."""
        x = self.trunk(side_by_side(hidden), mask)
        own = mask.to(x.dtype)
        asked = torch.softmax(self.query(x).transpose(1, 2).unsqueeze(1) + (1 - own).unsqueeze(2) * _FAR, 3)
        even = own / own.sum(2, keepdim=True).clamp(min=1)
        looks = torch.cat([asked, even.unsqueeze(2)], 2)
        pooled = torch.bmm(looks.flatten(1, 2), x).view(*looks.shape[:3], INNER).flatten(2)
        found: Tensor = gelu(self.features(self.drop(pooled)))
        return found


class TokenHead(nn.Module):
    """What each token says, (rows, tokens, INNER): mentions are read from it once their span or topic is known."""

    def __init__(self, drop: float = 0.0) -> None:
        """Start from random weights."""
        super().__init__()
        self.trunk = Trunk(blocks=2, drop=drop)

    def forward(self, hidden: Sequence[Tensor], mask: Tensor) -> Tensor:
        """Read the hidden states of an encoder pass."""
        found: Tensor = self.trunk(side_by_side(hidden), mask)
        return found


class Asking(nn.Module):
    """Reads one mention out of a text's tokens, once it is known what is asked for: a span, a topic, or both.

    The question looks at the tokens twice and learns from the first look where to look next (memory networks,
    Sukhbaatar et al. 2015). Tokens far from an asked span count less.
    """

    def __init__(self, drop: float = 0.0) -> None:
        """Start from random weights."""
        super().__init__()
        self.topic = nn.Linear(WIDTH, INNER)
        self.span = nn.Linear(INNER, INNER)
        self.inside = nn.Parameter(torch.zeros(INNER))
        self.near = nn.Parameter(torch.zeros(_LOOKS, _HEADS))
        self.looks = nn.ModuleList(_Look(drop) for _ in range(_LOOKS))
        self.answer = nn.Sequential(
            nn.LayerNorm(INNER),
            nn.Dropout(drop),
            nn.Linear(INNER, INNER),
            nn.GELU(),
            nn.Dropout(drop),
            nn.Linear(INNER, 3),
        )

    def forward(self, tokens: Tensor, mask: Tensor, inside: Tensor, topic: Tensor) -> Tensor:
        """Judge one question for each row.

        Args:
            tokens: What :class:`TokenHead` gave, shape (n, tokens, INNER).
            mask: 1 where a token stands, shape (n, tokens).
            inside: 1 where a token lies in the asked span, shape (n, tokens); all 0 without a span.
            topic: Embedding of the topic's name, shape (n, WIDTH); all 0 without a topic.

        Returns:
            Logits of negative, neutral and positive, shape (n, 3).
        """
        count = inside.sum(1, keepdim=True)
        middle = torch.bmm(inside.unsqueeze(1), tokens).squeeze(1) / count.clamp(min=1)
        asked = self.span(middle) * (count > 0) + self.topic(topic) * topic.abs().sum(1, keepdim=True).clamp(max=1)
        far = _distance(inside) * (count > 0) / _REACH
        tokens = tokens + inside[:, :, None] * self.inside
        away = (1 - mask.to(tokens.dtype)) * _FAR
        for look, near in zip(self.looks, self.near, strict=True):
            asked = look(asked, tokens, away[:, None, :] - far[:, None, :] * softplus(near)[None, :, None])
        found: Tensor = self.answer(asked)
        return found


class _Look(nn.Module):
    """The question attends to the tokens and thinks about what it saw."""

    def __init__(self, drop: float) -> None:
        super().__init__()
        self.before = nn.LayerNorm(INNER)
        self.ask = nn.Linear(INNER, INNER)
        self.tell = nn.Linear(INNER, 2 * INNER)
        self.mix = nn.Linear(INNER, INNER)
        self.between = nn.LayerNorm(INNER)
        self.think = nn.Sequential(nn.Linear(INNER, INNER), nn.GELU(), nn.Dropout(drop), nn.Linear(INNER, INNER))
        self.drop = nn.Dropout(drop)

    def forward(self, asked: Tensor, tokens: Tensor, bias: Tensor) -> Tensor:
        texts, count, _ = tokens.shape
        size = INNER // _HEADS
        query = self.ask(self.before(asked)).view(texts, _HEADS, 1, size)
        key, value = self.tell(tokens).view(texts, count, 2, _HEADS, size).permute(2, 0, 3, 1, 4)
        seen = scaled_dot_product_attention(query, key, value, attn_mask=bias[:, :, None, :])
        asked = asked + self.drop(self.mix(seen.reshape(texts, INNER)))
        found: Tensor = asked + self.drop(self.think(self.between(asked)))
        return found


def _distance(inside: Tensor) -> Tensor:
    """How many tokens away the nearest token of the span is, shape (n, tokens); meaningless without a span."""
    place = torch.arange(inside.shape[1], device=inside.device, dtype=inside.dtype)
    first = (place + (1 - inside) * _NEVER).amin(1, keepdim=True)
    last = (place - (1 - inside) * _NEVER).amax(1, keepdim=True)
    return (first - place).clamp(min=0) + (place - last).clamp(min=0)


class _Block(nn.Module):
    """A transformer layer with its norms before."""

    def __init__(self, drop: float) -> None:
        super().__init__()
        self.before = nn.LayerNorm(INNER)
        self.ask = nn.Linear(INNER, 3 * INNER)
        self.mix = nn.Linear(INNER, INNER)
        self.between = nn.LayerNorm(INNER)
        self.widen = nn.Linear(INNER, 2 * INNER)
        self.narrow = nn.Linear(2 * INNER, INNER)
        self.drop = nn.Dropout(drop)

    def forward(self, x: Tensor, sight: Tensor) -> Tensor:
        x = x + self.drop(self.mix(attend(self.ask(self.before(x)), sight, _HEADS)))
        found: Tensor = x + self.drop(self.narrow(gelu(self.widen(self.between(x)))))
        return found
