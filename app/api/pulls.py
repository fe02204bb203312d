"""Whether we may ask a sender's API for what its events only name: off, unless an operator gives a token."""

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from app.api.bodies import ApiRoute
from app.api.deps import Admin, Now, SecretKey, Writing
from app.api.sources import Key, named_source
from app.ingest.sources import set_pull_token

router = APIRouter(prefix="/v1/sources/{key}/pull", tags=["sources"], route_class=ApiRoute)


class PullIn(BaseModel):
    """A token of the sender's API."""

    model_config = ConfigDict(extra="forbid")

    token: str = Field(min_length=1, max_length=2048, description="Kept encrypted, never shown.")


@router.put("", operation_id="start_pulling", summary="Fetch what thin events name", status_code=204)
def start(key: Key, body: PullIn, session: Writing, now: Now, actor: Admin, secret_key: SecretKey) -> Response:
    """From now on, and for what waits already: one GET request to the sender's API for each thing named."""
    set_pull_token(session, now, actor, named_source(session, key), secret_key, body.token)
    return Response(status_code=204)


@router.delete("", operation_id="stop_pulling", summary="Ask the sender's API no more", status_code=204)
def stop(key: Key, session: Writing, now: Now, actor: Admin, secret_key: SecretKey) -> Response:
    """The token is forgotten; thin events wait for their words to be sent."""
    set_pull_token(session, now, actor, named_source(session, key), secret_key, None)
    return Response(status_code=204)
