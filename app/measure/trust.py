"""The list "can this be trusted?": each line computed from the case, none of them a promise."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from app.domain.changes import SEEN_DAYS
from app.domain.verdict import VerdictState
from app.measure.stats.case import Case, KnownEvent
from app.measure.stats.folding import WEEK
from app.measure.stats.verdict import Assessment

ENOUGH_WEEKS_BEFORE, ENOUGH_WEEKS_AFTER = 8, 4
FLAT = 0.15
MIX = 0.25
Check = dict[str, str]


def trust_list(case: Case, assessment: Assessment, facts: dict[str, Any]) -> list[Check]:
    """Checks with `name`, `state` (ok, warn, bad) and `words`."""
    return [
        _weeks(case),
        _comparison(assessment),
        _model(case, facts),
        _other_changes(case, facts),
        _volume(case, facts),
        _exposure(facts),
        _fixed(case, facts),
    ]


def _check(name: str, state: str, words: str) -> Check:
    return {"name": name, "state": state, "words": words}


def _weeks(case: Case) -> Check:
    before, after = case.change_day // WEEK, max(case.days - case.change_day, 0) // WEEK
    enough = before >= ENOUGH_WEEKS_BEFORE and after >= ENOUGH_WEEKS_AFTER
    words = f"{before} weeks before and {after} after the change were seen"
    return _check("enough_weeks", "ok" if enough else "warn", words)


def _comparison(assessment: Assessment) -> Check:
    evidence = assessment.evidence
    if evidence is None:
        invalid = assessment.verdict.verdict is VerdictState.INVALID
        return _check("comparison_flat", "bad" if invalid else "warn", "nothing could be compared yet")
    if not evidence.blocks.names:
        return _check("comparison_flat", "warn", "there are no untouched topics to compare with")
    after = evidence.blocks.post > 0
    counts = [float(evidence.blocks.counts[1:, side].sum()) + 0.5 for side in (~after, after)]
    offered = [max(float(evidence.blocks.exposure[1:, side].sum()), 1e-9) for side in (~after, after)]
    step = float(np.exp(np.log(counts[1] / offered[1]) - np.log(counts[0] / offered[0]))) - 1
    words = f"untouched topics moved by {_percent(step)} over the same time"
    if evidence.touched:
        words += f"; left out because they moved on their own: {_listed(evidence.touched)}"
    return _check("comparison_flat", "ok" if abs(step) <= FLAT else "warn", words)


def _model(case: Case, facts: dict[str, Any]) -> Check:
    events = [event for event in case.known_events if event.kind == "classifier_version"]
    published = [one["words"] + f" on {one['day']}" for one in _told(facts, "told") if "topics" in one["words"]]
    if not events:
        words = "one classifier judged all messages on both sides"
        return _check("same_classifier", "ok", "; ".join([words, *published]))
    words = "; ".join([f"the classifier changed on {_dates(case, events)}", *published])
    together = any(event.day == case.change_day for event in events)
    return _check("same_classifier", "bad" if together else "warn", words)


def _other_changes(case: Case, facts: dict[str, Any]) -> Check:
    own = [event for event in case.known_events if event.kind == "process_change"]
    lost = facts.get("controls_lost") or []
    if not own and not lost:
        return _check("other_changes", "ok", "no other change to this theme or its comparison topics")
    parts = [f"other changes came into effect on {_dates(case, own)}"] if own else []
    parts += [f"changed themselves and left out: {_listed(lost)}"] if lost else []
    return _check("other_changes", "warn", "; ".join(parts))


def _percent(share: float) -> str:
    number = round(100 * share)
    return f"{number:+d} %" if number else "0 %"


def _listed(keys: Iterable[str]) -> str:
    return ", ".join(key.replace("_", " ") for key in keys)


def _dates(case: Case, events: list[KnownEvent]) -> str:
    return ", ".join((case.start_date + timedelta(days=event.day)).isoformat() for event in events)


def _told(facts: dict[str, Any], kind: str) -> list[dict[str, str]]:
    return [one for one in facts.get("happened", []) if one["kind"] == kind]


def _volume(case: Case, facts: dict[str, Any]) -> Check:
    offered = np.array([value or 0.0 for value in case.exposure])
    before, after = offered[: case.change_day], offered[case.change_day :]
    if any(event.kind == "intake_change" for event in case.known_events):
        sources = "; ".join(f"{one['words']} on {one['day']}" for one in _told(facts, "intake_change"))
        return _check("volume_stable", "warn", sources or "the intake of feedback changed in this time")
    if not before.any() or not after.any():
        return _check("volume_stable", "warn", "no volume to compare yet")
    moved = float(after.mean() / before.mean()) - 1
    return _check("volume_stable", "ok" if abs(moved) <= MIX else "warn", f"the volume moved by {_percent(moved)}")


def _exposure(facts: dict[str, Any]) -> Check:
    if facts["exposure"] == "feedback":
        words = "no denominators were sent: complaints are counted per feedback received, which moves with who writes"
        return _check("exposure_source", "warn", words)
    missing = facts.get("exposure_missing", 0)
    gaps = f"; {missing} days are missing and not counted" if missing else ""
    words = f"complaints are counted per {facts['exposure']}{gaps}"
    return _check("exposure_source", "warn" if missing else "ok", words)


def _fixed(case: Case, facts: dict[str, Any]) -> Check:
    if facts.get("frozen_at") is None:
        return _check("fixed_before", "warn", "it is not written down when target and comparison were fixed")
    fixed = datetime.fromisoformat(facts["frozen_at"]).date()
    late = (fixed - case.start_date).days - case.change_day
    by = f"the comparison was chosen by {facts['chosen_by']}" if facts.get("chosen_by") else "by the rules"
    words = f"target, comparison and method were fixed on {fixed.isoformat()}, {by}"
    if late > SEEN_DAYS:
        return _check("fixed_before", "warn", f"{words}: {late} days of the result could be known by then")
    return _check("fixed_before", "ok", words)
