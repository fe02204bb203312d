"""`closeloop impact` on an installation of its own."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from app.cli.console import opened
from app.measure.effect import Look, Outcome, judge, record
from app.measure.frequency import Prepared
from app.measure.stats.case import Case
from app.store.act_tables import ActionItem, Change
from app.store.tables import Calendar, Measurement, Owner, Topic
from app.store.theme_tables import Theme

START, CHANGE, DAYS = date(2026, 1, 5), 126, 182
NOW = datetime(2026, 7, 6, 6, 0, tzinfo=UTC)


def _rows(session, row):
    session.add(row)
    session.flush()
    return row.id


def _change(session):
    calendar = _rows(session, Calendar(key="c", zone="UTC", week={}, closed=[]))
    owner = _rows(session, Owner(key="ana", name="Ana", calendar_id=calendar, absences=[]))
    topic = _rows(session, Topic(key="refunds", name="Refunds", description="", examples=[]))
    theme = _rows(
        session, Theme(topic_id=topic, kind="topic", name="Refunds", terms=[], created_at=NOW, updated_at=NOW)
    )
    item = ActionItem(
        kind="process", theme_id=theme, owner_id=owner, title="Refunds", state="measuring", opened_at=NOW, goal_at=NOW,
        deadline_at=NOW, ladder=[], updated_at=NOW,
    )  # fmt: skip
    change = Change(
        item_id=_rows(session, item), theme_id=theme, description="Pay at once", target_reduction=0.3, actor="cli",
        planned_at=NOW, rollout_from=START + timedelta(days=CHANGE), deployed_at=NOW,
    )  # fmt: skip
    return _rows(session, change)


@pytest.fixture
def judged(closeloop):
    """Number of a change with one stored look, on a database of its own."""
    closeloop("init")
    chance = np.random.default_rng(3)
    rate = np.where(np.arange(DAYS) < CHANGE, 8.0, 3.0)
    case = Case(
        id="c",
        start_date=START,
        exposure=(1000.0,) * DAYS,
        target=tuple(chance.poisson(rate).astype(float)),
        controls={f"topic {k}": tuple(chance.poisson(8.0, DAYS).astype(float)) for k in range(4)},
        change_day=CHANGE,
    )
    facts = {"exposure": "orders", "complaints_before": 1000, "complaints_after": 150}
    day = START + timedelta(days=DAYS - 1)
    with opened() as runtime, runtime.database.writing() as session:
        change = _change(session)
        look = judge(Look(change, "Refunds", 0.3, Prepared(case, facts)), day)
        record(session, NOW, Outcome(day, (look,)))
        return change


def test_without_changes_there_is_nothing_to_list(closeloop):
    closeloop("init")
    assert closeloop("impact", "list", "--json").document == []
    assert "No change was planned yet" in closeloop("impact", "list").stderr


def test_an_unknown_change_is_named_as_such(closeloop):
    closeloop("init")
    for word in ("show", "recompute"):
        assert "no such change" in closeloop("impact", word, "7", code=2).stderr


def test_verdicts_are_listed_and_shown_with_their_evidence(closeloop, judged):
    (row,) = closeloop("impact", "list", "--json").document
    assert (row["change"], row["verdict"], row["holds"], row["judged_together"]) == (judged, "improved", True, 1)
    assert "improved        Complaints about Refunds fell" in closeloop("impact", "list").stdout
    whole = closeloop("impact", "show", str(judged), "--json").document
    assert len(whole["case"]["target"]) == DAYS
    shown = closeloop("impact", "show", str(judged)).stdout
    assert "weeks before and 8 after the change were seen" in shown


def test_a_stored_verdict_recomputes_and_a_changed_one_is_told(closeloop, judged):
    assert "the same to the last digit" in closeloop("impact", "recompute", str(judged)).stdout
    with opened() as runtime, runtime.database.writing() as session:
        session.query(Measurement).one().rate_ratio = 0.1
    told = closeloop("impact", "recompute", str(judged), "--all", "--json", code=1)
    assert told.document[0]["differs"] == ["rate_ratio"]
