"""Files through the browser: sent with a form, followed, stopped; for those who may, and from our own pages only."""

import pytest
from sqlalchemy import func, select

from app.access.keys import create_key
from app.domain.actor import OPERATOR, Scope
from app.pipeline import STATIONS, drain
from app.store.import_tables import Import
from app.store.tables import Feedback

ROWS = "id,comment,created_at\n1,The parcel came late.,2026-09-01T10:00:00Z\n2,Nobody called.,yesterday-ish\n"
HOSTILE = "<img src=x onerror=alert(1)>.csv"


@pytest.fixture
def sender(browser, database, now):
    """The browser of somebody who sends feedback."""
    with database.writing() as session:
        _, key = create_key(session, now, OPERATOR, name="crm", scopes=[Scope.INGEST_WRITE])
    assert browser.post("/sign-in", data={"key": key}).status_code == 303
    return browser


def send(browser, *, csrf=None, name=HOSTILE, rows=ROWS, headers=None, **fields):
    token = browser.get("/imports").text.split('name="csrf" value="')[1].split('"')[0] if csrf is None else csrf
    files = {"file": (name, rows.encode(), "text/csv")}
    return browser.post("/imports", data={"csrf": token, **fields}, files=files, headers=headers)


def read_all(app):
    drain(app.state.runtime, [station for station in STATIONS if station.name == "load"])


def kept(app, database):
    with database.reading() as session:
        rows = session.scalar(select(func.count()).select_from(Import))
    folder = app.state.runtime.settings.data_dir / "imports"
    return rows, len(list(folder.iterdir())) if folder.is_dir() else 0


def test_a_file_is_sent_followed_and_its_rejected_rows_are_saved(sender, app, database):
    answer = send(sender, source="", medium="chat", order="dmy")
    assert answer.status_code == 303
    page = sender.get(answer.headers["location"]).text
    assert "Waiting to be read" in page
    assert 'http-equiv="refresh"' in page
    read_all(app)
    page = sender.get(answer.headers["location"]).text
    assert 'http-equiv="refresh"' not in page
    assert "&lt;img src=x" in page
    assert "<img" not in page
    assert ">Done<" in page
    assert "Nobody called." in sender.get(f"{answer.headers['location']}/rejects.csv").text
    assert "Done" in sender.get("/imports").text
    with database.reading() as session:
        row = session.scalars(select(Feedback).where(Feedback.external_id == "1")).one()
    assert row.medium == "chat"


def test_an_import_is_stopped(sender):
    at = send(sender, name="a.csv").headers["location"]
    token = sender.get(at).text.split('name="csrf" value="')[1].split('"')[0]
    assert sender.post(f"{at}/cancel", data={"csrf": token}).headers["location"] == at
    assert ">Cancelled<" in sender.get(at).text
    assert sender.post(f"{at}/cancel", data={"csrf": token}).status_code == 409


def test_an_unknown_source_is_told_and_the_file_is_not_kept(sender, app, database):
    assert send(sender, name="a.csv", source="nowhere").status_code == 422
    assert kept(app, database) == (0, 0)


@pytest.mark.parametrize("told", [{"csrf": "wrong"}, {"csrf": ""}, {"headers": {"Origin": "https://evil.example"}}])
def test_a_file_from_elsewhere_is_refused_and_not_kept(sender, app, database, told):
    assert send(sender, name="a.csv", **told).status_code == 403
    assert kept(app, database) == (0, 0)


def test_who_is_not_signed_in_sends_nothing(browser, app, database):
    assert send(browser, csrf="x").status_code in {303, 401}
    assert kept(app, database) == (0, 0)


def test_an_analyst_looks_and_does_not_send(sender, shop, app, database):
    at = send(sender, name="a.csv").headers["location"]
    read_all(app)
    sender.post("/sign-in", data={"key": shop.analyst_key})
    page = sender.get("/imports").text
    assert "a.csv" in page
    assert 'type="file"' not in page
    assert "Nobody called." not in sender.get(f"{at}/rejects.csv").text
    token = sender.get(at).text.split('name="csrf" value="')[1].split('"')[0]
    assert send(sender, csrf=token).status_code == 403
    assert kept(app, database)[0] == 1


def test_an_owner_sees_no_imports(mira):
    assert mira.get("/imports").status_code == 403
    assert "/imports" not in mira.get("/inbox").text
