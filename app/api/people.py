"""Erasing a person over HTTP; their reference stands in the body, because addresses are logged on their way."""

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from app.api.bodies import ApiRoute
from app.api.deps import Admin, Now, Writing
from app.ingest.forget import erase_customer

router = APIRouter(prefix="/v1/people", tags=["people"], route_class=ApiRoute)


class EraseIn(BaseModel):
    """Whom to erase."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"ref": "C-1077"}]})

    ref: str = Field(min_length=1, max_length=255, description="The person's reference, as the sources send it.")


class ErasedOut(BaseModel):
    """What was taken away."""

    feedback: int = Field(description="Utterances whose words and everything derived from them are gone.")
    deliveries: int = Field(description="Raw payloads whose bytes are gone.")


@router.post("/erase", operation_id="erase_person", summary="Erase a person")
def erase(body: EraseIn, session: Writing, now: Now, actor: Admin) -> ErasedOut:
    """In every source. Anonymous counts and scores stay; what was erased is not stored again if it is sent again."""
    erased = erase_customer(session, now, actor, body.ref)
    return ErasedOut(feedback=erased.feedback, deliveries=erased.deliveries)
