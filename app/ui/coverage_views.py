"""Coverage as the themes' page shows it."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from app.store.coverage import REASONS, Share, measure_coverage

_DAYS = 91
_TOPICS = 40
_UNREAD = {"language": "in a language that the model does not speak", "no_content": "without anything said"}


def coverage_view(session: Session, now: datetime) -> dict[str, Any]:
    """The share of complaints without a theme and why, in all and by topic."""
    found = measure_coverage(session, now - timedelta(days=_DAYS), now)
    total = found.total
    unread = [f"{count} {_UNREAD.get(why, why)}" for why, count in sorted(found.unread.items())]
    if found.pending:
        unread.append(f"{found.pending} not read yet")
    return {
        "days": _DAYS,
        "summary": f"{_DAYS} days: {total.counted} complaints of {total.people} people, {_share(total)} in no theme",
        "rows": [_row(share) for share in (total, *found.topics[:_TOPICS]) if share.mentions],
        "unread": f"Feedback besides: {', '.join(unread)}." if unread else "",
    }


def _row(share: Share) -> dict[str, Any]:
    why = [f"{share.by_fate[key]} {words}" for key, words in REASONS.items() if share.by_fate.get(key)]
    return {
        "name": share.name,
        "complaints": share.counted,
        "people": share.people,
        "share": _share(share),
        "why": "; ".join(why) or "all are in themes",
    }


def _share(share: Share) -> str:
    return f"{share.unassigned / share.counted:.0%}" if share.counted else "none"
