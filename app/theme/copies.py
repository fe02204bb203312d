"""Which of the texts that arrive are copies of earlier ones, and which lines are boilerplate: rules without a database.

A copy is not counted: it is the same person with (nearly) the same words again, within days or in a long text whenever,
or a long text that nobody signed and that is there already. A letter is the same long text from another person: it is
linked to the first, and counted once for each person. Short equal texts of different people are neither: many customers
honestly write "Refund never came".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from app.store.copies import Candidate, Origin, Written

if TYPE_CHECKING:
    from classifiers.themes.copies import Sketch

OWN, UNSIGNED, LETTER = "own", "unsigned", "letter"

SOON = timedelta(days=14)
"""Within this time the same words of the same person are told once; later it has happened again, or is still so."""

AT_ONCE = timedelta(days=1)
FEW_WORDS = 8
"""So few words by the same way: sent twice within a day, or an answer to the next survey."""

LINE = 12
"""Words from which a line does not stand word for word in texts of different people by chance."""

REST = 5
"""Words that a text has besides, so that the line is a part of it."""

KEY_HOLDS = 32
"""Texts that one key names: what more there are is found by their other keys."""


@dataclass(frozen=True, slots=True)
class Print:
    """What is kept of a text that arrives.

    Attributes:
        origin: Where it comes from.
        content_rev: Of its words.
        sketch: Tells how much it resembles others.
        exact: Equal for equal words.
        keys: Of long texts that may be the same, whoever wrote them.
        own_keys: Of texts of the same person that may be the same.
        lines: Keys of the lines that could be boilerplate, by mention id.
        mention_ids: Its complaint mentions.
    """

    origin: Origin
    content_rev: int
    sketch: Sketch
    exact: int
    keys: tuple[int, ...]
    own_keys: tuple[int, ...]
    lines: dict[int, int]
    mention_ids: tuple[int, ...]

    @property
    def all_keys(self) -> tuple[int, ...]:
        """Whatever it can be found by."""
        return tuple({*self.keys, *self.own_keys, *self.lines.values()})


@dataclass(frozen=True, slots=True)
class Judged:
    """What a text turned out to be.

    Attributes:
        arrived: The text.
        first_id: Feedback that it is a copy or letter of.
        kind: `own`, `unsigned` or `letter`; None: none of them.
        keys: What later texts find it by.
    """

    arrived: Print
    first_id: int | None
    kind: str | None
    keys: tuple[int, ...]


def print_texts(texts: Sequence[Written]) -> tuple[Print, ...]:
    """Sketches and keys of texts; those without a word are left out."""
    from classifiers.themes.copies import exact_key, keyed, sketch, words_of  # noqa: PLC0415 - loaded when needed

    found = []
    for each in texts:
        words = words_of(each.text)
        sketched = sketch(words)
        if sketched is None:
            continue
        parts = each.lines.items() if len(words) >= LINE + REST else ()
        lines = {at: words_of(line) for at, line in parts if len(line) < len(each.text)}
        own = {keyed(key, person) for key in sketched.own_keys for person in each.origin.people}
        found.append(
            Print(
                each.origin,
                each.content_rev,
                sketched,
                exact_key(words),
                sketched.keys,
                tuple(sorted(own)),
                {at: exact_key(line) for at, line in lines.items() if LINE <= len(line) <= len(words) - REST},
                tuple(each.lines),
            )
        )
    return tuple(found)


class Shelf:
    """Texts by their keys, those that are stored and those that were judged since.

    Attributes:
        claimed: Unsigned texts whose writer a copy has told meanwhile: the next who sends it is somebody else.
    """

    def __init__(self, candidates: Iterable[Candidate]) -> None:
        """Put the stored ones on it."""
        self._by_key: dict[int, list[Candidate]] = {}
        self.claimed: set[int] = set()
        for each in candidates:
            self._by_key.setdefault(each.key, []).append(each)

    def judge(self, arrived: Print) -> Judged:
        """Say what a text is, and put it on the shelf."""
        first, kind = self._first(arrived)
        keys = arrived.all_keys if kind is None else () if kind == OWN else arrived.own_keys
        if first is not None and kind == UNSIGNED and arrived.origin.people:
            self.claimed.add(first.origin.feedback_id)
        keys = tuple(key for key in keys if len(self.holders(key)) < KEY_HOLDS)
        for key in keys:
            self._by_key.setdefault(key, []).append(_as_candidate(key, arrived))
        return Judged(arrived, first.origin.feedback_id if first else None, kind, keys)

    def writers(self, key: int, arrived: Print) -> int:
        """How many people use a line in texts that differ, the one who wrote what arrives included."""
        held = {each.exact: _person(each.origin) for each in (*self.holders(key), _as_candidate(key, arrived))}
        return len(set(held.values()))

    def holders(self, key: int) -> list[Candidate]:
        """Texts with a key, oldest first."""
        return self._by_key.get(key, [])

    def _first(self, arrived: Print) -> tuple[Candidate | None, str | None]:
        for other in self._resembling(arrived, arrived.own_keys):
            if _again(arrived, other):
                return other, OWN
        for other in self._resembling(arrived, arrived.keys):
            if not arrived.origin.people or not (other.signed or other.origin.feedback_id in self.claimed):
                return other, UNSIGNED
            return other, LETTER
        return None, None

    def _resembling(self, arrived: Print, keys: Sequence[int]) -> Iterable[Candidate]:
        from classifiers.themes.copies import COPY_AT, resemblance  # noqa: PLC0415 - loaded when needed

        found = {other.origin.feedback_id: other for key in keys for other in self.holders(key)}
        for feedback_id in sorted(found.keys() - {arrived.origin.feedback_id}):
            other = found[feedback_id]
            if resemblance(arrived.sketch.slots, other.slots) >= COPY_AT:
                yield other


def _again(arrived: Print, other: Candidate) -> bool:
    """Whether a person who wrote nearly the same tells it again, and not of something new."""
    from classifiers.themes.copies import LONG  # noqa: PLC0415 - loaded when needed

    if min(arrived.sketch.words, other.words) >= LONG:
        return True
    one, two = arrived.origin, other.origin
    if one.case_ref and two.case_ref and one.case_ref != two.case_ref:
        return False
    few = min(arrived.sketch.words, other.words) < FEW_WORDS
    if few and not any(person.startswith(("ref:", "email:")) for person in one.people & two.people):
        return False
    apart = abs(one.occurred_at - two.occurred_at)
    return apart <= (AT_ONCE if few and one.source_id == two.source_id else SOON)


def _as_candidate(key: int, arrived: Print) -> Candidate:
    sketched = arrived.sketch
    return Candidate(key, arrived.origin, sketched.words, arrived.exact, sketched.slots, bool(arrived.origin.people))


def _person(origin: Origin) -> str:
    return min(origin.people, default=f"feedback:{origin.feedback_id}")
