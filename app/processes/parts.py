"""What the parts of a company document are made of: keys, names, durations, hours, periods."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from app.domain.working import Working, parse_working

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

KEY_PATTERN = r"^[a-z][a-z0-9_-]{0,63}$"
DAY_PATTERN = r"^(mon|tue|wed|thu|fri|sat|sun)(-(mon|tue|wed|thu|fri|sat|sun))?$"
COUNTRY_PATTERN = r"^[A-Z]{2}$"
METRIC_PATTERN = r"^[a-z][a-z0-9_]{0,31}$"

_EMAIL = re.compile(r"[^@\s<>,;\"]+@[^@\s<>,;\"]+", re.ASCII)
_HOURS = re.compile(r"(?P<h1>[01][0-9]|2[0-3]):(?P<m1>[0-5][0-9])-(?P<h2>[012][0-9]):(?P<m2>[0-5][0-9])", re.ASCII)


def _duration(text: str) -> str:
    parse_working(text)
    return text


def _email(text: str) -> str:
    if _EMAIL.fullmatch(text) is None:
        raise ValueError("an e-mail address looks like name@example.com")
    return text


def read_decimal(value: object) -> object:
    """Read a decimal number: the reader leaves every scalar that is no whole number as text."""
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,7}\.[0-9]{1,4}", value):
        return float(value)
    return value


def _one_line(text: str) -> str:
    if not text.strip():
        raise ValueError("write at least one visible character")
    if "\n" in text or "\r" in text:
        raise ValueError("a name stays on one line (it becomes mail subjects and column heads)")
    return text.strip()


def minutes_of(text: str) -> tuple[int, int]:
    """Read ``09:00-12:30`` as minutes since local midnight, e.g. ``(540, 750)``; ``24:00`` is the end of the day.

    Raises:
        ValueError: not an interval of one day; the message says how to write it.
    """
    shape = _HOURS.fullmatch(text)
    if shape is None:
        raise ValueError("opening hours look like '09:00-12:30', in quotes, with two digits each")
    start, end = (int(shape[f"h{part}"]) * 60 + int(shape[f"m{part}"]) for part in (1, 2))
    if end > 24 * 60:
        raise ValueError("a day ends at 24:00")
    if start >= end:
        raise ValueError("hours end after they start; split a night shift: '22:00-24:00' and, next day, '00:00-06:00'")
    return start, end


def _hours(text: str) -> str:
    minutes_of(text)
    return text


def check_order(goal: str | None, deadline: str | None) -> None:
    """Refuse a goal after its deadline where both are in the same unit (days against hours depends on the calendar).

    Raises:
        ValueError: the goal is longer than the deadline.
    """
    if goal is None or deadline is None:
        return
    first, last = parse_working(goal), parse_working(deadline)
    if _length(first) > _length(last) and bool(first.days) == bool(last.days):
        raise ValueError("the goal comes after the deadline; the deadline is the later of the two")


def _length(working: Working) -> tuple[int, float]:
    return working.days, working.time.total_seconds()


Decimal = Annotated[float, BeforeValidator(read_decimal)]
Key = Annotated[str, Field(pattern=KEY_PATTERN)]
Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_one_line)]
Text = Annotated[str, Field(max_length=2000)]
Email = Annotated[str, Field(max_length=254), AfterValidator(_email)]
Duration = Annotated[str, Field(max_length=30), AfterValidator(_duration)]
Hours = Annotated[str, Field(max_length=11), AfterValidator(_hours)]
DayRange = Annotated[
    str,
    Field(pattern=DAY_PATTERN),
]


class Part(BaseModel):
    """A part of the document: frozen, strict, and no word that is not known."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, populate_by_name=False)


class Period(Part):
    """From which UTC day (included) until which (not included) something holds; absent is open."""

    since: Annotated[date | None, Field(alias="from")] = None
    until: date | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.since is not None and self.until is not None and self.until <= self.since:
            raise ValueError("`until` is the first day on which it no longer holds; it comes after `from`")
        return self
