"""Signing in through an OpenID Connect provider that really answers, on this machine."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc.jwk import RSAKey
from sqlalchemy import select
from starlette.testclient import TestClient

from app.access.users import create_user, disable_user, give_rights, rights_of
from app.domain.actor import OPERATOR, UserRole
from app.errors import AppError
from app.main import create_app
from app.runtime import Runtime, Tools
from app.settings import Settings
from app.store.access import find_user
from app.store.people_tables import PendingSignIn, User
from app.store.tables import AuditEvent, Owner

MIRA = {"sub": "p-1", "email": "Mira@Example.com", "email_verified": True}


@pytest.fixture
def start(provider, database, clock, tmp_path):
    """Starts the service with this provider and any other settings."""
    browsers = []

    def make(**over):
        name, secret = provider.client
        settings = Settings(
            data_dir=tmp_path / "data",
            secret_key="a secret for tests that is long enough",
            **({"oidc_issuer": provider.issuer, "oidc_client_id": name, "oidc_client_secret": secret} | over),
        )
        app = create_app(Runtime(settings, database, clock, Tools(settings)))
        browsers.append(TestClient(app, settings.base_url, headers={"Accept": "text/html"}, follow_redirects=False))
        return browsers[-1]

    provider.person = dict(MIRA)
    yield make
    for browser in browsers:
        browser.close()


def _to_provider(browser):
    answer = browser.get("/sign-in/oidc")
    assert answer.status_code == 303
    return answer.headers["location"]


def _at_provider(address):
    """What the provider has the browser do: the path and query to come back to."""
    back = urlsplit(httpx.get(address).headers["location"])
    return f"{back.path}?{back.query}"


def _sign_in(browser):
    return browser.get(_at_provider(_to_provider(browser)))


def _users(database):
    with database.reading() as session:
        return session.scalars(select(User).order_by(User.id)).all()


@pytest.fixture
def mira(database, now, shop):
    with database.writing() as session:
        owner = session.scalars(select(Owner).where(Owner.key == "mira")).one()
        owner.email = "mira@example.com"
        rights = rights_of(UserRole.OWNER, owner_id=owner.id)
        return create_user(session, now, OPERATOR, "mira", email="mira@example.com", rights=rights).id


def test_somebody_who_is_known_by_their_verified_address_signs_in_and_is_linked(start, mira, database):
    browser = start()
    assert "Sign in with single sign-on" in browser.get("/sign-in").text
    answer = _sign_in(browser)
    assert (answer.status_code, answer.headers["location"]) == (303, "/inbox")
    assert "Refunds are late for Mira" in browser.get("/inbox").text
    (user,) = _users(database)
    assert (user.id, user.oidc_subject) == (mira, "p-1")
    with database.reading() as session:
        actions = session.scalars(select(AuditEvent.action)).all()
    assert {"user_linked", "browser_signed_in"} <= set(actions)


def test_once_linked_the_providers_id_counts_and_not_the_address(start, mira, provider, database):
    browser = start()
    _sign_in(browser)
    provider.person |= {"email": "married@example.com"}
    assert _sign_in(browser).status_code == 303
    provider.person |= {"sub": "p-2", "email": "mira@example.com"}
    answer = _sign_in(browser)
    assert answer.status_code == 403
    assert "another account" in answer.text
    assert len(_users(database)) == 1


def test_somebody_new_is_made_known_without_rights_until_an_administrator_gives_a_role(start, database, now):
    browser = start()
    answer = _sign_in(browser)
    assert answer.status_code == 403
    assert "nobody has given you a role yet" in answer.text
    with database.writing() as session:
        user = find_user(session, "mira@example.com")
        assert (user.scopes, user.password_hash) == ([], None)
        give_rights(session, now, OPERATOR, user, rights_of(UserRole.ANALYST))
    assert _sign_in(browser).status_code == 303


@pytest.mark.parametrize("verified", [False, None, "false", 1, "yes"])
def test_an_address_that_is_not_verified_links_to_nobody(start, mira, provider, database, verified):
    provider.person |= {"email_verified": verified}
    answer = _sign_in(start())
    assert answer.status_code == 403
    assert _users(database)[0].oidc_subject is None
    assert len(_users(database)) == 1


def test_only_allowed_domains_may_sign_in(start, mira, provider):
    browser = start(oidc_email_domains="corp.example, @example.com")
    assert _sign_in(browser).status_code == 303
    for address in ("mira@example.com.evil.example", "mira@notexample.com", None):
        provider.person |= {"email": address}
        assert _sign_in(browser).status_code == 403


def test_groups_give_roles_at_each_sign_in(start, mira, provider, database):
    browser = start(oidc_roles="cx-admins=admin, cx=analyst, owners=owner")
    for groups, scopes in (
        (["cx", "cx-admins"], ["admin"]),
        (["cx"], ["analyst"]),
        ("owners", ["items:read", "items:write"]),
    ):
        provider.person |= {"groups": groups}
        assert _sign_in(browser).status_code == 303
        assert _users(database)[0].scopes == scopes
    provider.person |= {"groups": ["sales"]}
    assert _sign_in(browser).status_code == 403
    assert browser.get("/inbox").status_code == 403
    provider.person |= {"groups": {"cx-admins": True}}
    assert _sign_in(browser).status_code == 403


def test_a_disabled_person_cannot_come_back_through_the_provider(start, mira, database, now):
    browser = start()
    _sign_in(browser)
    with database.writing() as session:
        disable_user(session, now, OPERATOR, session.get(User, mira))
    assert browser.get("/inbox").headers["location"] == "/sign-in"
    assert _sign_in(browser).headers["location"] == "/sign-in"
    assert browser.get("/inbox").headers["location"] == "/sign-in"


def test_the_way_there_carries_state_nonce_and_a_challenge_and_no_secret(start, provider, database):
    address = _to_provider(start())
    query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    assert address.startswith(f"{provider.issuer}/authorize?")
    assert (query["response_type"], query["code_challenge_method"]) == ("code", "S256")
    assert query["redirect_uri"] == "http://127.0.0.1:8321/sign-in/oidc/callback"
    assert all(len(query[name]) >= 43 for name in ("state", "nonce", "code_challenge"))
    with database.reading() as session:
        kept = session.scalars(select(PendingSignIn)).one()
    assert query["state"] not in (kept.state_digest, kept.digest)
    assert kept.verifier not in address
    assert provider.client[1] not in address


def test_a_way_back_works_once_in_the_browser_that_left_and_for_ten_minutes(start, mira, provider, clock):
    browser, stranger = start(), start()
    back = _at_provider(_to_provider(browser))
    assert stranger.get(back).status_code == 401
    assert browser.get(back).status_code == 303
    assert browser.get(back).status_code == 401
    late = _at_provider(_to_provider(browser))
    clock.set(clock.now() + timedelta(minutes=10))
    assert browser.get(late).status_code == 401


def test_a_way_back_with_another_state_code_or_issuer_is_refused(start, mira, provider):
    browser = start()
    for change in (
        lambda back: back.replace("state=", "state=x"),
        lambda back: back.replace("code=", "code=x"),
        lambda back: back.replace("code=", "c="),
        lambda back: back.replace("iss=http", "iss=https"),
        lambda _back: "/sign-in/oidc/callback?error=access_denied",
        lambda _back: "/sign-in/oidc/callback",
    ):
        answer = browser.get(change(_at_provider(_to_provider(browser))))
        assert answer.status_code == 401
        assert browser.get("/inbox").headers["location"] == "/sign-in"


@pytest.mark.parametrize(
    "over",
    [
        {"nonce": "another"}, {"nonce": None}, {"aud": "another"}, {"iss": "https://evil.example"},
        {"exp": 1}, {"azp": "another"}, {"aud": ["closeloop", "another"]}, {"sub": None},
    ],
)  # fmt: skip
def test_an_id_token_that_does_not_fit_signs_nobody_in(start, mira, provider, over):
    provider.person |= over
    browser = start()
    assert _sign_in(browser).status_code == 401
    assert browser.get("/inbox").headers["location"] == "/sign-in"


def test_an_id_token_with_another_signature_signs_nobody_in(start, mira, provider):
    provider.key = RSAKey.generate_key(2048, {"kid": "k1"})
    assert _sign_in(start()).status_code == 401


def test_a_client_that_the_provider_does_not_know_signs_nobody_in(start, mira):
    assert _sign_in(start(oidc_client_secret="another")).status_code == 401


def test_a_provider_that_is_away_leaves_the_password_as_a_way_in(start, provider):
    provider.server.shutdown()
    provider.server.server_close()
    browser = start()
    answer = browser.get("/sign-in/oidc")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "60"
    assert "Password" in browser.get("/sign-in").text


def test_without_a_provider_there_is_no_such_way(browser):
    assert browser.get("/sign-in/oidc").status_code == 404
    assert browser.get("/sign-in/oidc/callback?code=a&state=b").status_code == 404


@pytest.mark.parametrize(
    "over",
    [
        {"oidc_client_id": None}, {"oidc_issuer": "http://id.example.com"}, {"oidc_roles": "cx=root"},
        {"oidc_roles": "analyst"}, {"oidc_issuer": "not an address"},
    ],
)  # fmt: skip
def test_settings_that_do_not_fit_stop_the_start(start, over):
    with pytest.raises(AppError) as raised:
        start(**over)
    assert raised.value.code == "bad_oidc_settings"
