"""HTML and Atlassian's document format as plain text: what a reader would see, and nothing that runs."""

import re
from collections.abc import Iterator, Mapping
from html import unescape
from itertools import groupby
from operator import itemgetter

from app.payloads.tags import Tag, pieces

_BLOCKS = frozenset(
    (
        *("address", "article", "aside", "blockquote", "dd", "div", "dl", "dt", "fieldset", "figure", "footer", "form"),
        *("h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre", "section"),
        *("table", "tr", "ul"),
    )
)
_UNSEEN = frozenset(("script", "style", "head", "title", "template", "noscript", "svg", "iframe", "object"))
_INLINE = (
    *(
        "a",
        "abbr",
        "b",
        "big",
        "body",
        "br",
        "button",
        "center",
        "cite",
        "code",
        "col",
        "colgroup",
        "del",
        "em",
        "font",
    ),
    *("html", "i", "img", "input", "ins", "kbd", "label", "link", "mark", "meta", "q", "s", "small", "span", "strike"),
    *("strong", "sub", "sup", "tbody", "td", "tfoot", "th", "thead", "u", "var", "wbr"),
)
_LOOKS_LIKE_HTML = re.compile(
    rf"</?(?:{'|'.join(sorted({*_BLOCKS, *_UNSEEN, *_INLINE}))})(?:[\s/][^<>]{{0,2000}})?>|<!(?:--|doctype\b)|"
    r"&(?:#\d{1,7}|#x[0-9a-fA-F]{1,6}|[a-zA-Z]{2,31});",
    re.IGNORECASE,
)
"""Tags that somebody typed, such as `<your name>`, are no HTML."""
_SPACES = re.compile(r"[^\S\n]+")
_LINES = re.compile(r" ?\n ?")
_MANY_LINES = re.compile(r"\n{3,}")
_DEEPEST = 60
_DEEPEST_QUOTE = 3


def plain_text(value: str) -> str:
    """The text of a body that may be HTML; one that has no tags and no entities comes back as it is.

    What is quoted (`blockquote`) gets a `>` before each line, as in a mail: a reply holds other people's words.
    """
    if not _LOOKS_LIKE_HTML.search(value):
        return value
    parts = [
        _quoted(tidy("".join(text for _, text in run)), depth) for depth, run in groupby(_seen(value), itemgetter(0))
    ]
    return tidy("\n".join(parts))


def unescaped(value: str) -> str:
    """A plain text in which a sender wrote entities, such as `&#39;`."""
    return unescape(value)


def document_text(node: object) -> str:
    """The text of an Atlassian Document Format tree; a plain string comes back as it is."""
    if isinstance(node, str):
        return node
    parts: list[str] = []
    _collect(node, parts, 0)
    return tidy("".join(parts))


def tidy(text: str) -> str:
    """Runs of spaces as one, at most one empty line between paragraphs."""
    return _MANY_LINES.sub("\n\n", _LINES.sub("\n", _SPACES.sub(" ", text))).strip()


def _quoted(text: str, depth: int) -> str:
    return "\n".join(f"{'>' * depth} {line}" for line in text.split("\n")) if depth and text else text


def _seen(html: str) -> Iterator[tuple[int, str]]:
    """The texts that a reader sees, each with how deep it is quoted."""
    closings: dict[str, int] = {}
    unseen, depth, quoted = "", 0, 0
    for piece in pieces(html):
        if isinstance(piece, str):
            if not depth:
                yield min(quoted, _DEEPEST_QUOTE), unescape(piece)
        elif depth:
            depth += 0 if piece.name != unseen else -1 if piece.is_closing else 1
        elif piece.name in _UNSEEN:
            unseen, depth = piece.name, int(_begins(html, piece, closings))
        elif piece.name == "blockquote":
            quoted = max(quoted - 1, 0) if piece.is_closing else quoted + _begins(html, piece, closings)
            yield min(quoted, _DEEPEST_QUOTE), "\n"
        elif piece.name == "br" or piece.name in _BLOCKS:
            yield min(quoted, _DEEPEST_QUOTE), "\n"
        elif piece.name in {"td", "th"} and not piece.is_closing:
            yield min(quoted, _DEEPEST_QUOTE), " "


def _begins(html: str, tag: Tag, closings: dict[str, int]) -> bool:
    """Whether an element begins that is closed later; what nothing closes is none: somebody wrote of it."""
    if tag.name not in closings:
        closings[tag.name] = html.lower().rfind(f"</{tag.name}")
    is_empty = html[tag.end - 2] == "/"
    return not tag.is_closing and not is_empty and closings[tag.name] >= tag.end


_LEAVES: Mapping[str, tuple[str, ...]] = {"mention": ("text",), "emoji": ("text", "shortName"), "date": ("timestamp",)}
_PARAGRAPHS = frozenset(("paragraph", "heading", "listItem", "codeBlock", "rule", "tableRow", "panel", "taskItem"))


def _collect(node: object, parts: list[str], depth: int) -> None:
    if depth > _DEEPEST:
        return
    if isinstance(node, list):
        for each in node:
            _collect(each, parts, depth + 1)
    if not isinstance(node, Mapping):
        return
    kind, attributes = node.get("type"), node.get("attrs")
    if kind == "blockquote":
        inner: list[str] = []
        _collect(node.get("content"), inner, depth + 1)
        parts.append(f"\n{_quoted(tidy(''.join(inner)), 1)}\n")
        return
    if isinstance(node.get("text"), str):
        parts.append(node["text"])
    elif kind == "hardBreak":
        parts.append("\n")
    elif isinstance(kind, str) and isinstance(attributes, Mapping):
        parts.append(next((str(attributes[name]) for name in _LEAVES.get(kind, ()) if attributes.get(name)), ""))
    _collect(node.get("content"), parts, depth + 1)
    if isinstance(kind, str) and kind in _PARAGRAPHS:
        parts.append("\n")
