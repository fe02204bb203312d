"""The topics of a measurement: what a taxonomy file says, and what labels name beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from app.errors import AppError, Kind
from app.files import unreadable

if TYPE_CHECKING:
    from classifiers.contract import TopicSpec


def read_topics(path: Path | None, labels: Iterable[str] = ()) -> list[TopicSpec]:
    """Topics of a taxonomy file, and one for each label that names none of them.

    Raises:
        AppError: `unreadable_input` where the file is no taxonomy, `no_topics` where there is no topic.
    """
    from classifiers import contract  # noqa: PLC0415 - the classifiers are loaded when they are needed

    specs: dict[str, TopicSpec] = {}
    for entry in _entries(path) if path else ():
        key = _key(entry)
        if path and key in specs:
            raise _no_taxonomy(path, f"topic {key!r} stands in it twice")
        name, description = str(entry.get("name") or key), str(entry.get("description") or "")
        specs[key] = contract.TopicSpec(
            key, name, description, tuple(map(str, entry.get("examples") or ())), entry["parent"]
        )
    known = keys_by_label(specs.values())
    for label in sorted(set(labels) - known.keys()):
        specs[label] = contract.TopicSpec(label)
    if not specs:
        message = "There are no topics: pass --taxonomy with topics, or --train with labelled texts."
        raise AppError(Kind.INVALID, "no_topics", message)
    return list(specs.values())


def keys_by_label(specs: Iterable[TopicSpec]) -> dict[str, str]:
    """What labels may call a topic: its key, or its name where that is no other's."""
    specs = list(specs)
    names = [spec.name for spec in specs]
    named = {spec.name: spec.key for spec in specs if names.count(spec.name) == 1}
    return named | {spec.key: spec.key for spec in specs}


def _entries(path: Path) -> Iterator[dict[str, Any]]:
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise unreadable(path, error) from None
    topics = document.get("topics") if isinstance(document, dict) else None
    if not isinstance(topics, list):
        raise _no_taxonomy(path, "it needs `topics:`, a list of entries with a name")
    for number, topic in enumerate(topics, start=1):
        if not _is_topic(topic):
            reason = "needs a name, and may have examples and children (lists), a description and a parent"
            raise _no_taxonomy(path, f"entry {number} of `topics` {reason}")
        yield from _flat(topic, topic.get("parent"))


def _no_taxonomy(path: Path, reason: str) -> AppError:
    return AppError(Kind.INVALID, "unreadable_input", f"{path.name} is no taxonomy: {reason}.")


def _is_topic(topic: object) -> bool:
    if not isinstance(topic, dict) or not (topic.get("name") or topic.get("key")):
        return False
    examples, children = topic.get("examples") or [], topic.get("children") or []
    words = [topic.get(field) for field in ("name", "key", "description", "parent")]
    if not isinstance(examples, list) or not isinstance(children, list):
        return False
    return all(isinstance(word, str | int | float | None) for word in [*words, *examples]) and all(
        map(_is_topic, children)
    )


def _flat(topic: dict[str, Any], parent: object) -> Iterator[dict[str, Any]]:
    """A topic and, under `children:`, those that are a part of it."""
    yield topic | {"parent": None if parent is None else str(parent)}
    for child in topic.get("children") or ():
        yield from _flat(child, _key(topic))


def _key(topic: dict[str, Any]) -> str:
    return str(topic.get("key") or topic["name"])
