"""Compares what a connector found in a payload with facts that are known of it.

Facts have the form that MANIFEST.json gives them: statements about the content, in no schema of ours.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from app.connectors.contract import Deleted, Found, Ignored, Parsed, Undated, Wanted
from app.domain.feedback import Role
from app.errors import AppError
from app.payloads.native import ItemTurn, NativeItem
from app.payloads.times import read_time
from app.payloads.walk import ident, objects

_MEDIA = {"call": "phone"}
_WRITTEN = {"create": "upsert", "update": "upsert"}
_NO_FACTS = frozenset({"note", "items"})


@dataclass
class Tally:
    """Facts of one payload, by what became of them.

    Attributes:
        found: Names of the facts that came out right.
        missed: Of those that did not come out at all, with what was wanted.
        wrong: Of those that came out differently, with both.
    """

    found: list[str] = field(default_factory=list)
    missed: list[Mapping[str, Any]] = field(default_factory=list)
    wrong: list[Mapping[str, Any]] = field(default_factory=list)

    def judge(self, name: str, wanted: object, got: object) -> None:
        """Count one fact."""
        if wanted == got:
            self.found.append(name)
        elif got is None or got == []:
            self.missed.append({"fact": name, "wanted": wanted})
        else:
            self.wrong.append({"fact": name, "wanted": wanted, "found": got})


@dataclass(frozen=True)
class Entry:
    """One thing that a payload holds, with the parts that facts speak of."""

    action: str
    external_id: str | None = None
    occurred_at: datetime | None = None
    item: NativeItem | None = None

    @property
    def turns(self) -> Sequence[ItemTurn]:
        """Who said what; a single text is the customer's."""
        if self.item is None:
            return ()
        if self.item.text:
            return [ItemTurn(role=Role.CUSTOMER, text=self.item.text, question=self.item.question)]
        return self.item.turns or ()


@dataclass(frozen=True)
class Known:
    """What is known beside the items.

    Attributes:
        reference: The sender's own id of the delivery, as the connector read it.
        zone: The one that counted for times without one.
        language_of: Finds the language of a text, as the service does where a sender tells none.
    """

    reference: str | None = None
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    language_of: Callable[[str], str | None] = lambda _text: None


def compare_facts(facts: Mapping[str, Any], parsed: Parsed, known: Known) -> Tally:
    """Judge every fact.

    Args:
        facts: Of one payload; for a payload of several things `items` holds those of each.
        parsed: What the connector made of it.
        known: What is known beside the items.
    """
    tally = Tally()
    entries = [_entry(one) for one in parsed] if not isinstance(parsed, Ignored) else [Entry("ignore")]
    wanted = objects(facts.get("items"))
    if wanted and len(entries) > len(wanted):
        tally.wrong.append({"fact": "items", "wanted": len(wanted), "found": len(entries)})
    for at, one in enumerate(wanted):
        _Comparison(tally, f"items[{at}].", _chosen(one, entries, at), known).judge(one)
    _Comparison(tally, "", _chosen(facts, entries, 0), known).judge(facts)
    return tally


def _entry(found: Found) -> Entry:
    if isinstance(found, Deleted):
        return Entry("delete", found.external_id)
    if isinstance(found, Wanted):
        return Entry("fetch_required", found.external_id, found.occurred_at)
    item = found.item if isinstance(found, Undated) else found
    return Entry("upsert", item.external_id, None if isinstance(found, Undated) else item.occurred_at, item)


def _chosen(facts: Mapping[str, Any], entries: Sequence[Entry], at: int) -> Entry:
    known = ident(facts.get("external_id"))
    named = [entry for entry in entries if known is not None and entry.external_id == known]
    left = entries[at : at + 1]
    return (named or left or [Entry("nothing")])[0]


class _Comparison:
    """The facts of one thing."""

    def __init__(self, tally: Tally, at: str, entry: Entry, known: Known) -> None:
        self._tally, self._at, self._entry, self._known = tally, at, entry, known

    def judge(self, facts: Mapping[str, Any]) -> None:
        for name, wanted in facts.items():
            if name not in _NO_FACTS:
                self._judge(name, wanted)

    def _judge(self, name: str, wanted: Any) -> None:  # noqa: ANN401 - any JSON value
        plain = {
            "action": self._action,
            "channel": self._channel,
            "external_id": lambda value: (ident(value), self._entry.external_id),
            "event_id": lambda value: (ident(value), self._known.reference),
            "occurred_at": lambda value: (_time(value), _shown(self._entry.occurred_at)),
            "updated_at": lambda value: (_time(value), _shown(self._item("updated_at"))),
            "occurred_at_without_zone": self._local_time,
            "language": self._language,
        }.get(name)
        if plain is not None:
            self._tell(name, *plain(wanted))
        elif name.startswith("label_"):
            self._tell(name, *self._label(name, wanted))
        else:
            for part, expected, got in self._parts(name, wanted):
                self._tell(f"{name}{part}", expected, got)

    def _tell(self, name: str, wanted: object, got: object) -> None:
        self._tally.judge(self._at + name, wanted, got)

    def _item(self, name: str) -> Any:  # noqa: ANN401 - a field of the item
        return getattr(self._entry.item, name, None)

    def _action(self, wanted: object) -> tuple[object, object]:
        got = self._entry.action
        return wanted, wanted if got == _WRITTEN.get(str(wanted), wanted) else None if got == "nothing" else got

    def _channel(self, wanted: object) -> tuple[object, object]:
        medium = self._item("medium")
        # An event that only names something has no channel: the item will have it.
        is_thin = self._entry.action == "fetch_required"
        return wanted, wanted if is_thin or medium == _MEDIA.get(str(wanted), wanted) else medium

    def _language(self, wanted: object) -> tuple[object, object]:
        told = self._item("language")
        if told is None:  # it is found from the words, as the service does it
            told = self._known.language_of(" ".join(t.text for t in self._entry.turns if t.role is Role.CUSTOMER))
        asked, got = str(wanted).lower(), None if told is None else str(told).lower()
        return asked, asked if got is not None and got.partition("-")[0] == asked else got

    def _local_time(self, wanted: object) -> tuple[object, object]:
        at = self._entry.occurred_at
        return _local(str(wanted)), None if at is None else _local(at.astimezone(self._known.zone).isoformat()[:26])

    def _label(self, name: str, wanted: object) -> tuple[object, object]:
        kind = name.removeprefix("label_")
        attributes: Mapping[str, Any] = self._item("attributes") or {}
        named = [value for key, value in attributes.items() if kind in key.lower()]
        return wanted, wanted if wanted in attributes.values() else next(iter(named), None)

    def _parts(self, name: str, wanted: Any) -> Iterator[tuple[str, object, object]]:  # noqa: ANN401 - any JSON value
        if name == "customer":
            yield from self._customer(wanted)
        elif name == "ticket":
            attributes: Mapping[str, Any] = self._item("attributes") or {}
            for part, value in wanted.items():
                yield f".{part}", str(value), _as_text(attributes.get(part, attributes.get(f"ticket_{part}")))
        elif name == "scores":
            yield from self._scores(wanted)
        elif name == "verbatims":
            for at, one in enumerate(wanted):
                yield f"[{at}]", one, self._verbatim(one)
        elif name == "turns":
            yield from self._turns(wanted)
        else:
            yield "", wanted, self._item(name)

    def _customer(self, wanted: Mapping[str, Any]) -> Iterator[tuple[str, object, object]]:
        customer = self._item("customer")
        ref = getattr(customer, "ref", None)
        for part, value in wanted.items():
            if part == "reference":
                got = value if value in (self._item("case_id"), ref) else self._item("case_id")
            else:
                got = getattr(customer, "ref" if part == "id" else part, None)
            yield f".{part}", value, got

    def _scores(self, wanted: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, object, object]]:
        scores = list(self._item("scores") or ())
        for at, one in enumerate(wanted):
            same = [score for score in scores if score.metric == one.get("metric")]
            got = [
                {"metric": score.metric}
                | {name: _on_scale(one, name, score) for name in ("value", "min", "max") if name in one}
                for score in same
            ]
            yield f"[{at}]", one, one if one in got else next(iter(got), None)

    def _verbatim(self, one: Mapping[str, Any]) -> object:
        question, text = one.get("question"), _words(str(one.get("text", "")))
        said = [turn for turn in self._entry.turns if _words(turn.text) == text]
        by_customer = [turn for turn in said if turn.role is Role.CUSTOMER]
        asked = [turn.question or self._item("question") for turn in by_customer]
        if by_customer and (question is None or question in asked):
            return one
        if by_customer:
            return {"question": asked[0], "text": one.get("text")}
        return {"role": said[0].role, "text": one.get("text")} if said else None

    def _turns(self, wanted: Mapping[str, Any]) -> Iterator[tuple[str, object, object]]:
        turns = self._entry.turns
        for part, value in wanted.items():
            if part == "count":
                yield ".count", value, len(turns)
            elif part == "first":
                first = next(iter(turns), None)
                got = first and {"role": first.role.value, "text": first.text}
                same = got and (got | {"text": _words(got["text"])}) == (value | {"text": _words(str(value["text"]))})
                yield ".first", value, value if same else got
            else:
                yield f".{part}", value, sum(turn.role.value == part for turn in turns)


def _time(value: object) -> object:
    try:
        return _shown(read_time(value, UTC))
    except AppError:
        return value


def _shown(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat()


def _words(text: str) -> str:
    """The text without its line breaks: how lines of a mail or page are broken is no part of what was said."""
    return " ".join(text.split())


def _local(value: str) -> str:
    try:
        return datetime.fromisoformat(value).replace(tzinfo=None).isoformat()
    except ValueError:
        return value


def _as_text(value: object) -> str | None:
    return None if value is None else str(value)


def _on_scale(wanted: Mapping[str, Any], name: str, score: Any) -> object:  # noqa: ANN401 - a score of an item
    """A bound or value as the fact writes it: numbers as they are, words by what the sender wrote or by the end."""
    got = getattr(score, name)
    if not isinstance(wanted[name], str):
        return got
    ends = {score.min: wanted.get("min"), score.max: wanted.get("max")}
    return score.raw if name == "value" and score.raw is not None else ends.get(got, got)
