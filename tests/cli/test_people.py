"""`closeloop user` and `closeloop key`: passwords are piped in, never arguments; secrets are shown once."""

import csv

import pytest
from sqlalchemy import select

from app.access.passwords import is_password
from app.clock import SystemClock
from app.domain.cells import original_cell
from app.store.people_tables import User
from app.store.session import Database
from app.store.tables import ApiKey, Feedback, Source

PASSWORD = "violet kettle marching"


@pytest.fixture
def ready(closeloop, folder):
    closeloop("init")
    database = Database(f"sqlite:///{folder / 'closeloop.db'}")
    yield database
    database.dispose()


def _user(database, name="ana"):
    with database.reading() as session:
        return session.scalars(select(User).where(User.name == name)).one()


def test_somebody_is_added_with_a_password_from_standard_input(closeloop, ready):
    told = closeloop(
        "user", "add", "Ana", "--role", "analyst", "--scope", "pii:read", "--password-stdin", typed=PASSWORD
    )
    assert PASSWORD not in told.stdout + told.stderr
    user = _user(ready)
    assert user.scopes == ["analyst", "pii:read"]
    assert is_password(user.password_hash, PASSWORD)
    (listed,) = closeloop("user", "list", "--json").document
    assert (listed["name"], listed["has_password"]) == ("ana", True)
    assert "argon2" not in str(listed)


def test_a_line_end_after_the_password_is_no_part_of_it(closeloop, ready):
    closeloop("user", "add", "ana", "--role", "admin", "--password-stdin", typed=PASSWORD + "\r\nmore\n")
    assert is_password(_user(ready).password_hash, PASSWORD)


@pytest.mark.parametrize(
    ("words", "typed", "told"),
    [
        (("add", "ana", "--role", "analyst", "--password-stdin"), "short", "12 to 1024"),
        (("add", "ana", "--role", "analyst", "--password-stdin"), "password1234", "among the first"),
        (("add", "ana", "--role", "analyst"), "", "--password-stdin"),
        (("add", "ana", "--role", "owner", "--no-password"), None, "which owner"),
        (("add", "a b", "--no-password"), None, "letters, digits"),
        (("disable", "nobody"), None, "no such person"),
        (("role", "nobody", "--role", "admin"), None, "no such person"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_to_do(closeloop, ready, words, typed, told):
    assert told in closeloop("user", *words, typed=typed, code=2).stderr


def test_no_command_takes_a_password_as_an_argument(closeloop, ready):
    told = closeloop("user", "add", "ana", "--role", "analyst", "--password", PASSWORD, code=2)
    assert "No such option" in told.stderr


def test_a_role_is_given_and_somebody_is_disabled_and_let_in_again(closeloop, ready):
    assert "needs a role" in closeloop("user", "add", "ana", "--no-password").stderr
    closeloop("user", "role", "ana", "--role", "analyst")
    assert _user(ready).scopes == ["analyst"]
    closeloop("user", "role", "ana")
    assert _user(ready).scopes == []
    closeloop("user", "disable", "ana")
    assert _user(ready).disabled_at is not None
    assert "disabled" in closeloop("user", "list").stdout
    closeloop("user", "enable", "ana")
    assert _user(ready).disabled_at is None
    closeloop("user", "password", "ana", "--password-stdin", typed=PASSWORD)
    assert is_password(_user(ready).password_hash, PASSWORD)


def test_a_key_is_rotated_listed_and_revoked(closeloop, ready):
    old = closeloop("key", "create", "crm", "--scope", "ingest:write", "--json").document
    new = closeloop("key", "rotate", str(old["id"]), "--hours", "2", "--json").document
    assert new["key"] not in {old["key"], None}
    listed = {row["id"]: row for row in closeloop("key", "list", "--json").document}
    assert listed[old["id"]]["works"]
    assert listed[old["id"]]["expires_at"] is not None
    assert old["key"] not in str(listed)
    public = listed[new["id"]]["public_id"]
    closeloop("key", "revoke", public)
    assert "works no more" in closeloop("key", "list").stdout
    assert "no such key" in closeloop("key", "revoke", "nothing", code=2).stderr
    closeloop("key", "rotate", str(old["id"]), code=1)
    with ready.reading() as session:
        row = session.get(ApiKey, old["id"])
        assert 7100 < (row.expires_at - SystemClock().now()).total_seconds() <= 7200


def test_t49_t58_an_export_masks_people_on_demand_and_runs_no_formulas(closeloop, ready, tmp_path):
    now = SystemClock().now()
    with ready.writing() as session:
        session.add(Source(id=1, key="crm", connector="native", config={}, created_at=now))
        session.flush()
        row = Feedback(
            source_id=1, external_id="=cmd|' /C calc'!A0", digest="", medium="chat", occurred_at=now, received_at=now,
            attributes={}, question=' "=1+1', customer_ref="zora@example.net", customer_email="zora@example.net",
            customer_name="Zora Quist",
        )  # fmt: skip
        session.add(row)
    for masked in (False, True):
        folder = tmp_path / f"out{masked}"
        closeloop("export", str(folder), "--only", "feedback", "--format", "csv", *["--mask"] * masked)
        with (folder / "feedback.csv").open(encoding="utf-8", newline="") as file:
            (row,) = csv.DictReader(file)
        assert row["external_id"] == "'=cmd|' /C calc'!A0"
        assert original_cell(row["question"]) == ' "=1+1'
        names = (row["customer_name"], row["customer_email"], row["customer_ref"])
        plain = ("Zora Quist", "zora@example.net", "zora@example.net")
        assert names == (("Z***", "z***@***", "z***@***") if masked else plain)
