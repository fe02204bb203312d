"""Whose things are whose, by their number in the fault catalogue (T-40 to T-50, T-55, T-56)."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from app.access.keys import find_key
from app.api.router import include_routers, make_app
from app.domain.actor import Scope
from app.errors import AppError
from app.store.session import Database
from app.store.tables import ApiKey

OWN = (Scope.ITEMS_READ, Scope.ITEMS_WRITE)
ITEM = {
    "external_id": "r-1",
    "medium": "chat",
    "occurred_at": "2026-09-01T00:00:00Z",
    "turns": [
        {"role": "agent", "text": "Hello", "speaker": "Agent Smith"},
        {"role": "customer", "text": "It was late", "speaker": "Zora Quist"},
    ],
    "customer": {"ref": "C-9", "email": "zora.quist@example.net", "name": "Zora Quist"},
    "attributes": {"reply_to": "zora.quist@example.net", "store": "Leeds", "visits": 3},
}


@pytest.fixture
def jonas(client_for, owners):
    return client_for(*OWN, owner_id=owners["jonas"])


@pytest.fixture
def mira(client_for, owners):
    return client_for(*OWN, owner_id=owners["mira"])


def _without_instance(answer):
    return {name: value for name, value in answer.json().items() if name != "instance"}


@pytest.mark.parametrize("kind", ["action-items", "themes", "changes"])
def test_t40_another_owners_things_are_not_found(mira, jonas, world, kind, problem):
    number = {"action-items": world.items, "themes": world.themes, "changes": world.changes}[kind][0]
    assert jonas.get(f"/v1/{kind}/{number}").status_code == 200
    answer = mira.get(f"/v1/{kind}/{number}")
    assert answer.status_code == 404
    assert "jonas" not in answer.text


def test_t41_lists_searches_and_exports_hold_nothing_of_others(mira, world):
    for path in (
        "/v1/action-items", "/v1/action-items?q=jonas", "/v1/action-items?owner=jonas", "/v1/action-items?q=Refunds",
        "/v1/themes", "/v1/themes?topic=refunds", "/v1/changes", "/v1/forecast",
    ):  # fmt: skip
        answer = mira.get(path)
        assert answer.status_code == 200, path
        assert "jonas theme" not in answer.text
        assert "Refunds: jonas" not in answer.text
    for file in ("impact", "impact.csv", "design"):
        assert mira.get(f"/v1/changes/{world.changes[0]}/{file}").status_code == 404


def test_t41_a_cursor_of_another_owner_is_refused(client_for, owners, world, problem):
    analyst, mira = client_for(Scope.ANALYST), client_for(*OWN, owner_id=owners["mira"])
    for path in ("/v1/action-items", "/v1/themes", "/v1/changes"):
        following = analyst.get(path, params={"limit": 1}).json()["next"]
        assert following is not None
        problem(mira.get(following), 400, "bad_cursor")


def test_t42_the_status_of_another_sources_item_is_not_found(client_for, sources, problem):
    crm, shop = (client_for(Scope.INGEST_WRITE, source_id=sources[key]) for key in ("crm", "shop"))
    status = crm.post("/v1/feedback", json=ITEM).json()["status_url"]
    assert crm.get(status).status_code == 200
    foreign = problem(shop.get(status), 404, "not_found")
    assert {**foreign, "instance": ""} == {
        **problem(shop.get("/v1/feedback/99/status"), 404, "not_found"),
        "instance": "",
    }
    problem(shop.get("/v1/deliveries/1"), 403, "scope_missing")


def test_t43_a_number_of_somebody_else_and_one_of_nobody_get_the_same_answer(mira, world):
    for kind, number in (("action-items", world.items[0]), ("themes", world.themes[0]), ("changes", world.changes[0])):
        theirs, nobodys = mira.get(f"/v1/{kind}/{number}"), mira.get(f"/v1/{kind}/4711")
        assert theirs.status_code == nobodys.status_code == 404
        assert _without_instance(theirs) == _without_instance(nobodys)
        assert len(theirs.content) == len(nobodys.content)
        names = [sorted(set(answer.headers) - {"x-request-id"}) for answer in (theirs, nobodys)]
        assert names[0] == names[1]


def test_t44_a_key_that_reads_does_not_write(client_for, owners, world, problem):
    reader = client_for(Scope.ITEMS_READ, owner_id=owners["jonas"])
    path = f"/v1/action-items/{world.items[0]}"
    assert reader.get(path).status_code == 200
    for deed in ("acknowledge", "plan", "deploy", "decline", "reassign", "snooze", "close", "comments", "reopen"):
        problem(reader.post(f"{path}/{deed}", json={"version": 1}), 403, "scope_missing")


@pytest.mark.parametrize("field", ["owner_id", "deadline_at", "created_at", "tenant_id", "status", "state", "id"])
def test_t47_an_owner_sets_no_field_that_is_not_theirs(jonas, world, problem, field):
    path = f"/v1/action-items/{world.items[0]}"
    before = jonas.get(path).json()
    for deed in ("acknowledge", "decline", "snooze", "comments"):
        document = problem(jonas.post(f"{path}/{deed}", json={"version": 1, field: "verified"}), 422, "invalid_request")
        assert f"/{field}" in {error["pointer"] for error in document["errors"]}
    assert jonas.request("PATCH", path, json={field: "verified"}).status_code == 405
    assert jonas.get(path).json() == before


def test_t48_answers_hold_no_secret_no_digest_and_no_raw_payload(client_for, admin, jonas, world, owners):
    made = admin.post("/v1/sources", json={"key": "hook", "connector": "standard_webhooks"}).json()
    secret = next(value for value in made.values() if isinstance(value, str) and value.startswith("whsec_"))
    admin.post("/v1/users", json={"name": "ana", "role": "analyst", "password": "violet kettle marching"})
    told = [
        client.get(path).text
        for client in (admin, jonas)
        for path in (
            "/v1/keys", "/v1/users", "/v1/sources", "/v1/audit", "/v1/owners", "/v1/deliveries", "/v1/action-items",
            f"/v1/action-items/{world.items[0]}", f"/v1/themes/{world.themes[0]}/mentions", "/v1/notices",
        )
    ]  # fmt: skip
    for text in told:
        assert secret not in text
        assert re.search(r"digest|password_hash|argon2|voc_live_|\"secrets\"|\"body\"|vector|centroid", text) is None


def test_t49_names_and_addresses_of_customers_need_their_own_scope(client_for, sources, owners):
    client_for(Scope.INGEST_WRITE, source_id=sources["crm"]).post("/v1/feedback", json=ITEM)
    plain, trusted, admin = (
        client_for(Scope.ANALYST),
        client_for(Scope.ANALYST, Scope.PII_READ),
        client_for(Scope.ADMIN),
    )
    number = plain.get("/v1/feedback").json()["items"][0]["id"]
    for path in ("/v1/feedback", f"/v1/feedback/{number}"):
        masked = plain.get(path).text
        assert "quist" not in masked.lower()
        assert "example.net" not in masked
        assert '"customer_email":"z***@***"' in masked
        assert '"customer_name":"Z***"' in masked
        assert '"customer_ref":"C-9"' in masked
        for reader in (trusted, admin):
            assert "zora.quist@example.net" in reader.get(path).text
    whole = plain.get(f"/v1/feedback/{number}").json()
    assert whole["turns"][0]["speaker"] == "Agent Smith"
    assert (whole["attributes"]["store"], whole["attributes"]["visits"]) == ("Leeds", 3)
    assert client_for(Scope.PII_READ).get(f"/v1/feedback/{number}").status_code == 403


def test_t49_an_address_that_stands_for_a_person_is_masked_too(client_for, sources, database):
    sender = client_for(Scope.INGEST_WRITE, source_id=sources["crm"])
    sender.post("/v1/feedback", json=ITEM | {"customer": {"email": "zora.quist@example.net"}})
    assert "quist" not in client_for(Scope.ANALYST).get("/v1/feedback").text.lower().replace("zora quist", "")


def test_t50_a_key_with_another_last_character_an_expired_and_a_revoked_one_are_refused(
    client, client_for, admin, clock, now, problem
):
    token = admin.post("/v1/keys", json={"name": "w", "scopes": ["admin"]}).json()["key"]
    wrong = token[:-1] + ("0" if token[-1] != "0" else "1")
    problem(client.get("/v1/keys", headers={"Authorization": f"Bearer {wrong}"}), 401, "invalid_credentials")
    problem(client.get(f"/v1/keys?api_key={token}"), 400, "key_in_address")
    expiring = client_for(Scope.ADMIN, expires_at=now + timedelta(hours=1))
    assert expiring.get("/v1/keys").status_code == 200
    made = admin.post("/v1/keys", json={"name": "x", "scopes": ["admin"]}).json()
    admin.delete(f"/v1/keys/{made['id']}")
    problem(client.get("/v1/keys", headers={"Authorization": f"Bearer {made['key']}"}), 401, "invalid_credentials")
    clock.set(now + timedelta(hours=1))
    problem(expiring.get("/v1/keys"), 401, "invalid_credentials")


def test_t50_a_revoked_key_is_refused_at_once_by_another_process_too(admin, database_url, now):
    made = admin.post("/v1/keys", json={"name": "x", "scopes": ["admin"]}).json()
    elsewhere = Database(database_url)
    with elsewhere.reading() as session:
        assert find_key(session, now, made["key"]).name == "x"
    admin.delete(f"/v1/keys/{made['id']}")
    with elsewhere.reading() as session, pytest.raises(AppError):
        find_key(session, now, made["key"])
    elsewhere.dispose()


def test_a_rotated_key_works_beside_the_new_one_until_the_chosen_instant(admin, client, clock, now, problem):
    made = admin.post("/v1/keys", json={"name": "crm", "scopes": ["admin", "pii:read"]}).json()
    until = now + timedelta(hours=2)
    rotated = admin.post(f"/v1/keys/{made['id']}/rotate", json={"old_works_until": until.isoformat()})
    assert rotated.status_code == 201
    fresh = rotated.json()
    assert (fresh["name"], fresh["scopes"]) == (made["name"], made["scopes"])
    old, new = ({"Authorization": f"Bearer {key['key']}"} for key in (made, fresh))
    assert client.get("/v1/keys", headers=old).status_code == client.get("/v1/keys", headers=new).status_code == 200
    listed = {row["id"]: row for row in admin.get("/v1/keys").json()["items"]}
    assert listed[made["id"]]["replaced_by_id"] == fresh["id"]
    clock.set(until)
    problem(client.get("/v1/keys", headers=old), 401, "invalid_credentials")
    assert client.get("/v1/keys", headers=new).status_code == 200


def test_a_key_is_rotated_once_works_on_for_a_day_and_never_longer_than_it_would_have(admin, database, now, problem):
    made = admin.post("/v1/keys", json={"name": "a", "scopes": ["admin"]}).json()
    ending = (now + timedelta(hours=3)).isoformat()
    short = admin.post("/v1/keys", json={"name": "b", "scopes": ["admin"], "expires_at": ending}).json()
    for key in (made, short):
        assert admin.post(f"/v1/keys/{key['id']}/rotate").status_code == 201
        problem(admin.post(f"/v1/keys/{key['id']}/rotate"), 409, "key_not_rotatable")
    with database.reading() as session:
        ends = dict(session.execute(select(ApiKey.id, ApiKey.expires_at)).all())
        fresh = session.scalar(select(ApiKey).where(ApiKey.name == "b", ApiKey.id != short["id"]))
    assert ends[made["id"]] == now + timedelta(days=1)
    assert ends[short["id"]] == fresh.expires_at == now + timedelta(hours=3)


def test_a_rotation_that_does_not_fit_is_refused(admin, now, problem):
    made = admin.post("/v1/keys", json={"name": "a", "scopes": ["admin"]}).json()
    for until in (now - timedelta(seconds=1), now + timedelta(days=91)):
        answer = admin.post(f"/v1/keys/{made['id']}/rotate", json={"old_works_until": until.isoformat()})
        problem(answer, 422, "bad_overlap")
    admin.delete(f"/v1/keys/{made['id']}")
    problem(admin.post(f"/v1/keys/{made['id']}/rotate"), 409, "key_not_rotatable")
    problem(admin.post("/v1/keys/4711/rotate"), 404, "not_found")


@pytest.fixture
def machines(provider, runtime):
    """A client of the service that takes tokens of the provider."""
    given = {"token_issuer": provider.issuer, "token_audience": "closeloop"}
    given |= {"token_scopes": "cl.send=ingest:write, cl.read=analyst"}
    runtime.settings = runtime.settings.model_copy(update=given)
    app = make_app(runtime)
    include_routers(app)
    with TestClient(app) as client:
        yield client


def _bearer(token):
    return {"Authorization": f"Bearer {token}"}


def test_a_machine_brings_a_token_of_its_own_issuer_and_has_the_scopes_that_are_mapped(
    machines, provider, sources, database, problem
):
    token = provider.sign(provider.claims("closeloop", scope="openid cl.send admin"))
    answer = machines.post("/v1/feedback?source=crm", json=ITEM, headers=_bearer(token))
    assert answer.status_code == 202
    problem(machines.get("/v1/feedback", headers=_bearer(token)), 403, "scope_missing")
    problem(machines.get("/v1/keys", headers=_bearer(token)), 403, "scope_missing")
    reading = provider.sign(provider.claims("closeloop", scp=["cl.read"]))
    assert "quist" not in machines.get("/v1/feedback", headers=_bearer(reading)).text.lower()


def test_t55_a_token_that_does_not_hold_gets_the_answer_of_a_wrong_key(machines, provider, problem):
    good = provider.claims("closeloop", scope="cl.read")
    for token in (
        provider.sign(good | {"aud": "another"}),
        provider.sign(good | {"iss": "https://evil.example"}),
        provider.sign(good | {"exp": 1}),
        provider.sign(good).rpartition(".")[0] + ".AAAA",
        "eyJhbGciOiJub25lIn0.e30.",
        "x" * 5000,
    ):
        problem(machines.get("/v1/feedback", headers=_bearer(token)), 401, "invalid_credentials")
    assert machines.get("/v1/feedback", headers=_bearer(provider.sign(good))).status_code == 200


def test_keys_work_beside_tokens(machines, key_for):
    assert machines.get("/v1/keys", headers=_bearer(key_for(Scope.ADMIN))).status_code == 200


def test_people_are_made_given_rights_and_disabled_over_the_api(admin, owners, problem):
    made = admin.post("/v1/users", json={"name": "Mira@Example.com", "role": "owner", "owner_id": owners["mira"]})
    assert made.status_code == 201
    user = made.json()
    assert (user["name"], user["scopes"], user["has_password"]) == (
        "mira@example.com",
        ["items:read", "items:write"],
        False,
    )
    path = f"/v1/users/{user['id']}"
    rights = admin.put(f"{path}/rights", json={"role": "analyst", "scopes": ["pii:read"]}).json()
    assert (rights["scopes"], rights["owner_id"]) == (["analyst", "pii:read"], None)
    assert admin.post(f"{path}/disable").json()["disabled_at"] is not None
    assert admin.post(f"{path}/enable").json()["disabled_at"] is None
    assert [row["name"] for row in admin.get("/v1/users").json()["items"]] == ["mira@example.com"]
    problem(admin.post("/v1/users", json={"name": "mira@example.com"}), 409, "user_exists")
    problem(admin.post("/v1/users", json={"name": "x", "role": "owner"}), 422, "owner_missing")
    problem(admin.post("/v1/users", json={"name": "x", "owner_id": 99}), 422, "unknown_owner")
    problem(admin.post("/v1/users", json={"name": "x", "password": "password1234"}), 422, "common_password")
    problem(admin.put("/v1/users/99/rights", json={}), 404, "not_found")
