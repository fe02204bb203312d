"""Reads the dates of a column as people write them: which comes first, day or month, is seen from the whole column."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from zoneinfo import ZoneInfo

_TIME = (
    r"(?:[T ,]\s*(?P<hour>\d{1,2})[:.](?P<minute>\d\d)(?:[:.](?P<second>\d\d)(?:[.,](?P<fraction>\d{1,9}))?)?"
    r"\s?(?P<half>[AaPp])?(?:\.?[Mm]\.?)?)?"
    r"\s?(?P<zone>Z|UTC|GMT|[+-]\d\d:?\d\d|[+-]\d\d)?"
)
_YEAR_FIRST = re.compile(r"(?P<year>\d{4})(?P<mark>[-/.])(?P<month>\d{1,2})(?P=mark)(?P<day>\d{1,2})" + _TIME, re.ASCII)
_NUMERIC = re.compile(
    r"(?P<one>\d{1,2})(?P<mark>[-/. ])(?P<two>\d{1,2})(?P=mark)(?P<year>\d{4}|\d\d)" + _TIME, re.ASCII
)
_DAY_WORD = re.compile(
    r"(?:[^\W\d_]{2,10}\.?,?\s)?(?P<day>\d{1,2})(?:st|nd|rd|th|\.)?[ -](?:of )?(?P<word>[^\W\d_]{3,9})\.?[ ,-]{1,2}"
    r"(?P<year>\d{4}|\d\d)" + _TIME
)
_WORD_DAY = re.compile(
    r"(?:[^\W\d_]{2,10}\.?,?\s)??(?P<word>[^\W\d_]{3,9})\.? (?P<day>\d{1,2})(?:st|nd|rd|th)?,? (?P<year>\d{4})" + _TIME
)
_EPOCH = re.compile(r"(?P<seconds>\d{10})(?:\.\d{1,9})?|(?P<milliseconds>\d{13})", re.ASCII)

_MONTHS = {
    word: number
    for number, words in enumerate(
        ("jan", "feb", "mar mär maer mrz", "apr", "may mai", "jun", "jul", "aug", "sep", "oct okt", "nov", "dec dez"), 1
    )
    for word in words.split()
}
_NOON = 12
_PIVOT = 70
_LAST_MONTH = 12


class DateOrder(StrEnum):
    """What comes first in dates such as 01/02/2026."""

    DAY_FIRST = "dmy"
    MONTH_FIRST = "mdy"


class DateColumn:
    """Looks at all values of a column before any of them is read."""

    def __init__(self) -> None:
        """Nothing seen yet."""
        self.day_first = self.month_first = self.unclear = 0

    def observe(self, value: object) -> None:
        """Count what this value says about the order of day and month."""
        found = _NUMERIC.fullmatch(value.strip()) if isinstance(value, str) else None
        if found is None:
            return
        self.day_first += int(found["one"]) > _LAST_MONTH
        self.month_first += int(found["two"]) > _LAST_MONTH
        self.unclear += max(int(found["one"]), int(found["two"])) <= _LAST_MONTH

    def order(self) -> tuple[DateOrder, str | None]:
        """The order that most values ask for, and what to tell the person; None where nothing needs to be said."""
        if not (self.day_first or self.month_first or self.unclear):
            return DateOrder.DAY_FIRST, None
        if not (self.day_first or self.month_first):
            return DateOrder.DAY_FIRST, (
                "no date has a day above 12, so day and month cannot be told apart: read day first "
                "(--date-order mdy for month first)"
            )
        order = DateOrder.DAY_FIRST if self.day_first >= self.month_first else DateOrder.MONTH_FIRST
        told = "dates are read day first" if order is DateOrder.DAY_FIRST else "dates are read month first"
        against = min(self.day_first, self.month_first)
        if against:
            told += f"; {against:,} of them only make sense the other way round and are read so"
        return order, told


@dataclass(frozen=True)
class DateReader:
    """Reads single values once the order is known.

    Attributes:
        order: Of day and month in numeric dates; a date that can only be the other way round is read that way, because
            spreadsheets turn single dates of a column round.
        zone: Counts where a value has none.
    """

    order: DateOrder
    zone: ZoneInfo

    def read(self, value: object) -> datetime:
        """The instant; a date without a time of day counts as noon, so that no zone moves it to another day.

        Raises:
            ValueError: This is no date, or none that exists.
        """
        text = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
        epoch = _EPOCH.fullmatch(text)
        if epoch is not None:
            seconds = int(epoch["seconds"] or 0) or int(epoch["milliseconds"]) / 1000
            return datetime.fromtimestamp(seconds, UTC)
        for form in (_YEAR_FIRST, _NUMERIC, _DAY_WORD, _WORD_DAY):
            found = form.fullmatch(text)
            if found is not None:
                return self._instant(found.groupdict())
        raise ValueError("this is no date")

    def _instant(self, part: dict[str, str | None]) -> datetime:
        year = int(part["year"] or 0)
        if len(part["year"] or "") == 2:  # noqa: PLR2004 - two digits
            year += 1900 if year >= _PIVOT else 2000
        month, day = self._month_and_day(part)
        hour = _NOON if part["hour"] is None else _full_hour(int(part["hour"]), part["half"])
        micro = int((part["fraction"] or "0").ljust(6, "0")[:6])
        naive = datetime(year, month, day, hour, int(part["minute"] or 0), int(part["second"] or 0), micro)  # noqa: DTZ001 - the zone follows
        return naive.replace(tzinfo=_zone(part["zone"]) or self.zone).astimezone(UTC)

    def _month_and_day(self, part: dict[str, str | None]) -> tuple[int, int]:
        if word := part.get("word"):
            month = _MONTHS.get(word[:3].lower()) or _MONTHS.get(word[:4].lower())
            if month is None:
                raise ValueError("this is no month")
            return month, int(part["day"] or 0)
        if "one" in part:
            one, two = int(part["one"] or 0), int(part["two"] or 0)
            month, day = (two, one) if self.order is DateOrder.DAY_FIRST else (one, two)
            return (day, month) if month > _LAST_MONTH >= day else (month, day)
        return int(part["month"] or 0), int(part["day"] or 0)


def _full_hour(hour: int, half: str | None) -> int:
    if half is None:
        return hour
    if not 1 <= hour <= _NOON:
        raise ValueError("this is no hour of half a day")
    return hour % _NOON + (_NOON if half in "Pp" else 0)


def _zone(text: str | None) -> timezone | None:
    if text is None:
        return None
    if text[0] not in "+-":
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if text[0] == "-" else offset)
