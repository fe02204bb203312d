"""Labelled public texts for benchmarks of topics: read, cleaned, divided by fixed seeds, each encoded once in a run."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import train_test_split

from classifiers.contract import Encoded
from classifiers.embedders.encoder import Encoder
from classifiers.text.clean import clean
from classifiers.topics.labelled import Labelled

Array = npt.NDArray[Any]

SEED = 20261126
ENCODER = Encoder()
KNOWN: dict[str, tuple[Array, Array]] = {}
NO_TOPIC = {"outofdomain", "contentonly", "Labelling not possible", "Not assigned"}
SETS = {
    "multidogo_finance": ("multidogo_finance/train.jsonl", "labels"),
    "multidogo_insurance": ("multidogo_insurance/train.jsonl", "labels"),
    "multidogo_media": ("multidogo_media/train.jsonl", "labels"),
    "dstc11_insurance": ("dstc11_insurance/utterances.jsonl", "label"),
    "bitext_support": ("bitext_support/train.jsonl", "label"),
    "nlupp_banking": ("nlupp_banking/all.jsonl", "labels"),
    "goemotions": ("goemotions/dev.jsonl", "emotions"),
    "nhs_fft": ("nhs_fft/comments.jsonl", "labels"),
}


def encode(texts: Sequence[str]) -> Encoded:
    """Encode each text once in a run."""
    fresh = [text for text in dict.fromkeys(texts) if text not in KNOWN]
    if fresh:
        found = ENCODER.encode(fresh)
        KNOWN.update({text: (found.vectors[at], found.layers[at]) for at, text in enumerate(fresh)})
    return Encoded(np.stack([KNOWN[text][0] for text in texts]), np.stack([KNOWN[text][1] for text in texts]))


@dataclass(frozen=True)
class Texts:
    """Texts with their topics."""

    texts: list[str]
    topics: list[tuple[str, ...]]

    def at(self, rows: Iterable[int]) -> Texts:
        """Some of them."""
        return Texts([self.texts[row] for row in rows], [self.topics[row] for row in rows])

    def encoded(self) -> Encoded:
        """Vectors and layers."""
        return encode(self.texts)

    def labelled(self) -> list[Labelled]:
        """As the model takes them."""
        return [Labelled(text, topics) for text, topics in zip(self.texts, self.topics, strict=True)]


def load(path: Path, field: str, most: int = 6000) -> Texts:
    """Distinct texts of a file, at most so many, drawn by seed."""
    found: dict[str, set[str]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        label = row[field]
        text = clean(row["text"])
        if len(text) > 1:
            found.setdefault(text, set()).update([label] if isinstance(label, str) else label)
    rows = list(found.items())
    drawn = sorted(np.random.default_rng(SEED).permutation(len(rows))[:most])
    return Texts([rows[at][0] for at in drawn], [tuple(sorted(rows[at][1] - {"oos"})) for at in drawn])


def banking(data: Path) -> tuple[Texts, Texts]:
    """Training and held-out test part of banking77."""
    every = load(data / "banking77/train.jsonl", "label", 1 << 20)
    first = [topics[0] for topics in every.topics]
    train, test = train_test_split(np.arange(len(first)), test_size=3080, stratify=first, random_state=SEED)
    return every.at(train), every.at(test)


def few(train: Texts, keys: list[str], count: int, seed: int) -> Texts:
    """So many texts of each topic, 0 for all."""
    if not count:
        return train
    order = np.random.default_rng(seed).permutation(len(train.texts))
    left = dict.fromkeys(keys, count)
    rows = []
    for row in order:
        topic = train.topics[row][0] if train.topics[row] else ""
        if left.get(topic, 0) > 0:
            left[topic] -= 1
            rows.append(row)
    return train.at(rows)


def split(data: Path, name: str) -> tuple[list[str], Texts, Texts]:
    """Topics with at least ten texts, one half of the texts, and the other half's texts that have a topic."""
    every = load(data / SETS[name][0], SETS[name][1])
    counted = Counter(topic for topics in every.topics for topic in topics)
    keys = sorted(topic for topic, count in counted.items() if count >= 10 and topic not in NO_TOPIC)
    kept = Texts(every.texts, [tuple(topic for topic in topics if topic in keys) for topics in every.topics])
    order = np.random.default_rng(SEED).permutation(len(kept.texts))
    half = len(order) // 2
    return keys, kept.at(order[:half]), kept.at([row for row in order[half:] if kept.topics[row]])


def whole(data: Path, name: str) -> tuple[list[str], Texts, Texts]:
    """Topics, training and test part of any of the sets."""
    if name != "banking77":
        return split(data, name)
    train, test = banking(data)
    return sorted({topics[0] for topics in test.topics}), train, test


def hidden(data: Path, name: str, seed: int) -> tuple[list[str], Texts, Texts, list[bool]]:
    """A set without a quarter of its topics, and which of the judged texts have one of those left."""
    if name == "hint3":
        train, test = (load(data / f"hint3_sofmattress/{part}.jsonl", "label") for part in ("train", "test"))
        keys = sorted({topic for topics in train.topics for topic in topics})
        return keys, train, test, [bool(topics) for topics in test.topics]
    keys, train, test = whole(data, name)
    shown = sorted(np.random.default_rng(seed).permutation(keys)[len(keys) // 4 :].tolist())
    train = train.at([row for row, topics in enumerate(train.topics) if len(topics) == 1 and topics[0] in shown])
    return shown, train, test, [bool(set(topics) & set(shown)) for topics in test.topics]
