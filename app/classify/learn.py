"""Station: judges what corrections have taught since the last version of the model, and writes the versions down.

The reader of the very next text has judged the same facts by the same rule already (`gate.Gate.current`); here it
becomes a version with a number, and of a refused group the part that is to blame is found.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy.orm import Session

from app.access.audit import record_audit
from app.classify.taxonomy import Known, load_known
from app.domain.actor import Actor
from app.domain.learning import VersionState, counts, dump_figures, states_after_activating
from app.errors import AppError, Kind
from app.log import get_logger
from app.store.label_tables import ModelVersion
from app.store.learning import active_version, find_version, learning_key, version_states

if TYPE_CHECKING:
    from app.classify.gate import Trial
    from app.classify.loading import Readers

_STATION = Actor(name="station:learn")
_log = get_logger("classify")


class Tools(Protocol):
    """What the station works with."""

    @property
    def readers(self) -> Readers:
        """Tries candidates."""


@dataclass(frozen=True)
class Version:
    """One decision to write down."""

    to: int
    state: VersionState
    values: dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """What was decided about the facts that had this key."""

    known: Known
    versions: tuple[Version, ...]


def claim(session: Session, now: datetime) -> Known | None:  # noqa: ARG001 - every station has it
    """The facts, if corrections came since the last version, or the topics that it was made for have changed."""
    known = load_known(session)
    active = active_version(session)
    other_topics = active is not None and active.taxonomy_version_id != known.taxonomy_version_id
    return known if known.fresh or other_topics else None


def work(known: Known, tools: Tools) -> Outcome:
    """Try what is new; the trials cover it, oldest first."""
    return Outcome(known, tuple(_version(known, trial) for trial in tools.readers.trials(known)))


def record(session: Session, now: datetime, outcome: Outcome) -> None:
    """Write the versions down, unless anything has changed meanwhile: then they are judged again."""
    if learning_key(session) != outcome.known.key:
        return
    number = max(version_states(session), default=0)
    for version in outcome.versions:
        number += 1
        active = active_version(session)
        if version.state is VersionState.ACTIVE and active is not None:
            active.state = VersionState.SUPERSEDED
            session.flush()
        session.add(
            ModelVersion(
                number=number,
                taxonomy_version_id=outcome.known.taxonomy_version_id,
                corrections_to=version.to,
                state=version.state,
                created_at=now,
                **version.values,
            )
        )
        session.flush()
        accepted = version.state is VersionState.ACTIVE
        reason = version.values["reason"]
        action = "model_version_accepted" if accepted else "model_version_refused"
        record_audit(session, now, _STATION, action, f"model_version:{number}", reason=reason)
        _log.info("model_version", number=number, accepted=accepted, reason=reason)


def activate_version(session: Session, now: datetime, actor: Actor, number: int) -> ModelVersion:
    """Go back to an older version, or take one that the gate refused; what came after it teaches nothing any more.

    What was corrected since the newest version still counts as new, and is judged against this one.

    Raises:
        AppError: `model_version_not_found`.
    """
    version = find_version(session, number)
    if version is None:
        message = "There is no such version of the model. List them at /v1/model/versions."
        raise AppError(Kind.NOT_FOUND, "model_version_not_found", message)
    changed = states_after_activating(version_states(session), number)
    for other, state in changed.items():
        row = find_version(session, other)
        if row is not None:
            row.state = state
    session.flush()
    if changed:
        record_audit(session, now, actor, "model_version_activated", f"model_version:{number}", changed=len(changed))
    return version


def _version(known: Known, trial: Trial) -> Version:
    return Version(
        to=max(trial.added, default=known.steps[-1].to if known.steps else 0),
        state=VersionState.ACTIVE if trial.refused is None else VersionState.REFUSED,
        values={
            "fingerprint": trial.reader.fingerprint,
            "before": counts(trial.before),
            "after": counts(trial.after),
            "hits": {"after": dump_figures(trial.after), "best": dump_figures(trial.best)},
            "reason": trial.reason,
        },
    )
