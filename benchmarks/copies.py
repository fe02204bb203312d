"""How well copies of real texts are recognised, by what was done to them, and which different texts are taken for one.

    python benchmarks/copies.py ../shared/data/nhs_fft/comments.jsonl --limit 4000

Each text is sent once more, edited, by the same person, and (long ones) without saying whose it is. The baseline in the
same run knows equal texts only: the same words, whatever their capitals and punctuation.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from app.store.copies import Origin, Written
from app.theme.copies import Shelf, print_texts
from classifiers.themes.copies import LONG, words_of

NOON = datetime(2026, 9, 16, 12, tzinfo=UTC)
Edit = Callable[[random.Random, str], str]


def _typos(chance: random.Random, text: str) -> str:
    words = text.split(" ")
    for at in range(len(words)):
        if len(words[at]) > 3 and chance.random() < 0.04:
            cut = chance.randrange(1, len(words[at]) - 1)
            words[at] = words[at][:cut] + words[at][cut + 1] + words[at][cut] + words[at][cut + 2 :]
    return " ".join(words)


def _replaced(chance: random.Random, text: str, share: float) -> str:
    words = text.split(" ")
    for at in chance.sample(range(len(words)), max(1, round(share * len(words)))):
        words[at] = chance.choice(("really", "parcel", "then", "somebody", "again"))
    return " ".join(words)


EDITS: dict[str, Edit] = {
    "capitals and punctuation": lambda _, text: re.sub(r"[.,!?]+", " ", text).upper(),
    "as a mail with signature": lambda _, text: (
        f"Dear team,\n\n{text}\n\nKind regards,\nAnna Berg\n\nSent from my iPhone"
    ),
    "other numbers": lambda chance, text: re.sub(r"\d", lambda _: str(chance.randrange(10)), text),
    "typos, 4 % of words": _typos,
    "a sentence more": lambda _, text: f"{text} I expect an answer by the end of this week.",
    "cut to 80 %": lambda _, text: text[: round(0.8 * len(text))],
    "5 % of words others": lambda chance, text: _replaced(chance, text, 0.05),
    "10 % of words others": lambda chance, text: _replaced(chance, text, 0.1),
    "cut to half (no copy)": lambda _, text: text[: len(text) // 2],
}


def main() -> None:
    """Print a table of recall by edit, and the false pairs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("texts", type=Path, help="JSON Lines with text")
    parser.add_argument("--limit", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    lines = asked.texts.read_text(encoding="utf-8").splitlines()
    seen: dict[str, str] = {}
    for line in lines:
        text = json.loads(line)["text"]
        seen.setdefault(" ".join(words_of(text)), text)
    texts = [text for key, text in seen.items() if key]
    random.Random(asked.seed).shuffle(texts)  # noqa: S311 - repeatable, no secret
    texts = texts[: asked.limit]
    long = [text for text in texts if len(words_of(text)) >= LONG]
    print(f"{len(texts)} different texts, {len(long)} of {LONG} words or more; seed {asked.seed}")
    print("| edit | of the same person | unsigned, long | equal words (baseline) |\n|---|---|---|---|")
    for name, edit in EDITS.items():
        chance = random.Random(asked.seed)  # noqa: S311 - repeatable, no secret
        own = _share(texts, edit, chance, "ref:C-1")
        unsigned = _share(long, edit, chance, None)
        equal = sum(_plain(edit(chance, text)) == _plain(text) for text in texts) / len(texts)
        print(f"| {name} | {own:.3f} | {unsigned:.3f} | {equal:.3f} |")
    _false(texts, "ref:C-1", "all by one person")
    _false(texts, None, "all unsigned")


def _plain(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def _share(texts: list[str], edit: Edit, chance: random.Random, person: str | None) -> float:
    """Share of edited texts that are taken for copies of what they were made of."""
    shelf = Shelf(())
    people = [frozenset({f"{person}-{at}"} if person else ()) for at in range(len(texts))]
    for at, text in enumerate(texts):
        _judge(shelf, at, text, people[at])
    found = 0
    for at, text in enumerate(texts):
        judged = _judge(shelf, len(texts) + at, edit(chance, text), people[at])
        found += judged is not None and judged == at
    return found / max(len(texts), 1)


def _false(texts: list[str], person: str | None, words: str) -> None:
    shelf = Shelf(())
    people = frozenset({person} if person else ())
    pairs = [(at, first) for at, text in enumerate(texts) if (first := _judge(shelf, at, text, people)) is not None]
    size = Counter(len(words_of(texts[at])) >= LONG for at, _ in pairs)
    print(f"\n{words}: {len(pairs)} of {len(texts)} different texts taken for copies ({size[True]} long)")
    for at, first in pairs[:8]:
        print(f"  {texts[at][:90]!r} ~ {texts[first][:90]!r}")


def _judge(shelf: Shelf, at: int, text: str, people: frozenset[str]) -> int | None:
    source = 1 + at % 2  # by turns, as if by two ways
    printed = print_texts([Written(Origin(at, NOON, source, None, people), 1, text, {})])
    return shelf.judge(printed[0]).first_id if printed else None


if __name__ == "__main__":
    main()
