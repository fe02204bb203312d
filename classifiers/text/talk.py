"""Small talk: greetings, thanks, farewells and bare answers that carry no opinion and no fact.

Exact phrases joined in any order, nothing learnt: what is not certainly empty is kept, because a customer's words lost
are worse than a greeting kept. "Thanks for nothing" holds a word that is in no phrase, so it is read.
"""

from __future__ import annotations

import re
from enum import StrEnum

_LONGEST = 120
_SQUEEZE = re.compile(r"(\w)\1{2,}")
_HAS_RUN = re.compile(r"(\w)(?=\1\1)")
_PICTURE = re.compile("(?!\\w)[\u3000-\U0010ffff]")
_NOT_WORD = re.compile(r"[^\w']+")


class Talk(StrEnum):
    """What a piece of small talk does."""

    GREETING = "greeting"
    THANKS = "thanks"
    FAREWELL = "farewell"
    ANSWER = "answer"


_WHOM = (
    r"(?: (?:sir or madam|sir madam|sir|madam|ma'?am|mam|miss|mate|team|guys|everyone|everybody|all|folks"
    r"|friend|dear|buddy"
    r"|there|again|support"
    r"|customer service|service team|support team))*"
)
_GREETING = (
    r"(?:hi+|hai+|hello+|helo|hey+|hiya|howdy|greetings|dear|welcome|(?:very )?(?:good|gud|happy) ?(?:morning"
    r"|mrng|mrg|afternoon"
    r"|evening|day)|morning|how are (?:you|u|things)(?: (?:doing|today))*|how r u|nice to (?:meet|chat with) you"
    r"|i hope you are (?:well|fine)|hope you(?:'re| are) (?:well|fine))" + _WHOM
)
_THANKS = (
    r"(?:(?:many |big |ok |oh )?(?:thank ?(?:you|u|yo)|thanks|thanx|thnx|thx|tnx|ty|thank|thanking you|thanku)"
    r"(?: (?:so|very|too) (?:much|kindly|mutch)| a (?:lot|million|bunch|ton)| again| indeed| once again"
    r"| in advance| much)*"
    r"(?: for (?:your|the|all your|all the|you)(?: (?:kind|great|valuable|timely|quick|wonderful|prompt|more))*"
    r" (?:help|support|time|info|information|assistance|service|reply|response|answer|patience|effort|efforts"
    r"|cooperation"
    r"|co operation|understanding))?"
    r"|much appreciated|i (?:really )?appreciate (?:it|that|your help)|cheers|(?:you(?:'re| are| r)? |most )?welcome"
    r"|(?:it(?:'?s| was) )?(?:a )?(?:my )?pleasure(?: (?:talking|chatting|speaking) (?:to|with) you)?"
    r"|no problem|no worries"
    r"|my pleasure|with pleasure)" + _WHOM
)
_FAREWELL = (
    r"(?:(?:many )?thank(?:s| you|ing you) (?:(?:so|very) much )?in advance"
    r"(?: for (?:your|the) (?:help|support|assistance|reply|response|answer|time))?"
    r"|(?:good|gud|ok)? ?b[yu]e+(?: ?b[yu]e+)*(?: now| for now)?|goodbye|see (?:you|ya|u)(?: (?:later|soon"
    r"|then))?|take care|good ?night"
    r"|(?:have|enjoy) (?:a |an |your )?(?:very )?(?:great|good|nice|lovely|wonderful|amazing|awesome|pleasant"
    r"|blessed|fantastic)?"
    r" ?(?:day|evening|night|weekend|one|time|rest of your day|week)(?: ahead| too| as well| sir| now| to you"
    r"| for you)*"
    r"|(?:good|great|nice) day(?: to you)?|(?:and )?(?:the )?same to (?:you|u)|(?:and )?(?:you|u) (?:too"
    r"|as well|also)|likewise"
    r"|(?:kind|best|warm|kindest)? ?(?:regards|wishes)|yours (?:sincerely|faithfully|truly)|sincerely|respectfully"
    r"|you can (?:end|close) the chat(?: session)?(?: now)?)" + _WHOM
)
_ANSWER = (
    r"(?:(?:yes|yeah|yep|ok|okay|sure|no) please|ok+(?:ay|ey|ie)?|okay+|okey|k|kk|alright|all right|right|sure"
    r"|yes+|yeah?|yep|yup|ya+|yah|of course"
    r"|certainly|absolutely"
    r"|definitely|exactly|correct|confirmed?|i confirm|got it|understood|i (?:understand|see)|i did(?: it)?"
    r"|yes (?:i )?(?:did|do|am|it is|please)"
    r"|that(?:'?s| is| will be) (?:all|it|correct|right|ok|okay|fine)(?: for (?:now|today))?|go ahead|fine|h+m+"
    r"|oh|ah|and"
    r"|(?:one|just a|a|give me a) (?:moment|minute|second|sec)(?: please)?|hold on|wait a moment"
    r"|no(?:pe|pes)?|nah|not really|no need|nothing(?: else| more)?(?: for (?:now|today|me))?|no (?:other|more"
    r"|further)? ?(?:questions?|queries|query|concerns?)"
    r"|no thats all|none|i'?m good|all good|all set|that would be (?:all|it)|done)" + _WHOM
)
# Thanks in advance end a letter and praise nothing: they are looked for before other thanks.
_KINDS = {Talk.GREETING: _GREETING, Talk.FAREWELL: _FAREWELL, Talk.THANKS: _THANKS, Talk.ANSWER: _ANSWER}
_TALK = re.compile("|".join(f"(?P<{kind}>{pattern})(?= |$)" for kind, pattern in _KINDS.items()))


def small_talk(text: str) -> Talk | None:
    """Tell whether a sentence is nothing but small talk.

    Args:
        text: One sentence of a conversation.

    Returns:
        What its first phrase does, or None where at least one word is in no phrase. Punctuation and case do not count;
        emoji do: a smile is an opinion.
    """
    if len(text) > _LONGEST or (not text.isascii() and _PICTURE.search(text)):
        return None
    words = _NOT_WORD.sub(" ", text.replace("\u2019", "'").lower()).strip()
    if _HAS_RUN.search(words):
        words = _SQUEEZE.sub(r"\1\1", words)
    at, first = 0, None
    while at < len(words):
        found = _TALK.match(words, at)
        if found is None:
            return None
        first = first or found.lastgroup
        at = found.end() + 1
    return Talk(first) if first else None
