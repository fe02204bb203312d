"""Choosing a comparison, files of a chart, and the page that says which change is first."""

import re

from app.store.act_tables import Change
from app.store.tables import Registration, Topic


def _csrf(page):
    return re.search(r'name="csrf" value="([^"]*)"', page.text).group(1)


def _plan(mira, shop, database):
    with database.writing() as session:
        session.add_all(Topic(key=key, name=key.title(), description="", examples=[]) for key in ("delivery", "phone"))
    page = mira.get(f"/items/{shop.mira_item}")
    fields = {"csrf": _csrf(page), "version": "1", "description": "Refund at once", "target": "40"}
    mira.post(f"/items/{shop.mira_item}/plan", data=fields)
    with database.reading() as session:
        return session.query(Change).one().id


def _controls(database, change_id):
    with database.reading() as session:
        row = session.get(Registration, change_id)
        return None if row is None else sorted(row.design["control_names"])


def test_the_comparison_of_a_planned_change_is_ticked_on_its_page(mira, shop, database):
    change = _plan(mira, shop, database)
    page = mira.get(f"/impact/{change}")
    assert page.text.count('type="checkbox"') == 2
    assert "too few complaints" in page.text
    form = {"csrf": _csrf(page), "topic-phone": "on"}
    answer = mira.post(f"/impact/{change}/controls", data=form)
    assert answer.headers["location"] == f"/impact/{change}?said=controls"
    assert _controls(database, change) == ["Phone"]
    again = mira.get(answer.headers["location"])
    assert "The comparison is written down" in again.text
    assert re.findall(r'name="topic-(\w+)" checked', again.text) == ["phone"]
    mira.post(f"/impact/{change}/controls", data={"csrf": _csrf(again), "by": "rules"})
    assert _controls(database, change) is None


def test_after_the_deployment_the_page_offers_no_choice_and_a_late_form_is_refused(mira, shop, database, now):
    change = _plan(mira, shop, database)
    page = mira.get(f"/impact/{change}")
    item = mira.get(f"/items/{shop.mira_item}")
    deploy = {"csrf": _csrf(item), "version": "2", "rollout_from": now.date().isoformat()}
    assert mira.post(f"/items/{shop.mira_item}/deploy", data=deploy).status_code == 303
    assert 'type="checkbox"' not in mira.get(f"/impact/{change}").text
    late = mira.post(f"/impact/{change}/controls", data={"csrf": _csrf(page), "topic-phone": "on"})
    assert late.status_code == 409
    assert "nobody can choose it by its result" in late.text


def test_a_form_without_the_sessions_token_chooses_nothing(mira, shop, database):
    change = _plan(mira, shop, database)
    assert mira.post(f"/impact/{change}/controls", data={"csrf": "no", "topic-phone": "on"}).status_code == 403
    assert _controls(database, change) is None


def test_a_measured_change_can_be_saved_as_numbers_and_as_a_drawing(mira, judged):
    page = mira.get(f"/impact/{judged}").text
    assert f'href="/impact/{judged}.csv"' in page
    numbers = mira.get(f"/impact/{judged}.csv")
    assert numbers.headers["content-type"] == "text/csv; charset=utf-8"
    assert numbers.text.startswith("start,stop,phase,")
    assert len(numbers.text.splitlines()) == 27
    drawing = mira.get(f"/impact/{judged}.svg")
    assert drawing.headers["content-type"] == "image/svg+xml"
    assert drawing.text.startswith('<svg class="chart wide-only"')
    assert "script" not in drawing.text


def test_files_need_a_visitor_who_may_see_the_change(browser, shop, judged):
    assert browser.get(f"/impact/{judged}.svg").status_code in {200, 303}
    browser.cookies.clear()
    for form in ("svg", "csv"):
        assert browser.get(f"/impact/{judged}.{form}").headers["location"] == "/sign-in"


def test_the_drawing_is_served_to_machines_too(app, browser, shop, judged):
    key = {"Authorization": f"Bearer {shop.mira_key}"}
    answer = browser.get(f"/v1/changes/{judged}/impact.svg", headers=key)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/svg+xml"
    assert browser.get("/v1/changes/4711/impact.svg", headers=key).status_code == 404


def test_the_page_shows_what_is_avoided_and_how_untouched_topics_moved(mira, judged):
    page = mira.get(f"/impact/{judged}").text
    assert re.search(r"About \d+ fewer complaints since the change \(95 % interval", page)
    assert "All comparison topics" in page
    assert "Topic 0" in page


def test_which_change_first_lists_ones_own_open_themes(mira):
    page = mira.get("/forecast")
    assert page.status_code == 200
    assert "Refund late mira" in page.text
    assert "jonas" not in page.text
    assert "No change has a verdict yet" in page.text
    assert 'aria-current="page">Which first?' in page.text


def test_the_list_of_changes_names_no_holding_for_a_single_one(mira, judged):
    assert "judged together" not in mira.get("/impact").text
