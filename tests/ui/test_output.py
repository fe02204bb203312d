"""What pages show of hostile words, in a real browser where there is one, and the headers that they carry."""

import re
import shutil
import threading

import pytest
import uvicorn
from sqlalchemy import update

from app.store.tables import Feedback, Turn
from app.store.theme_tables import Theme
from app.ui.pages import PAGES

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
HOSTILE = (
    'My <script>document.title="owned"</script><img src=x onerror="document.title=\'owned\'"> '
    '<a href="javascript:document.title=1">x</a> {{ 7*7 }} ${7*7} <svg onload=alert(1)> \u202egnorw\u202c refund'
)


@pytest.fixture
def hostile(database, shop):
    """Words of customers, names of themes and of customers that try everything."""
    with database.writing() as session:
        session.execute(update(Turn).values(text=HOSTILE))
        session.execute(update(Theme).values(name=HOSTILE))
        session.execute(update(Feedback).values(customer_name="Zora Quist", customer_email="zora.quist@example.net"))


def _paths(shop):
    return ["/inbox", f"/items/{shop.mira_item}", "/themes", "/impact", "/forecast", "/password", "/sign-in", "/docs"]


def test_t57_hostile_words_are_text_on_every_page(mira, shop, hostile):
    shown = [mira.get(path).text for path in _paths(shop)]
    for page in shown:
        assert re.search(r"<script|<img[^>]*onerror|<svg[^>]*onload|href=.javascript:", page) is None
        assert ">49<" not in page
    assert "{{ 7*7 }}" in "".join(shown)


def test_t59_what_turns_the_direction_of_words_is_shown_by_its_name(mira, shop, hostile):
    page = mira.get(f"/items/{shop.mira_item}").text
    assert "[U+202E]gnorw[U+202C]" in page
    assert "\u202e" not in page


def test_t49_pages_show_no_names_and_addresses_of_customers(mira, shop, hostile):
    assert not any("quist" in mira.get(path).text.lower() for path in _paths(shop))


def test_t70_every_page_and_refusal_carries_the_headers_that_protect_it(browser, shop):
    asked = [route.path for router in PAGES for route in router.routes if "GET" in route.methods]
    for signed_in in (False, True):
        if signed_in:
            browser.post("/sign-in", data={"key": shop.mira_key})
        for template in asked:
            answer = browser.get(re.sub(r"\{\w+\}", "1", template))
            assert answer.headers["x-content-type-options"] == "nosniff", template
            assert answer.headers["referrer-policy"] == "no-referrer"
            if answer.headers.get("content-type", "").startswith("text/html"):
                policy = answer.headers["content-security-policy"]
                assert "unsafe" not in policy
                assert {"default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", "form-action 'self'"} <= set(
                    policy.split("; ")
                )
                assert answer.headers["cache-control"] == "no-store"
                assert answer.headers["cross-origin-opener-policy"] == "same-origin"
                assert "camera=()" in answer.headers["permissions-policy"]


def test_t70_the_api_is_never_sniffed_framed_or_kept(browser):
    headers = browser.get("/v1/keys").headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert headers["cache-control"] == "no-store"


def test_t71_no_other_site_may_read_an_answer(browser, shop):
    foreign = {"Origin": "https://evil.example"}
    for path in ("/v1/action-items", "/inbox", "/sign-in", "/healthz"):
        for answer in (
            browser.get(path, headers=foreign | {"Authorization": f"Bearer {shop.analyst_key}"}),
            browser.options(path, headers=foreign | {"Access-Control-Request-Method": "GET"}),
        ):
            assert not [name for name in answer.headers if name.startswith("access-control-")], path


@pytest.fixture
def address(app):
    """The service on a port of this machine."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_t57_a_real_browser_runs_none_of_it_and_the_policy_stops_what_is_injected(address, shop, hostile):
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as tools:
        chromium = tools.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = chromium.new_page()
        dialogs = []
        page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
        page.goto(f"{address}/sign-in")
        page.fill("input[name=key]", shop.mira_key)
        page.click("details button")
        for path in ("/inbox", f"/items/{shop.mira_item}", "/themes"):
            page.goto(address + path)
            assert "owned" not in page.title()
            assert page.locator("main script, main img").count() == 0
        page.evaluate(
            """() => { const script = document.createElement('script'); script.textContent = 'document.title = "owned"';
            document.body.append(script); document.body.insertAdjacentHTML('beforeend',
            '<img src=data:, onerror="document.title = \\'owned\\'">'); }"""
        )
        page.wait_for_timeout(300)
        assert "owned" not in page.title()
        assert dialogs == []
        chromium.close()
