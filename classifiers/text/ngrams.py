"""Hashed character n-grams of texts, made for whole batches at once: the words themselves, beside their meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from classifiers.contract import Array, Floats

BUCKETS = 1 << 18
SIZES = (3, 4, 5)
_MAX_CHARS = 2000
_BREAK = 0
_PRIME = np.uint64(0x9E3779B97F4A7C15)


def count(texts: Sequence[str]) -> Any:  # noqa: ANN401 - scipy's sparse matrices are not typed
    """Count the hashed n-grams of each text, case and white space aside.

    Returns:
        Sparse matrix, shape (n, BUCKETS), entries 1 + log(count).
    """
    folded = [" " + " ".join(text[:_MAX_CHARS].lower().split()) + " " for text in texts]
    lengths = np.fromiter((len(text) + 1 for text in folded), np.int64, len(folded))
    joined = "\0".join(folded) + "\0" if folded else ""
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
    owners = np.repeat(np.arange(len(folded)), lengths)
    starts, hashes = [], []
    for size in SIZES:
        if len(codes) < size:
            continue
        rolled = np.zeros(len(codes) - size + 1, np.uint64)
        inside = np.ones(len(rolled), bool)
        for at in range(size):
            part = codes[at : at + len(rolled)]
            rolled = (rolled ^ part) * _PRIME
            inside &= part != _BREAK
        starts.append(owners[: len(rolled)][inside])
        hashes.append((rolled[inside] >> np.uint64(64 - BUCKETS.bit_length() + 1)).astype(np.int64))
    if not starts:
        return sparse.csr_matrix((len(folded), BUCKETS), dtype=np.float32)
    # One sort of whole numbers: the library's own way of adding up takes four times as long.
    keys = np.sort(np.concatenate(starts) * BUCKETS + np.concatenate(hashes))
    first = np.flatnonzero(np.diff(keys, prepend=-1))
    counts = np.diff(first, append=len(keys)).astype(np.float32)
    ends = np.searchsorted(keys[first], np.arange(len(folded) + 1) * BUCKETS)
    return sparse.csr_matrix((1 + np.log(counts), keys[first] % BUCKETS, ends), shape=(len(folded), BUCKETS))


def documents(counted: Any) -> Array:  # noqa: ANN401 - as above
    """In how many texts each bucket is, shape (BUCKETS,)."""
    return np.bincount(counted.indices, minlength=BUCKETS)


def rarity(counted: Any) -> Floats:  # noqa: ANN401 - as above
    """Inverse document frequency of each bucket, smoothed, shape (BUCKETS,)."""
    found: Floats = (np.log((1 + counted.shape[0]) / (1 + documents(counted))) + 1).astype(np.float32)
    return found


def weigh(counted: Any, rare: Floats) -> Any:  # noqa: ANN401 - as above
    """Weigh by rarity and scale rows to length one; n-grams never seen count in the length."""
    weighed = counted.copy()
    weighed.data = weighed.data * rare[weighed.indices]
    squares = np.add.reduceat(np.append(weighed.data**2, 0), weighed.indptr[:-1]) if weighed.shape[0] else np.zeros(0)
    length = np.sqrt(np.where(np.diff(weighed.indptr) > 0, squares, 1)).astype(np.float32)
    weighed.data /= np.repeat(np.maximum(length, 1e-9), np.diff(weighed.indptr))
    return weighed


def only(weighed: Any, known: Array) -> Any:  # noqa: ANN401 - as above
    """The columns of the known buckets, shape (n, known).

    Args:
        weighed: What :func:`weigh` gave of n texts.
        known: Column of each bucket, -1 where it is not wanted, shape (BUCKETS,).
    """
    columns = known[weighed.indices]
    wanted = columns >= 0
    ends = np.concatenate([[0], np.cumsum(wanted)])[weighed.indptr]
    shape = (weighed.shape[0], int(known.max(initial=-1)) + 1)
    return sparse.csr_matrix((weighed.data[wanted], columns[wanted], ends), shape=shape)


def columns(seen: Array) -> Array:
    """A column for each bucket that was seen, -1 for the others, shape (BUCKETS,).

    Args:
        seen: Distinct buckets.
    """
    known = np.full(BUCKETS, -1, np.int32)
    known[seen] = np.arange(len(seen), dtype=np.int32)
    return known
