"""How likely an answer has content: a graded version of :func:`~classifiers.text.content.weigh`.

A logistic regression on two dozen yes/no features of the answer, so small that its weights are a readable file
(``said.json``). Trained on survey comments whose coders could or could not assign a theme, and on short complaints and
refusals that we wrote: ``python -m classifiers.train.content --data DIR``.
"""

from __future__ import annotations

import json
import math
import re
from functools import cache
from pathlib import Path

from classifiers.text.clean import has_content, is_pictograph
from classifiers.text.content import Content, refuses, weigh
from classifiers.text.polarity import VALUE

WEIGHTS = Path(__file__).parent / "said.json"

_SEEN = 2000
_MANY_WORDS, _FEW_WORDS, _FEWEST_WORDS = 12, 4, 2
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_ABOUT_TEXT = {
    "opinion": r"happy|pleased|satisf\w+|thank\w*|grateful|appreciat\w+|well|best|worst|better|fault|complain\w*"
    r"|disappoint\w+|annoy\w*|frustrat\w+|problem\w*|" + "|".join(sorted(VALUE)),
    "wish": r"more|less|better|quicker|sooner|faster|shorter|longer|should|could|would|needs?|improve\w*|please"
    r"|if|instead"
    r"|ensure|provide|allow|let|give|have|make",
    "people": r"staff|service|driver|team|crew|agents?|advis\w+|waiter|nurses?|doctors?|people|person|lad\w*|man|girls?"
    r"|they|them|their|he|she|you",
    "thing": r"information|price|delivery|product|website|app|store|call|called|phone\w*|telephone|system|appointment"
    r"|ambulance|transport|food|room|order|card|account|bill|money|refund",
    "time": r"minutes?|mins?|hours?|hrs?|days?|weeks?|late|early|time\w*|long|quick\w*|wait\w*|fast|slow|prompt\w*"
    r"|soon\w*|arriv\w+|delay\w*|queue\w*",
    "treatment": r"help\w*|listen\w*|explain\w*|talk\w*|told|treat\w*|care\w*|caring|respect\w*|manner|attitude"
    r"|polite|reassur\w+|advice|support\w*|assist\w*|made|took|gave|came|sent|got",
    "truth": r"true|truth\w*|honest\w*|opinion|believe|think|felt|feel",
    "reference": r"above|previous\w*|already|as before|same|answer\w*|questions?|see|said|stated|mentioned|covered"
    r"|described|earlier",
    "unknown": r"don't know|dont know|do not know|not sure|unsure|can't (?:remember|recall|say|comment)"
    r"|cannot (?:remember|recall|say|comment)|no idea|no comment|not applicable|n/?a|nan",
    "need": r"pain\w*|ill\w*|unwell|fell|fall|emergency|infection|operation|injur\w+|sick\w*|needed|need",
    "negation": r"not|no|never|nothing|none|didn't|don't|wasn't|couldn't|can't",
}
_ABOUT = {name: re.compile(rf"\b(?:{words})\b") for name, words in _ABOUT_TEXT.items()}
_BEGINS = {"reason": re.compile(r"(?:because|as|to help|so|in my)\b"), "self": re.compile(r"(?:i|i'm|i've|we|my)\b")}


def content_probability(text: str, question: str | None = None) -> float:
    """How likely it is that an answer says something about the service.

    Args:
        text: The customer's whole answer.
        question: The question as it was asked, where known; "Nothing." can be an answer.

    Returns:
        0 (surely empty) to 1 (surely an opinion or a fact).
    """
    if not has_content(text):
        return 0.0
    weights = _weights()
    score = sum(weights[name] * value for name, value in features(text, question).items())
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, score))))


def features(text: str, question: str | None = None) -> dict[str, float]:
    """What is looked at, by name; all but the length are 0 or 1."""
    verdict = weigh(text, question)
    plain = text[:_SEEN].replace("\u2019", "'").lower().strip()
    words = len(_WORD.findall(plain))
    refused = refuses(text)
    found = {
        "bias": True,
        "refused": refused,
        "nothing": verdict is Content.NONE and not refused,
        "nothing_answers": verdict in {Content.PRAISE, Content.COMPLAINT},
        "fewest_words": words <= _FEWEST_WORDS,
        "few_words": words <= _FEW_WORDS,
        "many_words": words >= _MANY_WORDS,
        "asks": "?" in plain,
        "digit": any(char.isdigit() for char in plain),
        "picture": any(is_pictograph(char) for char in plain),
        "one_letter": len(plain) <= 1 and not plain.isdigit(),
    }
    found |= {name: pattern.search(plain) is not None for name, pattern in _ABOUT.items()}
    found |= {name: pattern.match(plain) is not None for name, pattern in _BEGINS.items()}
    return {name: float(value) for name, value in found.items()} | {"length": math.log1p(words)}


@cache
def _weights() -> dict[str, float]:
    loaded: dict[str, float] = json.loads(WEIGHTS.read_text(encoding="utf-8"))
    return loaded
