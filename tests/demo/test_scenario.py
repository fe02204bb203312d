from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import insert, select

from app.act import open as opening
from app.act import settle
from app.clock import SteppedClock
from app.demo.generator import list_truth
from app.demo.scenario import SOURCE, play_story
from app.demo.story import STORY
from app.measure import effect
from app.pipeline import Station
from app.route import assign
from app.runtime import build_runtime
from app.settings import Settings
from app.store.act_tables import ActionItem, Change, ItemEvent
from app.store.label_tables import Mention
from app.store.tables import Feedback, Source, Topic
from app.store.theme_tables import Theme, ThemeMention

END = date(2026, 3, 2)
_DONE_BY_PEOPLE = ["acknowledged", "change_planned", "deployed"]


class TruthReader:
    """A station that labels feedback with what is true: the story is tested, not the classifier."""

    def __init__(self, truth):
        self.truth = truth

    def claim(self, session, _now):
        rows = session.execute(select(Feedback.id, Feedback.external_id).where(Feedback.state == "pending")).all()
        return rows or None

    def work(self, batch, _tools):
        return [(feedback_id, self.truth[external_id].mentions) for feedback_id, external_id in batch]

    def record(self, session, now, outcome):
        topics = dict(session.execute(select(Topic.key, Topic.id)).all())
        for feedback_id, mentions in outcome:
            for place, found in enumerate(mentions):
                mention = Mention(**_label(feedback_id, place, topics.get(found.topic), found.complaint))
                session.add(mention)
                session.flush()
                if found.complaint:
                    theme = _theme(session, topics[found.topic], found.theme, now)
                    row = {"mention_id": mention.id, "theme_id": theme.id, "assigned_at": now}
                    session.execute(insert(ThemeMention).values(row))
            session.get(Feedback, feedback_id).state = "labelled"


def _label(feedback_id, place, topic_id, complaint):
    sure = {"topic_confidence": 0.9, "sentiment_confidence": 0.9, "complaint_confidence": 0.9}
    felt = {"sentiment": -0.8 if complaint else 0.8, "sentiment_label": "negative" if complaint else "positive"}
    span = {"feedback_id": feedback_id, "content_rev": 1, "turn": 0, "start": place, "end": place + 1}
    about = {"topic_id": topic_id, "complaint": complaint, "friction_confidence": 0.0, "fingerprint": "truth"}
    return span | about | felt | sure


def _theme(session, topic_id, name, now):
    theme = session.scalar(select(Theme).where(Theme.topic_id == topic_id, Theme.name == name))
    if theme is None:
        theme = Theme(topic_id=topic_id, kind="cluster", name=name, terms=[], created_at=now, updated_at=now)
        session.add(theme)
        session.flush()
    return theme


@pytest.fixture
def runtime(database, database_url, tmp_path):
    built = build_runtime(Settings(data_dir=tmp_path), SteppedClock(datetime(2026, 3, 2, 15, 30, tzinfo=UTC)))
    return replace(built, database=database)


@pytest.fixture
def stations():
    def station(name, module):
        return Station(name, module, (), "* * * * *")

    return (
        station("label", TruthReader(list_truth(END))),
        station("assign", assign),
        station("open", opening),
        station("effect", effect),
        station("settle", settle),
    )


def test_the_story_ends_with_one_improvement_one_change_without_effect_and_items_to_do(runtime, stations):
    told = []
    summary = play_story(runtime, END, lambda *step: told.append(step), stations=stations)

    works, idles = summary.outcomes
    assert works.topic == STORY.working_topic
    assert works.verdict == "improved"
    assert works.ci_high < 0.8
    assert works.headline
    assert idles.topic == STORY.idle_topic
    assert idles.verdict in {"no_change", "inconclusive"}
    assert idles.ci_low < 1 < idles.ci_high

    assert summary.feedback == told[-1][0] == told[-1][1]
    assert 2800 < summary.feedback < 3600
    assert summary.mentions > summary.complaints > 2000
    assert summary.people < summary.feedback
    assert summary.themes[0].complaints > 30

    assert len(summary.items) >= 6
    assert all(item.owner and item.deadline_at > datetime(2026, 3, 2, 15, 30, tzinfo=UTC) for item in summary.items)
    assert summary.items[0].deadline_at <= summary.items[-1].deadline_at

    with runtime.database.reading() as session:
        _check_history(session, works)
        assert session.scalars(select(Source.key)).all() == [SOURCE]


def _check_history(session, works):
    item = session.get(ActionItem, works.item_id)
    assert item.state == "improved"
    kinds = session.scalars(select(ItemEvent.kind).where(ItemEvent.item_id == item.id).order_by(ItemEvent.id)).all()
    assert [kind for kind in kinds if kind in _DONE_BY_PEOPLE] == _DONE_BY_PEOPLE
    change = session.get(Change, works.change_id)
    assert change.planned_at < change.deployed_at
    assert change.planned_at < item.deadline_at
    assert change.rollout_from == STORY.day_of_week(END, STORY.deploy_week)
