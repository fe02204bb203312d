from datetime import timedelta

import pytest

from app.domain.actor import Scope
from app.store.alert_tables import Alert, AlertEvent, AlertTelling


@pytest.fixture
def raised(database, world, now):
    """One alert for each of the two themes: the first one's owner is Jonas."""
    day = now.date() - timedelta(days=1)
    found = []
    with database.writing() as session:
        for at, theme in enumerate(world.themes):
            alert = Alert(
                theme_id=theme, kind="excess", state=("open", "ended")[at], opened_at=now + timedelta(minutes=at),
                opened_on=day, excess_from=day - timedelta(days=2), last_day=day, observed=21, expected=3.456,
                expected_low=1, expected_high=8, peak_day=day, peak=12, told_pace=6, evidence=12.0, threshold=7.2,
                budget=1.0, themes=8, updated_at=now,
                series=[{"day": day.isoformat(), "observed": 12, "expected": 1.1, "low": 0, "high": 4}],
            )  # fmt: skip
            session.add(alert)
            session.flush()
            session.add(AlertEvent(alert_id=alert.id, kind="opened", actor="station:alert", facts={"pace": 6}, at=now))
            found.append(alert.id)
    return found


@pytest.fixture
def analyst(client_for):
    return client_for(Scope.ANALYST)


@pytest.fixture
def jonas(client_for, owners):
    return client_for(Scope.ITEMS_READ, Scope.ITEMS_WRITE, owner_id=owners["jonas"])


def _ids(answer):
    assert answer.status_code == 200, answer.text
    return [row["id"] for row in answer.json()["items"]]


def test_an_alert_shows_its_days_its_life_and_what_it_rests_on(analyst, raised):
    whole = analyst.get(f"/v1/alerts/{raised[0]}").json()
    assert (whole["theme"], whole["topic"], whole["state"]) == ("jonas theme", "refunds", "open")
    assert (whole["observed"], whole["expected"], whole["excess"], whole["delay_days"]) == (21, 3.46, 17.54, 2)
    assert whole["basis"] == {"budget": 1.0, "themes": 8, "evidence": 12.0, "threshold": 7.2, "exposure": None}
    assert [day["observed"] for day in whole["series"]] == [12]
    assert [event["kind"] for event in whole["history"]] == ["opened"]


def test_lists_are_filtered_paged_and_newest_first(analyst, raised, world, now):
    assert _ids(analyst.get("/v1/alerts")) == raised[::-1]
    assert _ids(analyst.get("/v1/alerts?state=open&state=growing")) == raised[:1]
    assert _ids(analyst.get(f"/v1/alerts?theme={world.themes[1]}")) == raised[1:]
    assert _ids(analyst.get("/v1/alerts?topic=refunds")) == raised[::-1]
    assert _ids(analyst.get("/v1/alerts?topic=nothing")) == []
    assert _ids(analyst.get("/v1/alerts?owner=jonas")) == raised[:1]
    later = (now + timedelta(hours=1)).isoformat().replace("+00:00", "Z")
    assert _ids(analyst.get(f"/v1/alerts?since={later}")) == []
    page = analyst.get("/v1/alerts?limit=1")
    assert _ids(page) == raised[1:]
    assert _ids(analyst.get(page.json()["next"])) == raised[:1]


def test_nothing_new_is_a_304_and_a_change_is_not(analyst, raised):
    tag = analyst.get("/v1/alerts").headers["ETag"]
    assert analyst.get("/v1/alerts", headers={"If-None-Match": tag}).status_code == 304
    analyst.post(f"/v1/alerts/{raised[0]}/acknowledge", json={})
    assert analyst.get("/v1/alerts", headers={"If-None-Match": tag}).status_code == 200


def test_an_owner_sees_the_alerts_of_their_themes_and_those_they_were_told_of(
    jonas, raised, database, owners, now, problem
):
    assert _ids(jonas.get("/v1/alerts")) == raised[:1]
    assert _ids(jonas.get("/v1/alerts?owner=me")) == raised[:1]
    problem(jonas.get(f"/v1/alerts/{raised[1]}"), 404, "alert_not_found")
    problem(jonas.post(f"/v1/alerts/{raised[1]}/acknowledge", json={}), 404, "alert_not_found")
    with database.writing() as session:
        event = session.query(AlertEvent).filter_by(alert_id=raised[1]).one()
        session.add(AlertTelling(event_id=event.id, owner_id=owners["jonas"], told_at=now))
    assert jonas.get(f"/v1/alerts/{raised[1]}").status_code == 200


def test_a_known_cause_is_written_down_with_who_knew_it(jonas, raised, problem):
    seen = jonas.post(f"/v1/alerts/{raised[0]}/acknowledge", json={"note": "the price letter"}).json()
    assert (seen["note"], seen["acknowledged_by"] is not None) == ("the price letter", True)
    again = jonas.post(f"/v1/alerts/{raised[0]}/acknowledge").json()
    assert (again["note"], again["acknowledged_at"]) == ("the price letter", seen["acknowledged_at"])
    assert [event["kind"] for event in again["history"]] == ["opened", "acknowledged", "acknowledged"]
    problem(jonas.post(f"/v1/alerts/{raised[0]}/acknowledge", json={"note": "x" * 501}), 422, "invalid_request")


def test_whoever_only_brings_feedback_sees_no_alerts(client_for, raised, problem):
    problem(client_for(Scope.INGEST_WRITE).get("/v1/alerts"), 403, "scope_missing")
