"""Which words tell what a text is about, which deny something, and which are only grammar (English)."""

from __future__ import annotations

from functools import lru_cache

_REMEMBERED = 1 << 15
"""Words that are looked at again and again in one search."""

_ARTICLES_TEXT = "a an the my your our their his her its this that these those some any"
ARTICLES = frozenset(_ARTICLES_TEXT.split())
"""Left out of names, as in a headline."""

_NEGATIONS_TEXT = (
    "not no never cannot can't cant won't wont doesn't doesnt don't dont didn't didnt isn't isnt wasn't wasnt "
    "haven't havent hasn't hasnt hadn't couldn't couldnt wouldn't wouldnt unable without nothing none aren't "
    "weren't"
)
NEGATIONS = frozenset(_NEGATIONS_TEXT.split())

_PARTICLES_TEXT = "in up off out on back down over through away"
PARTICLES = frozenset(_PARTICLES_TEXT.split())
"""May end a phrase behind a verb: log in, top up."""

_SPEECH_TEXT = "i i'm i've i'd i'll im ive you we they he she me us them do does did"
SPEECH = frozenset(_SPEECH_TEXT.split())
"""Never inside a name: whoever says them is talking, or asking."""

_SMALL_TEXT = (
    "and or but so if of to in on at by for from with as than it it's i i'm i've i'd i'll me we us you he she "
    "they them is are was were be been being am do does did have has had will would could should can may might "
    "must just very really too also there here where who which what why how because after before until since "
    "while during about into out up off over all each get got gets getting go goes went one ll ve re s t d m im "
    "ive u ur hi hello hey dear please pls thanks thank okay ok yes yeah well know said say says told tell think "
    "like want wanted wants need needed needs wish good bad great nice much more most many lot lots thing things "
    "time times today ever even still again only now already yet quite back two three first last later than until "
    "made make makes making take took taken them other others another same such am pm etc via per help trying try "
    "tried able keep keeps give gave given let way anything something someone every possible looking look sure "
    "when then uh um er erm hmm feel felt put come came going being having doing done really actually always around "
    "question questions sir "
    "madam maam ma'am guys team see seen seems seem find found able wondering regarding concerning"
)
SMALL = frozenset(_SMALL_TEXT.split())

_SUFFIXES = ("ings", "ing", "edly", "ed", "ies", "es", "s", "ly")
_SHORTEST_STEM = 3


@lru_cache(_REMEMBERED)
def is_telling(word: str) -> bool:
    """Whether a lower-cased word says what a text is about."""
    return (
        len(word) > 1
        and word not in SMALL
        and word not in ARTICLES
        and word not in NEGATIONS
        and not any(letter.isdigit() for letter in word)
    )


@lru_cache(_REMEMBERED)
def stem_of(word: str) -> str:
    """Letters that the forms of a word share; rough, and the same for a noun and its verb: refunds, refunded."""
    word = word.removesuffix("'s")
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= _SHORTEST_STEM:
            word = word[: -len(suffix)]
            break
    if len(word) > _SHORTEST_STEM and word[-1] == word[-2] and word[-1] not in "ls":
        word = word[:-1]
    return word.removesuffix("e") if len(word) > _SHORTEST_STEM else word
