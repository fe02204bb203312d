from datetime import timedelta

import pytest
from sqlalchemy import select

from app.access.keys import actor_of, create_key, find_key, note_use, parse_scopes, revoke_key
from app.domain.actor import OPERATOR, Scope
from app.errors import AppError, Kind
from app.store.tables import ApiKey, AuditEvent, Calendar, Owner

READ = frozenset({Scope.ITEMS_READ})


@pytest.fixture
def key(session, now):
    return create_key(session, now, OPERATOR, name="crm", scopes=READ)


def _refusal(session, now, token):
    with pytest.raises(AppError) as raised:
        actor_of(find_key(session, now, token))
    return raised.value.kind, raised.value.code, raised.value.message


def test_a_new_key_opens_the_door_with_its_scopes_and_no_more(session, now, key):
    row, token = key
    actor = actor_of(find_key(session, now, token))
    assert actor.scopes == READ
    assert actor.name == f"key:crm/{row.public_id}"
    assert not actor.may(Scope.ITEMS_WRITE)


def test_only_a_digest_of_the_secret_is_kept(session, key):
    row, token = key
    assert token.startswith(f"voc_live_{row.public_id}_")
    assert len(token.rpartition("_")[2]) == 43
    kept = session.execute(select(ApiKey.__table__)).mappings().one()
    assert not any(token.rpartition("_")[2] in str(value) for value in kept.values())


def test_every_wrong_credential_gets_the_same_answer(session, now, key):
    _, token = key
    wrong = token[:-1] + ("0" if token[-1] != "0" else "1")
    expired = create_key(session, now, OPERATOR, name="old", scopes=READ, expires_at=now + timedelta(hours=1))[1]
    gone_row, gone = create_key(session, now, OPERATOR, name="gone", scopes=READ)
    revoke_key(session, now, OPERATOR, gone_row.id)
    later = now + timedelta(hours=1)
    hostile = ["", "voc_live_", "voc_live___", "x" * 100_000, "voc_live_\ud800_\x00", token.upper(), token + " "]
    answers = {_refusal(session, later, each) for each in [wrong, expired, gone, *hostile]}
    assert answers == {_refusal(session, now, "nothing")}
    assert next(iter(answers))[:2] == (Kind.UNAUTHENTICATED, "invalid_credentials")
    assert actor_of(find_key(session, later, token))


def test_revoking_twice_changes_nothing_and_is_audited_once(session, now, key):
    row, _ = key
    revoke_key(session, now, OPERATOR, row.id)
    revoke_key(session, now + timedelta(days=1), OPERATOR, row.id)
    assert row.revoked_at == now
    session.flush()
    assert [event.action for event in session.scalars(select(AuditEvent))] == ["key_created", "key_revoked"]


def test_the_audit_of_a_key_holds_nothing_that_opens_the_door(session, key):
    _, token = key
    event = session.scalars(select(AuditEvent)).one()
    assert token not in f"{event.facts}{event.subject}"
    assert event.facts == {"name": "crm", "scopes": ["items:read"]}


def test_a_key_of_an_owner_who_left_opens_nothing(session, now):
    calendar = Calendar(key="c", zone="UTC", week={}, closed=[])
    session.add(calendar)
    session.flush()
    owner = Owner(key="jonas", name="Jonas Weber", calendar_id=calendar.id, absences=[])
    session.add(owner)
    session.flush()
    token = create_key(session, now, OPERATOR, name="jonas", scopes=READ, owner_id=owner.id)[1]
    assert actor_of(find_key(session, now, token)).owner_id == owner.id
    owner.active = False
    session.flush()
    assert _refusal(session, now, token)[1] == "invalid_credentials"


@pytest.mark.parametrize(
    ("order", "code"),
    [
        ({"name": " ", "scopes": READ}, "bad_key_name"),
        ({"name": "a\nb", "scopes": READ}, "bad_key_name"),
        ({"name": "a" * 81, "scopes": READ}, "bad_key_name"),
        ({"name": "a", "scopes": frozenset()}, "no_scope"),
        ({"name": "a", "scopes": READ, "owner_id": 99}, "unknown_owner"),
        ({"name": "a", "scopes": READ, "source_id": 99}, "unknown_source"),
    ],
)
def test_an_order_that_does_not_fit_is_refused(session, now, order, code):
    with pytest.raises(AppError) as raised:
        create_key(session, now, OPERATOR, **order)
    assert raised.value.code == code


def test_a_key_cannot_end_before_it_begins(session, now):
    with pytest.raises(AppError) as raised:
        create_key(session, now, OPERATOR, name="a", scopes=READ, expires_at=now)
    assert raised.value.code == "expiry_in_the_past"


def test_the_last_use_is_remembered_by_day(session, now, key):
    row, token = key
    assert find_key(session, now, token).last_used_on is None
    note_use(session, now, row.id)
    assert row.last_used_on == now.date()


def test_scopes_are_read_as_people_write_them():
    assert parse_scopes(["items:read", "admin"]) == {Scope.ITEMS_READ, Scope.ADMIN}
    with pytest.raises(AppError) as raised:
        parse_scopes(["items:read", "root"])
    assert raised.value.code == "unknown_scope"
    assert "root" not in raised.value.message
