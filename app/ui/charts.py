"""Charts as SVG, drawn here and coloured by the style sheet: dark mode, print and a strict CSP come free."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from markupsafe import Markup, escape

_TOP, _RIGHT, _BOTTOM, _LEFT = 36, 16, 32, 44


@dataclass(frozen=True)
class Week:
    """One point of the impact chart; rates are complaints per 1,000 exposure, None where nothing can be said."""

    start: date
    rate: float | None
    expected: float | None
    low: float | None
    high: float | None
    phase: str  # "before", "rollout", "after" or "ahead"


def sparkline(counts: Sequence[float]) -> Markup:
    """A small line from zero over the counts of the last weeks; empty without two points."""
    if len(counts) < 2:  # noqa: PLR2004 - a line has two ends
        return Markup("")
    top = max(*counts, 1.0)
    points = [(2 + 80 * i / (len(counts) - 1), 22 - 20 * count / top) for i, count in enumerate(counts)]
    x, y = points[-1]
    return Markup(
        '<svg class="spark" viewBox="0 0 84 24" role="img" aria-label="{label}">'
        '<path d="{path}"/><circle cx="{x:.1f}" cy="{y:.1f}" r="2"/></svg>'
    ).format(label=f"{len(counts)} weeks, last {counts[-1]:g}, highest {max(counts):g}", path=_path(points), x=x, y=y)


@dataclass(frozen=True)
class Mark:
    """Something that happened beside the change: a triangle under the axis."""

    day: date
    words: str


def impact_chart(weeks: Sequence[Week], *, title: str, marks: Sequence[Mark] = (), narrow: bool = False) -> Markup:
    """Weekly rate before and after a change, what was expected without it, and the band around that.

    Args:
        weeks: In order of time, without holes; those ahead carry the expectation to the day of the verdict.
        title: What a screen reader says first.
        marks: What else happened.
        narrow: Draw for a phone: another shape, the same size of text.
    """
    width, height = (360, 280) if narrow else (1000, 340)
    top = _ceiling([value for week in weeks for value in (week.rate, week.expected, week.high) if value is not None])
    step = (width - _LEFT - _RIGHT) / max(len(weeks) - 1, 1)

    def at(index: int, value: float) -> tuple[float, float]:
        return _LEFT + step * index, height - _BOTTOM - (height - _TOP - _BOTTOM) * min(value, top) / top

    parts = [_grid(top, width, at), _months(weeks, at, height, every=2 if narrow else 1)]
    parts.append(_band(weeks, at))
    shape = "narrow" if narrow else "wide-only"
    parts.append(_gap(weeks, at))
    parts.append(_rollout(weeks, at, (height, step), shape))
    parts.append(_marks(weeks, marks, at, height))
    for phase, css in (("before", "before"), ("after", "after")):
        points = [at(i, week.rate) for i, week in enumerate(weeks) if week.phase == phase and week.rate is not None]
        parts.append(Markup('<path class="{}" d="{}"/>').format(css, _path(points)))
        parts.extend(Markup('<circle class="dot-{}" cx="{:.1f}" cy="{:.1f}" r="2.5"/>').format(css, *p) for p in points)
    head = Markup('<svg class="chart {}" viewBox="0 0 {} {}" role="img"><title>{}</title>').format(
        shape, width, height, title
    )
    return head + Markup("").join(parts) + Markup("</svg>")


@dataclass(frozen=True)
class Size:
    """One line of the panel of sizes: a rate ratio with its range; `css` is change, control or unused."""

    name: str
    ratio: float
    low: float
    high: float
    css: str


def effect_chart(sizes: Sequence[Size], target: float | None) -> Markup:
    """The pooled effect, then the comparison topics, each with its interval, in per cent against no change.

    Args:
        sizes: The change first.
        target: The reduction that was planned, as a share.
    """
    goal = None if target is None else -100 * target
    ends = [100 * (value - 1) for size in sizes for value in (size.ratio, size.low, size.high)]
    left, right = min([-60.0, *ends, *([goal] if goal is not None else [])]) - 5, min(max([20.0, *ends]), 400.0) + 5
    bottom = 24 + 34 * len(sizes)

    def x(value: float) -> float:
        return 18 + 324 * (min(max(value, left), right) - left) / (right - left)

    parts = [_scale(left, right, x, bottom)]
    if goal is not None:
        parts.append(
            Markup(
                '<line class="target" x1="{x:.1f}" x2="{x:.1f}" y1="16" y2="{bottom}"/>'
                '<text x="{x:.1f}" y="11" text-anchor="middle">target {:.0f}%</text>'
            ).format(goal, x=x(goal), bottom=bottom)
        )
    for row, size in enumerate(sizes):
        low, high, middle = (x(100 * (value - 1)) for value in (size.low, size.high, size.ratio))
        parts.append(
            Markup(
                '<g class="{css}"><text class="name" x="18" y="{ty}">{name}</text>'
                '<line class="interval" x1="{low:.1f}" x2="{high:.1f}" y1="{y}" y2="{y}"/>'
                '<circle class="estimate" cx="{middle:.1f}" cy="{y}" r="{r}"/></g>'
            ).format(
                css=size.css, name=size.name, low=low, high=high, middle=middle, y=48 + 34 * row, ty=36 + 34 * row,
                r=5 if size.css == "change" else 3,
            )
        )  # fmt: skip
    label = ". ".join(_said(size) for size in sizes)
    return (
        Markup('<svg class="chart effect" viewBox="0 0 360 {}" role="img"><title>{}</title>').format(bottom + 26, label)
        + Markup("").join(parts)
        + Markup("</svg>")
    )


def _said(size: Size) -> str:
    values = [100 * (value - 1) for value in (size.ratio, size.low, size.high)]
    return f"{size.name}: {values[0]:+.0f} per cent, 95 per cent interval {values[1]:+.0f} to {values[2]:+.0f}"


def _scale(left: float, right: float, x: Callable[[float], float], bottom: int) -> Markup:
    ticks = [tick for tick in range(-100, 401, 20) if left <= tick <= right]
    if len(ticks) > 7:  # noqa: PLR2004 - more labels than that run into each other
        ticks = [tick for tick in ticks if tick % 100 == 0]
    return Markup("").join(
        Markup('<line class="{}" x1="{x:.1f}" x2="{x:.1f}" y1="16" y2="{bottom}"/><text x="{x:.1f}" y="{ty}" '
               'text-anchor="middle">{:+d}%</text>')
        .format("zero" if tick == 0 else "grid", tick, x=x(tick), bottom=bottom, ty=bottom + 18)
        for tick in ticks
    )  # fmt: skip


def saving_bar(expected: float, low: float, high: float, most: float) -> Markup:
    """A forecast's range beside zero, on the scale of the list; `most` is the farthest end of all of them."""

    def x(value: float) -> float:
        return 70 + 66 * min(max(value / max(most, 1e-9), -1.0), 1.0)

    label = f"{expected:.1f} a week, 80 per cent range {low:.1f} to {high:.1f}"
    return Markup(
        '<svg class="chart bar" viewBox="0 0 140 20" role="img"><title>{}</title>'
        '<line class="zero" x1="70" x2="70" y1="2" y2="18"/>'
        '<line class="interval" x1="{:.1f}" x2="{:.1f}" y1="10" y2="10"/>'
        '<circle class="estimate" cx="{:.1f}" cy="10" r="4"/></svg>'
    ).format(label, x(low), x(high), x(expected))


@dataclass(frozen=True)
class TrendPoint:
    """One week of a trend: the counts of the current line and of each kept one, None where that does not reach."""

    start: date
    current: float
    kept: tuple[float | None, ...]


def trend_chart(points: Sequence[TrendPoint], marks: Sequence[date], *, title: str, narrow: bool = False) -> Markup:
    """Weekly counts as they are read now, as they were read before, and when that changed.

    Args:
        points: In order of time, without holes; all with as many kept lines.
        marks: Days on which topics were published.
        title: What a screen reader says first.
        narrow: Draw for a phone: another shape, the same size of text.
    """
    width, height = (360, 280) if narrow else (1000, 340)
    kept = list(zip(*(point.kept for point in points), strict=True))
    everything = [point.current for point in points] + [value for line in kept for value in line if value is not None]
    top = max(_ceiling(everything), 4.0)  # four lines of the grid, and no fractions of a complaint
    step = (width - _LEFT - _RIGHT) / max(len(points) - 1, 1)

    def at(index: float, value: float) -> tuple[float, float]:
        return _LEFT + step * index, height - _BOTTOM - (height - _TOP - _BOTTOM) * min(value, top) / top

    parts = [_grid(top, width, at), _months(points, at, height, every=2 if narrow else 1)]
    for day in sorted(set(marks)):
        ahead = (day - points[0].start).days / 7 if points else -1.0
        if 0 <= ahead <= len(points):
            x = min(at(ahead, 0)[0], width - _RIGHT)
            parts.append(_flag(x, height, "topics", anchor="end" if x > width - 2 * _RIGHT else "middle"))
    for older, line in enumerate(kept):
        drawn = [at(i, value) for i, value in enumerate(line) if value is not None]
        parts.append(Markup('<path class="{}" d="{}"/>').format("kept older" if older else "kept", _path(drawn)))
    current = [at(i, point.current) for i, point in enumerate(points)]
    parts.append(Markup('<path class="after" d="{}"/>').format(_path(current)))
    dot = Markup('<circle class="dot-after" cx="{:.1f}" cy="{:.1f}" r="2.5"/>')
    parts.extend(dot.format(*place) for place in current)
    head = Markup('<svg class="chart {}" viewBox="0 0 {} {}" role="img"><title>{}</title>').format(
        "narrow" if narrow else "wide-only", width, height, title
    )
    return head + Markup("").join(parts) + Markup("</svg>")


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) if points else ""


def _ceiling(values: Sequence[float]) -> float:
    highest = max([*values, 1e-9])
    scale: float = 10.0 ** (len(f"{highest:.0f}") - 1) if highest >= 1 else 0.1
    return next(scale * k for k in (1, 2, 2.5, 5, 10, 20) if scale * k >= highest)


def _grid(top: float, width: int, at: "_Place") -> Markup:
    lines = []
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        _, y = at(0, top * share)
        lines.append(
            Markup(
                '<line class="{}" x1="{}" x2="{}" y1="{y:.1f}" y2="{y:.1f}"/>'
                '<text x="{}" y="{ty:.1f}" text-anchor="end">{:g}</text>'
            ).format("axis" if share == 0 else "grid", _LEFT, width - _RIGHT, _LEFT - 8, top * share, y=y, ty=y + 4)
        )
    return Markup("").join(lines)


def _months(weeks: "Sequence[_Dated]", at: "_Place", height: int, *, every: int) -> Markup:
    firsts = [i for i, week in enumerate(weeks) if i == 0 or week.start.month != weeks[i - 1].start.month]
    return Markup("").join(
        Markup('<text x="{:.1f}" y="{}" text-anchor="middle">{}</text>').format(
            at(i, 0)[0], height - 12, escape(weeks[i].start.strftime("%b"))
        )
        for i in firsts[1::every]
    )


def _band(weeks: Sequence[Week], at: "_Place") -> Markup:
    known = [(i, w) for i, w in enumerate(weeks) if w.low is not None and w.high is not None and w.expected is not None]
    if not known:
        return Markup("")
    upper = [at(i, w.high or 0) for i, w in known]
    lower = [at(i, w.low or 0) for i, w in reversed(known)]
    middle = [at(i, w.expected or 0) for i, w in known]
    return Markup('<path class="band" d="{}Z"/><path class="expected" d="{}"/>').format(
        _path([*upper, *lower]), _path(middle)
    )


def _gap(weeks: Sequence[Week], at: "_Place") -> Markup:
    """The room between what was seen after the change and what was expected: what the change is about."""
    seen = [(i, w) for i, w in enumerate(weeks) if w.phase == "after" and w.rate is not None and w.expected is not None]
    if len(seen) < 2:  # noqa: PLR2004 - a line has two ends
        return Markup("")
    upper = [at(i, w.expected or 0) for i, w in seen]
    lower = [at(i, w.rate or 0) for i, w in reversed(seen)]
    return Markup('<path class="gap" d="{}Z"/>').format(_path([*upper, *lower]))


def _marks(weeks: Sequence[Week], marks: Sequence[Mark], at: "_Place", height: int) -> Markup:
    if not weeks:
        return Markup("")
    first, last = weeks[0].start, len(weeks) - 1
    parts = []
    for mark in marks:
        x, _ = at(0, 0)
        step = at(1, 0)[0] - x
        place = x + step * min(max((mark.day - first).days / 7, 0), last)
        y = height - _BOTTOM + 3
        parts.append(
            Markup('<path class="mark" d="M{:.1f} {:.1f}l4 7h-8z"><title>{}: {}</title></path>').format(
                place, y, mark.day.isoformat(), mark.words
            )
        )
    return Markup("").join(parts)


def _rollout(weeks: Sequence[Week], at: "_Place", size: tuple[int, float], shape: str) -> Markup:
    height, step = size
    inside = [i for i, week in enumerate(weeks) if week.phase == "rollout"]
    after = [i for i, week in enumerate(weeks) if week.phase == "after"]
    if not inside and not after:
        return Markup("")
    first = inside[0] if inside else after[0]
    x = at(first, 0)[0] - step / 2
    flag = _flag(x, height, "change")
    if not inside:
        return flag
    hatch = Markup(
        '<defs><pattern id="hatch-{}" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        '<line class="hatch-line" x1="0" x2="0" y1="0" y2="6"/></pattern></defs>'
        '<rect class="rollout" x="{:.1f}" y="{}" width="{:.1f}" height="{}"/>'
    ).format(shape, x, _TOP, step * len(inside), height - _TOP - _BOTTOM)
    return hatch + flag


def _flag(x: float, height: int, word: str, *, anchor: str = "middle") -> Markup:
    return Markup(
        '<line class="flag" x1="{x:.1f}" x2="{x:.1f}" y1="24" y2="{bottom}"/>'
        '<text class="strong" x="{x:.1f}" y="16" text-anchor="{anchor}">{word}</text>'
    ).format(x=x, bottom=height - _BOTTOM, anchor=anchor, word=word)


class _Dated(Protocol):
    """A point in time."""

    @property
    def start(self) -> date: ...


class _Place(Protocol):
    """Turns (index of the week, value) into pixels."""

    def __call__(self, index: int, value: float) -> tuple[float, float]: ...
