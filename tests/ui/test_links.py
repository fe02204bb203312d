"""Links in messages: opening one changes nothing, whoever's scanner does it; only its button does."""

import pytest
from sqlalchemy import func, select

from app.access.links import NO_DIGESTS, sign_link
from app.store.row import Row
from app.store.subscription_tables import ContactChoice
from app.store.tables import AuditEvent

KEY = "a secret for tests that is long enough"


@pytest.fixture
def link(shop):
    return f"/a/{sign_link(KEY, NO_DIGESTS, 'mira')}"


def rows(database):
    """Every row of every table, as far as a page could change one."""
    with database.reading() as session:
        tables = [mapper.class_ for mapper in Row.registry.mappers]
        counted = {table.__tablename__: session.scalar(select(func.count()).select_from(table)) for table in tables}
        items = session.execute(select(Row.metadata.tables["action_items"])).all()
        return counted, [tuple(map(str, item)) for item in items]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_opening_any_link_of_a_message_changes_nothing(database, shop, browser, link, method):
    before = rows(database)
    for address in (link, f"/items/{shop.mira_item}", "/inbox", "/a/forged.link"):
        browser.request(method, address)
    browser.get(link, headers={"List-Unsubscribe": "One-Click"})
    assert rows(database) == before


def test_opening_an_item_signed_in_changes_nothing_either(database, shop, mira):
    before = rows(database)
    assert mira.get(f"/items/{shop.mira_item}").status_code == 200
    assert rows(database) == before


def test_a_mail_program_ends_digests_by_one_post_without_signing_in(database, browser, link):
    assert "No digests any more" in browser.get(link).text
    answer = browser.post(link, data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    with database.reading() as session:
        assert session.scalars(select(ContactChoice.digests)).all() == [False]
        told = session.scalars(select(AuditEvent).where(AuditEvent.action == "digests_chosen")).one()
    assert (told.actor, told.facts) == ("link:mira", {"wanted": False})
    page = browser.get(link)
    assert "Send digests again" in page.text
    assert page.headers["cache-control"] == "no-store"


def test_the_same_page_has_digests_sent_again_and_twice_is_once(database, browser, link):
    for _ in range(2):
        browser.post(link)
    for _ in range(2):
        assert "No digests any more" in browser.post(link, data={"digests": "wanted"}).text
    with database.reading() as session:
        assert session.scalars(select(ContactChoice.digests)).all() == [True]
        assert session.scalar(select(func.count()).where(AuditEvent.action == "digests_chosen")) == 2


@pytest.mark.parametrize("change", ["purpose", "owner", "seal", "key"])
def test_a_link_that_was_not_signed_for_this_does_nothing(database, browser, shop, change):
    token = {
        "purpose": sign_link(KEY, "anything else", "mira"),
        "owner": sign_link(KEY, NO_DIGESTS, "jonas").split(".")[0]
        + "."
        + sign_link(KEY, NO_DIGESTS, "mira").split(".")[1],
        "seal": sign_link(KEY, NO_DIGESTS, "mira")[:-3] + "AAA",
        "key": sign_link("another secret that is long enough", NO_DIGESTS, "mira"),
    }[change]
    assert browser.get(f"/a/{token}").status_code == 404
    assert browser.post(f"/a/{token}").status_code == 404
    with database.reading() as session:
        assert session.scalars(select(ContactChoice)).all() == []


def test_another_site_cannot_send_the_form(browser, link):
    assert browser.post(link, headers={"Origin": "https://evil.example"}).status_code == 403
