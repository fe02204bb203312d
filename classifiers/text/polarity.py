"""Plain praise and plain blame, to cut a sentence where both are joined; nothing is judged by it.

A few unmistakable words, turned by a "not" shortly before them. The sentiment head knows far more, but a cut must be
made before anything is encoded.
"""

from __future__ import annotations

import re

_GOOD_TEXT = (
    "good great excellent amazing awesome fantastic wonderful superb brilliant lovely delicious tasty friendly"
    " helpful kind"
    " polite courteous fast quick prompt efficient clean comfortable easy perfect nice pleasant beautiful outstanding"
    " professional reliable caring attentive fresh spotless cheap affordable love loved enjoyed"
)
_BAD_TEXT = (
    "bad slow terrible awful horrible poor rude dirty filthy broken late cold overpriced expensive noisy"
    " disgusting worst"
    " useless unhelpful unfriendly disappointing uncomfortable confusing complicated faulty stale bland incompetent"
    " unreliable delayed cramped smelly dreadful appalling mediocre hate hated lost wrong damaged missing"
)
VALUE = dict.fromkeys(_GOOD_TEXT.split(), 1) | dict.fromkeys(_BAD_TEXT.split(), -1)
_TURNED_TEXT = "not no never hardly isn't wasn't weren't aren't don't didn't doesn't isnt wasnt werent arent"
_TURNED = frozenset(_TURNED_TEXT.split())
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_NEAR = 3


def polarity(text: str) -> int:
    """1 for praise alone, -1 for blame alone, 0 for neither or both."""
    words = _WORD.findall(text.lower().replace("\u2019", "'"))
    if VALUE.keys().isdisjoint(words):
        return 0
    found: set[int] = set()
    turned = 0
    for word in words:
        turned = _NEAR if word in _TURNED else turned - 1
        if word in VALUE:
            found.add(-VALUE[word] if turned >= 0 and word not in _TURNED else VALUE[word])
    return found.pop() if len(found) == 1 else 0
