"""Commands on the taxonomy: drafts, publishing one, going back to an older version."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.domain.actor import Actor
from app.engine.wake import wake
from app.errors import AppError, Kind
from app.processes.checks import Keys, check_topics, repeated_keys
from app.processes.difference import Difference, Fields, compare
from app.processes.document import TopicPart
from app.processes.reader import read_topics, refuse_parts
from app.processes.state import read_state, want_topics
from app.processes.writing import write_difference
from app.store import reference
from app.store.feedback import is_any_labelled
from app.store.tables import TaxonomyDraft, TaxonomyVersion
from app.store.taxonomy import find_draft, find_version, latest_published

_READ = ("name", "description", "examples", "parent")
"""What of a topic a reader looks at: a change of anything else moves no mention."""


@dataclass(frozen=True, slots=True)
class Published:
    """What publishing led to.

    Attributes:
        version: The current version.
        is_new: Whether it was made now; not where the topics were so already.
        difference: How the topics changed.
        dead_rules: Keys of routing rules that name a topic which is no longer active, and so never hold for it.
    """

    version: TaxonomyVersion
    is_new: bool
    difference: Difference
    dead_rules: tuple[str, ...]


def create_draft(session: Session, now: datetime, actor: Actor, parts: Sequence[TopicPart]) -> TaxonomyDraft:
    """Keep topics for previews and for publishing.

    Args:
        session: A write transaction.
        now: When.
        actor: Who thinks of publishing them.
        parts: The whole list: a topic that is not in it will be deactivated.

    Raises:
        AppError: ``invalid_topics``: a key is taken twice, or what a topic names does not exist.
    """
    _check(session, parts)
    latest = reference.latest_taxonomy(session)
    draft = TaxonomyDraft(
        version_id=latest.id if latest else None,
        document={"topics": _without_active(want_topics(parts))},
        actor=actor.name,
        created_at=now,
    )
    session.add(draft)
    session.flush()
    return draft


def publish_draft(session: Session, now: datetime, actor: Actor, draft_id: int, *, force: bool = False) -> Published:
    """Make a draft the current taxonomy; what was read before is read anew in the background.

    Args:
        session: A write transaction.
        now: When.
        actor: Who publishes.
        draft_id: The draft.
        force: Also if somebody has published since the draft was made.

    Raises:
        AppError: ``draft_not_found``; ``draft_published``; ``draft_outdated`` without `force`; ``invalid_topics``: a
            process or step that a topic names is gone since.
    """
    draft = find_draft(session, draft_id)
    if draft.published_id is not None:
        message = "This draft was published before. To go back to it restore its version."
        raise AppError(Kind.CONFLICT, "draft_published", message, version=draft.published_id)
    latest = reference.latest_taxonomy(session)
    current = latest.id if latest else None
    if draft.version_id != current and not force:
        message = (
            "Somebody has published since this draft was made, and publishing it would undo that. Make a new draft "
            "from the current version, or publish this one with `force`."
        )
        raise AppError(Kind.CONFLICT, "draft_outdated", message, based_on=draft.version_id, current=current)
    published = _become(session, now, actor, draft.document["topics"])
    draft.published_id = published.version.id
    session.flush()
    return published


def restore_version(session: Session, now: datetime, actor: Actor, version_id: int) -> Published:
    """Publish the topics of an older version anew: a roll-back that is itself a version.

    Raises:
        AppError: ``taxonomy_version_not_found``; ``invalid_topics``: a process or step that it names is gone since.
    """
    version = find_version(session, version_id)
    return _become(session, now, actor, version.document["topics"], restores=version.id)


def publish_topics(
    session: Session, now: datetime, actor: Actor, *, restores: int | None = None
) -> TaxonomyVersion | None:
    """Publish the stored topics as a new version, if they differ from the last one; the one way in which that happens.

    Returns:
        The new version; None where nothing has changed.
    """
    topics = _without_active({key: row for key, row in read_state(session)["topic"].items() if row["active"]})
    text = json.dumps(topics, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    digest = hashlib.sha256(text.encode("utf-8")).hexdigest()
    latest = reference.latest_taxonomy(session)
    if latest is not None and latest.digest == digest:
        return None
    # What was read before there were topics is read anew with the first ones.
    before = latest.document["topics"] if latest is not None else {}
    moves = _read_by_models(before) != _read_by_models(topics)
    version = TaxonomyVersion(
        digest=digest,
        document={"topics": topics},
        published_at=now,
        actor=actor.name,
        restores_id=restores,
        relabels=moves and is_any_labelled(session),
    )
    session.add(version)
    session.flush()
    wake(session, "relabel", f"taxonomy-{version.id}")
    return version


def topic_items(topics: Mapping[str, Fields]) -> list[dict[str, Any]]:
    """Topics of a version or draft as a list like the company document's, by key."""
    return [
        {"key": key, **fields, "step": fields["step"].rpartition("/")[2] if fields["step"] else None}
        for key, fields in sorted(topics.items())
    ]


def _become(
    session: Session, now: datetime, actor: Actor, topics: Mapping[str, Fields], *, restores: int | None = None
) -> Published:
    _check(session, read_topics(topic_items(topics)))
    stored = read_state(session)
    wanted = {key: {**fields, "active": True} for key, fields in topics.items()}
    difference = compare(stored, {**stored, "topic": wanted})
    if difference:
        write_difference(session, now, difference)
    made = publish_topics(session, now, actor, restores=restores)
    dead = [row.key for row in reference.list_rules(session) if not wanted.keys() >= set(row.when.get("topic", ()))]
    return Published(made or latest_published(session), made is not None, difference, tuple(dead))


def _check(session: Session, parts: Sequence[TopicPart]) -> None:
    places = {row.id: row.key for row in reference.list_processes(session)}
    steps: dict[str, list[str]] = {key: [] for key in places.values()}
    for row in reference.list_steps(session):
        if row.process_id in places:
            steps[places[row.process_id]].append(row.key)
    topics = [part.key for part in parts]
    keys = Keys(stages=(), calendars=(), owners=(), teams=(), processes=list(steps), steps=(), topics=topics)
    problems = [*repeated_keys(parts), *check_topics(parts, keys, steps)]
    if problems:
        refuse_parts(problems, "invalid_topics")


def _without_active(topics: Mapping[str, Fields]) -> dict[str, Fields]:
    return {key: {name: value for name, value in fields.items() if name != "active"} for key, fields in topics.items()}


def _read_by_models(topics: Mapping[str, Fields]) -> dict[str, list[Any]]:
    return {key: [fields.get(name) for name in _READ] for key, fields in topics.items()}
