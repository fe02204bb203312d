"""Many changes are watched at once: which of their verdicts hold when the share of false ones among them is kept?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from app.domain.verdict import VerdictState
from app.store.impact import Standing, latest_looks

WATCHED_DAYS = 364
ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class Judged:
    """The newest look at a change, beside all others.

    Attributes:
        look: the look.
        holds: for `improved` and `worse`: whether the verdict also holds among all changes that are watched; else None.
        together: how many changes that was judged among.
    """

    look: Standing
    holds: bool | None
    together: int


def judge_together(session: Session, now: datetime) -> dict[int, Judged]:
    """The newest look of every change that is watched, by change, with the false discovery rate controlled over all.

    All changes count, also those that a reader may not see: who looks must not decide what holds.
    """
    from app.measure.stats.portfolio import control_discoveries  # noqa: PLC0415 - scipy, which lists seldom need
    from app.measure.stats.verdict import Verdict  # noqa: PLC0415 - as above

    since = now.astimezone(UTC).date() - timedelta(days=WATCHED_DAYS)
    looks = latest_looks(session, since)
    verdicts = [
        Verdict(str(one.change_id), 0, VerdictState(one.verdict), one.rate_ratio, one.ci_low, one.ci_high, one.p_value)
        for one in looks
    ]
    answers = control_discoveries(verdicts, ALPHA) if verdicts else []
    together = sum(one.p_value is not None and one.verdict not in {"too_early", "invalid"} for one in looks)
    return {
        look.change_id: Judged(look, _holds(before.verdict, after.verdict), together)
        for look, before, after in zip(looks, verdicts, answers, strict=True)
    }


def _holds(before: VerdictState, after: VerdictState) -> bool | None:
    return after is before if before in {VerdictState.IMPROVED, VerdictState.WORSE} else None
