"""The case: everything that one verdict may look at, as frozen values, read from and written to plain JSON.

The format is the public one of `closeloop evaluate impact` (docs of the command), plus one optional field that the
service itself fills: `rollout` (days that are not counted). Unknown keys are ignored, so that a case may carry remarks.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

MAX_DAYS = 20_000
MAX_CONTROLS = 500
MAX_VALUE = 1e18
EVENT_KINDS = ("classifier_version", "process_change", "intake_change")


class CaseError(ValueError):
    """The case cannot be read; the message names the field and what is expected there."""


@dataclass(frozen=True, slots=True)
class KnownEvent:
    """Something that happened on `day` (index) and may have moved the counts by itself."""

    day: int
    kind: str


@dataclass(frozen=True, slots=True)
class Monitoring:
    """How often the caller looks: once (`single`) or every day up to `horizon_days` after the change (`daily`)."""

    mode: str = "single"
    horizon_days: int = 90


@dataclass(frozen=True, slots=True)
class Declared:
    """An earlier verdict of the same case, without ratio if it gave none; `day` is the number of days it had seen."""

    verdict: str
    rate_ratio: float | None
    ci_low: float | None
    ci_high: float | None
    day: int


@dataclass(frozen=True, slots=True)
class Case:
    """One change and the daily counts around it. All series have one entry per day; None is a day without data.

    Attributes:
        exposure: denominators per day (orders, contacts); zero means that nothing could be complained about.
        target: complaints per day about the theme that the change is meant for.
        controls: complaints per day of topics that the change does not touch.
        change_day: index of the first day in effect.
        opened_day: index of the day on which the theme was picked, or None.
        rollout: first and one-past-last index of the roll-out, which is not counted, or None.
    """

    id: str
    start_date: date
    exposure: tuple[float | None, ...]
    target: tuple[float | None, ...]
    controls: Mapping[str, tuple[float | None, ...]]
    change_day: int
    opened_day: int | None = None
    holidays: tuple[int, ...] = ()
    known_events: tuple[KnownEvent, ...] = ()
    alpha: float = 0.05
    margin: float = 0.2
    monitoring: Monitoring = field(default_factory=Monitoring)
    declared: Declared | None = None
    rollout: tuple[int, int] | None = None

    @property
    def days(self) -> int:
        """Number of days seen."""
        return len(self.target)

    def date_of(self, day: int) -> str:
        """ISO date of a day by its index; beyond the calendar the index."""
        try:
            return (self.start_date + timedelta(days=day)).isoformat()
        except OverflowError:
            return f"day {day}"


def parse_case(raw: object) -> Case:
    """Read a case from parsed JSON.

    Raises:
        CaseError: a field is missing, of the wrong type, or the series differ in length.
    """
    data = _mapping(raw, "case")
    target = _series(data, "target")
    exposure = _series(data, "exposure") if data.get("exposure") is not None else (None,) * len(target)
    if len(exposure) != len(target):
        raise CaseError(f"exposure has {len(exposure)} days, target has {len(target)}: give one value per day in both")
    return Case(
        id="" if data.get("id") is None else str(data["id"]),
        start_date=_date(data.get("start_date")),
        exposure=exposure,
        target=target,
        controls=_controls(data.get("controls"), len(target)),
        change_day=_integer(data.get("change_day"), "change_day", low=0, high=MAX_DAYS),
        opened_day=_optional_day(data.get("opened_day"), "opened_day"),
        holidays=_days(data.get("holidays"), "holidays"),
        known_events=_events(data.get("known_events")),
        alpha=_number(_given(data, "alpha", 0.05), "alpha", low=1e-6, high=0.5),
        margin=_number(_given(data, "margin", 0.2), "margin", low=1e-3, high=0.9),
        monitoring=_monitoring(data.get("monitoring")),
        declared=_declared(data.get("declared")),
        rollout=_rollout(data.get("rollout")),
    )


def dump_case(case: Case) -> dict[str, Any]:
    """Write a case as plain JSON values; `parse_case(dump_case(case)) == case`."""
    declared = case.declared
    return {
        "id": case.id,
        "start_date": case.start_date.isoformat(),
        "exposure": list(case.exposure),
        "target": list(case.target),
        "controls": {name: list(values) for name, values in case.controls.items()},
        "change_day": case.change_day,
        "opened_day": case.opened_day,
        "holidays": list(case.holidays),
        "known_events": [{"day": event.day, "kind": event.kind} for event in case.known_events],
        "alpha": case.alpha,
        "margin": case.margin,
        "monitoring": {"mode": case.monitoring.mode, "horizon_days": case.monitoring.horizon_days},
        "declared": None
        if declared is None
        else {
            "verdict": declared.verdict,
            "rate_ratio": declared.rate_ratio,
            "ci_low": declared.ci_low,
            "ci_high": declared.ci_high,
            "day": declared.day,
        },
        "rollout": None if case.rollout is None else list(case.rollout),
    }


def _mapping(raw: object, name: str) -> Mapping[str, Any]:
    if not isinstance(raw, Mapping):
        raise CaseError(f"{name} must be a JSON object")
    return raw


def _given(data: Mapping[str, Any], key: str, default: object) -> object:
    return default if data.get(key) is None else data[key]


def _number(raw: object, name: str, *, low: float, high: float) -> float:
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        raise CaseError(f"{name} must be a number")
    try:
        value = float(raw)
    except OverflowError:
        value = math.inf
    if not math.isfinite(value) or not low <= value <= high:
        raise CaseError(f"{name} must be between {low:g} and {high:g}")
    return value


def _integer(raw: object, name: str, *, low: int, high: int) -> int:
    value = _number(raw, name, low=low, high=high)
    if value != int(value):
        raise CaseError(f"{name} must be a whole number")
    return int(value)


def _items(raw: object, name: str) -> Sequence[Any]:
    if raw is None:
        return ()
    if not isinstance(raw, list | tuple):
        raise CaseError(f"{name} must be a list")
    if len(raw) > MAX_DAYS:
        raise CaseError(f"{name} has {len(raw)} entries, at most {MAX_DAYS} are read")
    return raw


def _values(raw: object, name: str) -> tuple[float | None, ...]:
    items = _items(raw, name)
    return tuple(
        None if item is None or item != item else _number(item, f"{name}[{i}]", low=0, high=MAX_VALUE)  # noqa: PLR0124 - NaN
        for i, item in enumerate(items)
    )


def _series(data: Mapping[str, Any], name: str) -> tuple[float | None, ...]:
    if not isinstance(data.get(name), list | tuple):
        raise CaseError(f"{name} must be a list with one number per day")
    return _values(data[name], name)


def _controls(raw: object, days: int) -> dict[str, tuple[float | None, ...]]:
    if raw is None:
        return {}
    data = _mapping(raw, "controls")
    if len(data) > MAX_CONTROLS:
        raise CaseError(f"controls has {len(data)} series, at most {MAX_CONTROLS} are read")
    controls = {str(name): _values(values, f"controls.{name}") for name, values in data.items()}
    for name, values in controls.items():
        if len(values) != days:
            raise CaseError(
                f"controls.{name} has {len(values)} days, target has {days}: give one value per day in both"
            )
    return controls


def _date(raw: object) -> date:
    try:
        return date.fromisoformat(str(raw)[:10])
    except ValueError:
        raise CaseError("start_date must be a date like 2026-03-01") from None


def _optional_day(raw: object, name: str) -> int | None:
    return None if raw is None else _integer(raw, name, low=-MAX_DAYS, high=MAX_DAYS)


def _days(raw: object, name: str) -> tuple[int, ...]:
    return tuple(_integer(item, name, low=-MAX_DAYS, high=2 * MAX_DAYS) for item in _items(raw, name))


def _events(raw: object) -> tuple[KnownEvent, ...]:
    events = []
    for item in _items(raw, "known_events"):
        data = _mapping(item, "known_events entry")
        kind = data.get("kind")
        if kind not in EVENT_KINDS:
            raise CaseError(f"known_events kind must be one of {', '.join(EVENT_KINDS)}")
        events.append(KnownEvent(_integer(data.get("day"), "known_events day", low=-MAX_DAYS, high=2 * MAX_DAYS), kind))
    return tuple(events)


def _monitoring(raw: object) -> Monitoring:
    if raw is None:
        return Monitoring()
    data = _mapping(raw, "monitoring")
    mode = _given(data, "mode", "single")
    if mode not in ("single", "daily"):
        raise CaseError("monitoring.mode must be single or daily")
    horizon = _integer(_given(data, "horizon_days", 90), "monitoring.horizon_days", low=1, high=MAX_DAYS)
    return Monitoring(str(mode), horizon)


def _declared(raw: object) -> Declared | None:
    if raw is None:
        return None
    data = _mapping(raw, "declared")
    ratio, low, high = (_optional_ratio(data, key) for key in ("rate_ratio", "ci_low", "ci_high"))
    verdict = str(data.get("verdict", ""))
    if ratio is None and verdict == "improved":
        raise CaseError("declared.rate_ratio must be a number where the verdict is improved")
    return Declared(
        verdict=verdict,
        rate_ratio=ratio,
        ci_low=low,
        ci_high=high,
        day=_integer(data.get("day"), "declared.day", low=0, high=MAX_DAYS),
    )


def _optional_ratio(data: Mapping[str, Any], key: str) -> float | None:
    return None if data.get(key) is None else _number(data[key], f"declared.{key}", low=0, high=MAX_VALUE)


def _rollout(raw: object) -> tuple[int, int] | None:
    if raw is None:
        return None
    pair = _days(raw, "rollout")
    if len(pair) != 2 or pair[1] < pair[0]:  # noqa: PLR2004 - a pair has two ends
        raise CaseError("rollout must be [first day, day after the last]")
    return pair[0], pair[1]
