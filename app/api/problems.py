"""Every refusal and every failure as an RFC 9457 problem document; nothing that the client sent is repeated in it."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from sqlalchemy.exc import DataError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException  # noqa: TID251 - only to catch what the framework raises
from starlette.requests import ClientDisconnect
from starlette.routing import Match

from app.errors import AppError, Kind
from app.log import get_logger

TYPES = "https://closeloop.invalid/docs/errors"
"""Where docs/errors.md is published: `type` is this and the code as anchor."""

MEDIA_TYPE = "application/problem+json"

STATUS: Mapping[Kind, int] = {
    Kind.BAD_REQUEST: 400,
    Kind.UNAUTHENTICATED: 401,
    Kind.FORBIDDEN: 403,
    Kind.NOT_FOUND: 404,
    Kind.CONFLICT: 409,
    Kind.PRECONDITION_FAILED: 412,
    Kind.TOO_LARGE: 413,
    Kind.UNSUPPORTED_MEDIA: 415,
    Kind.INVALID: 422,
    Kind.PRECONDITION_REQUIRED: 428,
    Kind.RATE_LIMITED: 429,
    Kind.UNAVAILABLE: 503,
    Kind.MISCONFIGURED: 503,
}

TITLES: Mapping[int, str] = {
    400: "The request cannot be understood",
    401: "Who are you?",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    409: "In conflict with what is there",
    412: "Changed in the meantime",
    413: "Too large",
    415: "Unsupported media type",
    422: "The content does not fit",
    428: "Say which version you saw",
    429: "Too many requests",
    500: "Something went wrong here",
    503: "Not available right now",
}

_RESERVED = frozenset({"type", "title", "status", "detail", "instance", "code"})
_log = get_logger("api")
_MOST_ERRORS = 50
_LONGEST_POINTER = 200
_RETRY_SECONDS = 5
_NOT_THAT_METHOD = 405
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_.:-]{1,64}", re.ASCII)
_PLACES = frozenset({"body", "query", "path", "header", "cookie"})
_GENERIC: Mapping[int, tuple[str, str]] = {
    404: ("not_found", "There is nothing at this address. The routes are listed in docs/api.md and /v1/openapi.json."),
    405: ("method_not_allowed", "This address does not take that method; the header `Allow` lists those it takes."),
    413: ("body_too_large", "The body is larger than this route takes. Send it in parts."),
}


class FieldProblem(BaseModel):
    """One thing that is wrong with the request."""

    place: str = Field(default="body", description="Where it stands: body, query, path or header.")
    pointer: str = Field(description="JSON pointer inside that place.", examples=["/occurred_at"])
    code: str = Field(examples=["timezone_aware"])
    message: str = Field(examples=["Input should have timezone info"])


class Problem(BaseModel):
    """Why a request was not carried out, and what to do about it (RFC 9457)."""

    type: str = Field(description="Page that explains the code.", examples=[f"{TYPES}#not_found"])
    title: str = Field(examples=["Not found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["There is no action item with this id."])
    instance: str = Field(description="Names this very request; also in the log.", examples=["urn:request:3f2a91c4"])
    code: str = Field(description="Stable name of the cause; more may be added.", examples=["not_found"])
    errors: list[FieldProblem] = Field(default_factory=list, description="Single causes, where there are several.")


def problem_of(error: AppError) -> dict[str, Any]:
    """The problem document of an error, without `instance`; also used per item by bulk calls."""
    status = STATUS[error.kind]
    facts = {name: value for name, value in error.facts.items() if name not in _RESERVED}
    return {
        "type": f"{TYPES}#{error.code}",
        "title": TITLES[status],
        "status": status,
        "detail": error.message,
        "code": error.code,
        **facts,
    }


def answer_problem(request: Request, error: AppError, status: int | None = None, **headers: str) -> Response:
    """The response for an error; `status` for the few that have no kind of their own (405, 500)."""
    document = problem_of(error)
    if status is not None:
        document |= {"status": status, "title": TITLES.get(status, TITLES[500])}
    status = int(document["status"])
    document["instance"] = f"urn:request:{getattr(request.state, 'request_id', 'unknown')}"
    headers |= {"Cache-Control": "no-store"}
    if status == STATUS[Kind.UNAUTHENTICATED]:
        headers["WWW-Authenticate"] = 'Bearer realm="closeloop"'
    if status in {STATUS[Kind.UNAVAILABLE], STATUS[Kind.RATE_LIMITED]} or "retry_after" in error.facts:
        headers["Retry-After"] = str(error.facts.get("retry_after", _RETRY_SECONDS))
    page: Callable[[Request, Mapping[str, Any]], Response | None] = getattr(request.app.state, "error_page", _no_page)
    shown = None if request.url.path.startswith("/v1") else page(request, document)
    if shown is not None:
        shown.headers.update(headers)
        return shown
    return Response(json.dumps(document, default=str), status, headers, media_type=MEDIA_TYPE)


def unexpected() -> AppError:
    """What the client is told of a failure that nobody foresaw; the cause is in the log under the request's id."""
    message = "The service failed. Try again; if it stays so, give the operator the `instance` of this answer."
    return AppError(Kind.UNAVAILABLE, "internal_error", message)


def install_problems(app: FastAPI) -> None:
    """Have `app` answer everything that is refused with a problem document.

    Pages may set `app.state.error_page(request, document) -> Response | None` to show their own outside /v1.
    """
    app.add_exception_handler(AppError, _on_app_error)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(HTTPException, _on_http_error)
    for unavailable in (OperationalError, PoolTimeoutError):
        app.add_exception_handler(unavailable, _on_database_unavailable)
    app.add_exception_handler(ClientDisconnect, _on_client_gone)
    app.add_exception_handler(IntegrityError, _on_integrity_error)
    app.add_exception_handler(DataError, _on_data_error)


def _no_page(_request: Request, _document: Mapping[str, Any]) -> Response | None:
    return None


def _on_app_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, AppError):
        raise error
    return answer_problem(request, error)


def _on_validation_error(request: Request, error: Exception) -> Response:
    found = error.errors() if isinstance(error, RequestValidationError) else []
    return answer_problem(request, invalid_request(found))


def invalid_request(found: Any) -> AppError:  # noqa: ANN401 - pydantic's list of loosely typed details
    """One refusal for all that a schema found wrong; inputs are left out."""
    errors = [
        field_problem(tuple(each["loc"]), str(each["type"]), str(each["msg"]).removeprefix("Value error, "))
        for each in found[:_MOST_ERRORS]
    ]
    first = f"{errors[0]['pointer'] or 'the body'}: {errors[0]['message']}" if errors else "the request"
    message = f"The request does not fit its schema; see `errors`. First: {first}."
    return AppError(Kind.INVALID, "invalid_request", message, errors=errors)


def field_problem(location: tuple[Any, ...], code: str, message: str) -> dict[str, str]:
    """One entry of `errors`; `location` starts with the place (body, query, path, header)."""
    place, *rest = location if location and location[0] in _PLACES else ("body", *location)
    # Names of fields come from the sender: only plain ones are repeated, anything else could be somebody's words.
    steps = (str(step) if _PLAIN_NAME.fullmatch(str(step)) else "?" for step in rest)
    pointer = "".join(f"/{step}" for step in steps)[:_LONGEST_POINTER]
    return {"place": place, "pointer": pointer, "code": code, "message": message}


def _on_http_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    if status == _NOT_THAT_METHOD:
        headers["Allow"] = ", ".join(_allowed(request))
    code, message = _GENERIC.get(status, ("bad_request", "The request cannot be understood."))
    return answer_problem(request, AppError(Kind.BAD_REQUEST, code, message), status, **headers)


def _allowed(request: Request) -> Iterator[str]:
    """The methods that the address takes; the framework names those of the first route only."""
    # An address that is described as it stands is not also a key or an id in a longer pattern.
    described: Mapping[str, Any] = request.app.openapi()["paths"].get(request.url.path, {})
    if described:
        yield from (method for method in _METHODS if method.lower() in described)
        return
    for method in _METHODS:
        scope = {**request.scope, "method": method}
        if any(route.matches(scope)[0] is Match.FULL for route in request.app.router.routes):
            yield method


def _on_client_gone(request: Request, _error: Exception) -> Response:
    message = "The connection ended before the whole body had arrived. Nothing was stored; send the request again."
    return answer_problem(request, AppError(Kind.BAD_REQUEST, "body_cut_off", message))


def _on_database_unavailable(request: Request, error: Exception) -> Response:
    # The driver's own class (a deadlock, a lost connection) tells what to do; its text may hold values.
    cause = type(getattr(error, "orig", None) or error).__name__
    _log.warning("database_unavailable", error=cause)
    message = "The database does not answer or is busy. Nothing was stored; send the request again."
    return answer_problem(request, AppError(Kind.UNAVAILABLE, "database_unavailable", message))


def _on_integrity_error(request: Request, error: Exception) -> Response:
    # The message holds the row's values; the constraint's name is ours.
    diagnosis = getattr(getattr(error, "orig", None), "diag", None)
    _log.warning("concurrent_change", constraint=getattr(diagnosis, "constraint_name", None))
    message = "Somebody changed the same thing at the same time. Nothing was stored; read it again, then try again."
    return answer_problem(request, AppError(Kind.CONFLICT, "concurrent_change", message))


def _on_data_error(request: Request, _error: Exception) -> Response:
    message = "A value is outside of what the database can hold. Nothing was stored."
    return answer_problem(request, AppError(Kind.INVALID, "value_out_of_range", message))
