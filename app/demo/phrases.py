"""The written material of the demo (YAML files in ``phrases/``) and the little grammar it is written in.

``[a|b|c]`` is one of several wordings (one may be empty), ``{slot}`` a value of a slot, ``{n:3-9}`` a whole number.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import yaml

_FOLDER = Path(__file__).parent / "phrases"
_THEMES = ("refunds", "phone", "delivery", "goods", "returning", "ordering", "service")
_CHOICE = re.compile(r"\[([^\[\]{}]*(?:\{[^{}]*\}[^\[\]{}]*)*)\]")
_SLOT = re.compile(r"\{([a-z_]+)(?::(\d+)-(\d+))?\}")
_ARTICLE = re.compile(r"\b([Aa]) (?=(?!one|once|uni|use|eur)[aeiou])")
# What stays the same from the first to the last sentence of one message.
_STEADY = frozenset({"big", "fragile", "small", "product", "first", "last", "agent", "order", "amount"})


@dataclass(frozen=True, slots=True)
class Theme:
    """A recurring problem inside a topic: sentences that state it, sentences that follow, and how often it is heard.

    ``weekly`` is the expected number of complaints in a week of usual exposure.
    """

    key: str
    topic: str
    weekly: float
    friction: str
    core: tuple[str, ...]
    follow: tuple[str, ...]
    ask: tuple[str, ...]
    agent: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Remark:
    """Sentences of one topic (``None``: of no topic) that are no complaint."""

    topic: str | None
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Phrases:
    """Everything that is read from the files."""

    themes: tuple[Theme, ...]
    praise: tuple[Remark, ...]
    neutral: tuple[Remark, ...]
    silence: tuple[str, ...]
    frames: Mapping[str, tuple[str, ...]]
    questions: Mapping[str, tuple[str, ...]]
    slots: Mapping[str, tuple[str, ...]]


def _lines(block: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in block.splitlines() if line.strip())


def _read(name: str) -> dict[str, Any]:
    content = yaml.safe_load((_FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    if not isinstance(content, dict):
        raise TypeError(f"phrases/{name}.yaml is no mapping")
    return content


def _theme(part: dict[str, Any]) -> Theme:
    texts = {name: _lines(part[name]) for name in ("core", "follow", "ask", "agent")}
    return Theme(part["key"], part["topic"], float(part["weekly"]), part["friction"], **texts)


def _remarks(parts: list[dict[str, str]]) -> tuple[Remark, ...]:
    return tuple(Remark(part["topic"] or None, _lines(part["lines"])) for part in parts)


@cache
def load_phrases() -> Phrases:
    """Read the files once per process."""
    frames = _read("frames")
    questions = frames.pop("questions")
    content = _read("praise")
    return Phrases(
        themes=tuple(_theme(part) for name in _THEMES for part in _read(name)["themes"]),
        praise=_remarks(content["praise"]),
        neutral=_remarks(content["neutral"]),
        silence=_lines(content["silence"]),
        frames={name: _lines(block) for name, block in frames.items()},
        questions={name: _lines(block) for name, block in questions.items()},
        slots={name: _lines(block) for name, block in _read("slots")["slots"].items()},
    )


class Voice:
    """One customer's wording of one message: says lines of the grammar and keeps to the same sofa throughout."""

    def __init__(self, rng: Random, phrases: Phrases, known: Mapping[str, str]) -> None:
        """Begin a message; ``known`` are slots whose value is given (the customer's name, the order)."""
        self.rng = rng
        self.phrases = phrases
        self._known = dict(known)
        self._used: set[str] = set()
        self._said: dict[str, set[str]] = {}

    def say(self, line: str) -> str:
        """Fill one line of the grammar."""
        self._said.clear()
        text = re.sub(r"  +", " ", self._fill(line)).strip()
        return _ARTICLE.sub(r"\1n ", text[:1].upper() + text[1:])

    def pick(self, lines: Sequence[str]) -> str | None:
        """Say one of the lines that this message has not used yet; ``None`` when all are used."""
        left = [line for line in lines if line not in self._used]
        if not left:
            return None
        line = self.rng.choice(left)
        self._used.add(line)
        return self.say(line)

    def frame(self, name: str) -> str:
        """Say one of the lines of a frame, e.g. ``opener``."""
        return self.pick(self.phrases.frames[name]) or self.say(self.rng.choice(self.phrases.frames[name]))

    def chance(self, share: float) -> bool:
        """Say yes in this share of cases."""
        return self.rng.random() < share

    def _fill(self, line: str) -> str:
        chosen = _CHOICE.sub(lambda found: self.rng.choice(found[1].split("|")), line)
        return _SLOT.sub(self._slot, chosen)

    def _slot(self, found: re.Match[str]) -> str:
        name, low, high = found[1], found[2], found[3]
        if name == "n":
            return str(self.rng.randint(int(low), int(high)))
        if name in self._known:
            return self._known[name]
        said = self._said.setdefault(name, set())
        values = [value for value in self.phrases.slots[name] if value not in said] or list(self.phrases.slots[name])
        value = self.rng.choice(values)
        said.add(value)
        filled = self._fill(value)
        if name in _STEADY:
            self._known[name] = filled
        return filled
