"""Texts that somebody gave topics to, in the form that a model learns from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from classifiers.contract import ClassifierError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from classifiers.contract import Floats, TopicSpec


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text with its topics; no topic says "none of these"."""

    text: str
    topics: tuple[str, ...]


def rows_of(specs: Sequence[TopicSpec], labelled: Sequence[Labelled]) -> list[Labelled]:
    """One row for each text; a repeated text would be its own held-out example.

    Raises:
        ClassifierError: A plain string stands where several are wanted: it would be taken letter by letter.
    """
    for several in (*(spec.examples for spec in specs), *(row.topics for row in labelled)):
        if isinstance(several, str):
            message = "Examples of a topic and topics of a text are tuples of strings, also of one: (text,)."
            raise ClassifierError(message)
    keys = {spec.key for spec in specs}
    rows = {text: Labelled(text, (spec.key,)) for spec in specs for text in spec.examples if text.strip()}
    for row in labelled:
        rows.pop(row.text, None)
        rows[row.text] = Labelled(row.text, tuple(dict.fromkeys(key for key in row.topics if key in keys)))
    return list(rows.values())


def targets_of(rows: Sequence[Labelled], keys: Sequence[str]) -> Floats:
    """1 where the column's topic is one of the row's, shape (rows, keys)."""
    column = {key: index for index, key in enumerate(keys)}
    targets = np.zeros((len(rows), len(keys)), np.float32)
    for index, row in enumerate(rows):
        targets[index, [column[key] for key in row.topics]] = 1
    return targets
