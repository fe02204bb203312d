"""Two owners with an item each, and a browser."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pytest
from starlette.testclient import TestClient

from app.access.keys import create_key
from app.clock import SteppedClock
from app.domain.actor import OPERATOR, Scope
from app.main import create_app
from app.measure.effect import Look, judge
from app.measure.frequency import Prepared
from app.measure.stats.case import Case
from app.runtime import Runtime, Tools
from app.settings import Settings
from app.store.act_tables import ActionItem, Change
from app.store.label_tables import Mention, MentionVector
from app.store.tables import Calendar, Feedback, Measurement, Owner, Process, Routing, Source, Topic, Turn
from app.store.theme_tables import Theme, ThemeMention

WORDS = 'I waited. My <img src=x onerror="alert(1)"> refund </mark><script>alert(2)</script> never came. Thanks'


@dataclass
class Shop:
    """What the tests name."""

    mira_key: str
    analyst_key: str
    mira_item: int
    jonas_item: int


@pytest.fixture
def shop(database, now):
    with database.writing() as session:
        calendar = Calendar(key="c", zone="UTC", week={"mon": [["09:00", "17:00"]]}, closed=[])
        source = Source(key="crm", connector="native", config={}, created_at=now)
        process = Process(key="returns", name="Returns")
        topic = Topic(key="refunds", name="Refunds", description="", examples=[])
        session.add_all([calendar, source, process, topic])
        session.flush()
        owners = [Owner(key=key, name=key.title(), calendar_id=calendar.id, absences=[]) for key in ("mira", "jonas")]
        session.add_all(owners)
        session.flush()
        items = [_item(session, now, owner, process, topic, source) for owner in owners]
        scopes = [Scope.ITEMS_READ, Scope.ITEMS_WRITE]
        _, mira_key = create_key(session, now, OPERATOR, name="mira", scopes=scopes, owner_id=owners[0].id)
        _, analyst_key = create_key(session, now, OPERATOR, name="ana", scopes=[Scope.ANALYST])
        return Shop(mira_key, analyst_key, items[0].id, items[1].id)


def _item(session, now, owner, process, topic, source):
    theme = Theme(
        topic_id=topic.id, kind="cluster", name=f"Refund late {owner.key}", terms=[], created_at=now, updated_at=now
    )
    session.add(theme)
    session.flush()
    _complaint(session, now, theme, source)
    why = {"working": 60, "counted": [[now.isoformat(), (now + timedelta(hours=1)).isoformat()]], "closed": []}
    routing = Routing(
        theme_id=theme.id, process_id=process.id, owner_id=owner.id, why=["The step is yours."], complaints=12,
        trigger_from=now.date(), trigger_to=now.date(), people=9, goal_at=now, deadline_at=now + timedelta(days=3),
        goal_why=why, deadline_why=why, ladder=[], decided_at=now,
    )  # fmt: skip
    session.add(routing)
    session.flush()
    item = ActionItem(
        kind="process", theme_id=theme.id, process_id=process.id, owner_id=owner.id, routing_id=routing.id,
        title=f"Refunds are late for {owner.name}", state="new", opened_at=now, goal_at=now, updated_at=now,
        deadline_at=now + timedelta(days=3), ladder=[],
    )  # fmt: skip
    session.add(item)
    session.flush()
    return item


def _complaint(session, now, theme, source):
    feedback = Feedback(
        source_id=source.id, external_id=theme.name, digest="", medium="chat", occurred_at=now - timedelta(days=1),
        received_at=now, attributes={}, state="labelled",
    )  # fmt: skip
    session.add(feedback)
    session.flush()
    session.add(Turn(feedback_id=feedback.id, position=0, role="customer", text=WORDS))
    start, end = WORDS.index("My <img"), WORDS.index(" Thanks")
    mention = Mention(
        feedback_id=feedback.id, content_rev=1, turn=0, start=start, end=end, topic_id=theme.topic_id,
        topic_confidence=0.9, sentiment=-0.8, sentiment_label="negative", sentiment_confidence=0.9, complaint=True,
        complaint_confidence=0.9, friction=None, friction_confidence=0.1, fingerprint="f",
    )  # fmt: skip
    session.add(mention)
    session.flush()
    session.add(MentionVector(mention_id=mention.id, model="m", vector=np.zeros(4, np.float16).tobytes()))
    session.add(ThemeMention(mention_id=mention.id, theme_id=theme.id, similarity=0.9, assigned_at=now))
    theme.central_mention_id = mention.id


@pytest.fixture
def clock(now):
    return SteppedClock(now)


@pytest.fixture
def app(database, clock, tmp_path):
    settings = Settings(data_dir=tmp_path / "data", secret_key="a secret for tests that is long enough")
    return create_app(Runtime(settings, database, clock, Tools(settings)))


@pytest.fixture
def browser(app):
    """A browser that nobody has signed in."""
    with TestClient(app, headers={"Accept": "text/html"}, follow_redirects=False) as client:
        yield client


@pytest.fixture
def mira(browser, shop):
    """Mira's browser."""
    answer = browser.post("/sign-in", data={"key": shop.mira_key})
    assert answer.status_code == 303
    return browser


@pytest.fixture
def judged(database, shop, now):
    """Id of a deployed change of Mira's item that has been measured."""
    start = date(2026, 1, 5)
    chance = np.random.default_rng(3)
    rate = np.where(np.arange(182) < 126, 8.0, 3.0)
    case = Case(
        id="c",
        start_date=start,
        exposure=(1000.0,) * 182,
        target=tuple(chance.poisson(rate).astype(float)),
        controls={f"topic {k}": tuple(chance.poisson(8.0, 182).astype(float)) for k in range(4)},
        change_day=126,
        rollout=(119, 126),
    )
    facts = {"exposure": "orders", "complaints_before": 1000, "complaints_after": 150}
    look = Look(1, "Refund late", 0.3, Prepared(case, facts))
    day = start + timedelta(days=181)
    verdict = judge(look, day)
    with database.writing() as session:
        item = session.get(ActionItem, shop.mira_item)
        change = Change(
            item_id=item.id, theme_id=item.theme_id, process_id=item.process_id, description="Pay <b>at once</b>",
            target_reduction=0.3, rollout_from=start + timedelta(days=119), rollout_to=start + timedelta(days=125),
            planned_at=now, deployed_at=now, actor="mira",
        )  # fmt: skip
        session.add(change)
        session.flush()
        row = Measurement(
            change_id=change.id, day=day, verdict=verdict.verdict.verdict, rate_ratio=verdict.verdict.rate_ratio,
            ci_low=verdict.verdict.ci_low, ci_high=verdict.verdict.ci_high, p_value=0.001, reasons=[], case={},
            result=verdict.result, method="m", measured_at=now,
        )  # fmt: skip
        session.add(row)
        return change.id
