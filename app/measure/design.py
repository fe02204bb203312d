"""What a change will be judged by: its series, denominator and comparison topics, fixed before the result is known.

Until the change is marked as deployed the design is worked out anew whenever somebody looks, and people may choose the
comparison topics; from then on it is frozen in `registrations`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.audit import record_audit
from app.domain.actor import Actor
from app.errors import AppError, Kind
from app.measure.controls import MAX_CONTROLS, Candidate, list_candidates
from app.measure.days import starts_on
from app.store import impact
from app.store.act_tables import Change
from app.store.impact import Span
from app.store.items import current_change
from app.store.tables import Registration

LONGEST_BASELINE = 364


@dataclass(frozen=True, slots=True)
class Design:
    """What a change is judged by; ids and days as JSON values in `registrations.design`.

    Attributes:
        theme_id: theme whose complaints are the target, None where the whole topic is.
        topic_id: topic of the target.
        first_day: first day of the baseline.
        exposure: series of denominators; None: all feedback per day.
        controls: comparison topics.
        chosen_by: who chose the controls; None: the rules of `controls.py`.
        frozen_at: since when nothing of this can change; None: not yet.
    """

    theme_id: int | None
    topic_id: int
    first_day: date
    exposure: str | None
    controls: tuple[int, ...]
    chosen_by: str | None = None
    frozen_at: datetime | None = None

    def dump(self, names: Mapping[int, str]) -> dict[str, Any]:
        """As stored; the names are for readers and are not read back."""
        return {
            "theme_id": self.theme_id,
            "topic_id": self.topic_id,
            "first_day": self.first_day.isoformat(),
            "exposure": self.exposure,
            "controls": list(self.controls),
            "control_names": [names.get(topic, str(topic)) for topic in self.controls],
            "chosen_by": self.chosen_by,
            "frozen_at": None if self.frozen_at is None else self.frozen_at.isoformat(),
        }


def find_design(session: Session, change: Change) -> Design | None:
    """What is written down about a change; not frozen: only that people chose the controls."""
    row = impact.find_registration(session, change.id)
    if row is None:
        return None
    document = row.design
    frozen = document.get("frozen_at", row.registered_at.isoformat())  # the first release wrote frozen designs only
    return Design(
        theme_id=document["theme_id"],
        topic_id=document["topic_id"],
        first_day=date.fromisoformat(document["first_day"]),
        exposure=document["exposure"],
        controls=tuple(document["controls"]),
        chosen_by=document.get("chosen_by"),
        frozen_at=None if frozen is None else datetime.fromisoformat(frozen),
    )


def current_design(session: Session, change: Change) -> Design:
    """The frozen design, or what it would be if the change were deployed now."""
    written = find_design(session, change)
    if written is not None and written.frozen_at is not None:
        return written
    span = baseline_of(session, change)
    theme = impact.theme_of(session, change)
    if written is not None:
        controls, chosen_by = written.controls, written.chosen_by
    else:
        fitting = (one.topic_id for one in list_candidates(session, change, theme.topic_id, span) if one.fits)
        controls, chosen_by = tuple(fitting), None
    return Design(
        theme_id=theme.id if theme.kind != "topic" else None,
        topic_id=theme.topic_id,
        first_day=span.first,
        exposure=impact.covering_series(session, impact.process_key(session, change.process_id), span),
        controls=controls,
        chosen_by=chosen_by,
    )


def baseline_of(session: Session, change: Change) -> Span:
    """The days before a change from which its design is chosen."""
    last = starts_on(change) - timedelta(days=1)
    oldest = impact.first_feedback_day(session) or last
    return Span(max(oldest, last - timedelta(days=LONGEST_BASELINE - 1)), max(last, oldest))


def candidates_of(session: Session, change: Change) -> list[Candidate]:
    """Every topic that a change could be compared with, with the reason for or against it."""
    theme = impact.theme_of(session, change)
    return list_candidates(session, change, theme.topic_id, baseline_of(session, change))


def freeze_design(session: Session, now: datetime, actor: Actor, change: Change) -> Design:
    """Fix what a change is judged by, in the transaction that records its deployment; again changes nothing.

    Args:
        session: A write transaction.
        now: When.
        actor: Who recorded the deployment.
        change: The change, with its roll-out.
    """
    impact.lock_change(session, change.id)
    design = current_design(session, change)
    if design.frozen_at is not None:
        return design
    design = replace(design, frozen_at=now.astimezone(UTC))
    _write(session, now, change, design)
    facts = {"controls": len(design.controls), "exposure": design.exposure, "chosen_by": design.chosen_by}
    record_audit(session, now, actor, "design_frozen", f"change:{change.id}", **facts)
    return design


def freeze_deployed(session: Session, now: datetime, actor: Actor, item_id: int) -> None:
    """Fix what the change of an action item is judged by; to be called where its deployment was just recorded."""
    change = current_change(session, item_id)
    if change is not None and change.deployed_at is not None:
        freeze_design(session, now, actor, change)


def set_controls(
    session: Session, now: datetime, actor: Actor, change_id: int, *, keys: Collection[str] | None
) -> Design:
    """Choose the comparison topics of a planned change, before its result can be known.

    Args:
        session: A write transaction.
        now: When.
        actor: Who; ask `get_change` first whether they may see it.
        change_id: The change.
        keys: Keys of topics; None: as the rules choose.

    Raises:
        AppError: `design_frozen` (deployed), `change_withdrawn`, `bad_controls` (unknown, the target itself or nearly
            the same as it, or too many).
    """
    locked = select(Change).where(Change.id == change_id).with_for_update()
    change = session.scalars(locked.execution_options(populate_existing=True)).one()
    _require_open(change)
    before = find_design(session, change)
    if keys is None:
        row = impact.find_registration(session, change.id)
        if row is not None:
            session.delete(row)
            session.flush()
        design = current_design(session, change)
    else:
        controls = _chosen(candidates_of(session, change), keys)
        design = replace(current_design(session, change), controls=controls, chosen_by=actor.name)
        _write(session, now, change, design)
    facts = {"controls": list(design.controls), "before": None if before is None else list(before.controls)}
    record_audit(session, now, actor, "controls_chosen", f"change:{change.id}", automatic=keys is None, **facts)
    return design


def _require_open(change: Change) -> None:
    if change.withdrawn_at is not None:
        message = "This change was withdrawn: another plan took its place, or none. There is nothing left to compare."
        raise AppError(Kind.CONFLICT, "change_withdrawn", message)
    if change.deployed_at is not None:
        message = (
            f"The change was marked as deployed on {change.deployed_at.date()}; what it is judged by is fixed since "
            "then, so that nobody can choose it by its result."
        )
        raise AppError(Kind.CONFLICT, "design_frozen", message)


def _chosen(candidates: list[Candidate], keys: Collection[str]) -> tuple[int, ...]:
    wanted = set(keys)
    known = {one.key: one for one in candidates}
    if wanted - known.keys():
        message = "A key belongs to no other active topic. The candidates are listed at /v1/changes/ID/design."
        raise AppError(Kind.INVALID, "bad_controls", message)
    barred = next((known[key] for key in sorted(wanted) if known[key].barred), None)
    if barred is not None:
        message = f"{barred.key} cannot be a comparison: {barred.why}. It would hide what the change does."
        raise AppError(Kind.INVALID, "bad_controls", message)
    if len(wanted) > MAX_CONTROLS:
        message = f"Choose at most {MAX_CONTROLS} topics; more do not sharpen a comparison."
        raise AppError(Kind.INVALID, "bad_controls", message)
    return tuple(one.topic_id for one in candidates if one.key in wanted)


def _write(session: Session, now: datetime, change: Change, design: Design) -> None:
    names = {key: topic.name for key, topic in impact.topics_by_id(session).items()}
    row = impact.find_registration(session, change.id)
    if row is None:
        row = Registration(change_id=change.id)
        session.add(row)
    row.design, row.registered_at = design.dump(names), now
    session.flush()
