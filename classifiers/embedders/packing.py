"""Which texts are encoded together.

A network whose rows may hold several texts gets rows of a few widths, packed full (Krell et al. 2021: packing without
cross-contamination), and batches of a few heights: what multiplies them keeps a program for every shape that it meets,
and making one costs as much as using it many times. Other networks get texts of like length, one in a row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

BUDGET = 768
"""Tokens of a batch."""

_MOST_TEXTS = 96
_NARROWEST = 64
_STEP = 8
_A_ROW = 8


@dataclass(frozen=True, slots=True)
class Batch:
    """Texts that are encoded together.

    Attributes:
        rows: The texts of each row, as indices.
        tokens: How long a row is.
        texts: How many texts a row has room for.
    """

    rows: list[list[int]]
    tokens: int
    texts: int = 1

    @classmethod
    def apart(cls, texts: Sequence[int], lengths: Sequence[int]) -> Batch:
        """A text a row, each row as long as the longest text."""
        return cls([[text] for text in texts], max(lengths[text] for text in texts))


def alone(lengths: Sequence[int], tie: Callable[[int], str]) -> Iterator[Batch]:
    """One text a row, like lengths together, longest first; who is together depends on the texts, not on their order.

    Args:
        lengths: Tokens of each text.
        tie: What orders texts of one length.
    """
    texts: list[int] = []
    for text in _longest_first(lengths, tie):
        if texts and _is_full(len(texts), lengths[texts[0]], lengths[text]):
            yield Batch.apart(texts, lengths)
            texts = []
        texts.append(text)
    if texts:
        yield Batch.apart(texts, lengths)


def packed(lengths: Sequence[int], tie: Callable[[int], str], sides: int = 1) -> Iterator[Batch]:
    """Several texts a row, best fit first; who is together depends on the texts, not on their order.

    Args:
        lengths: Tokens of each text.
        tie: What orders texts of one length.
        sides: How many batches are encoded side by side: where there would be fewer, the largest are halved.
    """
    parts = list(_parts(lengths, tie))
    while len(parts) < sides and (several := [part for part in parts if len(part[1]) > 1]):
        width, rows = largest = max(several, key=lambda part: part[0] * len(part[1]))
        half, at = len(rows) // 2, parts.index(largest)
        parts[at : at + 1] = [(width, rows[:half]), (width, rows[half:])]
    for width, rows in parts:
        yield Batch(rows, width if len(rows) > 1 else _used(rows[0], lengths), _A_ROW)


def _parts(lengths: Sequence[int], tie: Callable[[int], str]) -> Iterator[tuple[int, list[list[int]]]]:
    """Rows that are encoded together, and how wide they are."""
    for width, rows in sorted(_packed_rows(lengths, tie).items(), reverse=True):
        most = max(1, BUDGET // width)
        for at in range(0, len(rows), most):
            some = rows[at : at + most]
            yield from ((width, part) for part in ([some] if len(some) == most else _powers(some)))


def _packed_rows(lengths: Sequence[int], tie: Callable[[int], str]) -> dict[int, list[list[int]]]:
    """Rows by their width: each text goes where it leaves the least room."""
    rows: dict[int, list[list[int]]] = {}
    room: dict[int, list[list[int]]] = {}
    widest = 0
    for text in _longest_first(lengths, tie):
        length = lengths[text]
        left = next((left for left in range(length, widest) if room.get(left)), None)
        if left is None:
            left = _width(length)
            row: list[int] = []
            rows.setdefault(left, []).append(row)
            widest = max(widest, left)
        else:
            row = room[left].pop()
        row.append(text)
        if len(row) < _A_ROW:
            room.setdefault(left - length, []).append(row)
    return rows


def _longest_first(lengths: Sequence[int], tie: Callable[[int], str]) -> list[int]:
    return sorted(range(len(lengths)), key=lambda text: (-lengths[text], tie(text)))


def _is_full(texts: int, longest: int, length: int) -> bool:
    """Whether one more text would cost too much, or would be padded to more than twice its length."""
    return texts == _MOST_TEXTS or (texts + 1) * longest > BUDGET or length * 2 < longest


def _width(length: int) -> int:
    width = _NARROWEST
    while width < length:
        width *= 2
    return width


def _powers(rows: list[list[int]]) -> Iterator[list[list[int]]]:
    """Parts of 8, 4, 2 and 1 rows: few shapes, and no row that holds nothing."""
    at = 0
    while at < len(rows):
        size = 1 << ((len(rows) - at).bit_length() - 1)
        yield rows[at : at + size]
        at += size


def _used(row: list[int], lengths: Sequence[int]) -> int:
    """A row alone is as long as its texts want, in steps."""
    return -(-max(1, sum(lengths[text] for text in row)) // _STEP) * _STEP
