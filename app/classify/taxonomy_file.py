"""A taxonomy in a YAML file, as `closeloop evaluate` reads it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from app.errors import AppError, Kind
from app.files import unreadable

if TYPE_CHECKING:
    from classifiers.contract import TopicSpec


def read_topics(taxonomy: Path | None, labels: Iterable[str]) -> list[TopicSpec]:
    """Topics of a taxonomy, and one more for each label that names none of them.

    Raises:
        AppError: `unreadable_input`: the file cannot be read or is no taxonomy; `no_topics`.
    """
    from classifiers import contract  # noqa: PLC0415 - the classifiers are loaded when they are needed
    from classifiers.topics.prototypes import parents  # noqa: PLC0415

    specs: dict[str, TopicSpec] = {}
    for entry in _entries(taxonomy) if taxonomy else ():
        key = _key(entry)
        name, description = str(entry.get("name") or key), str(entry.get("description") or "")
        examples = tuple(map(str, entry.get("examples") or ()))
        specs[key] = contract.TopicSpec(key, name, description, examples, entry.get("parent"))
    for label in sorted(set(labels) - keys_by_label(specs.values()).keys()):
        specs[label] = contract.TopicSpec(label)
    if not specs:
        message = "There are no topics: pass --taxonomy with topics, or --train with labelled texts."
        raise AppError(Kind.INVALID, "no_topics", message)
    try:
        parents(list(specs.values()))
    except contract.ClassifierError as error:
        raise AppError(Kind.INVALID, "unreadable_input", str(error)) from None
    return list(specs.values())


def keys_by_label(specs: Iterable[TopicSpec]) -> dict[str, str]:
    """What a label may call a topic: its key, or its name where no other has that."""
    specs = list(specs)
    shared = Counter(spec.name for spec in specs)
    named = {spec.name: spec.key for spec in specs if shared[spec.name] == 1}
    return named | {spec.key: spec.key for spec in specs}


def _entries(path: Path) -> list[dict[str, Any]]:
    topics = _document(path)
    if not isinstance(topics, list) or not all(map(_is_topic, topics)):
        raise _refused(path, "it needs `topics:`, a list of entries with a name; examples and children are lists")
    found = [entry for topic in topics for entry in _flat(topic, topic.get("parent"))]
    twice = [key for key, count in Counter(map(_key, found)).items() if count > 1]
    if twice:
        raise _refused(path, f"the topic {twice[0]!r} stands there twice; give each a key or name of its own")
    return found


def _document(path: Path) -> object:
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise unreadable(path, error) from None
    except UnicodeDecodeError:
        raise _refused(path, "it is not UTF-8; save it as UTF-8") from None
    except yaml.MarkedYAMLError as error:
        place = f" in line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise _refused(path, f"it is not YAML{place}") from None
    except yaml.YAMLError:
        raise _refused(path, "it is not YAML") from None
    return document.get("topics") if isinstance(document, dict) else None


def _refused(path: Path, reason: str) -> AppError:
    return AppError(Kind.INVALID, "unreadable_input", f"{path.name} is no taxonomy: {reason}.")


def _key(entry: dict[str, Any]) -> str:
    return str(entry.get("key") or entry["name"])


def _is_topic(topic: object) -> bool:
    if not isinstance(topic, dict) or not (topic.get("name") or topic.get("key")):
        return False
    examples, children = topic.get("examples") or [], topic.get("children") or []
    words = [topic.get(field) for field in ("key", "name", "description", "parent")]
    plain = all(isinstance(word, str | int | float | None) for word in words)
    return plain and isinstance(examples, list) and isinstance(children, list) and all(map(_is_topic, children))


def _flat(topic: dict[str, Any], parent: object) -> Iterator[dict[str, Any]]:
    """A topic and, under `children:`, those that are a part of it."""
    yield topic | {"parent": None if parent is None else str(parent)}
    for child in topic.get("children") or ():
        yield from _flat(child, _key(topic))
