from datetime import timedelta

from sqlalchemy import select

from app.domain.actor import Scope
from app.store.tables import ApiKey


def test_a_key_is_shown_once_and_works(admin, app, client):
    made = admin.post("/v1/keys", json={"name": "crm", "scopes": ["admin"]})
    assert made.status_code == 201
    token = made.json()["key"]
    assert client.get("/v1/keys", headers={"Authorization": f"Bearer {token}"}).status_code == 200
    listed = admin.get("/v1/keys")
    assert token not in listed.text
    assert "digest" not in listed.text
    assert listed.json()["items"][0]["name"] == "crm"


def test_a_revoked_key_stops_at_once(admin, client):
    made = admin.post("/v1/keys", json={"name": "crm", "scopes": ["admin"]}).json()
    header = {"Authorization": f"Bearer {made['key']}"}
    assert client.get("/v1/keys", headers=header).status_code == 200
    assert admin.delete(f"/v1/keys/{made['id']}").json()["revoked_at"] is not None
    assert client.get("/v1/keys", headers=header).status_code == 401


def test_an_expired_key_stops(client_for, clock, now):
    client = client_for(Scope.ADMIN, expires_at=now + timedelta(hours=1))
    assert client.get("/v1/keys").status_code == 200
    clock.set(now + timedelta(hours=1))
    assert client.get("/v1/keys").status_code == 401


def test_every_credential_that_does_not_hold_gets_the_same_answer(admin, client, key_for, problem):
    token = key_for(Scope.ADMIN)
    wrong = token[:-1] + ("0" if token[-1] != "0" else "1")
    headers = [None, "", "Bearer", "Bearer ", f"Bearer {wrong}", f"Basic {token}", token, "Bearer " + "x" * 8000]
    told = set()
    for header in headers:
        answer = client.get("/v1/keys", headers={} if header is None else {"Authorization": header})
        document = problem(answer, 401, "invalid_credentials")
        assert answer.headers["www-authenticate"].startswith("Bearer")
        told.add((document["detail"], document["title"], document["type"]))
    assert len(told) == 1


def test_a_key_in_the_address_is_refused_even_if_it_holds(client, key_for, problem):
    token = key_for(Scope.ADMIN)
    document = problem(client.get(f"/v1/keys?key={token}"), 400, "key_in_address")
    assert token not in str(document)


def test_a_key_in_a_cookie_opens_nothing(client, key_for, problem):
    token = key_for(Scope.ADMIN)
    problem(
        client.get("/v1/keys", headers={"Cookie": f"session={token}; Authorization={token}"}),
        401,
        "invalid_credentials",
    )


def test_only_administrators_see_or_make_keys(client_for, problem):
    client = client_for(*(scope for scope in Scope if scope is not Scope.ADMIN))
    problem(client.get("/v1/keys"), 403, "scope_missing")
    problem(client.post("/v1/keys", json={"name": "x", "scopes": ["admin"]}), 403, "scope_missing")
    problem(client.delete("/v1/keys/1"), 403, "scope_missing")


def test_the_day_of_the_last_use_is_kept(admin, database, now):
    admin.get("/v1/keys")
    with database.reading() as session:
        assert session.scalars(select(ApiKey.last_used_on)).all() == [now.date()]


def test_a_key_that_does_not_fit_is_refused_with_what_to_do(admin, problem):
    answer = admin.post("/v1/keys", json={"name": "x", "scopes": ["items:read"], "owner_id": 99})
    problem(answer, 422, "unknown_owner")
    problem(admin.delete("/v1/keys/99"), 404, "not_found")
