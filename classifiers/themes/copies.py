"""Which texts are copies of others, across media and edits: sketches that are compared, keys that find candidates.

A text is the set of its runs of three words, edges included; numbers and masked personal data are all alike, so that a
form letter stays one whatever order it names. Two texts resemble each other by the share of runs that they have in
common (Jaccard), which MinHash estimates from 64 small numbers per text (Broder 1997). Texts that share a key are worth
comparing; keys are bands of those numbers (locality-sensitive hashing; Indyk and Motwani 1998). Equal texts have equal
sketches and share every key. Greetings, signatures, quoted mail and legal footers are no part of a text.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np

from classifiers.text.clean import clean
from classifiers.text.mail import own_words
from classifiers.text.markup import plain_view

if TYPE_CHECKING:
    from collections.abc import Sequence

SLOTS = 64
COPY_AT = 0.55
"""Resemblance from which two texts are one and the same; unrelated ones stay below 0.05."""

LONG = 25
"""Words from which two people do not write the same text by chance."""

_RUN = 3
_BANDS, _ROWS = 8, 3
_OWN_BANDS = 4
_MOST_WORDS = 2_000
_NO_WORD = 0x9E3779B97F4A7C15
_WORD = re.compile(r"[^\W_]+")
_MASK = re.compile(r"\[[a-z_ ]{2,20}\]")
_GREETING = re.compile(r"^\s*(?:dear|hello|hi|hey|good (?:morning|day|afternoon|evening))\b[^,!.\n]{0,40}[,!.\n]\s*")
_NUMBER = re.compile(r"\d+")
_U64 = np.uint64


def _random_odd(count: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 2**63, count, dtype=np.uint64) * _U64(2) + _U64(1)


# Part of every stored sketch: other numbers would make the stored ones worthless.
_MIX, _ADD = _random_odd(SLOTS, 1), _random_odd(SLOTS, 2)
_PLACE = _random_odd(_RUN, 3)


@dataclass(frozen=True, slots=True)
class Sketch:
    """What is kept of a text to recognise its copies.

    Attributes:
        words: How many words it has.
        slots: 64 numbers of 16 bits, little-endian; equal slots estimate the resemblance.
        keys: Of any text of anybody that may be the same; none for short texts.
        own_keys: Of texts of the same person that may be the same.
    """

    words: int
    slots: bytes
    keys: tuple[int, ...]
    own_keys: tuple[int, ...]


def words_of(text: str) -> list[str]:
    """The writer's own words, in small letters; numbers and masked personal data are all alike."""
    view = plain_view(text)
    own = "\n".join(clean(view[start:end]) for start, end in own_words(view, 0, len(view)))
    plain = _NUMBER.sub("0", _MASK.sub(" masked ", own.replace("\u2019", "").replace("'", "").lower()))
    found = _WORD.findall(_GREETING.sub("", plain))[:_MOST_WORDS]
    return found or _WORD.findall(plain)[:_MOST_WORDS]


def sketch(words: Sequence[str]) -> Sketch | None:
    """What is kept of a text with these words; None without any."""
    if not words:
        return None
    lowest = _lowest(words)
    slots = (lowest >> _U64(48)).astype("<u2")
    bands = lowest[: _BANDS * _ROWS].reshape(_BANDS, _ROWS)
    keys = tuple(_key(number, band.tobytes()) for number, band in enumerate(bands)) if len(words) >= LONG else ()
    own = tuple(_key(_BANDS + number, lowest[-1 - number].tobytes()) for number in range(_OWN_BANDS))
    return Sketch(len(words), slots.tobytes(), keys, own)


def resemblance(one: bytes, other: bytes) -> float:
    """Share of runs of three words that two texts have in common, estimated from their slots (standard error 0.06)."""
    return float((np.frombuffer(one, "<u2") == np.frombuffer(other, "<u2")).mean())


def keyed(key: int, about: str) -> int:
    """A key that only texts with the same `about` share (whose they are, say); fits a signed 64-bit column."""
    return _key(key & 0xFF, key.to_bytes(8, "little", signed=True) + about.encode())


def exact_key(words: Sequence[str]) -> int:
    """A key that only texts with exactly these words share."""
    return _key(0xFF, " ".join(words).encode())


def _lowest(words: Sequence[str]) -> np.ndarray:
    codes = np.array([_NO_WORD, *(zlib.crc32(word.encode()) for word in words), _NO_WORD], dtype=np.uint64)
    runs = np.zeros(len(codes) - _RUN + 1, dtype=np.uint64)
    for place in range(_RUN):
        runs += _stir(codes[place : place + len(runs)] * _PLACE[place])
    lowest: np.ndarray = _stir(np.unique(runs)[:, None] * _MIX + _ADD).min(axis=0)
    return lowest


def _stir(numbers: np.ndarray) -> np.ndarray:
    """The end of MurmurHash3: neighbouring numbers come apart."""
    numbers = (numbers ^ (numbers >> _U64(33))) * _U64(0xFF51AFD7ED558CCD)
    numbers = (numbers ^ (numbers >> _U64(33))) * _U64(0xC4CEB9FE1A85EC53)
    stirred: np.ndarray = numbers ^ (numbers >> _U64(33))
    return stirred


def _key(kind: int, content: bytes) -> int:
    return int.from_bytes(blake2b(content, digest_size=8, person=bytes([kind])).digest(), "little", signed=True)
