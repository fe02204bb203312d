"""YAML text -> checked document, or one error that names every problem by its path, its line and what to do.

Only the plain core of YAML is read (the JSON schema of YAML 1.2): ``no`` and ``NO`` stay words, ``12:30`` stays a
word, dates stay words until the document's model reads them. Tags, anchors and aliases are refused: they are how a
small file becomes a large one, and nothing here needs them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any, NoReturn, TypeVar

import yaml
from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from app.errors import AppError, Kind
from app.processes import case_document, document, parts, people_parts
from app.processes.checks import Path, Problem, check_document
from app.processes.document import Document, RulePart, TopicPart
from app.processes.parts import Part
from app.processes.people_parts import AbsencePart

Parts = TypeVar("Parts")

MAX_BYTES = 1_048_576
MAX_DEPTH = 12
SHOWN = 50
"""How many problems one error lists."""

_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,14}", re.ASCII)
_CONSTANTS = {"true": True, "false": False, "null": None, "~": None, "": None}
_PLAIN_TAGS = frozenset(
    f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "timestamp", "value", "map", "seq")
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_PATTERNS = {
    parts.KEY_PATTERN: "a key has lower-case letters, digits, - and _, begins with a letter, at most 64 of them",
    parts.DAY_PATTERN: "days are written mon, tue, wed, thu, fri, sat, sun or as a range such as mon-fri",
    parts.COUNTRY_PATTERN: "a country is an ISO 3166 code of two capitals such as DE",
}
_MESSAGES = {
    "missing": "this is missing: add it",
    "string_type": "this should be text: put it in quotes",
    "model_type": "this should be a mapping (key: value)",
    "dict_type": "this should be a mapping (key: value)",
    "tuple_type": "this should be a list ([...] or lines that begin with -)",
    "too_short": "this is empty: give at least one",
    "int_type": "this should be a whole number",
}
_RULES = TypeAdapter(tuple[RulePart, ...])
_ABSENCES = TypeAdapter(tuple[AbsencePart, ...])
_TOPICS = TypeAdapter(tuple[TopicPart, ...])
_WORDS = sorted(
    {
        info.alias or name
        for module in (document, people_parts, case_document)
        for part in vars(module).values()
        if isinstance(part, type) and issubclass(part, Part)
        for name, info in part.model_fields.items()
    }
)


def read_document(source: bytes | str) -> Document:
    """Read one YAML document.

    Args:
        source: The file as it is (UTF-8) or its text; at most ``MAX_BYTES``.

    Raises:
        AppError: ``document_too_large`` or ``invalid_document``; its fact ``problems`` lists ``{path, line, message}``.
    """
    text = _decode(source)
    reading = _Reading()
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        _refuse([Problem((), f"this is not YAML: {error.problem or 'unreadable'}")], {(): line})
    except yaml.YAMLError:
        _refuse([Problem((), "this is not YAML: it has characters that YAML does not allow")], {})
    except RecursionError:
        _refuse([Problem((), "this is nested far deeper than any document needs")], {})
    raw = reading.value(node, ()) if node is not None else None
    if reading.problems:
        _refuse(reading.problems, reading.lines)
    try:
        read = Document.model_validate_json(json.dumps(raw))
    except ValidationError as error:
        _refuse(_all_told(error), reading.lines)
    problems = check_document(read)
    if problems:
        _refuse(problems, reading.lines)
    return read


def read_rules(raw: object) -> tuple[RulePart, ...]:
    """Read routing rules that came as JSON values (a request), not as a document.

    Raises:
        AppError: ``invalid_rules``; its fact ``problems`` lists ``{path, message}``.
    """
    return _read_parts(_RULES, raw, "rules")


def read_topics(raw: object) -> tuple[TopicPart, ...]:
    """Read topics that came as JSON values.

    Raises:
        AppError: ``invalid_topics``; its fact ``problems`` lists ``{path, message}``.
    """
    return _read_parts(_TOPICS, raw, "topics")


def read_absences(raw: object) -> tuple[AbsencePart, ...]:
    """Read absences that came as JSON values.

    Raises:
        AppError: ``invalid_absences``; its fact ``problems`` lists ``{path, message}``.
    """
    return _read_parts(_ABSENCES, raw, "absences")


def refuse_parts(problems: Sequence[Problem], code: str) -> NoReturn:
    """Refuse parts that came as JSON values, naming every problem by its path."""
    told = [{"path": problem.where, "message": problem.message} for problem in problems[:SHOWN]]
    raise AppError(Kind.INVALID, code, f"{told[0]['path']}: {told[0]['message']}", problems=told)


def _read_parts(adapter: TypeAdapter[Parts], raw: object, name: str) -> Parts:
    try:
        return adapter.validate_json(json.dumps(raw))
    except ValidationError as error:
        refuse_parts([replace(one, path=(name, *one.path)) for one in _all_told(error)], f"invalid_{name}")


def _decode(source: bytes | str) -> str:
    size = len(source.encode("utf-8", "surrogatepass")) if isinstance(source, str) else len(source)
    if size > MAX_BYTES:
        raise AppError(
            Kind.TOO_LARGE, "document_too_large", f"The document has {size} bytes; the limit is {MAX_BYTES}. Split it."
        )
    if isinstance(source, str):
        return source
    try:
        return source.decode("utf-8-sig")
    except UnicodeDecodeError:
        _refuse([Problem((), "the file is not UTF-8 text: save it as UTF-8")], {})


@dataclass(slots=True)
class _Reading:
    """Turns nodes into plain values; remembers the line of each path and what it had to refuse."""

    problems: list[Problem] = field(default_factory=list)
    lines: dict[Path, int | None] = field(default_factory=dict)
    seen: set[int] = field(default_factory=set)

    def value(self, node: yaml.Node, path: Path) -> Any:  # noqa: ANN401 - any JSON value
        self.lines[path] = node.start_mark.line + 1
        if id(node) in self.seen:
            return self.refuse(path, "anchors and aliases (& and *) are not read: write it out")
        self.seen.add(id(node))
        if len(path) > MAX_DEPTH:
            return self.refuse(path, "this is nested deeper than any document needs")
        if node.tag not in _PLAIN_TAGS:
            return self.refuse(path, "tags (!) and merges (<<) are not read: write plain values")
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(child, (*path, index)) for index, child in enumerate(node.value)]
        return self.scalar(node, path)

    def mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, child in node.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
            if key is None or key_node.tag == "tag:yaml.org,2002:merge" or _CONTROL.search(key):
                self.refuse(path, "the keys of a mapping are plain words")
            elif key in found:
                self.lines[(*path, key)] = key_node.start_mark.line + 1
                self.problems.append(Problem((*path, key), "this key is written twice: keep one"))
            else:
                found[key] = self.value(child, (*path, key))
        return found

    def scalar(self, node: yaml.Node, path: Path) -> str | int | bool | None:
        text: str = node.value
        if _CONTROL.search(text):
            self.refuse(path, "there are control characters in this text: delete them")
            return None
        if getattr(node, "style", None) is not None:
            return text
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        return int(text) if _INTEGER.fullmatch(text) else text

    def refuse(self, path: Path, message: str) -> None:
        self.problems.append(Problem(path, message))


def _all_told(error: ValidationError) -> list[Problem]:
    details = error.errors(include_url=False, include_input=False)
    # A list of which every entry was refused is reported as empty besides: that would mislead.
    paths = {detail["loc"][: len(detail["loc"]) - cut] for detail in details for cut in range(1, len(detail["loc"]))}
    return [_told(detail) for detail in details if detail["type"] != "too_short" or detail["loc"] not in paths]


def _told(detail: ErrorDetails) -> Problem:
    path: Path = tuple(step for step in detail["loc"] if step != "[key]")
    context, kind = detail.get("ctx", {}), detail["type"]
    if kind == "extra_forbidden":
        near = get_close_matches(str(path[-1]), _WORDS, n=3)
        hint = f"did you mean {', '.join(near)}?" if near else "delete it"
        return Problem(path, f"this word is not known here; {hint}")
    if kind == "value_error":
        return Problem(path, str(context["error"]))
    if kind == "string_pattern_mismatch":
        return Problem(path, _PATTERNS.get(context["pattern"], "this is not written as it should be"))
    return Problem(path, _MESSAGES.get(kind) or detail["msg"][0].lower() + detail["msg"][1:])


def _refuse(problems: list[Problem], lines: dict[Path, int | None]) -> NoReturn:
    told = []
    for problem in problems[:SHOWN]:
        prefixes = (problem.path[:length] for length in range(len(problem.path), -1, -1))
        line = next((lines[prefix] for prefix in prefixes if prefix in lines), None)
        told.append({"path": problem.where, "line": line, "message": problem.message})
    first = told[0]
    place = f"line {first['line']}, " if first["line"] else ""
    more = f" ({len(problems) - 1} more)" if len(problems) > 1 else ""
    raise AppError(Kind.INVALID, "invalid_document", f"{place}{first['path']}: {first['message']}{more}", problems=told)
