"""Any JSON, read by a mapping that an operator writes: each part of an item is a JMESPath expression.

Expressions are bounded in length, depth and in how much they can make of what they are given, and they are checked when
the source is configured. Source of the language: https://jmespath.org/specification.html
"""

from collections.abc import Mapping
from typing import Annotated, Any

import jmespath
from jmespath.exceptions import JMESPathError
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from app.connectors.contract import ConnectorConfig, Deleted, Example, Found, Ignored, Parsed, Spec, make_item
from app.domain.feedback import Medium, Role
from app.errors import AppError, Kind
from app.payloads.delivery import RawDelivery
from app.payloads.markup import plain_text
from app.payloads.native import MAX_TURNS
from app.payloads.schemes import AnyOf, Hmac, StaticToken
from app.payloads.times import time_or_none
from app.payloads.walk import ident, needed_id, number

MAX_ITEMS = 1_000
MAX_EXPRESSION = 500
MAX_GROWTH = 64
"""How many times as much as it is given an expression may make of it, by lists and objects that it builds."""

_DEEPEST = 40
_BUILDERS = frozenset({"multi_select_list", "multi_select_dict"})


def _compiles(expression: str) -> str:
    try:
        node = jmespath.compile(expression).parsed
    except (JMESPathError, RecursionError, ValueError):
        raise PydanticCustomError("bad_expression", "this is no JMESPath expression; see jmespath.org") from None
    if _growth(node, 0) > MAX_GROWTH:
        raise PydanticCustomError("heavy_expression", "the expression is nested too deep, or builds too much")
    return expression


def _growth(node: Mapping[str, Any], depth: int) -> int:
    if depth > _DEEPEST:
        return MAX_GROWTH + 1
    children = [child for child in node.get("children", ()) if isinstance(child, Mapping)]
    total = max(1, len(children)) if node.get("type") in _BUILDERS else 1
    for child in children:
        total *= _growth(child, depth + 1)
        if total > MAX_GROWTH:
            break
    return total


Expression = Annotated[str, StringConstraints(min_length=1, max_length=MAX_EXPRESSION), AfterValidator(_compiles)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ScoreMapping(_Part):
    """A score of each item.

    Attributes:
        metric: `nps`, `csat`, `ces`, `stars` or a name of your own.
        value: Where the value is: a number, also as text, or one of `words`.
        min: Where the scale begins.
        max: Where it ends.
        words: Values that the sender writes as words, such as `bad: 0`.
    """

    metric: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
    value: Expression
    min: float
    max: float
    words: Annotated[Mapping[str, float], Field(max_length=50)] = Field(default_factory=dict)


class CustomerMapping(_Part):
    """Who said it."""

    ref: Expression | None = None
    email: Expression | None = None
    name: Expression | None = None
    segment: Expression | None = None


class TurnMapping(_Part):
    """The turns of each item.

    Attributes:
        items: The list of turns in an item.
        text: What was said, in a turn.
        role: Who said it, in a turn; without it all turns are the customer's.
        roles: Which role each value of `role` is; turns of other values are left out.
        leave_out_if: Turns for which this holds are left out, such as `internal`.
        at: When.
        speaker: Their name.
        ref: The source's id of the turn.
        question: The question that it answers.
    """

    items: Expression
    text: Expression
    role: Expression | None = None
    roles: Annotated[Mapping[str, Role], Field(max_length=50)] = Field(default_factory=dict)
    leave_out_if: Expression | None = None
    at: Expression | None = None
    speaker: Expression | None = None
    ref: Expression | None = None
    question: Expression | None = None


class Config(ConnectorConfig):
    """The mapping.

    Attributes:
        items: Where the items are: a list, or one object.
        ignore_if: Deliveries for which this holds are ignored.
        leave_out_if: Items for which this holds are left out.
        delete_if: Items for which this holds are gone at the sender.
        external_id: The sender's id of the item, in an item as all that follow.
        occurred_at: When it was said; without it the arrival counts.
        updated_at: When this state came about.
        version: Instead of it: counts the states.
        medium: What kind of feedback it is.
        text: What the customer said.
        turns: Instead of it: who said what.
        merge: An item adds to what is stored of it.
        html: Texts are HTML.
    """

    items: Expression = "@"
    ignore_if: Expression | None = None
    leave_out_if: Expression | None = None
    delete_if: Expression | None = None
    external_id: Expression = "id"
    occurred_at: Expression | None = None
    updated_at: Expression | None = None
    version: Expression | None = None
    medium: Medium = Medium.SURVEY
    language: Expression | None = None
    question: Expression | None = None
    text: Expression | None = None
    turns: TurnMapping | None = None
    merge: bool = False
    html: bool = False
    scores: Annotated[tuple[ScoreMapping, ...], Field(max_length=20)] = ()
    customer: CustomerMapping = CustomerMapping()
    case_id: Expression | None = None
    attributes: Annotated[Mapping[str, Expression], Field(max_length=50)] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _says_what(self) -> "Config":
        if self.text is not None and self.turns is not None:
            raise PydanticCustomError("text_and_turns", "map either `text` or `turns`")
        if self.updated_at is not None and self.version is not None:
            raise PydanticCustomError("two_versions", "map either `version` or `updated_at`")
        return self


SPEC = Spec(
    title="JSON by mapping",
    auth=AnyOf((Hmac(header="x-signature-256", prefix="sha256="), StaticToken())),
    setup=(
        "Have the tool send JSON to {url} with POST.",
        "Have it sign with {secret} (`auth` of the source says how), or send X-Webhook-Token: {secret}.",
        "Write the mapping into the source's configuration; try it with `closeloop source preview`.",
    ),
    also=("json", "mapping", "custom", "generic_json"),
)


def reference(delivery: RawDelivery) -> str | None:
    """An id in a header that many senders have; the mapping's own is in the body, which the digest tells apart."""
    names = ("webhook-id", "x-request-id", "x-delivery-id", "x-event-id", "x-github-delivery")
    return next((delivery.headers[name] for name in names if delivery.headers.get(name)), None)


def parse(delivery: RawDelivery, config: Config) -> Parsed:
    """The items that the mapping finds.

    Raises:
        AppError: The body is not JSON, an expression does not fit it, or an item is not whole.
    """
    body = delivery.json()
    if config.ignore_if is not None and _search(config.ignore_if, body):
        return Ignored("the mapping ignores it")
    found = _search(config.items, body)
    rows = found if isinstance(found, list) else [] if found is None else [found]
    if len(rows) > MAX_ITEMS:
        message = f"A delivery may hold {MAX_ITEMS} items; this one has {len(rows)}. Send smaller ones."
        raise AppError(Kind.TOO_LARGE, "too_many_items", message)
    kept = [row for row in rows if config.leave_out_if is None or not _search(config.leave_out_if, row)]
    return [_Row(row, config, delivery).found() for row in kept] or Ignored("the mapping finds no items")


class _Row:
    """One item of the sender."""

    def __init__(self, value: object, config: Config, delivery: RawDelivery) -> None:
        self._value, self._config, self._delivery = value, config, delivery

    def found(self) -> Found:
        config = self._config
        external_id = needed_id(self._at(config.external_id), "id where the mapping looks for it")
        if config.delete_if is not None and self._at(config.delete_if):
            return Deleted(external_id)
        occurred = time_or_none(self._at(config.occurred_at), config.zone_info)
        updated = time_or_none(self._at(config.updated_at), config.zone_info)
        known = {
            "external_id": external_id,
            "updated_at": updated and updated.isoformat(),
            "version": self._at(config.version),
            "medium": config.medium,
            "language": self._text(config.language),
            "question": self._text(config.question),
            "case_id": ident(self._at(config.case_id)),
            "merge": config.merge,
            "scores": [score for score in map(self._score, config.scores) if score],
            "customer": self._customer(),
            "attributes": self._attributes(),
        } | self._words()
        return make_item(known | {"occurred_at": occurred}, self._delivery)

    def _at(self, expression: str | None) -> Any:  # noqa: ANN401 - any JSON value
        return None if expression is None else _search(expression, self._value)

    def _text(self, expression: str | None) -> str | None:
        return _as_text(self._at(expression))

    def _words(self) -> dict[str, Any]:
        config = self._config
        if config.turns is None:
            said = self._text(config.text)
            return {"text": self._plain(said or "")}
        found = _search(config.turns.items, self._value)
        turns = [self._turn(one, config.turns) for one in (found if isinstance(found, list) else [])[:MAX_TURNS]]
        kept = [turn for turn in turns if turn]
        return {"turns": kept} if kept or config.merge else {"text": ""}

    def _plain(self, text: str) -> str:
        return plain_text(text) if self._config.html else text

    def _turn(self, value: object, mapping: TurnMapping) -> dict[str, Any] | None:
        said = _as_text(_search(mapping.text, value))
        role = mapping.roles.get(_as_text(_search(mapping.role, value)) or "") if mapping.role else Role.CUSTOMER
        if not said or role is None or (mapping.leave_out_if and _search(mapping.leave_out_if, value)):
            return None
        at = time_or_none(_search(mapping.at, value), self._config.zone_info) if mapping.at else None
        words = {
            name: _as_text(_search(expression, value))
            for name, expression in (("speaker", mapping.speaker), ("ref", mapping.ref), ("question", mapping.question))
            if expression
        }
        return {"role": role, "text": self._plain(said), "at": at and at.isoformat()} | words

    def _score(self, mapping: ScoreMapping) -> dict[str, Any] | None:
        sent = self._at(mapping.value)
        word = sent.strip().lower() if isinstance(sent, str) else None
        value = {name.lower(): one for name, one in mapping.words.items()}.get(word or "", number(sent))
        if value is None:
            return None
        raw = {"raw": sent} if word is not None and number(sent) is None else {}
        return {"metric": mapping.metric, "value": value, "min": mapping.min, "max": mapping.max} | raw

    def _customer(self) -> dict[str, Any] | None:
        parts = {name: ident(self._at(path)) for name, path in self._config.customer}
        return parts if any(parts.values()) else None

    def _attributes(self) -> dict[str, Any]:
        found = {name: self._at(path) for name, path in self._config.attributes.items()}
        return {name: value for name, value in found.items() if isinstance(value, str | int | float) and value != ""}


def _as_text(value: object) -> str | None:
    if isinstance(value, bool) or value is None or value == "":
        return None
    return value if isinstance(value, str) else str(value) if isinstance(value, int | float) else None


def _search(expression: str, value: object) -> Any:  # noqa: ANN401 - any JSON value
    try:
        return jmespath.search(expression, value)
    except (JMESPathError, RecursionError, TypeError, ValueError, AttributeError, KeyError):
        message = "An expression of the mapping does not fit this delivery. Try it with `closeloop source preview`."
        raise AppError(Kind.INVALID, "mapping_failed", message) from None


def _json(body: str) -> RawDelivery:
    return RawDelivery(body.encode())


_PAGE = (
    '{"event": "page", "answers": [{"key": 7, "when": "2026-03-01 14:05", "who": {"mail": "ada@example.com"}, '
    '"rating": "bad", "nps": "0", "comment": "<p>Nobody&nbsp;called back.</p>", "shop": "Kiel", "test": false}, '
    '{"key": 8, "test": true}]}'
)
_MAPPING = {
    "items": "answers",
    "ignore_if": "event == 'ping'",
    "leave_out_if": "test",
    "delete_if": "gone",
    "external_id": "key",
    "occurred_at": "when",
    "zone": "Europe/Berlin",
    "text": "comment",
    "html": True,
    "customer": {"email": "who.mail"},
    "scores": [
        {"metric": "nps", "value": "nps", "min": 0, "max": 10},
        {"metric": "csat_binary", "value": "rating", "min": 0, "max": 1, "words": {"bad": 0, "good": 1}},
    ],
    "attributes": {"shop": "shop"},
}
_CHAT = {
    "external_id": "chat",
    "medium": "chat",
    "occurred_at": "messages[0].t",
    "turns": {
        "items": "messages",
        "text": "body",
        "role": "from",
        "roles": {"visitor": "customer", "staff": "agent"},
        "leave_out_if": "private",
        "at": "t",
        "ref": "id",
    },
}

EXAMPLES = (
    Example(
        "a page of answers; HTML, a local time, words as scores, a test left out",
        _json(_PAGE),
        [
            {
                "external_id": "7",
                "medium": "survey",
                "occurred_at": "2026-03-01T13:05:00Z",
                "text": "Nobody called back.",
                "scores": [
                    {"metric": "nps", "value": 0, "min": 0, "max": 10},
                    {"metric": "csat_binary", "value": 0, "min": 0, "max": 1, "raw": "bad"},
                ],
                "customer": {"email": "ada@example.com"},
                "attributes": {"shop": "Kiel"},
            }
        ],
        config=_MAPPING,
    ),
    Example(
        "a chat; roles by their names, what is private left out",
        _json(
            '{"chat": "c-1", "messages": [{"id": 1, "from": "visitor", "body": "Where is it?", "t": 1772373900}, '
            '{"id": 2, "from": "staff", "body": "Sorry.", "t": 1772373960}, '
            '{"id": 3, "from": "staff", "body": "He is angry.", "t": 1772373970, "private": true}]}'
        ),
        [
            {
                "external_id": "c-1",
                "medium": "chat",
                "occurred_at": "2026-03-01T14:05:00Z",
                "turns": [
                    {"role": "customer", "text": "Where is it?", "at": "2026-03-01T14:05:00Z", "ref": "1"},
                    {"role": "agent", "text": "Sorry.", "at": "2026-03-01T14:06:00Z", "ref": "2"},
                ],
            }
        ],
        config=_CHAT,
    ),
    Example("gone at the sender", _json('{"answers": [{"key": "k", "gone": 1}]}'), [Deleted("k")], config=_MAPPING),
    Example("ignored", _json('{"event": "ping"}'), Ignored("the mapping ignores it"), config=_MAPPING),
    Example("nothing in it", _json('{"answers": []}'), Ignored("the mapping finds no items"), config=_MAPPING),
    Example("no id", _json('{"answers": [{"comment": "x"}]}'), "id_missing", config=_MAPPING),
    Example("a function that does not fit", _json('{"id": 1}'), "mapping_failed", config={"text": "length(id)"}),
)
