"""Reference data over HTTP: processes, topics and rules as they are; all of it at once by `apply`."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field, StrictInt

from app.access.audit import record_audit
from app.api.bodies import ApiRoute, check_form, read_body
from app.api.deps import Admin, Analyst, Now, Reader, Reading, Writing, runtime_of
from app.api.instants import Instant
from app.api.openapi import declare
from app.errors import AppError, Kind
from app.processes.apply import apply_document
from app.processes.reader import MAX_BYTES, read_document, read_rules
from app.route.preview import MAX_DAYS, Move, Preview, Share, preview_rules
from app.store import reference

router = APIRouter(prefix="/v1", tags=["reference data"], route_class=ApiRoute)

_YAML = ("application/yaml", "application/x-yaml", "text/yaml", "application/json")
_DOCUMENT = {
    "requestBody": {
        "required": True,
        "content": {media_type: {"schema": {"type": "string"}} for media_type in _YAML},
    }
}


class StepOut(BaseModel):
    """A step of a process."""

    key: str
    name: str
    owner: str | None = Field(description="Key of its own owner today.")
    team: str | None = Field(description="Key of its own team; neither: the step belongs to whoever has the process.")


class ProcessOut(BaseModel):
    """A process with its steps in order."""

    id: int
    key: str
    name: str
    stage: str | None
    owner: str | None = Field(description="Key of its owner today.")
    team: str | None = Field(description="Key of the team that has it today instead of one owner.")
    steps: list[StepOut]


class TopicOut(BaseModel):
    """A node of the taxonomy."""

    id: int
    key: str
    name: str
    description: str
    parent: str | None
    process: str | None
    step: str | None


class RuleOut(BaseModel):
    """One ordered routing rule."""

    key: str
    when: dict[str, Any]
    then: dict[str, Any]
    since: date | None = Field(description="First UTC day on which it is in force, where one is named.")
    until: date | None = Field(description="First UTC day without it.")


class PreviewIn(BaseModel):
    """Rules to try on the history."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"rules": [{"key": "fast", "when": {"topic": ["refund_speed"]}, "then": {"goal": "8 hours"}}]}]
        },
    )

    rules: list[dict[str, Any]] | None = Field(
        default=None, max_length=1000, description="As in the company document; absent: the stored ones."
    )
    days: StrictInt = Field(default=30, ge=1, le=MAX_DAYS)
    at: Instant | None = Field(
        default=None,
        description="Owners, teams, absences and dated rules are looked at then; absent: now. A reorganisation that "
        "has been entered shows what it will do.",
    )


class ShareOut(BaseModel):
    """How much falls to an owner, to whom it belongs, or under a rule."""

    key: str | None
    themes: int
    complaints: int
    items: int = Field(description="Those of the themes that reach the thresholds, and so would have somebody act.")


class RuleMoveOut(BaseModel):
    """A theme whose owner would change."""

    theme_id: int
    complaints: int
    before: str
    after: str
    rule: str | None = Field(description="Key of the rule that decides then.")


class RulePreviewOut(BaseModel):
    """What the rules would have done."""

    days: int
    at: Instant
    complaints: int
    uncovered: int = Field(description="Complaints that no theme, rule or owner covers.")
    uncovered_share: float = Field(description="Of all complaints; 0 where there are none.")
    uncovered_by: dict[str, int] = Field(
        description="Why: `no_topic`, `no_theme`, `muted`, `retired`, `topic_inactive`, or `no_owner` (left to the "
        "fallback owner)."
    )
    owners: list[ShareOut]
    holders: list[ShareOut] = Field(
        description="Whose it is before absences and loads are looked at: `owner:KEY`, `team:KEY`, `fallback`."
    )
    rules: list[ShareOut]
    moves: list[RuleMoveOut]


class AppliedOut(BaseModel):
    """What a document changes, or would change."""

    dry_run: bool
    counts: dict[str, int]
    entries: list[dict[str, Any]]


@router.get("/processes", operation_id="list_processes", summary="List processes")
def processes(session: Reading, now: Now, _actor: Reader) -> list[ProcessOut]:
    """Active ones with their steps, and who owns them today (UTC)."""
    today = now.date()
    names = {row.id: row.key for row in reference.list_owners(session, inactive=True)}
    teams = {row.id: row.key for row in reference.list_teams(session, inactive=True)}
    stages = {row.id: row.key for row in reference.list_stages(session, inactive=True)}
    holders = {
        (row.process_id, row.step_id): (names.get(row.owner_id or 0), teams.get(row.team_id or 0))
        for row in reference.list_ownerships(session)
        if (row.valid_from is None or row.valid_from <= today) and (row.valid_to is None or today < row.valid_to)
    }
    steps: dict[int, list[StepOut]] = {}
    for row in reference.list_steps(session):
        owner, team = holders.get((row.process_id, row.id), (None, None))
        shown = StepOut(key=row.key, name=row.name, owner=owner, team=team)
        steps.setdefault(row.process_id, []).append(shown)
    return [
        ProcessOut(
            id=row.id,
            key=row.key,
            name=row.name,
            stage=stages.get(row.stage_id or 0),
            owner=holders.get((row.id, None), (None, None))[0],
            team=holders.get((row.id, None), (None, None))[1],
            steps=steps.get(row.id, []),
        )
        for row in reference.list_processes(session)
    ]


@router.get("/topics", operation_id="list_topics", summary="List topics")
def topics(session: Reading, _actor: Reader) -> list[TopicOut]:
    """Active ones, by key."""
    names = {row.id: row.key for row in reference.list_topics(session, inactive=True)}
    places = {row.id: row.key for row in reference.list_processes(session, inactive=True)}
    steps = {row.id: row.key for row in reference.list_steps(session, inactive=True)}
    return [
        TopicOut(
            id=row.id,
            key=row.key,
            name=row.name,
            description=row.description,
            parent=names.get(row.parent_id or 0),
            process=places.get(row.process_id or 0),
            step=steps.get(row.step_id or 0),
        )
        for row in reference.list_topics(session)
    ]


@router.get("/rules", operation_id="list_rules", summary="List routing rules")
def rules(session: Reading, _actor: Analyst) -> list[RuleOut]:
    """In the order in which they are tried; the first whose conditions all hold decides."""
    return [
        RuleOut(key=row.key, when=row.when, then=row.then, since=row.valid_from, until=row.valid_to)
        for row in reference.list_rules(session)
    ]


@router.post(
    "/rules/preview",
    operation_id="preview_rules",
    summary="Try routing rules on the history",
    responses=declare(409),
)
def preview(body: PreviewIn, session: Reading, now: Now, _actor: Analyst) -> RulePreviewOut:
    """Who would have got how much; nothing is stored."""
    parts = None if body.rules is None else read_rules(body.rules)
    return _preview(preview_rules(session, now, parts, days=body.days, at=body.at))


async def _document(request: Request) -> bytes:
    check_form(request, *_YAML)
    return await read_body(request, min(MAX_BYTES, runtime_of(request).settings.max_body_bytes))


@router.post("/apply", operation_id="apply_document", summary="Apply a company document", openapi_extra=_DOCUMENT)
def apply(
    raw: Annotated[bytes, Depends(_document)],
    session: Writing,
    now: Now,
    actor: Admin,
    dry_run: Annotated[bool, Query(description="Only say what would change.")] = False,  # noqa: FBT002 - a query parameter
) -> AppliedOut:
    """Calendars, owners, stages, processes, steps, topics, rules and policy at once; see docs for the YAML.

    What left the document is deactivated, never deleted. Applying it again changes nothing.
    """
    if not raw.strip():
        raise AppError(Kind.BAD_REQUEST, "empty_body", "The request has no body. Send the document as YAML.")
    difference = apply_document(session, now, actor, read_document(raw), dry_run=dry_run)
    if difference and not dry_run:
        record_audit(session, now, actor, "document_applied", "reference_data", **difference.counts())
    return AppliedOut(dry_run=dry_run, counts=difference.counts(), entries=difference.as_json())


def _preview(found: Preview) -> RulePreviewOut:
    uncovered = sum(found.uncovered.values())
    return RulePreviewOut(
        days=found.days,
        at=found.at,
        complaints=found.complaints,
        uncovered=uncovered,
        uncovered_share=uncovered / found.complaints if found.complaints else 0.0,
        uncovered_by=dict(found.uncovered),
        owners=[_share(share) for share in found.owners],
        holders=[_share(share) for share in found.holders],
        rules=[_share(share) for share in found.rules],
        moves=[_move(move) for move in found.moves],
    )


def _share(share: Share) -> ShareOut:
    return ShareOut(key=share.key, themes=share.themes, complaints=share.complaints, items=share.items)


def _move(move: Move) -> RuleMoveOut:
    return RuleMoveOut(
        theme_id=move.theme_id, complaints=move.complaints, before=move.before, after=move.after, rule=move.rule
    )
