"""Conditional requests: 304 for those who poll, 412 for those who would overwrite somebody else's change."""

import hashlib
import json
import re

from fastapi import Request, Response

from app.errors import AppError, Kind

_TAGS = re.compile(r'(?:W/)?"[^"]*"|\*')
_VERSION = re.compile(r'"([1-9][0-9]{0,17})"')


def weak_tag(*parts: object) -> str:
    """An entity tag of everything that decides what a list shows."""
    digest = hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()
    return f'W/"{digest[:32]}"'


def version_tag(version: int) -> str:
    """The entity tag of a thing with an optimistic version; send it back as `If-Match`."""
    return f'"{version}"'


def unchanged(request: Request, tag: str) -> Response | None:
    """The answer 304 without a body, if the client has what `tag` stands for."""
    given = _TAGS.findall(request.headers.get("if-none-match", ""))
    if "*" in given or tag.removeprefix("W/") in {each.removeprefix("W/") for each in given}:
        return Response(status_code=304, headers={"ETag": tag})
    return None


def seen_version(if_match: str | None, body_version: int | None) -> int:
    """The version that the client saw, from `If-Match` or the body.

    Raises:
        AppError: Neither is there, they differ, or the header is no version tag.
    """
    if if_match is None and body_version is None:
        message = "Say which version you saw: send its `ETag` as `If-Match`, or `version` in the body."
        raise AppError(Kind.PRECONDITION_REQUIRED, "version_required", message)
    if if_match is None:
        return body_version or 0
    found = _VERSION.fullmatch(if_match.strip())
    if found is None or (body_version is not None and int(found[1]) != body_version):
        message = 'Send `If-Match` exactly as the `ETag` was given, like "3", and no other `version` in the body.'
        raise AppError(Kind.BAD_REQUEST, "bad_if_match", message)
    return int(found[1])
