"""The station on a real database: what opens, goes on, ends, and what must not be announced."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import numpy as np
import pytest
from sqlalchemy import insert, select

from app.store.alert_tables import Alert, AlertEvent, AlertLook, AlertWatch
from app.store.label_tables import Mention
from app.store.tables import AuditEvent, Calendar, Exposure, Feedback, Process, Source, TaxonomyVersion, Topic
from app.store.theme_tables import Theme, ThemeAnchor, ThemeEvent, ThemeMention
from app.theme import alerts

TOOLS = SimpleNamespace(settings=SimpleNamespace(alerts_per_week=1.0))
DAYS = 70
THEMES = 6


class Months:
    """Themes with three people a day until `today`, and more where a test says so."""

    def __init__(self, session, now):
        self.session, self.today, self.count = session, now.date(), 0
        self.process = Process(key="returns", name="Returns")
        session.add(self.process)
        session.flush()
        self.crm = self.source("crm")
        self.topic = Topic(key="refunds", name="Refunds", description="", examples=[], process_id=self.process.id)
        session.add(self.topic)
        session.flush()
        self.themes = [self.theme(f"problem {at}") for at in range(THEMES)]
        chance = np.random.default_rng(7)
        days = [(theme, ago) for theme in self.themes for ago in range(DAYS, 0, -1)]
        self._store([self._person(theme, ago) for theme, ago in days for _ in range(chance.poisson(3))])

    def source(self, key):
        source = Source(key=key, connector="native", config={}, created_at=self.at(DAYS))
        self.session.add(source)
        self.session.flush()
        return source

    def theme(self, name, ago=DAYS, kind="cluster"):
        at = self.at(ago)
        theme = Theme(topic_id=self.topic.id, kind=kind, name=name, terms=[], created_at=at, updated_at=at)
        self.session.add(theme)
        self.session.flush()
        return theme

    def at(self, ago, hour=12):
        return datetime(self.today.year, self.today.month, self.today.day, hour, tzinfo=UTC) - timedelta(days=ago)

    def complain(self, theme, ago, people, source=None, *, customer=None, received_ago=None):
        self._store([self._person(theme, ago, source, customer, received_ago) for _ in range(people)])

    def _person(self, theme, ago, source=None, customer=None, received_ago=None):
        """Rows of one feedback with one complaint."""
        self.count += 1
        at = self.at(ago, hour=7)
        feedback = {
            "id": self.count, "source_id": (source or self.crm).id, "external_id": str(self.count), "digest": "",
            "medium": "review", "occurred_at": at, "customer_ref": customer or f"c{self.count}", "attributes": {},
            "received_at": self.at(ago if received_ago is None else received_ago), "state": "labelled",
        }  # fmt: skip
        mention = {
            "id": self.count, "feedback_id": self.count, "content_rev": 1, "turn": 0, "start": 0, "end": 4,
            "topic_id": self.topic.id, "topic_confidence": 0.9, "sentiment": -0.8, "sentiment_label": "negative",
            "sentiment_confidence": 0.9, "complaint": True, "complaint_confidence": 0.9, "friction": None,
            "friction_confidence": 0.1, "fingerprint": "f",
        }  # fmt: skip
        return feedback, mention, {"mention_id": self.count, "theme_id": theme.id, "assigned_at": at}

    def _store(self, people):
        for table, rows in zip((Feedback, Mention, ThemeMention), zip(*people, strict=True), strict=True):
            self.session.execute(insert(table), list(rows))


@pytest.fixture
def months(session, now):
    return Months(session, now)


def _look(session, now, days=0, hours=0):
    """Let the station do all that is due."""
    at = now + timedelta(days=days, hours=hours)
    while (batch := alerts.claim(session, at)) is not None:
        alerts.record(session, at, alerts.work(batch, TOOLS))
    return session.scalars(select(Alert).order_by(Alert.id)).all()


def _life(session, alert):
    return session.scalars(select(AlertEvent.kind).where(AlertEvent.alert_id == alert.id).order_by(AlertEvent.id)).all()


def test_quiet_themes_raise_nothing_and_a_look_is_taken_once_a_day(session, months, now):
    assert _look(session, now) == []
    assert alerts.claim(session, now) is None
    assert session.scalars(select(AlertLook.day)).all() == [months.today - timedelta(days=1)]
    assert len(session.scalars(select(AlertWatch)).all()) == THEMES


def test_a_storm_opens_one_alert_on_its_first_day_with_what_was_expected(session, months, now):
    months.complain(months.themes[2], 1, 20)
    (alert,) = _look(session, now)
    yesterday = months.today - timedelta(days=1)
    assert (alert.theme_id, alert.kind, alert.state) == (months.themes[2].id, "excess", "open")
    assert (alert.excess_from, alert.opened_on, alert.peak_day) == (yesterday, yesterday, yesterday)
    assert alert.observed >= 20
    assert 1.5 < alert.expected < 5
    assert alert.expected_low <= alert.expected <= alert.expected_high < 12
    assert alert.evidence >= alert.threshold
    assert [day["day"] for day in alert.series][-1] == yesterday.isoformat()
    assert len(alert.series) == 29
    assert _life(session, alert) == ["opened"]


def test_an_alert_lives_on_as_one_object_until_it_is_over(session, months, now):
    theme = months.themes[2]
    months.complain(theme, 1, 15)
    _look(session, now)
    for later, people in ((0, 18), (-1, 45), (-2, 50), *((ago, 3) for ago in range(-3, -12, -1))):
        for other in months.themes:
            months.complain(other, later, people if other is theme else 3)
        _look(session, now, days=1 - later)
    (alert,) = session.scalars(select(Alert)).all()
    assert _life(session, alert) == ["opened", "grew", "ended"]
    assert (alert.state, alert.reason, alert.peak) == ("ended", "over", 50)
    assert alert.ended_on == months.today + timedelta(days=2)


def test_what_comes_back_soon_opens_the_same_alert_again(session, months, now):
    theme = months.themes[2]
    months.complain(theme, 1, 25)
    _look(session, now)
    for later in range(12):
        for other in months.themes:
            months.complain(other, -later, 30 if other is theme and later == 11 else 3)
        _look(session, now, days=1 + later)
    (alert,) = session.scalars(select(Alert)).all()
    assert _life(session, alert) == ["opened", "ended", "reopened"]
    assert (alert.state, alert.reopened, alert.ended_at) == ("open", 1, None)


def test_a_storm_of_today_is_seen_before_the_day_is_over(session, months, now):
    _look(session, now)
    months.complain(months.themes[1], 0, 4)
    assert _look(session, now, hours=1) == []
    months.complain(months.themes[1], 0, 20)
    (alert,) = _look(session, now, hours=2)
    assert (alert.excess_from, alert.opened_on, alert.observed) == (months.today, months.today, 24)
    for theme in months.themes[2:]:
        months.complain(theme, 0, 3)
    assert _look(session, now, days=1) == [alert]
    assert alert.last_day == months.today
    assert _life(session, alert) == ["opened"]


def test_one_person_who_complains_twenty_times_is_one_person(session, months, now):
    months.complain(months.themes[2], 1, 20, customer="the same")
    assert _look(session, now) == []


def test_a_muted_theme_does_not_alert_and_ends_the_alert_it_has(session, months, now):
    months.themes[0].state = "muted"
    months.complain(months.themes[0], 1, 25)
    months.complain(months.themes[1], 1, 25)
    (alert,) = _look(session, now)
    assert alert.theme_id == months.themes[1].id
    months.themes[1].state = "muted"
    _look(session, now, days=1)
    assert (alert.state, alert.reason) == ("ended", "muted")


def test_feedback_that_arrives_late_raises_nothing_today(session, months, now):
    _look(session, now)
    for ago in range(40, 30, -1):
        months.complain(months.themes[3], ago, 12, received_ago=0)
    assert _look(session, now, hours=1) == []
    for theme in months.themes:
        months.complain(theme, 0, 3)
    assert _look(session, now, days=1) == []


def test_a_source_that_begins_to_send_is_marked_as_the_cause_and_not_announced(session, months, now):
    shop = months.source("shop")
    for ago in range(5, 0, -1):
        months.complain(months.themes[4], ago, 12, shop)
    found = _look(session, now)
    assert [(alert.theme_id, alert.state) for alert in found] == [(months.themes[4].id, "explained")]
    assert "shop began to send" in found[0].reason
    assert _life(session, found[0]) == ["explained"]
    for theme in months.themes:
        months.complain(theme, 0, 3)
    months.complain(months.themes[4], 0, 12, shop)
    assert len(_look(session, now, days=1)) == 1


def test_topics_that_are_published_anew_are_marked_as_the_cause(session, months, now):
    for ago, text in ((60, "a"), (4, "b")):
        document = {"topics": {"refunds": {"description": text}}}
        session.add(TaxonomyVersion(digest=text, document=document, published_at=months.at(ago), actor="cli"))
    session.flush()
    for ago in range(4, 0, -1):
        months.complain(months.themes[4], ago, 12)
    (alert,) = _look(session, now)
    assert (alert.state, "published anew" in alert.reason) == ("explained", True)


def test_growth_of_the_denominator_is_no_alert(session, months, now):
    for ago in range(DAYS, 0, -1):
        factor = 8 if ago == 1 else 1
        session.add(Exposure(series="returns", day=months.today - timedelta(days=ago), count=100 * factor))
    for theme in months.themes:
        months.complain(theme, 1, 21)
    assert _look(session, now) == []
    watch = session.get(AlertWatch, months.themes[0].id)
    assert 1 < watch.expected < 8


def test_a_theme_with_a_steady_past_raises_nothing_because_it_was_found(session, months, now):
    found = months.theme("found today", ago=1)
    session.add(ThemeEvent(theme_id=found.id, kind="created", actor="station:extract", facts={}, at=now))
    for ago in range(60, 0, -1):
        months.complain(found, ago, 1)
    assert _look(session, now) == []


def test_a_new_problem_that_grows_is_an_emerging_theme(session, months, now):
    found = months.theme("found today", ago=1)
    for ago in (4, 3, 2, 1):
        months.complain(found, ago, 8)
    (alert,) = _look(session, now)
    assert (alert.theme_id, alert.kind) == (found.id, "emerging")
    assert alert.excess_from == months.today - timedelta(days=4)


def test_a_new_theme_that_grows_as_its_topic_does_is_none(session, months, now):
    found = months.theme("found today", ago=1)
    for ago in range(DAYS, 0, -1):
        months.complain(found, ago, 6 if ago < 6 else 1)
        if ago < 6:
            for theme in months.themes:
                months.complain(theme, ago, 12)
    assert found.id not in {alert.theme_id for alert in _look(session, now) if alert.kind == "emerging"}


def test_a_theme_that_still_gathers_its_past_is_not_looked_at_yet(session, months, now):
    months.complain(months.themes[3], 1, 25)
    anchor = ThemeAnchor(
        theme_id=months.themes[3].id, founder_id=months.themes[3].id, topic_id=months.topic.id, model="m", vector=b"",
        rank=0, asks_below=9, created_at=now,
    )  # fmt: skip
    session.add(anchor)
    session.flush()
    assert _look(session, now) == []
    anchor.asks_below = None
    for theme in months.themes:
        months.complain(theme, 0, 25 if theme is months.themes[3] else 3)
    (alert,) = _look(session, now, days=1)
    assert alert.excess_from == months.today - timedelta(days=1)


def test_holidays_of_the_calendars_are_expected_to_be_different(session, months, now):
    session.add(Calendar(key="de", zone="Europe/Berlin", week={}, country="DE", closed=[]))
    session.flush()
    assert _look(session, now) == []


def test_a_second_worker_with_the_same_look_changes_nothing(database, now):
    with database.writing() as session:
        months = Months(session, now)
        months.complain(months.themes[2], 1, 20)
        batches = [alerts.claim(session, now) for _ in range(2)]
    for batch in batches:
        with database.writing() as session:
            alerts.record(session, now, alerts.work(batch, TOOLS))
    with database.reading() as session:
        assert len(session.scalars(select(Alert)).all()) == 1
        assert session.scalars(select(AlertEvent.kind)).all() == ["opened"]
        assert session.scalars(select(AuditEvent)).all() == []
