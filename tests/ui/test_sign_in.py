"""People at the door: passwords, sessions, guessing, forms of other sites."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from app.access.keys import create_key
from app.access.passwords import hash_password
from app.access.users import create_user, disable_user, rights_of, set_password
from app.clock import SteppedClock
from app.domain.actor import OPERATOR, Scope, UserRole
from app.main import create_app
from app.runtime import Runtime, Tools
from app.settings import Settings
from app.store.access import find_user
from app.store.people_tables import SignInLimit
from app.store.tables import AuditEvent, BrowserSession, Owner
from app.ui.pages import PAGES

PASSWORD = "violet kettle marching"
OTHER = "nineteen quiet harbours"


@pytest.fixture(scope="session")
def kept():
    return hash_password(PASSWORD)


@pytest.fixture
def people(database, shop, now, kept):
    """Mira, who is an owner, Ana, who is an analyst, and Noa, who has no role yet."""
    with database.writing() as session:
        mira = session.scalars(select(Owner).where(Owner.key == "mira")).one()
        rights = {
            "mira@example.com": rights_of(UserRole.OWNER, owner_id=mira.id),
            "ana": rights_of(UserRole.ANALYST),
            "noa": rights_of(None),
        }
        for name, its in rights.items():
            user = create_user(session, now, OPERATOR, name, email=None, rights=its)
            set_password(session, now, OPERATOR, user, kept)


def _sign_in(browser, name="ana", password=PASSWORD, **options):
    return browser.post("/sign-in", data={"name": name, "password": password}, **options)


def _csrf(browser, path="/inbox"):
    return re.search(r'name="csrf" value="([^"]*)"', browser.get(path).text).group(1)


def test_somebody_signs_in_with_name_and_password_and_sees_their_own(browser, people):
    answer = _sign_in(browser, " Mira@Example.com ")
    assert (answer.status_code, answer.headers["location"]) == (303, "/inbox")
    page = browser.get("/inbox").text
    assert "Refunds are late for Mira" in page
    assert "Jonas" not in page


def test_what_somebody_did_is_audited_under_their_name(browser, people, shop, database):
    _sign_in(browser, "mira@example.com")
    form = {"csrf": _csrf(browser, f"/items/{shop.mira_item}"), "version": "1"}
    assert browser.post(f"/items/{shop.mira_item}/acknowledge", data=form).status_code == 303
    assert "by user:mira@example.com" in browser.get(f"/items/{shop.mira_item}").text
    with database.reading() as session:
        actors = set(session.scalars(select(AuditEvent.actor).where(AuditEvent.action == "browser_signed_in")))
    assert actors == {"user:mira@example.com"}


def test_somebody_without_a_role_is_told_to_ask_for_one(browser, people):
    answer = _sign_in(browser, "noa")
    assert answer.status_code == 403
    assert "nobody has given you a role yet" in answer.text
    assert "set-cookie" not in answer.headers


def test_t52_a_wrong_password_and_an_unknown_name_get_the_very_same_answer(browser, people, database, now):
    with database.writing() as session:
        create_user(session, now, OPERATOR, "gone", email=None, rights=rights_of(UserRole.ANALYST))
        disable_user(session, now, OPERATOR, find_user(session, "gone"))
        create_user(session, now, OPERATOR, "keyless", email=None, rights=rights_of(UserRole.ANALYST))
    told = [
        _sign_in(browser, name, "wrong password!")
        for name in ("ana", "nobody", "gone", "keyless", "noa", "", "é" * 300)
    ]
    assert {answer.status_code for answer in told} == {401}
    assert len({answer.text for answer in told}) == 1
    assert len({tuple(sorted(set(answer.headers) - {"x-request-id"})) for answer in told}) == 1


def test_t52_after_ten_wrong_passwords_even_the_right_one_waits(browser, people, clock):
    for _ in range(10):
        assert _sign_in(browser, password="wrong password!").status_code == 401
    answer = _sign_in(browser)
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) == 360
    assert "Try again in 360 seconds" in answer.text
    clock.set(clock.now() + timedelta(seconds=360))
    assert _sign_in(browser).status_code == 303


def test_t52_guessing_at_nobodys_account_is_slowed_all_the_same(browser, people):
    told = [_sign_in(browser, "nobody", "wrong password!").status_code for _ in range(11)]
    assert told == [401] * 10 + [429]


def test_t52_guessing_at_many_accounts_from_one_address_is_slowed(app, people, clock):
    with TestClient(app, client=("192.0.2.7", 1), follow_redirects=False, headers={"Accept": "text/html"}) as attacker:
        told = [_sign_in(attacker, f"name{k}", "wrong password!") for k in range(11)]
        assert [answer.status_code for answer in told] == [401] * 10 + [429]
        assert told[-1].headers["retry-after"] == "60"
    with TestClient(app, client=("192.0.2.8", 1), follow_redirects=False) as somebody:
        assert _sign_in(somebody).status_code == 303


def test_t52_a_right_password_in_between_does_not_help_to_guess_at_others(browser, people):
    for _ in range(9):
        _sign_in(browser, "mira@example.com", "wrong password!")
    assert _sign_in(browser).status_code == 303
    assert _sign_in(browser, "mira@example.com", "wrong password!").status_code == 401
    assert _sign_in(browser, "mira@example.com", "wrong password!").status_code == 429


def test_t52_neither_the_wrong_password_nor_the_name_is_repeated_or_kept(browser, people, database):
    answer = _sign_in(browser, "somebody-secret", "something-secret-too")
    assert "secret" not in answer.text
    with database.reading() as session:
        assert all("secret" not in row.digest for row in session.scalars(select(SignInLimit)))


@pytest.fixture
def over_tls(database, now, tmp_path):
    """The same service as people reach it over TLS."""
    settings = Settings(
        data_dir=tmp_path / "tls", secret_key="a key for tests that is long enough", public_url="https://cl.example.com"
    )
    app = create_app(Runtime(settings, database, SteppedClock(now), Tools(settings)))
    headers = {"Accept": "text/html", "Origin": "https://cl.example.com"}
    with TestClient(app, "https://cl.example.com", headers=headers, follow_redirects=False) as browser:
        yield browser


def test_t53_the_cookie_is_bound_to_the_host_to_tls_and_to_this_site(over_tls, people):
    cookie = _sign_in(over_tls).headers["set-cookie"]
    parts = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert cookie.startswith("__Host-closeloop=")
    assert {"secure", "httponly", "samesite=lax", "path=/"} <= parts
    assert not any(part.startswith("domain") for part in parts)
    assert over_tls.get("/inbox").headers["strict-transport-security"] == "max-age=31536000"


def test_t53_each_sign_in_has_a_new_id_and_ends_the_session_that_was_there(browser, people, database):
    _sign_in(browser)
    first = browser.cookies["closeloop"]
    _sign_in(browser)
    assert browser.cookies["closeloop"] != first
    with database.reading() as session:
        assert len(session.scalars(select(BrowserSession)).all()) == 1


def test_t53_a_cookie_that_somebody_planted_is_worth_nothing(browser, people):
    planted = {"Cookie": "closeloop=planted-by-somebody"}
    answer = _sign_in(browser, headers=planted)
    assert answer.status_code == 303
    assert "planted-by-somebody" not in answer.headers["set-cookie"]
    browser.cookies.clear()
    assert browser.get("/inbox", headers=planted).headers["location"] == "/sign-in"


def test_t53_signing_out_ends_the_session_on_the_server(browser, people):
    _sign_in(browser)
    cookie = browser.cookies["closeloop"]
    assert browser.post("/sign-out", data={"csrf": _csrf(browser)}).headers["location"] == "/sign-in"
    browser.cookies.set("closeloop", cookie)
    assert browser.get("/inbox").headers["location"] == "/sign-in"


def test_a_disabled_person_is_out_at_the_next_click(browser, people, database, now):
    _sign_in(browser)
    with database.writing() as session:
        disable_user(session, now, OPERATOR, find_user(session, "ana"))
    assert browser.get("/inbox").headers["location"] == "/sign-in"
    assert _sign_in(browser).status_code == 401


def test_one_changes_ones_own_password_and_is_signed_out_elsewhere(app, browser, people):
    _sign_in(browser)
    with TestClient(app, headers={"Accept": "text/html"}, follow_redirects=False) as elsewhere:
        _sign_in(elsewhere)
        form = {"csrf": _csrf(browser, "/password"), "old": PASSWORD, "new": OTHER}
        assert browser.post("/password", data=form).headers["location"] == "/inbox"
        assert browser.get("/inbox").status_code == 200
        assert elsewhere.get("/inbox").headers["location"] == "/sign-in"
        assert _sign_in(elsewhere).status_code == 401
        assert _sign_in(elsewhere, password=OTHER).status_code == 303


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("wrong", OTHER, "is another one"),
        (PASSWORD, "short", "12 to 1024"),
        (PASSWORD, "password1234", "among the first"),
    ],
)
def test_another_password_needs_the_old_one_and_must_be_a_good_one(browser, people, old, new, told):
    _sign_in(browser)
    answer = browser.post("/password", data={"csrf": _csrf(browser, "/password"), "old": old, "new": new})
    assert answer.status_code == 422
    assert told in answer.text
    assert new not in answer.text


def test_guessing_the_old_password_is_slowed_too(browser, people):
    _sign_in(browser)
    form = {"csrf": _csrf(browser, "/password"), "old": "wrong password!", "new": OTHER}
    told = [browser.post("/password", data=form).status_code for _ in range(11)]
    assert told == [422] * 10 + [429]


def test_a_key_has_no_password_to_change(mira):
    assert mira.get("/password").status_code == 404
    assert "Your password" not in mira.get("/inbox").text


def test_t54_every_form_needs_its_token_and_refuses_other_sites(browser, people, shop):
    _sign_in(browser)
    paths = [route.path for router in PAGES for route in router.routes if "POST" in route.methods]
    paths.remove("/sign-in")
    paths.remove("/a/{token}")  # mail programs post it without a session; its sealed token is the authority
    assert len(paths) >= 4
    for template in paths:
        path = re.sub(r"\{\w+_id\}", "1", template).replace("{deed}", "acknowledge")
        token = _csrf(browser)
        assert browser.post(path, data={"version": "1"}).status_code == 403, path
        assert browser.post(path, data={"csrf": "x" * 43}).status_code == 403, path
        for headers in (
            {"Origin": "https://evil.example"},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
        ):
            assert browser.post(path, data={"csrf": token}, headers=headers).status_code == 403, (path, headers)
    assert browser.get("/inbox").status_code == 200


def test_t54_another_site_cannot_sign_a_browser_in(browser, people):
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = _sign_in(browser, headers=headers)
        assert answer.status_code == 403
        assert "set-cookie" not in answer.headers


def test_t56_a_key_is_no_cookie_and_a_cookie_is_no_key(browser, people, shop):
    _sign_in(browser)
    cookie = browser.cookies["closeloop"]
    asks = {"Accept": "application/json"}
    assert browser.get("/v1/action-items", headers=asks).status_code == 401
    assert browser.get("/v1/action-items", headers=asks | {"Authorization": f"Bearer {cookie}"}).status_code == 401
    browser.cookies.clear()
    browser.cookies.set("closeloop", shop.analyst_key)
    assert browser.get("/inbox").headers["location"] == "/sign-in"
    browser.cookies.clear()
    answer = browser.get("/inbox", headers={"Authorization": f"Bearer {shop.analyst_key}"})
    assert answer.headers["location"] == "/sign-in"


def test_t44_pages_want_the_same_scopes_as_the_api(browser, database, now, shop):
    with database.writing() as session:
        mira = session.scalars(select(Owner).where(Owner.key == "mira")).one()
        _, sender = create_key(session, now, OPERATOR, name="s", scopes=[Scope.INGEST_WRITE], owner_id=mira.id)
        _, reader = create_key(session, now, OPERATOR, name="r", scopes=[Scope.ITEMS_READ], owner_id=mira.id)
    browser.post("/sign-in", data={"key": sender})
    for path in ("/inbox", f"/items/{shop.mira_item}", "/themes", "/impact", "/forecast", "/topics/1", "/impact/1"):
        assert browser.get(path).status_code == 403, path
    browser.post("/sign-in", data={"key": reader})
    form = {"csrf": _csrf(browser), "version": "1"}
    assert browser.get(f"/items/{shop.mira_item}").status_code == 200
    assert browser.post(f"/items/{shop.mira_item}/acknowledge", data=form).status_code == 403


def test_the_form_for_keys_is_open_as_long_as_nobody_has_a_password(browser, database, now):
    assert "<details open>" in browser.get("/sign-in").text
    with database.writing() as session:
        create_user(session, now, OPERATOR, "ana", email=None, rights=rights_of(UserRole.ANALYST))
    assert "<details>" in browser.get("/sign-in").text


def test_the_page_works_with_password_managers_and_without_scripts(browser):
    page = browser.get("/sign-in").text
    assert 'autocomplete="username"' in page
    assert 'autocomplete="current-password"' in page
    assert "<script" not in page
    assert "/sign-in/oidc" not in page
