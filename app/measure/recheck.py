"""Does a stored verdict follow from what is stored with it? The same case through the same maths, compared."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import Any

from app.errors import AppError, Kind
from app.measure.effect import Look, judge
from app.measure.frequency import Prepared
from app.measure.stats.case import parse_case
from app.measure.stats.verdict import METHOD
from app.store.tables import Measurement

_OLD = "This look was stored by an older release, which kept the case but not all that the page shows. See `case`."


@dataclass(frozen=True, slots=True)
class Recheck:
    """A stored look beside the same look computed anew.

    Attributes:
        day: last day that was counted.
        stored, again: verdict, ratio, interval and p-value, as stored and as computed now.
        differs: names of everything that is not the same, pages' numbers included; empty: the same to the last digit.
        method: version of the estimator that made the stored one; another than `now_method` may differ.
    """

    change_id: int
    day: date
    stored: dict[str, Any]
    again: dict[str, Any]
    differs: tuple[str, ...]
    method: str
    now_method: str = METHOD


def recheck(row: Measurement) -> Recheck:
    """Compute a stored look again from its own evidence; reads nothing else.

    Raises:
        AppError: `not_recomputable`: an older release stored it, without all that is needed.
    """
    kept = row.result.get("look")
    if kept is None:
        raise AppError(Kind.CONFLICT, "not_recomputable", _OLD)
    lost = kept["lost_on"]
    look = Look(
        change_id=row.change_id,
        subject=kept["subject"],
        target_reduction=kept["target_reduction"],
        prepared=Prepared(parse_case(row.case), row.result["facts"]),
        lost_on=None if lost is None else date.fromisoformat(lost),
    )
    judged = judge(look, row.day)
    verdict = judged.verdict
    stored = {
        "verdict": row.verdict,
        "rate_ratio": row.rate_ratio,
        "ci_low": row.ci_low,
        "ci_high": row.ci_high,
        "p_value": row.p_value,
        "relapse": row.relapse,
        "reasons": list(row.reasons),
    }
    again = {
        "verdict": verdict.verdict.value,
        "rate_ratio": verdict.rate_ratio,
        "ci_low": verdict.ci_low,
        "ci_high": verdict.ci_high,
        "p_value": verdict.p_value,
        "relapse": bool(verdict.relapse),
        "reasons": list(verdict.reasons),
    }
    document = json.loads(json.dumps(judged.result))
    names = [name for name in stored if stored[name] != again[name]]
    names += [f"result.{name}" for name in document if row.result.get(name) != document[name]]
    return Recheck(row.change_id, row.day, stored, again, tuple(names), row.method)
