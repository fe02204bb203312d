"""T-51: a small session with every kind of secret, and then a search for each of them wherever they could stay."""

import csv
import io
import logging
import sqlite3
from urllib.parse import urlsplit

import httpx
import pytest
import structlog
from sqlalchemy import text
from standardwebhooks import Webhook
from starlette.testclient import TestClient

from app.access.keys import create_key
from app.domain.actor import OPERATOR, Scope
from app.log import configure_logs
from app.main import create_app
from app.runtime import Runtime, Tools
from app.settings import Settings
from app.store.export import TABLES, rows_of

PASSWORD, WRONG = "violet kettle marching", "mauve saucepan strolling"
SECRET_KEY = "the installation's own and only k3y"


@pytest.fixture
def logged(capsys):
    """Everything that was logged, at the most talkative level."""
    root, settings = logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers, root.level
    configure_logs("DEBUG", "json")
    yield lambda: capsys.readouterr().err
    root.handlers = handlers
    root.setLevel(level)
    structlog.configure(**settings)


@pytest.fixture
def service(database, clock, tmp_path, provider):
    name, secret = provider.client
    settings = Settings(
        data_dir=tmp_path / "data",
        secret_key=SECRET_KEY,
        oidc_issuer=provider.issuer,
        oidc_client_id=name,
        oidc_client_secret=secret,
        token_issuer=provider.issuer,
        token_audience="closeloop",
        token_scopes="cl.read=analyst",
    )
    app = create_app(Runtime(settings, database, clock, Tools(settings)))
    with TestClient(app, settings.base_url, follow_redirects=False, raise_server_exceptions=False) as client:
        yield client


def _machines(service, admin, told):
    """Keys made, replaced, used wrongly; a source with a secret; answers kept under an idempotency key."""
    headers = {"Authorization": f"Bearer {admin}", "Idempotency-Key": "once"}
    made = service.post("/v1/keys", json={"name": "crm", "scopes": ["ingest:write"]}, headers=headers).json()
    fresh = service.post(f"/v1/keys/{made['id']}/rotate", headers=headers).json()
    source = service.post("/v1/sources", json={"key": "hook", "connector": "standard_webhooks"}, headers=headers).json()
    secret = next(value for value in source.values() if isinstance(value, str) and value.startswith("whsec_"))
    user = {"name": "ana", "role": "analyst", "password": PASSWORD}
    told += [
        service.post("/v1/users", json=user, headers=headers),
        service.post("/v1/users", json=user | {"role": PASSWORD}, headers=headers),
        service.post("/v1/users", content=f'{{"password": "{PASSWORD}"', headers=headers),
        service.get(f"/v1/keys?key={made['key']}", headers=headers),
        service.get("/v1/keys", headers={"Authorization": f"Bearer {made['key']}"}),
        service.get("/v1/keys", headers={"Authorization": f"Basic {made['key']}"}),
        service.get(f"/v1/{made['key']}", headers=headers),
        service.get("/v1/feedback", headers={"Authorization": f"Bearer {fresh['key']}x"}),
        *(service.get(path, headers=headers) for path in ("/v1/keys", "/v1/users", "/v1/sources", "/v1/audit")),
    ]
    return [made["key"], fresh["key"], secret]


def _hook(service, secret, now, told):
    body = b'{"id": "1", "text": "late"}'
    signature = Webhook(secret).sign("msg-1", now, body.decode())
    headers = {"webhook-id": "msg-1", "webhook-timestamp": str(int(now.timestamp())), "webhook-signature": signature}
    headers |= {"Content-Type": "application/json"}
    told.append(service.post("/v1/hooks/hook", content=body, headers=headers))
    assert told[-1].status_code < 300, told[-1].text
    told.append(service.post("/v1/hooks/hook", content=body, headers=headers | {"webhook-signature": secret}))


def _people(service, provider, now, told):
    """Wrong and right passwords, the way through the provider, and a machine's token."""
    pages = {"Accept": "text/html"}
    for password in (WRONG, PASSWORD):
        told.append(service.post("/sign-in", data={"name": "ana", "password": password}, headers=pages))
    cookies = [service.cookies["closeloop"]]
    provider.person = {"sub": "p-9", "email": "ana.s@example.com", "email_verified": True}
    left = service.get("/sign-in/oidc", headers=pages)
    cookies.append(service.cookies["closeloop-oidc"])
    back = urlsplit(httpx.get(left.headers["location"]).headers["location"])
    told.append(service.get(f"{back.path}?{back.query}", headers=pages))
    assert told[-1].status_code == 403  # made known, without a role
    told.append(service.get(f"{back.path}?{back.query}", headers=pages))
    token = provider.sign(provider.claims("closeloop", scope="cl.read"))
    for bearer in (token, token[:-4]):
        told.append(service.get("/v1/feedback", headers={"Authorization": f"Bearer {bearer}"}))
    return [*cookies, token, token.rpartition(".")[2]]


def _kept(database, tmp_path):
    """Everything that the database holds: its rows as text, a backup's bytes where it is a file, and an export."""
    with database.reading() as session:
        names = [table.name for table in next(iter(TABLES.values())).metadata.sorted_tables]
        rows = [str(tuple(row)) for name in names for row in session.execute(text(f'SELECT * FROM "{name}"'))]  # noqa: S608 - our own names
        file = io.StringIO()
        for name in TABLES:
            csv.writer(file).writerows(rows_of(session, name))
    found = "\n".join(rows) + file.getvalue()
    if database.is_sqlite:
        with sqlite3.connect(database.engine.url.database) as live, sqlite3.connect(tmp_path / "copy.db") as copy:
            live.backup(copy)
        live.close()
        copy.close()
        found += (tmp_path / "copy.db").read_bytes().decode("latin-1")
    return found


def test_t51_no_secret_stays_in_logs_numbers_answers_or_the_database(
    service, database, provider, now, tmp_path, logged
):
    with database.writing() as session:
        _, admin = create_key(session, now, OPERATOR, name="first", scopes=[Scope.ADMIN])
    told = []
    secrets = [admin, PASSWORD, WRONG, SECRET_KEY, provider.client[1]]
    secrets += (keys := _machines(service, admin, told))
    secrets.append(keys[-1].removeprefix("whsec_"))
    _hook(service, keys[-1], now, told)
    secrets += _people(service, provider, now, told)
    assert len(secrets) == len(set(secrets)) >= 12
    searched = {
        "logs": logged(),
        "numbers": service.get("/metrics").text,
        "answers": "\n".join(answer.text for answer in told),
        "database": _kept(database, tmp_path),
    }
    assert "request" in searched["logs"]
    assert "argon2id" in searched["database"]
    left = [(place, secrets.index(each)) for place, words in searched.items() for each in secrets if each in words]
    assert left == []
