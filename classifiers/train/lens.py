"""The lens of topics: names and texts of several taxonomies pull a linear map on each side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, normalize

from classifiers.contract import TopicSpec
from classifiers.text.clean import clean
from classifiers.topics.calibration import SHARPNESS
from classifiers.topics.lens import Lens
from classifiers.topics.prototypes import describe
from classifiers.train.rows import lines

if TYPE_CHECKING:
    from classifiers.contract import Encoded

SETS = {
    "multidogo_finance": ("multidogo_finance/train.jsonl", "labels"),
    "multidogo_insurance": ("multidogo_insurance/train.jsonl", "labels"),
    "multidogo_media": ("multidogo_media/train.jsonl", "labels"),
    "dstc11_insurance": ("dstc11_insurance/utterances.jsonl", "label"),
    "nlupp_banking": ("nlupp_banking/all.jsonl", "labels"),
    "goemotions": ("goemotions/train.jsonl", "emotions"),
    "nhs_fft": ("nhs_fft/comments.jsonl", "labels"),
}
"""BANKING77 is not among them, although its licence would allow it: it is what names alone are measured on."""

_NO_TOPIC = {"outofdomain", "contentonly", "Labelling not possible", "Not assigned"}
_FEWEST, _MOST = 10, 2500
_STEPS, _TEXTS, _SHARE = 120, 64, 0.7
_EVEN = 0.7
"""How far rare topics are drawn as often as frequent ones: 0 not at all, 1 wholly."""

_RATE, _PULL = 1e-3, 0.01

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Taxonomy:
    """Vectors of the topics' names and of texts that have one topic, and which.

    Attributes:
        names: Shape (topics, dim).
        texts: Shape (n, dim).
        topics: Shape (n,).
    """

    names: Tensor
    texts: Tensor
    topics: Ints


def read_taxonomies(
    data: Path, encode: Callable[[Sequence[str]], Encoded], leave: Collection[str] = ()
) -> list[Taxonomy]:
    """Read and encode the sets below ``data``, those to be left out apart."""
    return [_read(data / file, field, encode) for name, (file, field) in SETS.items() if name not in leave]


def train_lens(taxonomies: Sequence[Taxonomy]) -> Lens:
    """Let the right name be nearest among some of its taxonomy's names, by few steps from "as it is"."""
    torch.manual_seed(0)
    dim = taxonomies[0].names.shape[1]
    names, texts = nn.Parameter(torch.zeros(dim, dim)), nn.Parameter(torch.zeros(dim, dim))
    optimiser = torch.optim.Adam([names, texts], lr=_RATE)
    rng = np.random.default_rng(0)
    for _ in range(_STEPS):
        loss = _PULL * (names.square().sum() + texts.square().sum())
        for taxonomy in taxonomies:
            loss = loss + _missed(taxonomy, names, texts, rng) / len(taxonomies)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    return Lens(names.detach().numpy(), texts.detach().numpy())


def _missed(taxonomy: Taxonomy, names: Tensor, texts: Tensor, rng: np.random.Generator) -> Tensor:
    count = len(taxonomy.names)
    shown = rng.permutation(count)[: max(4, int(count * _SHARE))]
    place = np.full(count, -1)
    place[shown] = np.arange(len(shown))
    rows = np.flatnonzero(place[taxonomy.topics] >= 0)
    chance = 1 / np.bincount(taxonomy.topics)[taxonomy.topics[rows]] ** _EVEN
    rows = rng.choice(rows, _TEXTS, p=chance / chance.sum())
    said, written = taxonomy.texts[rows], taxonomy.names[shown]
    similar = normalize(said + said @ texts) @ normalize(written + written @ names).T
    return cross_entropy(SHARPNESS * similar, torch.from_numpy(place[taxonomy.topics[rows]]))


def _read(path: Path, field: str, encode: Callable[[Sequence[str]], Encoded]) -> Taxonomy:
    rows = dict(_single(path, field))
    counted = Counter(rows.values())
    keys = sorted(key for key, count in counted.items() if count >= _FEWEST and key not in _NO_TOPIC)
    kept = sorted(text for text, key in rows.items() if key in keys)
    drawn = sorted(np.random.default_rng(0).permutation(len(kept))[:_MOST])
    texts = [kept[at] for at in drawn]
    _, written = describe([TopicSpec(key) for key in keys], encode)
    topics = np.array([keys.index(rows[text]) for text in texts], np.int64)
    return Taxonomy(torch.from_numpy(written.vectors), torch.from_numpy(encode(texts).vectors), topics)


def _single(path: Path, field: str) -> Iterator[tuple[str, str]]:
    """Texts with exactly one topic."""
    for line in lines(path):
        found = [line[field]] if isinstance(line[field], str) else line[field]
        if len(set(found)) == 1 and len(clean(line["text"])) > 1:
            yield clean(line["text"]), found[0]
