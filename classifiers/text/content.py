"""Whether an answer says anything, judged from the text AND the question it answers.

"Nothing." is praise under "What could we do better?", a complaint under "What did you like?", and nothing at all
without a question; "Everything." is the other way round. "No complaints" and "Can't fault it" are praise whatever was
asked, "Thanks for nothing" is blame. "N/A", "Did not answer" and a bare link are never an opinion.
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


_OPPOSITE = {
    Content.PRAISE: Content.COMPLAINT,
    Content.COMPLAINT: Content.PRAISE,
    Content.NONE: Content.TEXT,
}
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
    r"|no (?:improvements?|changes?|complaints?|problems?|issues?|suggestions?|concerns?)"
    r"(?: needed| required| necessary)?"
    r"|(?:i )?(?:can't|cannot|cant|can not|couldn't|could not) think of (?:anything|any)(?: at all)?"
    r"|(?:could|can) ?n[o']?t(?: have)? (?:improve|do|done|be|been) (?:any )?better)"
    r"(?: (?:at all|really|to (?:add|say|improve|report|change|complain about|suggest)|comes to mind|springs to mind"
    r"|at the moment|at present|right now|that i can think of|i can think of|else|more|much|whatsoever"
    r"|needed|required|necessary"
    r"|thanks?|thank you))*"
)
_CANNOT = r"(?:(?:i|we) )?(?:really |honestly )?(?:can't|cannot|cant|can not|couldn't|couldnt|could not)(?: really)?"
_FAULTLESS = re.compile(
    rf"(?:{_CANNOT} (?:complain|(?:fault|find (?:any )?faults?(?: with| in)?)(?: (?:it|them|you|him|her|anything|anyone"
    r"|a thing|any of it|(?:the |your )?(?:service|staff|team)))?)"
    r"|(?:(?:i|we) )?would(?:n't|nt| not) (?:change|improve) (?:a (?:single )?thing|anything)"
    r"|(?:it's |its |it is |everything(?:'s| is) |all )?(?:fine|good|great|perfect|happy)"
    r" as (?:it|things|they) (?:is|are))"
    r"(?: at all| really| thanks?| thank you)*"
)
_THANKLESS = re.compile(
    r"(?:(?:so|well|yeah|ok|gee|wow) )*(?:thanks|thank you|cheers|thx)(?: a lot| so much)? for nothing"
)
_EVERYTHING = re.compile(
    r"(?:(?:absolutely|literally|just|really|pretty much|nearly|almost) )*(?:everything|all of it|all of the above"
    r"|all|the lot"
    r"|(?:every|each) (?:thing|aspect|bit)(?: of it)?)(?: about (?:it|them|you)| really| basically)*"
)
_LINKS = re.compile(r"(?:(?:https?://|www\.)\S+|\s)+", re.IGNORECASE)
_DENIES_FAULTS = re.compile(
    r"\b(?:complaints?|complain|problems?|issues?|concerns?|(?:improvements?|changes?) (?:needed|required|necessary))\b"
)
_ASKS_FOR_FAULTS = re.compile(
    r"\b(?:improv\w*|do(?:ne)? (?:it |things? |anything |something )?better"
    r"|be(?:en)? better|change|chang\w+|dislik\w*|did(?:n't| not) (?:you )?like"
    r"|wrong"
    r"|bad|worse|worst|problems?|issues?|missing|fix|frustrat\w*|dissatisf\w*|concerns?|complain\w*|suggest\w*"
    r"|difficult\w*)\b"
)
_ASKS_FOR_PRAISE = re.compile(
    r"\b(?:(?:do|did|done|doing|does|went|go|going|works?|worked) well|good|best"
    r"|(?:did|do) you (?:most )?(?:like|love|enjoy)|liked?|enjoy\w*|love|satisfied|happy with|positive|favou?rite"
    r"|strengths?)\b"
)

_BESIDE = re.compile(
    r"(?:would|'d|should)(?: you)?(?: also| really)? (?:like|love)\b"
    r"|\b(?:comments?|feedback) ?(?:or|and|/|&) ?suggestions?"
    r"|\bsuggestions? ?(?:or|and|/|&) ?(?:comments?|feedback)"
)
"""Words of a question that ask for neither."""

_YES_OR_NO = re.compile(r"(?:^|[.!?:\n)\u2013-])\s*(?:was|were|did|has|have|had|is|are|do|does)\b[^.!?\n]*\??\s*$")
_ANY_FAULT = re.compile(
    r"\b(?:any|anything|something|there)\b|\b(?:have|experienced?|encounter(?:ed)?|faced?|notice)"
    r" (?:an? |some |technical )*(?:problem|issue|difficult|concern|complaint|suggestion)"
)
_ASKS_FOR_SUCCESS = re.compile(
    r"\b(?:(?:re)?solv\w*|fixed|fix|handled|listen\w*|addressed|address|answered|answer|sorted|dealt|helped|helpful"
    r"|underst\w+|satisf\w+|happy|improved?|easy|clear|met|kept|on time|friendly|polite|treated|job)\b"
)
_ASKS_FOR_LEAST = re.compile(
    r"(?:\bnot|n't) (?:you )?(?:like|love|enjoy|go|work|do)\b|\b(?:liked?|loved?|enjoy(?:ed)?) (?:the )?less\b"
    r"|\bleast\b|\b(?:gone?|make \w+(?: \w+)?|makes? \w+) better\b|\bdifferently\b|\bdisappoint|\bconfus|\bstop doing\b"
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
    if not has_content(text) or (text.lstrip()[:1] in "hHwW" and _LINKS.fullmatch(text)):
        return Content.NONE
    words = _words(text)
    if not words:
        # Long answers always say something; an emoji alone has no words, yet it is an opinion.
        return Content.TEXT
    return _meant(words, question or "")


def refuses(text: str) -> bool:
    """Whether the answer is a refusal ("N/A", "Did not answer") or has nothing to read, whatever was asked."""
    return not has_content(text) or _words(text) in _REFUSAL


def _words(text: str) -> str:
    return _FILLER.sub(" ", text.replace("\u2019", "'").lower()).strip() if len(text) <= _LONG else ""


def _meant(words: str, question: str) -> Content:
    if words in _REFUSAL:
        return Content.NONE
    if _NOTHING.fullmatch(words):
        return Content.PRAISE if _DENIES_FAULTS.search(words) else _by_question(question)
    if _FAULTLESS.fullmatch(words):
        return Content.PRAISE
    if _THANKLESS.fullmatch(words):
        return Content.COMPLAINT
    return _OPPOSITE[_by_question(question)] if question and _EVERYTHING.fullmatch(words) else Content.TEXT


def _by_question(question: str) -> Content:
    """What "nothing" says to a question: praise where it asks for faults, blame where it asks for strengths."""
    asked = _BESIDE.sub(" ", question.replace("\u2019", "'").lower())
    praise = _ASKS_FOR_PRAISE.search(asked)
    if _YES_OR_NO.search(asked) and not _ANY_FAULT.search(asked):
        # "Was your problem solved?" names a problem and asks for none.
        return Content.COMPLAINT if praise or _ASKS_FOR_SUCCESS.search(asked) else Content.NONE
    if _ASKS_FOR_LEAST.search(asked):
        return Content.PRAISE
    if bool(_ASKS_FOR_FAULTS.search(asked)) == bool(praise):
        return Content.NONE
    return Content.COMPLAINT if praise else Content.PRAISE
