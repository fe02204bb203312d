"""Nine days of real tweets to three airlines, through the real stations on a real database, day by day."""

import json
import tempfile
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from app.clock import SteppedClock
from app.pipeline import STATIONS, run_station
from app.runtime import Runtime, Tools
from app.settings import Settings
from app.store.alert_tables import Alert
from app.store.label_tables import Mention
from app.store.migrate import upgrade_schema
from app.store.session import Database
from app.store.tables import Feedback, Source, Topic, Turn
from app.store.theme_tables import Theme

UNCLEAR = "Can't Tell"
STORM = ("Cancelled Flight", date(2015, 2, 21))
"""The topic that jumps in the storm, and its first day: 112 tweets after 34, 27 and 45 on the three days before."""


def storm(folder: Path) -> None:
    """Complaints by the annotators' reasons as topics; every hour the stations look at what was tweeted so far."""
    rows = [json.loads(line) for line in (folder / "tweets.jsonl").read_text(encoding="utf-8").splitlines()]
    said = [
        (datetime.strptime(row["created"], "%d-%m-%Y %H.%M").replace(tzinfo=UTC), row["reason"], row["text"])
        for row in rows
        if row["sentiment"] == "negative" and row["reason"] and row["reason"] != UNCLEAR
    ]
    said.sort(key=lambda one: one[0])
    counts = Counter((reason, at.date()) for at, reason, _ in said)
    days = sorted({at.date() for at, *_ in said})
    for reason in sorted({reason for reason, _ in counts}):
        print(f"  {reason:<28} {' '.join(f'{counts[reason, day]:4}' for day in days)}")
    with tempfile.TemporaryDirectory() as place:
        alerts = _replay(Path(place), said)
    for opened_at, name, alert in alerts:
        print(
            f"{name}: since {alert.excess_from}, opened {opened_at:%d %b %H:%M} UTC (counted: {alert.opened_on}), "
            f"{alert.observed:.0f} people, {alert.expected:.0f} expected ({alert.expected_low:.0f} to "
            f"{alert.expected_high:.0f}), {alert.state}"
        )
    hit = [alert for _, name, alert in alerts if name == STORM[0] and alert.opened_on == STORM[1]]
    print(f"the storm of {STORM[1]} is {'found on its first day' if hit else 'NOT found on its first day'}")


def _replay(place: Path, said: list[tuple[datetime, str, str]]) -> list[tuple[datetime, str, Alert]]:
    settings = Settings(data_dir=place, sqlite_synchronous="NORMAL")
    database = Database(settings.url, synchronous="NORMAL")
    upgrade_schema(database.engine)
    first = said[0][0]
    clock = SteppedClock(first)
    runtime = Runtime(settings, database, clock, Tools(settings))
    stations = [station for station in STATIONS if station.name in {"match", "alert"}]
    hours: dict[datetime, list[tuple[datetime, str, str]]] = defaultdict(list)
    for one in said:
        hours[one[0].replace(minute=0)].append(one)
    with database.writing() as session:
        source = Source(key="tweets", connector="native", config={}, created_at=first)
        topics = {name: Topic(key=name, name=name, description="", examples=[]) for name in {r for _, r, _ in said}}
        session.add_all([source, *topics.values()])
        session.flush()
        keys = {name: topic.id for name, topic in topics.items()}
        source_id = source.id
    now, number = first.replace(minute=0), 0
    while now <= said[-1][0] + timedelta(days=1):
        with database.writing() as session:
            for at, reason, text in hours[now]:
                number += 1
                _store(session, source_id, number, (at, keys[reason], text))
        now += timedelta(hours=1)
        clock.set(now)
        for station in stations:
            run_station(runtime, station)
    with database.reading() as session:
        query = select(Alert, Theme.name).join(Theme, Theme.id == Alert.theme_id).order_by(Alert.opened_at, Alert.id)
        found = [(alert.opened_at, name, alert) for alert, name in session.execute(query)]
    database.dispose()
    return found


def _store(session: object, source_id: int, number: int, said: tuple[datetime, int, str]) -> None:
    at, topic_id, text = said
    feedback = Feedback(
        source_id=source_id, external_id=str(number), digest="", medium="social", occurred_at=at, received_at=at,
        attributes={}, state="labelled",
    )  # fmt: skip
    session.add(feedback)
    session.flush()
    session.add(Turn(feedback_id=feedback.id, position=0, role="customer", text=text))
    session.add(
        Mention(
            feedback_id=feedback.id, content_rev=1, turn=0, start=0, end=len(text), topic_id=topic_id,
            topic_confidence=1.0, sentiment=-0.8, sentiment_label="negative", sentiment_confidence=1.0, complaint=True,
            complaint_confidence=1.0, friction=None, friction_confidence=0.0, fingerprint="annotators",
        )
    )  # fmt: skip
