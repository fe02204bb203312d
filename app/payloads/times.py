"""Instants as senders write them: with or without zone, seconds or milliseconds, nine digits, a leap second."""

import re
from datetime import UTC, datetime, timedelta, tzinfo

from app.errors import AppError, Kind

_ISO = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)"
    r"(?:[Tt ]+(?P<clock>\d\d:\d\d)(?::(?P<second>\d\d)(?:[.,](?P<fraction>\d{1,12}))?)?)?"
    r"\s*(?P<zone>[Zz]|UTC|GMT|[+-]\d\d(?::?\d\d)?)?",
    re.ASCII,
)
_WORDED = re.compile(
    r"(?:[A-Za-z]{3,9},? )?"
    r"(?:(?P<day>\d{1,2}) (?P<month>[A-Za-z]{3,9}),?|(?P<first>[A-Za-z]{3,9}) (?P<second>\d{1,2}),) (?P<year>\d{4})"
    r"(?:,?(?: at)? (?P<hour>\d{1,2})(?P<clock>:\d\d(?::\d\d)?)(?: ?(?P<half>[AaPp])\.?[Mm]\.?)?"
    r"(?P<zone> ?(?:Z|UTC|GMT|[+-]\d{4}))?)?",
    re.ASCII,
)
_MONTHS = "january february march april may june july august september october november december"
_NOON, _NO_HOUR = 12, 99
_NUMBER = re.compile(r"-?\d{1,16}(?:\.\d{1,9})?", re.ASCII)
_MILLISECONDS_FROM = 10**11
"""As seconds this is the year 5138, as milliseconds 1973: nobody means the former."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def read_time(value: object, zone: tzinfo) -> datetime:
    """The instant that a sender means, in UTC.

    Taken are ISO 8601 texts (offsets with or without colon, up to 12 digits of a second, of which six are kept, a
    leap second as the second after it), dates with the English name of the month (RFC 5322's, and `March 1, 2026`, with
    `at 9:05 PM` or not) and
    numbers or texts of digits as seconds or milliseconds since 1970.

    Args:
        value: From decoded JSON, XML or a form.
        zone: Counts for texts without one. In a gap or an overlap of its clock the earlier offset counts.

    Raises:
        AppError: ``bad_time``; the value is not repeated.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _from_number(float(value))
    if isinstance(value, str):
        text = value.strip()
        if _NUMBER.fullmatch(text):
            return _from_number(float(text))
        found = _ISO.fullmatch(_numbered(text))
        if found:
            return _from_iso(found, zone)
    raise _refused()


def time_or_none(value: object, zone: tzinfo) -> datetime | None:
    """The same; None where nothing is there.

    Raises:
        AppError: ``bad_time``.
    """
    return None if value is None or value == "" else read_time(value, zone)


def _numbered(value: str) -> str:
    """A date with the name of its month as ISO 8601; any other text as it is."""
    found = _WORDED.fullmatch(value)
    named = (found["month"] or found["first"]).lower() if found else ""
    month = next((number for number, name in enumerate(_MONTHS.split(), 1) if named and name.startswith(named)), None)
    if found is None or month is None:
        return value
    day = int(found["day"] or found["second"])
    return f"{found['year']}-{month:02}-{day:02} {_clock(found)}{found['zone'] or ''}"


def _clock(found: re.Match[str]) -> str:
    hour, half = int(found["hour"] or 0), (found["half"] or "").lower()
    if half and 1 <= hour <= _NOON:
        hour = hour % _NOON + (_NOON if half == "p" else 0)
    elif half:
        hour = _NO_HOUR
    return f"{hour:02}{found['clock'] or ':00'}"


def _from_number(value: float) -> datetime:
    seconds = value / 1000 if abs(value) >= _MILLISECONDS_FROM else value
    try:
        return _EPOCH + timedelta(microseconds=round(seconds * 1_000_000))
    except (OverflowError, ValueError):
        raise _refused() from None


def _from_iso(found: re.Match[str], zone: tzinfo) -> datetime:
    second = int(found["second"] or 0)
    leap = second == 60  # noqa: PLR2004 - what a clock shows then
    micro = (found["fraction"] or "").ljust(6, "0")[:6]
    clock = f"{found['clock'] or '00:00'}:{59 if leap else second:02}.{micro}"
    try:
        moment = datetime.fromisoformat(f"{found['day']}T{clock}{_offset(found['zone'])}")
        moment = moment if moment.tzinfo else moment.replace(tzinfo=zone)
        return moment.astimezone(UTC) + timedelta(seconds=leap)
    except (ValueError, OverflowError):
        raise _refused() from None


def _offset(zone: str | None) -> str:
    if zone is None:
        return ""
    if zone[0] in "+-":
        digits = zone[1:].replace(":", "")
        return f"{zone[0]}{digits[:2]}:{digits[2:] or '00'}"
    return "+00:00"


def _refused() -> AppError:
    message = "A time in the delivery cannot be read. Send ISO 8601 text or seconds since 1970."
    return AppError(Kind.INVALID, "bad_time", message)
