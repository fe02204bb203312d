"""Calendars as they are stored or written -> calendars to count with; public holidays become dates here."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

import holidays

from app.domain.calendar import HORIZON, Calendar, CalendarError
from app.processes.document import CalendarPart, HolidaysPart
from app.processes.parts import DAYS, minutes_of
from app.store import tables

Week = Mapping[str, Sequence[Sequence[str]]]

_YEARS_AHEAD = HORIZON.days // 365 + 1


def to_calendar(row: tables.Calendar, around: datetime) -> Calendar:
    """A stored calendar, with its public holidays from the year before ``around`` to the end of the horizon."""
    return _calendar(row.key, row.zone, row.week, (row.country, row.subdivision), row.closed, around.year)


def check_calendar(part: CalendarPart, year: int) -> Calendar:
    """The calendar that a part of the document describes.

    Raises:
        CalendarError: it cannot be counted with; the message says what to mend.
    """
    country = (part.holidays.country, part.holidays.subdivision) if part.holidays else (None, None)
    return _calendar(part.key, part.zone, week_of(part), country, closed_of(part), year)


def week_of(part: CalendarPart) -> dict[str, list[list[str]]]:
    """Ranges of days spelled out: ``{"mon": [["09:00", "12:30"]], ...}``, sorted, without days that are closed.

    Raises:
        CalendarError: a range runs backwards or a day is written twice.
    """
    week: dict[str, list[list[str]]] = {}
    for span, hours in part.week.items():
        first, _, last = span.partition("-")
        days = DAYS[DAYS.index(first) : DAYS.index(last or first) + 1]
        if not days:
            raise CalendarError(f"{span} runs backwards: a week begins on mon, write two ranges")
        for day in days:
            if day in week:
                raise CalendarError(f"{day} is written twice: name each day once")
            week[day] = sorted(interval.split("-") for interval in hours)
    return {day: week[day] for day in DAYS if week.get(day)}


def closed_of(part: CalendarPart) -> list[dict[str, str]]:
    """The extra closed days as they are stored: ``[{"date": ..., "name": ...}]``, in order."""
    return sorted(({"date": closed.date.isoformat(), "name": closed.name} for closed in part.closed), key=_day_and_name)


def _day_and_name(closed: Mapping[str, str]) -> tuple[str, str]:
    return closed["date"], closed["name"]


def check_holidays(part: HolidaysPart) -> None:
    """Refuse countries and subdivisions whose holidays are not known.

    Raises:
        CalendarError: with names that are near or the names that there are.
    """
    known = holidays.list_supported_countries(include_aliases=True)
    if part.country not in known:
        near = get_close_matches(part.country, sorted(known), n=3) or ["DE", "GB", "US"]
        raise CalendarError(
            f"no holidays are known for country {part.country}: write an ISO 3166 code such as {', '.join(near)},"
            " or leave `holidays` out and list closed days"
        )
    there = known[part.country]
    if part.subdivision is not None and part.subdivision not in there:
        names = ", ".join(sorted(there)[:40]) or "none; leave it out"
        raise CalendarError(f"{part.country} has no subdivision of that name; there is: {names}")


def _calendar(
    key: str,
    zone: str,
    week: Week,
    country: tuple[str | None, str | None],
    closed: Iterable[Mapping[str, Any]],
    year: int,
) -> Calendar:
    days: dict[date, str] = {}
    if country[0] is not None:
        days |= _public_holidays(country[0], country[1], year - 1, year + _YEARS_AHEAD)
    days |= {date.fromisoformat(extra["date"]): extra["name"] for extra in closed}
    minutes = tuple(tuple(sorted(minutes_of("-".join(hours)) for hours in week.get(day, ()))) for day in DAYS)
    return Calendar(key, zone, minutes, days)


@lru_cache(maxsize=64)
def _public_holidays(country: str, subdivision: str | None, first: int, last: int) -> dict[date, str]:
    with warnings.catch_warnings():
        # Some countries' moving holidays are known up to a year only (India's to 2035): what is known is counted with.
        warnings.simplefilter("ignore", UserWarning)
        found = holidays.country_holidays(country, subdiv=subdivision, years=range(first, last + 1))
    return {day: str(name) for day, name in found.items()}
