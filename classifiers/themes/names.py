"""Readable names for groups of texts, out of the words that people really used.

Terms are scored as class TF-IDF does (Grootendorst 2022): frequent in the group, rare in the others. A name is the
best-scoring run of two to five words that several texts share, so that it reads as customers speak.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MAX_WORDS = 5
_TERMS = 8
_TEXT_LIMIT = 600
_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")
_MASK = re.compile(r"\[[a-z_ ]{2,20}\]")
_EDGE_TEXT = (
    "a an the and or but so if of to in on at by for from with as than that this these those it its it's i i'm i've i'd"
    " me my we us our you your he she they them their is are was were be been being am do does did have has had will"
    " would could should can may might must just very really too also then there here when where who which what why how"
    " because after before until since while during about into out"
    " up off over all any some each get got go went one ll ve re s t d m im ive"
)
_EDGE = frozenset(_EDGE_TEXT.split())
_WEAK_TEXT = (
    "not no never don't didn't wasn't isn't can't couldn't won't please thanks thank hello hi said say told want need"
    " know like good bad great nice well much more most many lot lots thing things time times day days today ever even"
    " still again only now back two three first last after before since until while make made take took them other"
)
_WEAK = _EDGE | frozenset(_WEAK_TEXT.split())


def words(text: str) -> list[str]:
    """Lower-cased words of a text, masks of personal data left out."""
    return [word.replace("\u2019", "'") for word in _WORD.findall(_MASK.sub(" ", text[:_TEXT_LIMIT].lower()))]


def terms(groups: Sequence[Sequence[str]]) -> list[list[str]]:
    """Characteristic words of each group, best first, at most eight."""
    counts = [_document_counts((word for word in words(text) if _telling(word)) for text in texts) for texts in groups]
    total: Counter[str] = Counter()
    for count in counts:
        total.update(count)
    mean = sum(total.values()) / max(len(groups), 1)
    return [
        [word for word, _ in sorted(_weigh(count, total, mean).items(), key=lambda item: (-item[1], item[0]))[:_TERMS]]
        for count in counts
    ]


def name(texts: Sequence[str], characteristic: Sequence[str]) -> str:
    """The phrase that names a group.

    Args:
        texts: The group's texts.
        characteristic: Its terms, best first.

    Returns:
        Two to five words that at least two texts (or a twentieth of them) share, else the first terms; never empty
        unless the texts hold no word.
    """
    rank = {word: 1 / (place + 1) for place, word in enumerate(characteristic)}
    shared: Counter[tuple[str, ...]] = Counter()
    for text in texts:
        shared.update(set(_runs(words(text))))
    needed = max(2, len(texts) // 20)
    best: tuple[float, tuple[str, ...]] = (0.0, ())
    for run, count in shared.items():
        if count >= needed:
            telling = {word for word in run if word in rank}
            if telling:
                worth = sum(rank[word] for word in telling) * math.log2(1 + count) * (1 + 0.25 * len(run))
                best = max(best, (worth, run), key=lambda item: (item[0], item[1]))
    if best[1]:
        return " ".join(best[1])
    fallback = list(characteristic[:3]) or words(texts[0])[:MAX_WORDS] if texts else []
    return " ".join(fallback)


def _telling(word: str) -> bool:
    return len(word) > 2 and word not in _WEAK and not word.isdigit()  # noqa: PLR2004 - "tv" is not worth the noise


def _document_counts(texts: Iterable[Iterable[str]]) -> Counter[str]:
    count: Counter[str] = Counter()
    for text in texts:
        count.update(set(text))
    return count


def _weigh(count: Counter[str], total: Counter[str], mean: float) -> dict[str, float]:
    size = max(sum(count.values()), 1)
    return {
        word: times / size * math.log(1 + mean / total[word]) * math.log2(1 + times) for word, times in count.items()
    }


def _runs(found: list[str]) -> Iterable[tuple[str, ...]]:
    for start in range(len(found)):
        if found[start] in _EDGE:
            continue
        for length in range(2, MAX_WORDS + 1):
            run = tuple(found[start : start + length])
            if len(run) == length and run[-1] not in _EDGE and not run[-1].isdigit():
                yield run
