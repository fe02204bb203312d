"""HTML cut into texts and tags, in time that grows with its length only; what is no tag stays text.

The parser of the standard library takes minutes for a hundred kilobytes of `<a <a <a` and fails on `<![`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_NAME = re.compile(r"</?([A-Za-z][A-Za-z0-9:_-]{0,63})(?=[\s/>])", re.ASCII)
_DECLARATION = re.compile(r"<[!?][A-Za-z\[/]", re.ASCII)
_STOP = re.compile(r"[<>\"']")
_MOST_QUOTES = 64
"""Quoted values of one tag; in a text of quotes and brackets each could otherwise lead to the end and back."""

_LONGEST_VALUE = 200_000
"""Characters of a quoted value, such as a picture written into the address."""


@dataclass(frozen=True)
class Tag:
    """A tag in lower case; comments and declarations have no name."""

    name: str
    is_closing: bool
    end: int


def pieces(html: str) -> Iterator[str | Tag]:
    """The texts and tags of a body, in order; texts with their entities as they are written."""
    last_comment_end, begun, at = html.rfind("-->"), 0, html.find("<")
    while at >= 0:
        tag = _comment(html, at, last_comment_end) or _tag(html, at)
        if tag is None:
            at = html.find("<", at + 1)
            continue
        if at > begun:
            yield html[begun:at]
        yield tag
        begun, at = tag.end, html.find("<", tag.end)
    if begun < len(html):
        yield html[begun:]


def _comment(html: str, at: int, last_end: int) -> Tag | None:
    if html.startswith("<!--", at) and last_end >= at + len("<!--"):
        return Tag("", is_closing=False, end=html.index("-->", at + len("<!--")) + len("-->"))
    return None


def _tag(html: str, at: int) -> Tag | None:
    named = _NAME.match(html, at)
    if named is None and not _DECLARATION.match(html, at):
        return None
    end = _end(html, named.end() if named else at + 2)
    if end is None:
        return None
    return Tag(named[1].lower() if named else "", is_closing=html.startswith("</", at), end=end)


def _end(html: str, at: int) -> int | None:
    """Where a tag ends; None if another begins before, or the text is over: then it was none."""
    for _ in range(_MOST_QUOTES):
        stop = _STOP.search(html, at)
        if stop is None or stop[0] == "<":
            return None
        if stop[0] == ">":
            return stop.end()
        closing = html.find(stop[0], stop.end(), stop.end() + _LONGEST_VALUE)
        at = closing + 1 if closing >= 0 else stop.end()
    return None
