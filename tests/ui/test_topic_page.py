from datetime import date, timedelta
from xml.etree import ElementTree as ET

from sqlalchemy import select

from app.store.act_tables import ActionItem
from app.store.label_tables import Mention, RelabelRun, TrendCount, TrendLine
from app.store.tables import TaxonomyVersion, Topic
from app.store.theme_tables import ThemeMention
from app.ui.charts import TrendPoint, trend_chart

START = date(2026, 1, 5)


def points(counts, kept):
    return [TrendPoint(START + timedelta(weeks=at), *pair) for at, pair in enumerate(zip(counts, kept, strict=True))]


def test_the_trend_chart_draws_both_lines_and_a_mark_for_each_publication():
    drawn = points([3, 4, 9, 8], [(5,), (6,), (7,), (None,)])
    svg = ET.fromstring(str(trend_chart(drawn, [START + timedelta(days=17)], title="Late <b>refunds</b>")))  # noqa: S314 - our own
    paths = {node.get("class"): node.get("d") for node in svg.iter() if node.tag == "path"}
    assert (paths["kept"].count("L"), paths["after"].count("L")) == (2, 3)
    assert sum(node.get("class") == "flag" for node in svg.iter()) == 1
    assert svg.find("title").text == "Late <b>refunds</b>"


def test_older_lines_differ_and_a_publication_of_today_is_told_once_within_the_picture():
    drawn = points([3, 4, 9, 8], [(5, 1), (6, 2), (7, 3), (None, None)])
    for narrow, width in ((False, 1000), (True, 360)):
        today = START + timedelta(days=27)
        svg = ET.fromstring(str(trend_chart(drawn, [today, today], title="t", narrow=narrow)))  # noqa: S314 - our own
        (word,) = [node for node in svg.iter() if node.text == "topics"]
        assert (word.get("text-anchor"), float(word.get("x")) <= width) == ("end", True)
        kinds = [node.get("class") for node in svg.iter() if node.tag == "path"]
        assert kinds == ["kept", "kept older", "after"]


def test_a_trend_without_weeks_or_complaints_draws_nothing_wrong():
    for drawn in ([], points([0, 0], [(), ()])):
        svg = str(trend_chart(drawn, [START], title="t", narrow=True))
        ET.fromstring(svg)  # noqa: S314 - our own
        assert "nan" not in svg


def test_a_topic_has_a_page_with_its_line_of_before(mira, shop, database, now):
    page = mira.get("/themes").text
    assert 'href="/topics/1"' in page
    with database.writing() as session:
        version = TaxonomyVersion(
            digest="d", document={"topics": {"refunds": {}}}, published_at=now - timedelta(days=9), relabels=True
        )
        session.add(version)
        session.flush()
        run = RelabelRun(
            kind="history", state="running", taxonomy_version_id=version.id, floor_id=0, cursor_id=0, total=40, done=10,
            corrections_to=0, asked_by="cli", started_at=now,
        )  # fmt: skip
        session.add(run)
        session.flush()
        until = (now - timedelta(days=9)).date()
        line = TrendLine(run_id=run.id, taxonomy_version_id=version.id, model="old", until=until, replaced_at=now)
        session.add(line)
        session.flush()
        for day, complaints in ((until - timedelta(days=7), 7), (until, 23)):
            counts = {"mentions": 30, "complaints": complaints, "people": 5}
            session.add(TrendCount(line_id=line.id, topic_id=1, day=day, **counts))
    page = mira.get("/topics/1").text
    assert 'class="kept"' in page
    assert "dashed: as they were read before 16 Sep" in page
    assert "10 of 40 texts" in page
    assert '<td class="number">7</td>' in page
    assert '<td class="number">23</td>' not in page  # the week in which it ended is not whole


def test_words_about_several_topics_are_marked_once_and_name_the_others(mira, shop, database):
    with database.writing() as session:
        topic = Topic(key="staff", name="Staff & tone", description="", examples=[])
        session.add(topic)
        session.flush()
        theme_id = session.get(ActionItem, shop.mira_item).theme_id
        theirs = select(ThemeMention.mention_id).where(ThemeMention.theme_id == theme_id)
        mention = session.scalars(select(Mention).where(Mention.id.in_(theirs))).one()
        same = {column.key: getattr(mention, column.key) for column in Mention.__table__.columns if column.key != "id"}
        session.add(Mention(**same | {"topic_id": topic.id}))
    page = mira.get(f"/items/{shop.mira_item}").text
    assert page.count("<mark>") == 1
    assert "also about Staff &amp; tone" in page


def test_a_verdicts_page_says_that_it_waits_while_history_is_read_anew(mira, judged, database, now):
    assert "read anew" not in mira.get(f"/impact/{judged}").text
    with database.writing() as session:
        version = TaxonomyVersion(digest="d", document={"topics": {}}, published_at=now, relabels=True)
        session.add(version)
    assert "read anew" in mira.get(f"/impact/{judged}").text


def test_a_topic_that_nobody_may_see_is_not_found(mira, shop):
    assert mira.get("/topics/2").status_code == 404
