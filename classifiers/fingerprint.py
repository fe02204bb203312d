"""A hash of the code that judges: what it does, not how it is written down."""

from __future__ import annotations

import ast
import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_ELSEWHERE = frozenset({"train", "themes", "refuse"})
"""Rooms whose code has no say in a judgement of a text."""

_SILENT = frozenset({"annotation", "returns", "ctx", "kind", "type_comment", "type_ignores"})


@cache
def code_fingerprint() -> str:
    """Hash of all modules that judge, without comments, docstrings and type annotations; taken once a process.

    The same code gives the same hash under every Python version that the library supports.
    """
    root = Path(__file__).parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        name = path.relative_to(root)
        if name.parts[0].removesuffix(".py") not in _ELSEWHERE:
            digest.update(f"{name.as_posix()} {hash_of_code(path.read_text('utf-8'))}\n".encode())
    return digest.hexdigest()[:12]


def digest(parts: Iterable[str], length: int) -> str:
    """The first characters of a hash of some words, in their order."""
    return hashlib.sha256("\n".join(parts).encode("utf-8", "replace")).hexdigest()[:length]


def hash_of_code(source: str) -> str:
    """Hash of what a module does."""
    words: list[str] = []
    _spell(ast.parse(source), words)
    return hashlib.sha256(" ".join(words).encode()).hexdigest()


def _spell(node: ast.AST, words: list[str]) -> None:
    """A syntax tree in words; what is empty is left out, because Python versions differ in it."""
    words.append(type(node).__name__)
    for name in node._fields:
        value = getattr(node, name, None)
        if value is None or value == [] or name in _SILENT:
            continue
        words.append(name)
        for one in value if isinstance(value, list) else [value]:
            if not isinstance(one, ast.AST):
                words.append(ascii(one))
            elif not _says_nothing(one):
                _spell(one, words)
        words.append(".")


def _says_nothing(node: ast.AST) -> bool:
    """A docstring, or imports that only the type checker sees."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
