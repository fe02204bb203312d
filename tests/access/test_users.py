from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from app.access.sessions import open_user_session, resume_session
from app.access.users import Rights, create_user, disable_user, enable_user, give_rights, rights_of, set_password
from app.domain.actor import OPERATOR, Scope, UserRole
from app.errors import AppError
from app.store.access import find_user
from app.store.tables import AuditEvent, BrowserSession, Calendar, Owner

ANALYST = rights_of(UserRole.ANALYST)


def _user(session, now, name="mira@example.com", rights=ANALYST, email=None):
    return create_user(session, now, OPERATOR, name, email=email, rights=rights)


def _code(call, *arguments, **named):
    with pytest.raises(AppError) as raised:
        call(*arguments, **named)
    return raised.value.code


@pytest.fixture
def owner(session):
    calendar = Calendar(key="c", zone="UTC", week={}, closed=[])
    session.add(calendar)
    session.flush()
    owner = Owner(key="mira", name="Mira Kaya", calendar_id=calendar.id, absences=[])
    session.add(owner)
    session.flush()
    return owner


def test_somebody_is_found_by_name_and_by_address_whatever_the_capitals(session, now):
    user = _user(session, now, "Ana", email="Ana.Silva@Example.com")
    assert find_user(session, "ana") is find_user(session, "ana.silva@example.com") is user


def test_nobody_signs_in_under_the_name_of_somebody_else(session, now):
    _user(session, now)
    _user(session, now, "ana", email="ana@example.com")
    for name, email in (
        ("MIRA@example.com", None),
        ("x", "mira@example.com"),
        ("ANA", None),
        ("ana@example.com", None),
    ):
        assert _code(_user, session, now, name, email=email) == "user_exists"
    assert _code(_user, session, now, "y@example.com", email="z@example.com") == "bad_user_name"


@pytest.mark.parametrize("name", ["", " ", "a b", "a\nb", "<b>", "a" * 255, "a\u202eb"])
def test_a_name_that_cannot_be_typed_or_told_is_refused(session, now, name):
    assert _code(_user, session, now, name) in {"bad_user_name", "bad_email"}


def test_an_owner_sees_with_their_own_eyes_only(session, now, owner):
    user = _user(session, now, rights=rights_of(UserRole.OWNER, owner_id=owner.id))
    actor = open_user_session(session, now, user)[1].actor
    assert (actor.owner_id, actor.sees_all, actor.may(Scope.ITEMS_WRITE)) == (owner.id, False, True)
    assert not actor.may(Scope.PII_READ)
    assert _code(rights_of, UserRole.OWNER) == "owner_missing"


def test_somebody_whose_owner_has_left_is_out_at_once(session, now, owner):
    user = _user(session, now, rights=rights_of(UserRole.OWNER, owner_id=owner.id))
    cookie, _ = open_user_session(session, now, user)
    owner.active = False
    session.flush()
    assert _code(resume_session, session, now, cookie) == "not_signed_in"
    assert _code(open_user_session, session, now, user) == "not_signed_in"


def test_a_disabled_person_and_a_changed_password_end_every_session(session, now):
    user = _user(session, now)
    cookies = [open_user_session(session, now, user)[0] for _ in range(2)]
    set_password(session, now, OPERATOR, user, "kept")
    assert {_code(resume_session, session, now, cookie) for cookie in cookies} == {"not_signed_in"}
    cookie, _ = open_user_session(session, now, user)
    disable_user(session, now, OPERATOR, user)
    assert session.scalar(select(func.count()).select_from(BrowserSession)) == 0
    enable_user(session, now, OPERATOR, user)
    assert _code(resume_session, session, now, cookie) == "not_signed_in"


def test_other_rights_hold_from_the_next_request_on(session, now):
    user = _user(session, now)
    cookie, _ = open_user_session(session, now, user)
    give_rights(session, now, OPERATOR, user, rights_of(None))
    session.flush()
    assert not resume_session(session, now + timedelta(minutes=1), cookie).actor.sees_all


def test_somebody_without_a_role_cannot_sign_in_yet(session, now):
    assert _code(open_user_session, session, now, _user(session, now, rights=Rights())) == "no_role_yet"


def test_the_session_that_a_browser_came_with_ends_when_it_signs_in(session, now):
    user = _user(session, now)
    planted, _ = open_user_session(session, now, user)
    fresh, _ = open_user_session(session, now, user, before=planted)
    assert _code(resume_session, session, now, planted) == "not_signed_in"
    assert resume_session(session, now, fresh)


def test_what_happens_to_people_is_audited_without_secrets(session, now):
    user = _user(session, now)
    set_password(session, now, OPERATOR, user, "$argon2id$kept")
    give_rights(session, now, OPERATOR, user, rights_of(UserRole.ADMIN))
    give_rights(session, now, OPERATOR, user, rights_of(UserRole.ADMIN))
    disable_user(session, now, OPERATOR, user)
    session.flush()
    events = session.scalars(select(AuditEvent).order_by(AuditEvent.id)).all()
    actions = ["user_created", "password_set", "user_rights_given", "user_disabled"]
    assert [event.action for event in events] == actions
    assert "argon2" not in str([event.facts for event in events])


@pytest.mark.parametrize("deed", ["change", "delete"])
def test_t75_the_database_itself_keeps_the_audit_append_only(database, now, deed):
    with database.writing() as session:
        session.add(AuditEvent(at=now, actor="a", action="tried", subject="s", facts={}))
    with pytest.raises(DBAPIError, match="append-only"), database.writing() as session:
        event = session.scalars(select(AuditEvent)).one()
        if deed == "change":
            event.actor = "somebody else"
        else:
            session.delete(event)
    with database.reading() as session:
        assert session.scalars(select(AuditEvent.actor)).all() == ["a"]
