"""The taxonomy over HTTP: drafts, what one would move, publishing, going back to an older version."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field, StrictBool
from sqlalchemy.orm import Session

from app.access.audit import record_audit
from app.api.bodies import ApiRoute
from app.api.deps import Analyst, Id, Now, Reading, Writing
from app.api.openapi import declare
from app.api.paging import Listing, Paged
from app.api.quotes import QuoteOut, show_quote
from app.api.relabelling import HistoryOut, RunOut, show_history, show_run
from app.classify.runs import ask_preview
from app.domain.actor import Actor
from app.domain.relabelling import RunKind
from app.processes.reader import read_topics
from app.processes.taxonomy import Published, create_draft, publish_draft, restore_version, topic_items
from app.store.label_tables import RelabelRun
from app.store.quotes import mention_quotes
from app.store.reference import latest_taxonomy
from app.store.tables import TaxonomyDraft, TaxonomyVersion
from app.store.taxonomy import (
    find_draft,
    find_version,
    last_run,
    list_taxonomy_versions,
)

router = APIRouter(prefix="/v1/taxonomy", tags=["taxonomy"], route_class=ApiRoute)


class DraftTopicOut(BaseModel):
    """A topic as in the company document."""

    key: str
    name: str
    description: str
    examples: list[str]
    process: str | None
    step: str | None
    parent: str | None


class VersionOut(BaseModel):
    """A published taxonomy."""

    version: int
    published_at: datetime
    actor: str | None
    restores: int | None = Field(description="The older version whose topics these are.")
    relabels: bool = Field(description="Whether what was read before is read anew for it.")
    topics: int
    current: bool


class TaxonomyOut(BaseModel):
    """The current taxonomy; `version` null: nothing was published yet."""

    version: int | None
    published_at: datetime | None
    topics: list[DraftTopicOut]
    history: HistoryOut


class DraftIn(BaseModel):
    """The whole list of topics; one that is not in it will be deactivated."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "topics": [
                        {
                            "key": "refund_speed",
                            "name": "Refund takes too long",
                            "description": "The money comes back late",
                            "examples": ["I still wait for my money"],
                            "process": "returns",
                            "step": "refund",
                        }
                    ]
                }
            ]
        },
    )

    topics: list[dict[str, Any]] = Field(min_length=1, max_length=1000, description="As in the company document.")


class MoveOut(BaseModel):
    """Spans that go from one topic to another."""

    source: str | None = Field(alias="from", description="Key; null: they had none.")
    target: str | None = Field(alias="to", description="Key; null: they will have none.")
    spans: int
    examples: list[QuoteOut] = Field(description="Up to five of the newest, for the largest moves.")


class WeekOut(BaseModel):
    """Mentions of a topic in seven UTC days."""

    starts_on: str
    before: int
    after: int


class TopicMoveOut(BaseModel):
    """Mentions of a topic in the sample."""

    topic: str
    before: int
    after: int
    weeks: list[WeekOut]


class ComparedOut(BaseModel):
    """What publishing would do to the sample."""

    spans: int = Field(description="Spans compared; one with several topics counts once.")
    moved: int = Field(description="Those whose topics would not be the same.")
    share_moved: float
    newly_assigned: int
    newly_unassigned: int
    moves: list[MoveOut]
    topics: list[TopicMoveOut]


class PreviewOut(BaseModel):
    """A preview and how far it is."""

    run: RunOut
    result: ComparedOut | None = Field(description="Null until it is done.")


class DraftOut(BaseModel):
    """Topics that somebody thinks of publishing."""

    id: int
    based_on: int | None = Field(description="The version that was current when it was made.")
    outdated: bool = Field(description="Whether somebody has published since.")
    published: int | None = Field(description="The version that it became.")
    actor: str
    created_at: datetime
    topics: list[DraftTopicOut]
    preview: PreviewOut | None


class PublishIn(BaseModel):
    """Whether to publish whatever others have published since."""

    model_config = ConfigDict(extra="forbid")

    force: StrictBool = False


_GENTLY = PublishIn()


class PublishedOut(BaseModel):
    """What was published."""

    version: int
    changed: bool = Field(description="False where the topics were so already: there is no new version then.")
    relabels: bool = Field(description="Whether history is read anew now.")
    entries: list[dict[str, Any]] = Field(description="What changed, topic by topic.")
    dead_rules: list[str] = Field(description="Routing rules that name a topic which is no longer active.")


@router.get("", operation_id="get_taxonomy", summary="The current topics, and how far history is read with them")
def show(session: Reading, now: Now, _actor: Analyst) -> TaxonomyOut:
    """While history is read anew, counts are those of before; all of them change at one moment."""
    version = latest_taxonomy(session)
    return TaxonomyOut(
        version=version.id if version else None,
        published_at=version.published_at if version else None,
        topics=_topics(version) if version else [],
        history=show_history(session, now),
    )


@router.get("/versions", operation_id="list_taxonomy_versions", summary="List versions of the taxonomy")
def versions(session: Reading, page: Paged, _actor: Analyst) -> Listing[VersionOut]:
    """Newest first."""
    found = list_taxonomy_versions(session, page.after, page.limit)
    rows, following = page.cut(found, lambda row: (row.id, row.id))
    latest = latest_taxonomy(session)
    shown = [
        VersionOut(
            version=row.id,
            published_at=row.published_at,
            actor=row.actor,
            restores=row.restores_id,
            relabels=row.relabels,
            topics=len(row.document["topics"]),
            current=latest is not None and latest.id == row.id,
        )
        for row in rows
    ]
    return Listing(items=shown, next=following)


@router.get("/versions/{version}", operation_id="get_taxonomy_version", summary="The topics of one version")
def show_version(version: Id, session: Reading, _actor: Analyst) -> list[DraftTopicOut]:
    """As they were published, by key."""
    return _topics(find_version(session, version))


@router.post(
    "/versions/{version}/restore",
    operation_id="restore_taxonomy_version",
    summary="Publish an older version anew",
)
def restore(version: Id, session: Writing, now: Now, actor: Analyst) -> PublishedOut:
    """A roll-back is a version too: history is read anew with its topics, and what was counted in between is kept."""
    published = restore_version(session, now, actor, version)
    return _told(session, now, actor, "taxonomy_restored", published)


@router.post("/drafts", operation_id="create_taxonomy_draft", summary="Draft a taxonomy", status_code=201)
def create(body: DraftIn, session: Writing, now: Now, actor: Analyst) -> DraftOut:
    """Nothing is read with it until it is previewed or published."""
    draft = create_draft(session, now, actor, read_topics(body.topics))
    record_audit(session, now, actor, "taxonomy_drafted", f"taxonomy_draft:{draft.id}", topics=len(body.topics))
    return _draft(session, now, draft)


@router.get("/drafts/{draft_id}", operation_id="get_taxonomy_draft", summary="A draft with its last preview")
def show_draft(draft_id: Id, session: Reading, now: Now, _actor: Analyst) -> DraftOut:
    """The preview's examples are the customers' words as they are now: what was erased is gone."""
    return _draft(session, now, find_draft(session, draft_id))


@router.post(
    "/drafts/{draft_id}/preview",
    operation_id="preview_taxonomy_draft",
    summary="See what a draft would move",
    status_code=202,
    responses=declare(409),
)
def preview(
    draft_id: Id,
    session: Writing,
    now: Now,
    actor: Analyst,
    mentions: Annotated[int, Query(ge=1, le=20_000, description="How many of the newest mentions, about.")] = 2_000,
) -> PreviewOut:
    """Reads the newest mentions with the draft's topics in the background; GET the draft for the result."""
    return _preview(session, now, ask_preview(session, now, actor, draft_id, mentions))


@router.post(
    "/drafts/{draft_id}/publish",
    operation_id="publish_taxonomy_draft",
    summary="Publish a draft",
    responses=declare(409),
)
def publish(draft_id: Id, session: Writing, now: Now, actor: Analyst, body: PublishIn = _GENTLY) -> PublishedOut:
    """New texts are read with it at once, history in the background; the counts change when all of it was read."""
    published = publish_draft(session, now, actor, draft_id, force=body.force)
    return _told(session, now, actor, "taxonomy_published", published)


def _topics(row: TaxonomyVersion | TaxonomyDraft) -> list[DraftTopicOut]:
    return [DraftTopicOut.model_validate(item) for item in topic_items(row.document["topics"])]


def _draft(session: Session, now: datetime, draft: TaxonomyDraft) -> DraftOut:
    latest = latest_taxonomy(session)
    run = last_run(session, RunKind.PREVIEW, draft.id)
    return DraftOut(
        id=draft.id,
        based_on=draft.version_id,
        outdated=draft.version_id != (latest.id if latest else None) and draft.published_id is None,
        published=draft.published_id,
        actor=draft.actor,
        created_at=draft.created_at,
        topics=_topics(draft),
        preview=_preview(session, now, run) if run else None,
    )


def _preview(session: Session, now: datetime, run: RelabelRun) -> PreviewOut:
    if run.result is None:
        return PreviewOut(run=show_run(run, now), result=None)
    wanted = [mention_id for move in run.result["moves"] for mention_id in move["examples"]]
    quotes = {quote.mention.id: show_quote(quote) for quote in mention_quotes(session, wanted)}
    moves = [
        {**move, "examples": [quotes[mention_id] for mention_id in move["examples"] if mention_id in quotes]}
        for move in run.result["moves"]
    ]
    return PreviewOut(run=show_run(run, now), result=ComparedOut.model_validate({**run.result, "moves": moves}))


def _told(session: Session, now: datetime, actor: Actor, action: str, published: Published) -> PublishedOut:
    version = published.version
    relabels = published.is_new and version.relabels
    if published.is_new:
        facts = {**published.difference.counts(), "relabels": relabels, "restores": version.restores_id}
        record_audit(session, now, actor, action, f"taxonomy_version:{version.id}", **facts)
    return PublishedOut(
        version=version.id,
        changed=published.is_new,
        relabels=relabels,
        entries=published.difference.as_json(),
        dead_rules=list(published.dead_rules),
    )
