"""Whether an answer says anything, judged from the text AND the question it answers.

"Nothing." is praise under "What could we do better?", a complaint under "What did you like?", and nothing at all
without a question. "No complaints" is praise whatever was asked. "N/A" and "Did not answer" are never an opinion.
"""

from __future__ import annotations

import re
from enum import Enum

from classifiers.text.clean import has_content


class Content(Enum):
    """What a whole answer amounts to."""

    NONE = "none"
    PRAISE = "praise"
    COMPLAINT = "complaint"
    TEXT = "text"


_LONG = 90
_FILLER = re.compile(r"[^\w/']+")
_REFUSAL_TEXT = (
    "n/a|na|n a|n.a|nan|null|nil answer|no answer|not answered|did not answer|didn't answer|no reply|no response|blank"
    "|left blank|empty|not applicable|prefer not to say|no comment|no comments|not given|none given|none provided"
    "|unknown|x|xx|xxx|see above|as above|same as above|see previous|see previous answer|as before|test|asdf|tbc"
    "|deleted|removed|don't know|dont know|do not know|i don't know|i dont know|not sure|no idea|no opinion|unsure|idk"
    "|refused"
)
_REFUSAL = frozenset(_REFUSAL_TEXT.split("|"))
_NOTHING = re.compile(
    r"(?:(?:absolutely|really|honestly|literally|no|well|actually) )*"
    r"(?:nothing|none|nil|nope|no|nowt|not a thing|zero|no thing|not really|not much|not a lot"
    r"|no (?:improvements?|changes?|complaints?|problems?|issues?|suggestions?|concerns?)(?: needed| required)?"
    r"|(?:i )?(?:can't|cannot|cant|can not|couldn't|could not) think of (?:anything|any)(?: at all)?"
    r"|(?:could|can) ?n[o']?t(?: have)? (?:improve|do|done|be|been) (?:any )?better)"
    r"(?: (?:at all|really|to (?:add|say|improve|report|change|complain about|suggest)|comes to mind|springs to mind"
    r"|at the moment|at present|right now|that i can think of|i can think of|else|more|much|whatsoever|needed"
    r"|thanks?|thank you))*"
)
_DENIES_FAULTS = re.compile(r"\b(?:complaints?|complain|problems?|issues?|concerns?)\b")
_ASKS_FOR_FAULTS = re.compile(
    r"\b(?:improv\w*|do(?:ne)? (?:it )?better|be(?:en)? better|change|chang\w+|dislik\w*|did(?:n't| not) (?:you )?like"
    r"|wrong"
    r"|bad|worse|worst|problems?|issues?|missing|fix|frustrat\w*|dissatisf\w*|concerns?|complain\w*|suggest\w*"
    r"|difficult)\b"
)
_ASKS_FOR_PRAISE = re.compile(
    r"\b(?:(?:do|did|done|doing|does|went|go|going|works?|worked) well|good|best"
    r"|(?:did|do) you (?:most )?(?:like|love|enjoy)|liked?|enjoy\w*|love|satisfied|happy with|positive|favou?rite"
    r"|strengths?)\b"
)


def weigh(text: str, question: str | None = None) -> Content:
    """Decide whether a whole answer is to be read, or already says all by being empty.

    Args:
        text: The customer's whole answer.
        question: The question as it was asked, where known.

    Returns:
        ``TEXT`` when the answer must be read sentence by sentence; ``NONE`` when it says nothing; ``PRAISE`` or
        ``COMPLAINT`` when saying nothing answers the question.
    """
    if not has_content(text):
        return Content.NONE
    words = _words(text)
    if not words:
        # Long answers always say something; an emoji alone has no words, yet it is an opinion.
        return Content.TEXT
    if words in _REFUSAL:
        return Content.NONE
    if _NOTHING.fullmatch(words) is None:
        return Content.TEXT
    return Content.PRAISE if _DENIES_FAULTS.search(words) else _by_question(question or "")


def refuses(text: str) -> bool:
    """Whether the answer is a refusal ("N/A", "Did not answer") or has nothing to read, whatever was asked."""
    return not has_content(text) or _words(text) in _REFUSAL


def _words(text: str) -> str:
    return _FILLER.sub(" ", text.replace("\u2019", "'").lower()).strip() if len(text) <= _LONG else ""


def _by_question(question: str) -> Content:
    asked = question.replace("\u2019", "'").lower()
    faults, praise = _ASKS_FOR_FAULTS.search(asked), _ASKS_FOR_PRAISE.search(asked)
    if bool(faults) == bool(praise):
        return Content.NONE
    return Content.PRAISE if faults else Content.COMPLAINT
