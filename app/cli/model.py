"""`closeloop model`: what has been learnt, how good the topics are, and whether last week is like the weeks before."""

from typing import Any

from sqlalchemy.orm import Session

from app.cli.console import AsJson, opened, print_json, say
from app.cli.setup import require_schema
from app.domain.quality import Rate, Reviewed, topic_quality
from app.store.drift import last_readings
from app.store.learning import active_version, count_corrections
from app.store.reference import list_topics
from app.store.reviews import topic_reviews


def model(*, as_json: AsJson = False) -> None:
    """Show the active version of the model, the drift watch, and precision and recall of each topic."""
    with opened() as runtime:
        require_schema(runtime)
        with runtime.database.reading() as session:
            found = _found(session)
    if as_json:
        print_json(found)
        return
    version = found["version"]
    taught = f"{found['corrections']} corrections, {found['gold']} gold"
    say(f"Version {version['number']}, {taught}: {version['reason']}." if version else f"No version yet; {taught}.")
    for row in found["drift"]:
        state = "ALARM" if row["alarm"] else "usual"
        say(f"{row['statistic']}: {row['value']:.3f}, expected {row['low']:.3f} to {row['high']:.3f} ({state})")
    for row in found["topics"]:
        say(f"{row['topic']}: precision {_said(row['precision'])}, recall {_said(row['recall'])}")


def _found(session: Session) -> dict[str, Any]:
    active, counted, reviewed = active_version(session), count_corrections(session), topic_reviews(session)
    return {
        "version": None if active is None else {"number": active.number, "reason": active.reason},
        "corrections": counted.get(False, 0),
        "gold": counted.get(True, 0),
        "drift": [
            {
                "statistic": row.statistic,
                "value": row.value,
                "low": row.expected_low,
                "high": row.expected_high,
                "alarm": row.alarm,
            }
            for row in last_readings(session)
        ],
        "topics": [_quality(topic.key, reviewed) for topic in list_topics(session)],
    }


def _quality(topic: str, reviewed: list[Reviewed]) -> dict[str, Any]:
    found = topic_quality(reviewed, topic)
    return {"topic": topic, "precision": _rate(found.precision), "recall": _rate(found.recall)}


def _rate(rate: Rate) -> dict[str, Any]:
    low, high = rate.interval or (None, None)
    return {"value": rate.value, "low": low, "high": high, "n": rate.n}


def _said(rate: dict[str, Any]) -> str:
    if rate["value"] is None:
        return "not reviewed"
    return f"{rate['value']:.2f} ({rate['low']:.2f} to {rate['high']:.2f}, {rate['n']} reviewed)"
