"""`Idempotency-Key`: a request that is sent again under its key is answered as before and does nothing again."""

import hmac
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256
from threading import Lock
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from pydantic import BaseModel
from sqlalchemy.orm import Session

from app.access.answers import Answer, Claim, find_answer, in_use, keep_answer
from app.access.secret import derive_key
from app.errors import AppError, Kind

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"

_KEY = re.compile(r'(?!")[!-~]{1,255}')
_QUOTED = re.compile(r'"([!-~]{1,255})"')
_JSON = "application/json"
_KEPT_HEADERS = frozenset({"etag", "location", "link", "content-type"})

_under_way: set[Claim] = set()
_lock = Lock()


def read_claim(request: Request) -> Claim | None:
    """What must happen once; None where the client asks for no such thing.

    Raises:
        AppError: The key is empty, too long, or has a character that cannot be seen.
    """
    given, actor = request.headers.getlist(HEADER), getattr(request.state, "actor", None)
    if not given or actor is None or request.method != "POST":
        return None
    found = _QUOTED.fullmatch(given[0].strip()) or _KEY.fullmatch(given[0].strip())
    if found is None or len(given) > 1:
        message = "Send one `Idempotency-Key` of 1 to 255 visible ASCII characters, bare or in double quotes."
        raise AppError(Kind.BAD_REQUEST, "bad_idempotency_key", message)
    return Claim(actor.name, request.method, request.scope["path"], found[found.re.groups])


async def require_key(request: Request) -> None:
    """Refuse a request without a key, on routes where sending twice could cost much.

    Raises:
        AppError: There is none, or it is no key.
    """
    if read_claim(request) is None:
        message = "Send an `Idempotency-Key`, e.g. a UUID that you keep for sending the same request again."
        raise AppError(Kind.BAD_REQUEST, "idempotency_key_required", message)


KeyRequired = Annotated[None, Depends(require_key)]


def describe_key(extra: dict[str, Any], *, required: bool) -> dict[str, Any]:
    """What the OpenAPI document says of a route besides its own, with the header."""
    header = {
        "name": HEADER,
        "in": "header",
        "required": required,
        "description": "Yours for this request: sent again within 24 hours, it is answered as before and does nothing.",
        "schema": {"type": "string", "pattern": "^[!#-~][!-~]{0,254}$"},
        "example": "8e03978e-40d5-43e8-bc93-6894a57f9324",
    }
    return {**extra, "parameters": [*extra.get("parameters", []), header]}


@contextmanager
def alone(claim: Claim) -> Iterator[None]:
    """Hold the claim in this process; among processes the table's unique index decides.

    Raises:
        AppError: The same request is under way.
    """
    with _lock:
        if claim in _under_way:
            raise in_use()
        _under_way.add(claim)
    try:
        yield
    finally:
        with _lock:
            _under_way.discard(claim)


class Once:
    """One request under a key, inside its transaction.

    Args:
        claim: What is claimed.
        request: With its raw body read.
        response: Where the endpoint sets status and headers.
        session: The endpoint's write transaction.
        now: When.
    """

    def __init__(self, claim: Claim, request: Request, response: Response, session: Session, now: datetime) -> None:
        """Nothing is read or written yet."""
        self._claim, self._request, self._response = claim, request, response
        self._session, self._now = session, now

    def run(self, endpoint: Callable[[], BaseModel | Response]) -> Response:
        """Run the endpoint and keep its answer with what it wrote; or give the answer that is kept.

        A refusal is an exception: it takes the whole transaction with it, so that the key is free again.

        Raises:
            AppError: The key was used for another request; or what the endpoint raises.
        """
        secret_key = self._request.app.state.secret_key
        fingerprint = self._fingerprint(secret_key)
        kept = find_answer(self._session, self._claim, fingerprint, secret_key)
        if kept is not None:
            return Response(kept.body, kept.status, {**kept.headers, REPLAYED: "true"})
        answer = self._answer(endpoint())
        keep_answer(self._session, self._now, self._claim, fingerprint, answer, secret_key=secret_key)
        return Response(answer.body, answer.status, dict(answer.headers))

    def _fingerprint(self, secret_key: str) -> str:
        # Under a key: a body may hold a password, which a plain digest would let somebody guess.
        body = getattr(self._request, "raw", None) or b""
        digest = hmac.new(derive_key(secret_key, "fingerprints"), body, sha256)
        digest.update(self._request.scope["query_string"])
        return digest.hexdigest()

    def _answer(self, value: BaseModel | Response) -> Answer:
        if isinstance(value, Response):
            return Answer(value.status_code, {"content-type": _JSON}, bytes(value.body))
        status = self._response.status_code or self._request.scope["route"].status_code or 200
        headers = {name: text for name, text in self._response.headers.items() if name in _KEPT_HEADERS}
        return Answer(status, headers | {"content-type": _JSON}, value.model_dump_json(by_alias=True).encode())
