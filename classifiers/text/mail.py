"""What in a mail is not the writer's own: mail that it answers (:mod:`~classifiers.text.quotes`), signature, footers.

All rules scan forward once over a plain view (:mod:`classifiers.text.markup`), so the time grows with the length.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from classifiers.text.clean import has_content
from classifiers.text.quotes import QUOTED, copied_head

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAME_LINES = 4
_LONGEST_NAME = 80
_SOFTLY = r"(?:e-?mail|message|communication|transmission)"
_TAIL = re.compile(
    r"^[ \t]*(?:--[ \t]*$|sent (?:from|via) (?:my|outlook|yahoo|mail|proton|gmail)\b[^\n]{0,40}$|get outlook for \w+"
    r"|von meinem \w+ gesendet|gesendet (?:von|mit) (?:meinem|outlook|gmx|web\.de)\b[^\n]{0,40}$"
    r"|envoy\u00e9 (?:de|depuis) mon \w+|enviado (?:desde|do) (?:mi|meu) \w+"
    r"|[-_]{3,} ?(?:original message|forwarded message|forwarded by|urspr\u00fcngliche nachricht|originalnachricht"
    r"|weitergeleitete nachricht|message d['\u2019]origine|message original|message transf\u00e9r\u00e9"
    r"|mensaje (?:original|reenviado)|mensagem original|messaggio originale|oorspronkelijk bericht)"
    r"|begin forwarded message|anfang der weitergeleiteten"
    r"|(?:confidentiality|legal|privacy) notice[ \t]*:|disclaimer[ \t]*:"
    rf"|th(?:is|e information(?: contained)? in this) {_SOFTLY}\b[^\n]{{0,120}}"
    r"\b(?:confidential|privileged|intended (?:only|solely))"
    r"|if you (?:are not|have received this)[^\n]{0,40}(?:intended recipient|in error)"
    r"|please consider the environment before printing)"
    rf"| (?<=[.!?] )(?:this {_SOFTLY} (?:and any (?:attachments?|files?) )?[^\n.]{{0,40}}\b(?:confidential|privileged)"
    r"|if you are not the intended recipient|please consider the environment before printing)"
    r"|(?:^[ \t]*| (?<=[.!?] ))(?:yours,? )?an? (?:[\w-]{2,20} ){1,3}customer[ \t]*[.!]*\s*\Z",
    re.MULTILINE | re.IGNORECASE,
)
_CLOSING = re.compile(
    r"(?:(?:with )?(?:kind|kindest|best|warm|warmest|many)?[ \t]*(?:regards|wishes)"
    r"|(?:yours |very |your )?(?:sincerely|faithfully|truly|respectfully)(?: yours)?)[ \t]*[,.!]?"
    r"|(?:mit )?(?:freundliche|viele|beste|liebe|herzliche)[nr]? gr(?:\u00fc(?:\u00df|ss)|uess)en?[,!]?"
    r"|(?:bien )?cordialement,?|bien \u00e0 vous,?|(?:un )?saludos?(?: cordial(?:es)?)?,?|atentamente,?"
    r"|(?:thanks(?: again| in advance| so much)?|many thanks|thank you(?: very much| in advance)?|cheers)[ \t]*[,!]",
    re.IGNORECASE,
)
_FIRST = r"[^\W\d_a-z][^\W\d_A-Z]*(?:['\u2019.-][^\W\d_]*)*"
_NEXT = r"(?:[^\W\d_a-z](?:[^\W\d_A-Z]+|[A-Z]{1,5}|\.|(?=['\u2019]))(?:['\u2019-][^\W\d_]+)*)"
_SMALL = r"(?:(?:of|for|and|the|de|del|la|van|von|der|di|da|&|\|) ){0,3}"
_NAME = re.compile(
    rf"(?:(?:[Mm]rs?|[Mm]s|[Dd]r|[Pp]rof)\.? )?{_FIRST}(?: {_SMALL}{_NEXT}){{0,3}},?"
    rf"|(?=[^\n]*(?:,| of | for | & | \| )){_FIRST}(?:,? {_SMALL}{_NEXT}){{1,6}}"
    r"|\+?[\d ()/-]{6,25}|[^\s@]{1,60}@[^\s@]{1,60}|(?i:tel|phone|mobile|cell|fax|email)\b[^\n]{0,60}"
    r"|(?:https?://|www\.)[^\s]{1,100}"
)
"""A line of a signature: one to four capitalised words, a post ("Head of Sales, Example Ltd"), a telephone number
or an address."""


def own_words(view: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Find the stretches that the writer wrote.

    Args:
        view: A plain view of the text.
        start: Where to begin.
        end: Where to stop.

    Yields:
        Offsets in order. What is nothing but quotation is kept whole: somebody sent it for a reason. Below a reply
        header nothing is kept: an answer without words of its own says nothing.
    """
    found = False
    for piece in _unquoted(view, start, _tail(view, start, end)):
        found = found or has_content(view[slice(*piece)])
        if found:
            yield piece
    if not found and not _is_empty_answer(view, start, end):
        yield start, end


def _is_empty_answer(view: str, start: int, end: int) -> bool:
    first = QUOTED.search(view, start, end)
    return first is not None and first["header"] is not None and not has_content(view[start : first.start()])


def _tail(view: str, start: int, end: int) -> int:
    """Where signature, legal footer or a copied mail begin; ``end`` without them or with nothing before them."""
    found = _TAIL.search(view, start, end)
    stop = copied_head(view, start, found.start() if found else end)
    stop = stop if has_content(view[start:stop]) else end
    return _above_name(view, start, stop)


def _above_name(view: str, start: int, end: int) -> int:
    """Cut the name under a closing ("Kind regards,") where nothing but name lines follows it."""
    names, at = 0, end
    while names <= _NAME_LINES and at > start:
        begin = max(view.rfind("\n", start, at) + 1, start)
        line = view[begin : min(at, begin + _LONGEST_NAME + 1)].strip()
        if names and _CLOSING.fullmatch(line):
            return begin if has_content(view[start:begin]) else end
        if line and (at - begin > _LONGEST_NAME or not _NAME.fullmatch(line)):
            return end
        names += bool(line)
        at = begin - 1
    return end


def _unquoted(view: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    at = start
    for quoted in QUOTED.finditer(view, start, end):
        if quoted.start() > at:
            yield at, quoted.start()
        at = quoted.end()
        # A reply header takes the rest with it, unless quoted lines follow: then the answer may stand below them.
        if quoted["header"] is not None and not view[at : at + 200].lstrip().startswith(">"):
            return
    if end > at:
        yield at, end
