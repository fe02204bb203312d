from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app.access.keys import create_key, revoke_key
from app.access.sessions import LIFETIME, check_csrf, close_session, open_session, resume_session
from app.domain.actor import OPERATOR, Scope
from app.errors import AppError
from app.store.tables import AuditEvent, BrowserSession


@pytest.fixture
def key(session, now):
    return create_key(session, now, OPERATOR, name="jonas", scopes=[Scope.ITEMS_READ, Scope.ITEMS_WRITE])


def _code(call, *arguments):
    with pytest.raises(AppError) as raised:
        call(*arguments)
    return raised.value.code


def test_a_browser_signs_in_with_a_key_and_acts_as_it(session, now, key):
    cookie, signed_in = open_session(session, now, key[1])
    again = resume_session(session, now + timedelta(hours=1), cookie)
    assert again == signed_in
    assert again.actor.may(Scope.ITEMS_WRITE)


def test_neither_cookie_nor_key_is_stored(session, now, key):
    cookie, _ = open_session(session, now, key[1])
    row = session.scalars(select(BrowserSession)).one()
    assert cookie not in row.digest
    assert key[1] not in f"{row.digest}{row.csrf}"


def test_each_sign_in_makes_a_new_session(session, now, key):
    first, second = open_session(session, now, key[1]), open_session(session, now, key[1])
    assert first[0] != second[0]
    assert first[1].csrf != second[1].csrf


def test_a_session_ends_after_a_working_day(session, now, key):
    cookie, _ = open_session(session, now, key[1])
    assert resume_session(session, now + LIFETIME - timedelta(seconds=1), cookie)
    assert _code(resume_session, session, now + LIFETIME, cookie) == "not_signed_in"


def test_signing_out_ends_the_session_on_the_server(session, now, key):
    cookie, _ = open_session(session, now, key[1])
    close_session(session, now, OPERATOR, cookie)
    close_session(session, now, OPERATOR, cookie)
    actions = session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)).all()
    assert actions == ["key_created", "browser_signed_in", "browser_signed_out"]
    assert _code(resume_session, session, now, cookie) == "not_signed_in"


def test_a_session_ends_with_its_key(session, now, key):
    cookie, _ = open_session(session, now, key[1])
    revoke_key(session, now, OPERATOR, key[0].id)
    session.flush()
    assert _code(resume_session, session, now, cookie) == "not_signed_in"


def test_a_key_is_no_cookie_and_a_cookie_is_no_key(session, now, key):
    cookie, _ = open_session(session, now, key[1])
    assert _code(resume_session, session, now, key[1]) == "not_signed_in"
    assert _code(open_session, session, now, cookie) == "invalid_credentials"


def test_a_form_from_elsewhere_is_refused(session, now, key):
    _, signed_in = open_session(session, now, key[1])
    check_csrf(signed_in, signed_in.csrf)
    for given in ("", "x", signed_in.csrf + "x", "é", "\ud800"):
        assert _code(check_csrf, signed_in, given) == "foreign_form"


def test_sessions_that_are_over_are_swept_at_the_next_sign_in(session, now, key):
    open_session(session, now, key[1])
    open_session(session, now + LIFETIME, key[1])
    assert session.scalar(select(func.count()).select_from(BrowserSession)) == 1
