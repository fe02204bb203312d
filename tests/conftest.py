"""A real database for every test: a copy of a migrated template, SQLite always, PostgreSQL where one answers."""

import base64
import hashlib
import json
import os
import shutil
import socket
import ssl
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from joserfc import jwt
from joserfc.jwk import RSAKey
from sqlalchemy import make_url

from app.store.migrate import upgrade_schema
from app.store.session import Database


def pytest_collection_modifyitems(items):
    """Longest first, as far as limits of time tell: one that begins last leaves the other workers nothing to do."""
    items.sort(key=lambda item: -max((mark.args[0] for mark in item.iter_markers("timeout")), default=0))


# `CLOSELOOP_TEST_POSTGRES` names a server on which the tests may make databases; without it they run on SQLite only.
POSTGRES = os.environ.get("CLOSELOOP_TEST_POSTGRES")
BACKENDS = ["sqlite", "postgresql"] if POSTGRES else ["sqlite"]


@pytest.fixture(autouse=True, scope="session")
def _only_loopback():
    """The suite must never reach out: any connection but to this machine is an error."""
    real = socket.socket.connect

    def connect(self, address):
        if isinstance(address, tuple) and address[0] not in {"127.0.0.1", "localhost", "::1"}:
            raise AssertionError(f"a test tried to reach {address[0]}")
        return real(self, address)

    socket.socket.connect = connect
    yield
    socket.socket.connect = real


@pytest.fixture(autouse=True, scope="session")
def _no_settings_from_outside():
    for name in [name for name in os.environ if name.startswith("CLOSELOOP_")]:
        del os.environ[name]


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory):
    path = tmp_path_factory.mktemp("template") / "template.db"
    database = Database(f"sqlite:///{path}", synchronous="NORMAL")
    upgrade_schema(database.engine)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("BEGIN")
    database.dispose()
    return path


@pytest.fixture(scope="session")
def postgres_server():
    """The server on which tests may make databases; None where there is none."""
    return POSTGRES


@pytest.fixture(scope="session")
def copying():
    """How PostgreSQL copies a template: by files, eight times as fast as its default, which logs every page."""
    with psycopg.connect(POSTGRES, autocommit=True) as server:
        return "STRATEGY FILE_COPY" if server.info.server_version >= 150000 else ""


@pytest.fixture(scope="session")
def postgres_template():
    name = f"closeloop_template_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(POSTGRES, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
    database = Database(_postgres_url(name))
    upgrade_schema(database.engine)
    database.dispose()
    yield name
    _drop(name)


@pytest.fixture(params=BACKENDS)
def database_url(request, tmp_path):
    """The URL of a fresh, migrated database of this test's own."""
    if request.param == "sqlite":
        path = tmp_path / "closeloop.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    template = request.getfixturevalue("postgres_template")
    name = f"closeloop_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(POSTGRES, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name} TEMPLATE {template} {request.getfixturevalue('copying')}")
    yield _postgres_url(name)
    _drop(name)


@pytest.fixture
def database(database_url):
    database = Database(database_url, synchronous="NORMAL")
    yield database
    database.dispose()


@pytest.fixture
def session(database):
    """One write transaction that the test may flush and query in; rolled back at the end."""
    with database.writing() as session:
        yield session
        session.rollback()


@pytest.fixture
def at_once():
    """Calls something with its number in four threads that start together; gives what each returned."""

    def together(call):
        barrier = threading.Barrier(4)

        def one(number):
            barrier.wait(timeout=30)
            return call(number)

        with ThreadPoolExecutor(4) as pool:
            return list(pool.map(one, range(4)))

    return together


@pytest.fixture
def now():
    """A Wednesday morning: the instant at which tests happen unless they say otherwise."""
    return datetime(2026, 9, 16, 9, 0, tzinfo=UTC)


def _postgres_url(name):
    return make_url(POSTGRES).set(drivername="postgresql+psycopg", database=name).render_as_string(hide_password=False)


def _drop(name):
    with psycopg.connect(POSTGRES, autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


class Provider:
    """A small OpenID Connect provider on this machine: signs whomever it is told to in, at once.

    `person` goes into ID tokens over what belongs there; None leaves a claim out.
    """

    client = ("closeloop", "the provider's own secret: s3cr3t&more")

    def __init__(self, key, now):
        self.key, self.now, self.person, self.codes, self.asked = key, now, {"sub": "p-1"}, {}, []
        self.header, self.published = {"alg": "RS256", "kid": "k1"}, [key.as_dict(private=False)]
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                provider._get(self, urlsplit(self.path))

            def do_POST(self):
                provider._exchange(self)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def sign(self, claims, header=None, key=None):
        """A token with these claims."""
        return jwt.encode(header or self.header, claims, key or self.key)

    def claims(self, audience, **over):
        """What every good token says, and `over`."""
        at = int(self.now.timestamp())
        claims = {"iss": self.issuer, "aud": audience, "sub": "p-1", "iat": at, "exp": at + 300} | over
        return {name: value for name, value in claims.items() if value is not None}

    def _get(self, request, address):
        self.asked.append(address.path)
        if address.path == "/.well-known/openid-configuration":
            paths = {"authorization_endpoint": "/authorize", "token_endpoint": "/token", "jwks_uri": "/keys"}
            self._answer(request, {"issuer": self.issuer} | {name: self.issuer + at for name, at in paths.items()})
        elif address.path == "/keys":
            self._answer(request, {"keys": self.published})
        else:
            query = {name: values[0] for name, values in parse_qs(address.query).items()}
            code = uuid.uuid4().hex
            self.codes[code] = query
            request.send_response(303)
            back = urlencode({"code": code, "state": query["state"], "iss": self.issuer})
            request.send_header("Location", f"{query['redirect_uri']}?{back}")
            request.end_headers()

    def _exchange(self, request):
        length = int(request.headers["Content-Length"])
        form = {name: values[0] for name, values in parse_qs(request.rfile.read(length).decode()).items()}
        asked = self.codes.pop(form["code"], None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=")
        name, secret = (urlencode({"": part})[1:] for part in self.client)
        basic = "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()
        known = request.headers["Authorization"] == basic
        if asked is None or challenge.decode() != asked["code_challenge"] or not known:
            self._answer(request, {"error": "invalid_grant"}, 400)
            return
        claims = self.claims(self.client[0], **({"nonce": asked["nonce"]} | self.person))
        self._answer(request, {"access_token": "a", "token_type": "Bearer", "id_token": self.sign(claims)})

    def _answer(self, request, document, status=200):
        request.send_response(status)
        request.send_header("Content-Type", "application/json")
        request.end_headers()
        request.wfile.write(json.dumps(document).encode())


@pytest.fixture(scope="session")
def provider_key():
    return RSAKey.generate_key(2048, {"kid": "k1", "use": "sig"})


@pytest.fixture
def provider(provider_key, now):
    """An identity provider that answers on this machine."""
    provider = Provider(provider_key, now)
    yield provider
    provider.server.shutdown()
    provider.server.server_close()


class Receiver:
    """A web server on this machine: keeps what it was sent and gives its answers in turn, then 200."""

    def __init__(self):
        self.got, self.answers = [], []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.append((self.path, {name.lower(): text for name, text in self.headers.items()}, body))
                status, headers = receiver.answers.pop(0) if receiver.answers else (200, {})
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(b"what the receiver says is nobody's business")

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.server.shutdown()
    receiver.server.server_close()


@pytest.fixture(scope="session")
def certificate_for(tmp_path_factory):
    """Makes certificates that sign themselves; gives the path of the authority, and a server's context."""
    return lambda host: _certificate(host, tmp_path_factory.mktemp("tls"))


def _certificate(host, path):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    start = datetime.now(UTC) - timedelta(days=1)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=3))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (path / "ca.pem").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    (path / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(path / "ca.pem", path / "key.pem")
    return path / "ca.pem", server
