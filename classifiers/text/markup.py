"""A view of a text as plain lines, character for character as long as the text itself.

Markup becomes white space, a block tag a line break; styles, scripts, comments and quoted blocks become white space as
a whole. Whatever is found in the view lies at the same offsets in the text, so that no rule needs to know about HTML.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_TAG = re.compile(
    r"<!--|<!doctype\b[^<>]{0,300}>|</?(?:(?P<hidden>style|script|head|title|blockquote|svg)"
    r"|(?P<block>p|br|div|li|ul|ol|tr|td|th|table|tbody|thead|h[1-6]|hr|html|body|pre|section|article|center|d[dlt])"
    r"|a|b|i|u|s|q|em|strong|span|font|small|big|su[bp]|img|input|label|code|strike|del|ins|mark|cite|meta|link|base"
    r"|o:p|v|c|lang)(?:[\s/.][^<>]{0,2000})?>",
    re.IGNORECASE,
)
_CITED = re.compile(r"gmail_quote|divRplyFwdMsg|appendonsend|yahoo_quoted|moz-cite-prefix", re.IGNORECASE)
ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,30});", re.IGNORECASE)
_RETURN = re.compile(r"\r\n?|[\v\f\x1c-\x1e\x85\u2028\u2029]")


def plain_view(text: str) -> str:
    """Blank out what is not said.

    Args:
        text: Plain text or HTML.

    Returns:
        A text of exactly the same length; plain text with plain line breaks comes back as it is.
    """
    if "<" in text and _TAG.search(text):
        text = "".join(_without_tags(text))
    if "&" in text:
        text = ENTITY.sub(_entity, text)
    return _RETURN.sub(lambda found: " " * (len(found[0]) - 1) + "\n", text)


def _without_tags(text: str) -> Iterator[str]:
    at = 0
    closings: dict[str, bool] = {}
    while tag := _TAG.search(text, at):
        yield text[at : tag.start()]
        at = _after(text, tag, closings)
        breaks = tag["hidden"] or tag["block"]
        yield ("\n" if breaks else " ") + " " * (at - tag.start() - 1)
    yield text[at:]


def _after(text: str, tag: re.Match[str], closings: dict[str, bool]) -> int:
    """Where the text goes on: behind the whole element where what is in it is not to be read."""
    if tag[0] == "<!--":
        return _find(text, "-->", tag.end(), closings)
    if tag["block"] and _CITED.search(tag[0]):
        return len(text)
    if not tag["hidden"] or tag[0].startswith("</"):
        return tag.end()
    if tag["hidden"].lower() == "blockquote":
        return _behind_quotation(text, tag.end())
    return _find(text, f"</{tag['hidden']}>", tag.end(), closings)


def _find(text: str, closing: str, start: int, closings: dict[str, bool]) -> int:
    """Behind the closing mark; an element that is never closed hides nothing but its tag."""
    if not closings.get(closing, True):
        return start
    found = re.compile(re.escape(closing), re.IGNORECASE).search(text, start)
    closings[closing] = found is not None  # what is not found now will not be found further on: looked for once only
    return found.end() if found else start


def _behind_quotation(text: str, start: int) -> int:
    depth = 1
    for tag in re.compile(r"<(/?)blockquote\b", re.IGNORECASE).finditer(text, start):
        depth += -1 if tag[1] else 1
        if depth == 0:
            return text.find(">", tag.end()) + 1 or len(text)
    return len(text)


def _entity(found: re.Match[str]) -> str:
    """The character that is meant, stretched to the length of its name."""
    meant = html.unescape(found[0])
    if len(meant) != 1 or meant in "\r\n":
        return " " * len(found[0])
    return meant * len(found[0]) if meant.isalnum() else meant + " " * (len(found[0]) - 1)
