import re
from datetime import date, timedelta
from html.parser import HTMLParser

import pytest
from sqlalchemy import select

from app.measure.preview import Expected
from app.store.act_tables import ActionItem, Change, Pause
from app.store.items import history
from app.store.tables import Feedback
from app.ui.wording import say_expected


def _field(page, name):
    return re.search(rf'name="{name}" value="([^"]*)"', page.text).group(1)


def _send(browser, item, deed, **fields):
    page = browser.get(f"/items/{item}")
    known = {"csrf": _field(page, "csrf"), "version": _field(page, "version")}
    return browser.post(f"/items/{item}/{deed}", data=known | fields)


def _row(database, item_id):
    with database.reading() as session:
        return session.get(ActionItem, item_id)


@pytest.mark.parametrize("path", ["/inbox", "/items/1", "/themes", "/impact", "/impact/1"])
def test_somebody_who_is_not_signed_in_is_asked_to(browser, path):
    answer = browser.get(path)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")


def test_a_wrong_key_signs_nobody_in(browser):
    answer = browser.post("/sign-in", data={"key": "voc_live_wrong"})
    assert answer.status_code == 401
    assert "does not open anything" in answer.text
    assert "set-cookie" not in answer.headers


def test_the_inbox_shows_ones_own_items_only(mira):
    page = mira.get("/inbox")
    assert "Refunds are late for Mira" in page.text
    assert "Jonas" not in page.text


def test_an_item_of_somebody_else_is_not_there(mira, shop):
    assert mira.get(f"/items/{shop.jonas_item}").status_code == 404


def test_an_analyst_sees_all(browser, shop):
    browser.post("/sign-in", data={"key": shop.analyst_key})
    assert "Refunds are late for Jonas" in browser.get("/inbox").text
    assert browser.get("/themes").text.count("Refund late") == 2


def test_an_owner_sees_the_themes_of_their_own_items_only(mira):
    page = mira.get("/themes").text
    assert "Refund late mira" in page
    assert "jonas" not in page


def test_hostile_words_are_shown_as_text_with_the_mention_marked(mira, shop):
    page = mira.get(f"/items/{shop.mira_item}")
    tags = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, _attributes: tags.append(tag)
    parser.feed(page.text)
    assert "script" not in tags
    assert "img" not in tags
    assert tags.count("mark") == 1
    assert "&lt;script&gt;alert(2)&lt;/script&gt;" in page.text


def test_t70_every_page_forbids_scripts_of_others_and_keeps_no_copy(mira, shop):
    for path in ("/inbox", f"/items/{shop.mira_item}", "/themes", "/impact", "/items/999"):
        headers = mira.get(path).headers
        assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'")
        assert headers["cache-control"] == "no-store"


def test_an_owner_acknowledges_plans_and_deploys(mira, shop, database, now):
    item = shop.mira_item
    assert _send(mira, item, "acknowledge").headers["location"] == f"/items/{item}?said=acknowledge"
    assert _send(mira, item, "plan", description="Refund at once", target="40").status_code == 303
    assert _send(mira, item, "deploy", rollout_from=now.date().isoformat()).status_code == 303
    with database.reading() as session:
        assert session.get(ActionItem, item).state == "deployed"
        assert [event.kind for event in history(session, item)] == ["acknowledged", "change_planned", "deployed"]
        change = session.query(Change).one()
    assert (change.description, change.target_reduction) == ("Refund at once", 0.4)
    assert "too few complaints yet" in mira.get(f"/items/{item}").text
    page = mira.get("/impact")
    assert "Refund at once" in page.text
    assert mira.get(f"/impact/{change.id}").status_code == 200


def test_a_case_shows_what_its_customer_said_and_is_answered(mira, shop, database, now):
    with database.writing() as session:
        item = session.get(ActionItem, shop.mira_item)
        item.kind, item.theme_id, item.routing_id = "case", None, None
        item.feedback_id = session.query(Feedback.id).order_by(Feedback.id).limit(1).scalar()
    page = mira.get(f"/items/{shop.mira_item}").text
    assert "what the customer said" in page
    assert "<mark>" in page
    assert "Plan a change" not in page
    assert _send(mira, shop.mira_item, "answer", text="Paid on Tuesday").status_code == 303
    row = _row(database, shop.mira_item)
    assert (row.state, row.reason) == ("closed", "Paid on Tuesday")


def test_a_snoozed_item_can_be_taken_up_again(mira, shop, database, now):
    item = shop.mira_item
    _send(mira, item, "snooze", until=(now + timedelta(days=5)).date().isoformat())
    assert f"/items/{item}/resume" in mira.get(f"/items/{item}").text
    assert _send(mira, item, "resume").status_code == 303
    with database.reading() as session:
        assert session.get(ActionItem, item).state == "new"


def test_the_clock_of_an_item_is_stopped_and_goes_on(mira, shop, database):
    item = shop.mira_item
    assert _send(mira, item, "pause", reason="nobody").status_code == 422
    assert _send(mira, item, "pause", reason="waiting_for_supplier", note="Spare parts").status_code == 303
    page = mira.get(f"/items/{item}").text
    assert "The clock stands since" in page
    assert f"/items/{item}/pause" not in page
    assert _send(mira, item, "continue").status_code == 303
    with database.reading() as session:
        pause = session.scalars(select(Pause)).one()
        assert (pause.reason, pause.note, pause.ended_at is not None) == ("waiting_for_supplier", "Spare parts", True)


def test_an_item_that_repeats_another_names_it(mira, shop):
    item = shop.mira_item
    answer = _send(mira, item, "duplicate", of="999999999999")
    assert answer.status_code == 404
    assert "Name the item that stays" in _send(mira, item, "duplicate", of=str(item)).text


def test_a_measured_change_shows_its_verdict_chart_table_and_reasons(mira, judged):
    page = mira.get(f"/impact/{judged}")
    assert page.status_code == 200
    assert "Complaints about Refund late fell" in page.text
    assert "Pay &lt;b&gt;at once&lt;/b&gt;" in page.text
    assert page.text.count("<svg") >= 3
    assert "Complaints per 1,000 orders, by week" in page.text
    assert page.text.count('<th scope="row">') == 26
    assert "weeks before and 8 after the change were seen" in page.text
    assert "roll-out, not counted" in page.text


def test_a_change_of_somebody_elses_item_is_not_there(browser, shop, judged, database, now):
    with database.writing() as session:
        session.get(ActionItem, shop.mira_item).owner_id = session.get(ActionItem, shop.jonas_item).owner_id
    browser.post("/sign-in", data={"key": shop.mira_key})
    assert browser.get(f"/impact/{judged}").status_code == 404
    assert "at once" not in browser.get("/impact").text


def test_a_stale_form_says_so_and_changes_nothing(mira, shop, database):
    page = mira.get(f"/items/{shop.mira_item}")
    form = {"csrf": _field(page, "csrf"), "version": _field(page, "version")}
    mira.post(f"/items/{shop.mira_item}/acknowledge", data=form)
    late = mira.post(f"/items/{shop.mira_item}/decline", data=form | {"reason": "no"})
    assert late.status_code == 409
    assert _row(database, shop.mira_item).state == "acknowledged"


@pytest.mark.parametrize(
    ("form", "headers"),
    [
        ({"csrf": "wrong"}, {}),
        ({}, {}),
        ({}, {"Origin": "https://evil.example"}),
        ({}, {"Sec-Fetch-Site": "cross-site"}),
    ],
)
def test_a_form_from_elsewhere_is_refused(mira, shop, database, form, headers):
    page = mira.get(f"/items/{shop.mira_item}")
    fields = {"version": "1"} | ({"csrf": _field(page, "csrf")} if headers else {}) | form
    answer = mira.post(f"/items/{shop.mira_item}/acknowledge", data=fields, headers=headers)
    assert answer.status_code == 403
    assert _row(database, shop.mira_item).state == "new"


def test_signing_out_ends_the_session_on_the_server(mira):
    page = mira.get("/inbox")
    cookie = mira.cookies["closeloop"]
    mira.post("/sign-out", data={"csrf": _field(page, "csrf")})
    mira.cookies.set("closeloop", cookie)
    assert mira.get("/inbox").headers["location"] == "/sign-in"


def test_the_cookie_is_not_for_scripts_nor_for_other_sites(browser, shop):
    cookie = browser.post("/sign-in", data={"key": shop.mira_key}).headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie


def test_the_api_does_not_take_a_browsers_cookie(mira):
    assert mira.get("/v1/action-items", headers={"Accept": "application/json"}).status_code == 401


def test_a_planned_change_says_what_its_measurement_can_show():
    said = say_expected(Expected(date(2027, 3, 12), 0.78, 0.84, 90, ()), 0.3)
    assert said.startswith("A fall by 30% would be seen around 12 Mar 2027")
    assert said.endswith("the chance that 90 days show it is 84%. The smallest fall that 90 days would show is 22%.")
    assert "hardly" in say_expected(Expected(None, 0.4, 0.1, 90, ()), 0.05)
