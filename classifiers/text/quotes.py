"""Where a mail goes over into one that it answers: quoted lines, reply headers, heads of copied mails.

Mail programs write these in the language of their user; here are those of the larger European languages. Every rule
scans forward once over a plain view (:mod:`classifiers.text.markup`), so the time grows with the length.
"""

from __future__ import annotations

import re

_WROTE = "(?:wrote|schrieb|a \u00e9crit|escribi\u00f3|schreef|ha scritto|escreveu|skrev)"
_ADDRESS = r"<[^\s<>@]{1,64}@[^\s<>]{1,190}>"
_ABOVE = (
    r"reply above this line|antwort (?:bitte )?(?:\u00fcber|oberhalb) dies(?:er|e) (?:zeile|linie)"
    r"|r\u00e9pondre au-dessus de cette ligne|(?:responda|escriba) (?:por )?encima de esta l\u00ednea"
)
QUOTED = re.compile(
    r"^[ \t]*(?:>[^\n]*$|(?P<header>"
    # On a day somebody wrote: a date or an address is always there, and an address where it takes two or three lines.
    r"(?:-{2,}[ \t]?)?(?:on|am|le|el|op|il|em|den) (?=[^\n]{0,160}[\d@])"
    r"(?:[^\n]{4,160}|(?=[^@]{0,320}@)[^\n]{4,160}(?:\n[^\n]{1,80}){1,2}?)"
    rf"{_WROTE}(?:[^\n:]{{0,60}}:|[ \t]*-{{2,}})[ \t]*$"
    # Somebody with an address wrote; in any language with a date and a colon at the end.
    rf"|[^\n<>]{{0,80}}{_ADDRESS}[ \t]{{0,3}}{_WROTE}\b[^\n]{{0,60}}:[ \t]*$"
    rf"|(?=[^\n]{{0,200}}\d)[^\n<>]{{0,80}}{_ADDRESS}[^\n]{{0,80}}[:\uff1a][ \t]*$"
    # What help desks put above their own mails.
    rf"|\#\#- ?[^\n]{{5,120}}-\#\#[ \t]*$|[^\w\n]{{0,12}}(?:[^\W\d]{{2,12}} ){{0,4}}(?:{_ABOVE})\b[^\n]{{0,30}}$"
    r"))",
    re.MULTILINE | re.IGNORECASE,
)
"""Quoted lines one by one, and a `header`: what stands below is not the writer's, unless it is quoted line by line."""

_FIELD = re.compile(
    r"^[ \t]*[*_]{0,2}(?:(?P<sender>from|von|de|van|da|fra|fr\u00e5n)"
    r"|(?P<sent>sent|gesendet|envoy\u00e9(?: le)?|enviad[oa](?: el| em)?|verzonden|inviato|skickat)"
    r"|(?P<date>date|datum|fecha|data)|(?P<subject>subject|betreff|objet|asunto|onderwerp|oggetto|assunto|\u00e4mne)"
    r"|(?:to|an|\u00e0|para|aan|a|cc|kopie|till|reply-to|antwort an|importance|priorit\u00e4t))"
    r"[*_]{0,2}[ \t\u00a0\u202f]?:",
    re.MULTILINE | re.IGNORECASE,
)
_MOST_LINES_APART = 2
"""Between two fields of one head: an HTML mail leaves an empty line between them."""


def copied_head(view: str, start: int, end: int) -> int:
    """Find the head of a mail that was copied in below the answer to it ("From: ... Sent: ... Subject: ...").

    It names a sender and says when the mail was sent; a mere date could be a journey's, so that one counts only beside
    a subject or an address.

    Returns:
        Where the head begins; ``end`` where there is none.
    """
    begin, last, kinds = start, start, set[str | None]()
    for field in _FIELD.finditer(view, start, end) if ":" in view else ():
        if not kinds or view.count("\n", last, field.start()) > _MOST_LINES_APART:
            begin, kinds = field.start(), set()
        stop = view.find("\n", field.end(), end)
        last = end if stop < 0 else stop
        kinds |= {field.lastgroup} | ({"address"} if "@" in view[field.end() : last] else set())
        dated = "sent" in kinds or ("date" in kinds and not kinds.isdisjoint(("subject", "address")))
        if "sender" in kinds and dated:
            return begin
    return end
