"""The words of a digest: a line of totals, then what needs its reader, verdicts, rising themes, what others closed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from app.act.wording import Letter, change_in_rate, one_line
from app.channels.contract import Part

MOST_NEEDS, MOST_VERDICTS, MOST_RISING, MOST_CLOSED, MOST_ALSO = 5, 5, 5, 3, 5

_VERDICTS = {
    "improved": "complaints fell",
    "no_change": "no change was seen",
    "worse": "complaints rose",
    "inconclusive": "it cannot be told yet",
    "invalid": "it cannot be measured",
}
_SETTINGS = "What you are told, and how often, is yours to choose: PUT /v1/me/notifications."


@dataclass(frozen=True, slots=True)
class Need:
    """An item that waits for an answer."""

    item_id: int
    title: str
    deadline_at: datetime


@dataclass(frozen=True, slots=True)
class Judged:
    """An item that a verdict reached; the rate ratio with its 95 % interval, if there is one."""

    item_id: int
    title: str
    verdict: str
    rate: tuple[float, float, float] | None


@dataclass(frozen=True, slots=True)
class Rise:
    """A theme with more complaints in seven days than the norm of the eight weeks before."""

    theme: str
    count: int
    norm: float


@dataclass(frozen=True, slots=True)
class Content:
    """What a digest tells; `also` are subjects with their items."""

    now: datetime
    zone: str
    day: date
    daily: bool
    needs: tuple[Need, ...] = ()
    verdicts: tuple[Judged, ...] = ()
    rising: tuple[Rise, ...] = ()
    closed: tuple[tuple[str, str], ...] = ()
    also: tuple[tuple[str, int | None], ...] = ()

    @property
    def empty(self) -> bool:
        """Whether nothing in it is for its reader; what others closed is no reason to write."""
        return not (self.needs or self.verdicts or self.rising or self.also)


def write_digest(content: Content) -> tuple[Letter, tuple[Part, ...]]:
    """The letter, and the same as parts."""
    totals = _totals(content)
    parts = tuple(_parts(content))
    lines = [totals]
    for section in dict.fromkeys(part.section for part in parts):
        lines += ["", section, *(f"- {part.text}" for part in parts if part.section == section)]
    lines += ["", _SETTINGS]
    subject = f"Your {'day' if content.daily else 'week'}: {totals}"
    return Letter(subject, "\n".join(lines)), parts


def _totals(content: Content) -> str:
    overdue = sum(need.deadline_at <= content.now for need in content.needs)
    counts = (
        (len(content.needs), "to answer"),
        (overdue, "overdue"),
        (len(content.verdicts), "verdict" if len(content.verdicts) == 1 else "verdicts"),
        (len(content.rising), "rising"),
    )
    return ", ".join(f"{count} {what}" for count, what in counts if count) or "news"


def _parts(content: Content) -> Iterator[Part]:
    for need in content.needs[:MOST_NEEDS]:
        late = "overdue since" if need.deadline_at <= content.now else "answer by"
        yield Part("Needs you", f"{need.title}: {late} {_at(content, need.deadline_at)}", need.item_id)
    yield from _rest("Needs you", len(content.needs), MOST_NEEDS)
    for judged in content.verdicts[:MOST_VERDICTS]:
        rate = f" {change_in_rate(*judged.rate)}" if judged.rate is not None else ""
        said = _VERDICTS.get(judged.verdict, judged.verdict)
        yield Part("Verdicts since the last digest", f"{judged.title}: {said}.{rate}", judged.item_id)
    yield from _rest("Verdicts since the last digest", len(content.verdicts), MOST_VERDICTS)
    for rise in content.rising[:MOST_RISING]:
        yield Part("Rising themes", _rise(rise))
    yield from _rest("Rising themes", len(content.rising), MOST_RISING)
    for owner, title in content.closed[:MOST_CLOSED]:
        yield Part("What others closed", f"{owner}: {title}")
    for subject, item_id in content.also[:MOST_ALSO]:
        yield Part("Also", subject, item_id)
    yield from _rest("Also", len(content.also), MOST_ALSO)


def _rest(section: str, count: int, shown: int) -> Iterator[Part]:
    if count > shown:
        yield Part(section, f"and {count - shown} more")


def _rise(rise: Rise) -> str:
    name = one_line(rise.theme, 80)
    if rise.norm == 0:
        return f"{name}: {rise.count} complaints in seven days, none in the eight weeks before"
    more = round((rise.count / rise.norm - 1) * 100)
    return f"{name}: {rise.count} complaints in seven days, {more} % above the norm of eight weeks ({rise.norm:.1f})"


def _at(content: Content, instant: datetime) -> str:
    return f"{instant.astimezone(ZoneInfo(content.zone)):%a %d %b, %H:%M}"
