"""What a model should see of a span: markup, addresses and emoji turned into plain words."""

from __future__ import annotations

import html
import re
import unicodedata

_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,300}>")
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_HANDLE = re.compile(r"(?<!\w)@\w+")
_LONG_RUN = re.compile(r"(.)\1{3,}", re.DOTALL)
_HAS_RUN = re.compile(r"(.)(?=\1\1\1)", re.DOTALL)
_HASH = re.compile(r"#(?=\w)")
_STRANGE = re.compile(r"[^\x20-\x7e]")
_NUMBERED = re.compile(r"\A\s*\(?\d{1,2}[.)]\s+(?=[^\W\d_])")
_LETTER = re.compile(r"[^\W_]")

# Names that Unicode chose for the drawing, not for what people mean by it.
_MEANING = {
    "👍": "good, thumbs up",
    "👎": "bad, thumbs down",
    "😡": "very angry",
    "😠": "angry",
    "🤬": "furious, swearing",
    "😤": "frustrated",
    "🙄": "annoyed",
    "😞": "disappointed",
    "😢": "sad",
    "😭": "crying, sad",
    "💩": "terrible",
    "🙏": "thank you",
    "❤": "love",
    "😍": "love it",
    "😀": "happy",
    "😊": "happy",
    "🙂": "happy",
    "👏": "well done",
    "⭐": "star",
    "🎉": "great",
    "💯": "perfect",
}
_SMILES = re.compile("[:;=<]")
_SMILEYS = re.compile(r"(?<!\S)(?:(?P<happy>[:;=]-?[)DP]|<3)|(?P<sad>[:=]['-]{0,2}[(/|]))(?!\w)")


def is_pictograph(char: str) -> bool:
    """Whether a character is an emoji or a pictograph (Unicode category "Symbol, other")."""
    return unicodedata.category(char) == "So"


def has_words(text: str) -> bool:
    """Whether the text has at least one letter or digit."""
    return _LETTER.search(text) is not None


def has_content(text: str) -> bool:
    """Whether the text has at least one letter, digit or pictograph; zero-width characters and marks do not count."""
    return has_words(text) or (not text.isascii() and any(map(is_pictograph, text)))


def clean(text: str) -> str:
    """Rewrite a span for the encoder; offsets are lost, so it is used for encoding only.

    Emoji become words ("👎" reads "bad, thumbs down") because the word pieces of most encoders do not know them.
    Equal results are encoded once, so white space and long runs of one character are squeezed. The number of a list's
    entry goes: "1) Friendly staff" reads as neutral with it.
    """
    if "<" in text or "&" in text:
        text = html.unescape(_TAG.sub(" ", text))
    text = _NUMBERED.sub("", text)
    # Most texts have none of what is looked for, and a glance is cheaper than a search.
    if "://" in text or "www." in text.lower():
        text = _ADDRESS.sub(" ", text)
    if "@" in text:
        text = _HANDLE.sub(" ", text)
    if "#" in text:
        text = _HASH.sub("", text)
    if _SMILES.search(text):
        text = _SMILEYS.sub(_smiley, text)
    if not (text.isascii() and text.isprintable()):
        text = _STRANGE.sub(_readable, text)
    if _HAS_RUN.search(text):
        text = _LONG_RUN.sub(r"\1\1\1", text)
    return " ".join(text.split())


def _smiley(match: re.Match[str]) -> str:
    return " happy " if match["happy"] else " sad "


def _readable(match: re.Match[str]) -> str:
    char = match[0]
    if char in _MEANING:
        return f" {_MEANING[char]} "
    category = unicodedata.category(char)
    if category == "So":
        return f" {unicodedata.name(char, '').lower()} "
    # Format characters (zero width), lone surrogates and unassigned code points carry no words.
    return " " if category in {"Cc", "Cs", "Cn", "Co"} else "" if category == "Cf" else char
