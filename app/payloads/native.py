"""The native feedback item: what `POST /v1/feedback` takes and what every connector makes of its payloads."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from typing import Annotated

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    PlainValidator,
    StrictInt,
    StrictStr,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic_core import CoreSchema, ErrorDetails, PydanticCustomError, core_schema

from app.domain.feedback import Medium, Role
from app.errors import AppError, Kind

MAX_TEXT = 100_000
"""Characters in one text or turn."""
MAX_TURNS = 20_000
MAX_SCORES = 50
MAX_ATTRIBUTES = 50
MAX_ATTRIBUTE = 1_000

_FIRST_YEAR, _END_YEAR = 1970, 2200
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d", re.ASCII)
_NOT_STORABLE = re.compile(r"[\x00\ud800-\udfff]")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_.:-]{1,64}", re.ASCII)


@dataclass(frozen=True)
class _Matching:
    """A second check of a text by compiled code, refused in our own words: a call of Python for each would cost more.

    The schema that clients see is that of the first check.
    """

    pattern: str
    code: str
    message: str

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """The annotated type's checks, then this one."""
        second = _told_as(core_schema.str_schema(pattern=self.pattern), self.code, self.message)
        return core_schema.chain_schema([handler(source), second])


class _Finite:
    """A number that is none of the words for one, nor infinite; by compiled code too."""

    def __get_pydantic_core_schema__(self, _source: object, _handler: GetCoreSchemaHandler) -> CoreSchema:
        """A number at all, then a finite one."""
        message = "Write a number, without quotes; true and false are no numbers"
        number = _told_as(core_schema.float_schema(strict=True), "number", message)
        return core_schema.chain_schema([number, core_schema.float_schema(allow_inf_nan=False)])


def _told_as(check: CoreSchema, code: str, message: str) -> CoreSchema:
    return core_schema.custom_error_schema(check, custom_error_type=code, custom_error_message=message)


_NO_NUL = _Matching(r"^[^\x00]*$", "nul_character", "A text must not have NUL characters: remove them")
_NO_CONTROL = _Matching(
    r"^[^\x00-\x1f\x7f-\x9f]*$",
    "control_character",
    "An id or name must not have control characters: remove them",
)


def _iso_string(value: object) -> object:
    if isinstance(value, datetime) or (isinstance(value, str) and _INSTANT.match(value)):
        return value
    raise PydanticCustomError("instant", "Write an instant as RFC 3339 text, such as 2026-03-01T14:05:00+01:00")


def _in_range(value: datetime) -> datetime:
    if _FIRST_YEAR - 1 <= value.year <= _END_YEAR:  # at the ends of the calendar there is no going to UTC
        value = value.astimezone(UTC)
        if _FIRST_YEAR <= value.year < _END_YEAR:
            return value
    raise PydanticCustomError("instant_range", "The instant must lie between the years 1970 and 2200")


def _flat(value: object) -> object:
    fits = (
        (isinstance(value, str) and len(value) <= MAX_ATTRIBUTE and not _NOT_STORABLE.search(value))
        or (isinstance(value, int) and -(2**63) <= value < 2**63)
        or (isinstance(value, float) and isfinite(value))
    )
    if not fits:
        message = "An attribute is a text of at most 1,000 characters, a finite number within 64 bits, true or false"
        raise PydanticCustomError("attribute", message)
    return value


Instant = Annotated[AwareDatetime, BeforeValidator(_iso_string), AfterValidator(_in_range)]
"""An instant with its zone, kept in UTC; naive times are refused."""
Words = Annotated[StrictStr, StringConstraints(max_length=MAX_TEXT), _NO_NUL]
Ref = Annotated[StrictStr, StringConstraints(min_length=1, max_length=255), _NO_CONTROL]
"""An id as its source writes it, digit for digit."""
Question = Annotated[StrictStr, StringConstraints(max_length=2_000), _NO_NUL]
Name = Annotated[StrictStr, StringConstraints(min_length=1, max_length=64), _NO_CONTROL]
Number = Annotated[float, _Finite()]
Attribute = Annotated[bool | int | float | str, PlainValidator(_flat, json_schema_input_type=bool | int | float | str)]


class Part(BaseModel):
    """What all parts of an item share: unknown fields are refused, values never change and never appear in errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class ItemTurn(Part):
    """One speaker's part of a conversation."""

    role: Role
    text: Words
    at: Instant | None = None
    speaker: Ref | None = Field(default=None, description="The speaker's name or id as the source has it.")
    ref: Ref | None = Field(default=None, description="The source's own id of this turn; needed where `merge` is set.")
    question: Question | None = Field(default=None, description="The question that this turn answers.")


class ItemScore(Part):
    """A structured answer with its scale, such as NPS 0 on 0..10."""

    metric: Annotated[StrictStr, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}$")] = Field(examples=["nps", "csat"])
    value: Number
    min: Number
    max: Number
    raw: Ref | None = Field(default=None, description="What the source wrote, where it was no number: `bad`, `FIVE`.")

    @model_validator(mode="after")
    def _on_its_scale(self) -> "ItemScore":
        if self.min >= self.max:
            raise PydanticCustomError("scale", "A scale's min must be below its max")
        if not self.min <= self.value <= self.max:
            raise PydanticCustomError("off_scale", "The value must lie within its scale, min to max")
        return self


class ItemCustomer(Part):
    """Who said it, as the source knows them."""

    ref: Ref | None = Field(default=None, description="The source's id of this person; without it the e-mail counts.")
    segment: Ref | None = None
    email: Ref | None = None
    name: Ref | None = None


class NativeItem(Part):
    """One customer utterance: what `POST /v1/feedback` takes and what every connector makes of its payloads.

    Absent (or null) is unknown; an empty text is an empty text. A later state of the same utterance has the same
    `external_id` and a higher `version` or a later `updated_at`; a source uses one of the two. It replaces the state
    before, unless `merge` is set: then its turns are added to those that are stored.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "external_id": "resp-20418",
                    "version": 1,
                    "medium": "survey",
                    "occurred_at": "2026-03-01T14:05:00+01:00",
                    "language": "en",
                    "question": "What could we do better?",
                    "text": "I had to explain my problem to three people and my parcel is still late.",
                    "scores": [{"metric": "nps", "value": 0, "min": 0, "max": 10}],
                    "customer": {"ref": "C-1077", "segment": "private"},
                    "case_id": "order-5521",
                    "attributes": {"country": "DE", "orders": 3, "premium": False},
                },
                {
                    "external_id": "chat-88",
                    "updated_at": "2026-03-01T15:00:00Z",
                    "medium": "chat",
                    "occurred_at": "2026-03-01T14:40:00Z",
                    "turns": [
                        {"role": "agent", "text": "How can I help?", "at": "2026-03-01T14:40:00Z"},
                        {"role": "customer", "text": "Nobody tells me where my refund is."},
                    ],
                },
            ]
        }
    )

    external_id: Ref = Field(description="The source's own id of the utterance, kept digit for digit.")
    version: Annotated[StrictInt, Field(ge=0, le=2**63 - 1)] | None = Field(
        default=None, description="Counts the states of this utterance; a higher one replaces a lower one."
    )
    updated_at: Instant | None = Field(default=None, description="Instead of `version`: when this state came about.")
    medium: Medium
    occurred_at: Instant = Field(description="When the customer said it; with zone.")
    language: Annotated[StrictStr, StringConstraints(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,4}$")] | None = None
    question: Question | None = Field(default=None, description="The survey question: it changes what an answer means.")
    text: Words | None = Field(default=None, description="What the customer said; either this or `turns`.")
    turns: Annotated[list[ItemTurn], Field(max_length=MAX_TURNS)] | None = None
    merge: bool = Field(
        default=False,
        description=(
            "Adds to the stored state: turns are known by their `ref`, scores by metric, attributes by name; what is "
            "not named here stays. For senders that tell of one message at a time."
        ),
    )
    scores: Annotated[list[ItemScore], Field(max_length=MAX_SCORES)] = Field(default_factory=list)
    customer: ItemCustomer | None = None
    case_id: Ref | None = Field(default=None, description="The order, claim or ticket that it is about.")
    attributes: Annotated[dict[Name, Attribute], Field(max_length=MAX_ATTRIBUTES)] = Field(
        default_factory=dict, description="Flat facts: texts (to 1,000 characters), finite numbers, true or false."
    )

    @model_validator(mode="after")
    def _says_one_thing(self) -> "NativeItem":
        if self.merge:
            return self._adds_something()
        if self.text is None and not self.turns:
            raise PydanticCustomError(
                "words_missing", 'Give `text` or `turns`; for an answer without words send "text": ""'
            )
        if self.text is not None and self.turns is not None:
            raise PydanticCustomError("words_twice", "Give `text` or `turns`, not both")
        if self.version is not None and self.updated_at is not None:
            raise PydanticCustomError("version_twice", "Give `version` or `updated_at`, not both")
        return self

    def _adds_something(self) -> "NativeItem":
        if self.text is not None:
            raise PydanticCustomError("merge_of_text", "With `merge`, give `turns` with a `ref` each, not `text`")
        if any(turn.ref is None for turn in self.turns or ()):
            raise PydanticCustomError("turn_ref_missing", "With `merge`, every turn has a `ref`: the source's id of it")
        if self.updated_at is None and self.version is None:
            raise PydanticCustomError("version_missing", "With `merge`, give `updated_at` or `version`: order matters")
        return self


def read_item(value: object) -> NativeItem:
    """Make an item of decoded JSON.

    Raises:
        AppError: ``invalid_item``; its fact `errors` lists `{pointer, code, message}`, never the values themselves.
    """
    try:
        return NativeItem.model_validate(value)
    except ValidationError as error:
        told = [_told(detail) for detail in error.errors(include_url=False, include_input=False)]
        first = told[0]
        message = f"The item does not fit the schema: {first['pointer'] or '/'}: {first['message']}."
        raise AppError(Kind.INVALID, "invalid_item", message, errors=told[:20]) from None


def known_parts(value: object) -> object:
    """A decoded item without the fields that the schema does not know: hooks may send more than we read."""
    if not isinstance(value, Mapping):
        return value
    kept = {name: part for name, part in value.items() if name in NativeItem.model_fields}
    for name, shape in _PARTS.items():
        part = kept.get(name)
        if isinstance(part, Mapping):
            kept[name] = _known_fields(part, shape)
        elif isinstance(part, list):
            kept[name] = [_known_fields(one, shape) for one in part]
    return kept


_PARTS: Mapping[str, type[Part]] = {"turns": ItemTurn, "scores": ItemScore, "customer": ItemCustomer}


def _known_fields(value: object, shape: type[Part]) -> object:
    if not isinstance(value, Mapping):
        return value
    return {name: part for name, part in value.items() if name in shape.model_fields}


def _told(detail: ErrorDetails) -> dict[str, str]:
    # Keys come from the sender: only plain names are repeated, anything else could be somebody's words.
    steps = (str(step) if _PLAIN_NAME.fullmatch(str(step)) else "?" for step in detail["loc"])
    return {"pointer": "".join(f"/{step}" for step in steps), "code": detail["type"], "message": detail["msg"]}
