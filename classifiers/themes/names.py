"""Readable names for groups of texts, out of the words that people really used.

Words are weighed as class TF-IDF does (Grootendorst 2022): said by many of the group, by few of the others. A name is a
run of words within one clause that several texts share, whatever small words stand between them: "refund still hasn't
arrived" and "refund has not arrived" are the same. Articles and possessives are left out, as in a headline.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from classifiers.themes.words import ARTICLES, NEGATIONS, PARTICLES, SPEECH, is_telling, stem_of

MAX_WORDS = 6
_MOST_TELLING = 4
_TERMS = 8
_TEXT_LIMIT = 600
_WORD = re.compile(r"[^\W_]+(?:['\u2019-][^\W_]+)*")
_MASK = re.compile(r"\[[a-z_ ]{2,20}\]")
_CLAUSE = re.compile(
    r"[.,;:!?()\n\"\u2013\u2014]+|\s-\s|\b(?:and|but|because|so|then|or|which|while|when|if)\b", re.IGNORECASE
)
_NOT = "not"
_SHARE = 25
"""A phrase is shared by two texts, or by one in so many."""

_Key = tuple[str, ...]


def words(text: str) -> list[str]:
    """Lower-cased words of a text, masks of personal data left out."""
    return [word.lower().replace("\u2019", "'") for word in _WORD.findall(_MASK.sub(" ", text[:_TEXT_LIMIT]))]


def weigh_words(groups: Sequence[Sequence[str]], others: Sequence[str] = ()) -> list[dict[str, float]]:
    """What each word's stem tells of each group.

    Args:
        groups: Texts of each group.
        others: Texts of the same topic that are in no group.

    Returns:
        Weight by stem, above 0: its share of the group's texts, times the logarithm of how much more that is than its
        share of all texts.
    """
    counts = [_document_counts(texts) for texts in groups]
    every = _document_counts(others)
    for count in counts:
        every.update(count)
    size = sum(map(len, groups)) + len(others)
    return [_weights(count, len(texts), every, size) for count, texts in zip(counts, groups, strict=True)]


def terms(groups: Sequence[Sequence[str]], others: Sequence[str] = ()) -> list[list[str]]:
    """Characteristic words of each group as most people write them, best first, at most eight."""
    found = []
    for texts, weights in zip(groups, weigh_words(groups, others), strict=True):
        written = _written(texts)
        best = sorted(weights.items(), key=lambda item: (-item[1], item[0]))[:_TERMS]
        found.append([written[stem] for stem, _ in best])
    return found


def name(texts: Sequence[str], weights: dict[str, float]) -> str:
    """The phrase that names a group.

    Args:
        texts: The group's texts.
        weights: As :func:`weigh_words` gives them for this group.

    Returns:
        One to six words that several texts share, with the most characteristic other word where it is but one, else
        the characteristic words; the first letter is a capital. Never empty unless the texts hold no word.
    """
    support: Counter[_Key] = Counter()
    written: dict[_Key, Counter[str]] = defaultdict(Counter)
    for text in texts:
        runs = dict(_runs(text, weights))
        support.update(runs.keys())
        for key, surface in runs.items():
            written[key][surface] += 1
    needed = max(2, len(texts) // _SHARE)
    shared = {key: count for key, count in support.items() if count >= needed}
    ranked = sorted(weights.items(), key=lambda item: (-item[1], item[0]))
    told = _written(texts)
    if shared:
        best = max(shared, key=lambda key: (_worth(key, shared[key], weights), key))
        phrase = _headline(min(written[best].items(), key=lambda item: (-item[1], len(item[0]), item[0]))[0])
        beside = [told[stem] for stem, _ in ranked if stem not in best]
        return f"{phrase}: {beside[0]}" if len(best) == 1 and beside else phrase
    fallback = [told[stem] for stem, _ in ranked[:2]] or (texts[0].split()[:MAX_WORDS] if texts else [])
    return _headline(" ".join(fallback))


def describe(texts: Sequence[str], others: Sequence[str]) -> tuple[str, list[str]]:
    """The name and the terms of texts, against others of the same topic."""
    return name(texts, weigh_words([texts], others)[0]), terms([texts], others)[0]


def _weights(count: Counter[str], texts: int, every: Counter[str], size: int) -> dict[str, float]:
    found = {}
    for stem, times in count.items():
        share, usual = times / max(texts, 1), (every[stem] + 1) / (size + 2)
        # A group that is nearly all there is has no words of its own: how often they are said decides then.
        found[stem] = share * max(math.log(share / usual) + 0.25, 0.02)
    return found


def _document_counts(texts: Sequence[str]) -> Counter[str]:
    count: Counter[str] = Counter()
    for text in texts:
        count.update({stem_of(word) for word in words(text) if is_telling(word)})
    return count


def _written(texts: Sequence[str]) -> dict[str, str]:
    """How most people write the word of a stem."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for text in texts:
        for word in words(text):
            if is_telling(word):
                found[stem_of(word)][word] += 1
    return {stem: min(forms.items(), key=lambda item: (-item[1], item[0]))[0] for stem, forms in found.items()}


def _worth(key: _Key, support: int, weights: dict[str, float]) -> float:
    telling = [stem for stem in key if stem != _NOT]
    told = sum(weights.get(stem, 0.0) for stem in set(telling))
    # What goes wrong says more than what it goes wrong with.
    wrong = 1.3 if _NOT in key else 1.0
    return wrong * told * math.log2(1 + support) * (0.5 if len(telling) < 2 else 1.0)  # noqa: PLR2004 - a word is no phrase


def _runs(text: str, weights: dict[str, float]) -> Iterator[tuple[_Key, str]]:
    """Runs of words within a clause, by the words that count in them; of equal ones the shortest."""
    found: dict[_Key, str] = {}
    for clause in _CLAUSE.split(_MASK.sub(" , ", text[:_TEXT_LIMIT])):
        said = [word.replace("\u2019", "'") for word in _WORD.findall(clause)]
        said = [word for word in said if word.lower() not in ARTICLES]
        for start in range(len(said)):
            for end in range(start + 1, min(start + MAX_WORDS, len(said)) + 1):
                key = _key(said[start:end], weights, ends=end == len(said))
                surface = " ".join(said[start:end])
                if key and (key not in found or len(surface) < len(found[key])):
                    found[key] = surface
    yield from found.items()


def _key(run: Sequence[str], weights: dict[str, float], *, ends: bool) -> _Key:
    """The words of a run that count; empty where it does not begin or end as a phrase does."""
    lower = [word.lower() for word in run]
    first, last = lower[0], lower[-1]
    begins = is_telling(first) or first in NEGATIONS
    closes = is_telling(last) or (ends and last in PARTICLES and len(run) > 1 and is_telling(lower[-2]))
    if not begins or not closes or not SPEECH.isdisjoint(lower):
        return ()
    key = tuple(_NOT if word in NEGATIONS else stem_of(word) for word in lower if word in NEGATIONS or is_telling(word))
    telling = [stem for stem in key if stem != _NOT]
    if not 1 <= len(telling) <= _MOST_TELLING or any(stem not in weights for stem in telling):
        return ()
    return key


def _abbreviates(word: str) -> bool:
    return word.isupper() and 1 < len(word) <= 4 and is_telling(word.lower())  # noqa: PLR2004 - FAQ, ATM, VAT


def _headline(phrase: str) -> str:
    # All capitals are kept for abbreviations only: people shout.
    kept = [word if _abbreviates(word) else word.lower() for word in phrase.split()]
    said = " ".join(kept)
    return said[:1].upper() + said[1:]
