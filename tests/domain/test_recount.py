"""The worked example of docs/deadlines.md, and what a stop of the clock says about itself."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from app.domain.calendar import Calendar, Interval, deadline_after
from app.domain.recount import Marks, Stop, recount, recount_mark, stop_clock
from app.domain.working import Working

BERLIN = ZoneInfo("Europe/Berlin")
DAY = ((540, 750), (795, 1020))
EASTER = {date(2026, 4, 3): "Good Friday", date(2026, 4, 6): "Easter Monday"}
OFFICE = Calendar("berlin", "Europe/Berlin", (*(DAY,) * 5, (), ()), EASTER)


def local(*parts):
    return datetime(*parts, tzinfo=BERLIN).astimezone(UTC)


def test_the_worked_example_of_the_documentation():
    start = local(2026, 3, 26, 15)
    goal, deadline = (
        deadline_after(start, after, OFFICE) for after in (Working(time=timedelta(hours=4)), Working(days=5))
    )
    assert goal.at == local(2026, 3, 27, 11) == datetime(2026, 3, 27, 10, tzinfo=UTC)
    assert deadline.at == local(2026, 4, 2, 17) == datetime(2026, 4, 2, 15, tzinfo=UTC)
    before = Marks(goal.at, deadline.at)
    stop = Stop(Interval(local(2026, 4, 1, 15), local(2026, 4, 7, 10)), OFFICE)
    told = stop.explain(before)
    assert told["working"] == 10 * 60 + 15
    assert [shut["name"] for shut in told["closed"]] == ["Good Friday", "Easter Monday"]
    after = Marks(goal.at, datetime(2026, 4, 8, 10, tzinfo=UTC))
    assert after.deadline == local(2026, 4, 8, 12)
    assert stop.moved(before) == recount(Marks(recount_mark(goal.explain()), deadline.at), [told]) == after


def test_a_calendar_that_never_opens_again_counts_every_hour():
    closed = {date(2026, 1, 1) + timedelta(days=day): "closed" for day in range(12 * 366)}
    shut = Calendar("shut", "Europe/Berlin", OFFICE.week, closed)
    opened = Calendar("shut", "Europe/Berlin", OFFICE.week, {})
    during = Interval(local(2026, 3, 26, 10), local(2026, 3, 26, 12))
    marks = Marks(local(2026, 3, 27, 10), local(2026, 3, 27, 10))
    assert stop_clock(during, opened, marks).moved(marks).deadline == local(2026, 3, 27, 12)
    assert stop_clock(during, shut, marks).moved(marks) == marks  # no working time passed, so nothing moves
