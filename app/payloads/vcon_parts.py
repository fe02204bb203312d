"""Parts of a vCon: bodies in their encodings, signed containers, tags."""

import binascii
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from typing import Any

from app.domain.strict_json import decode_json
from app.errors import AppError, Kind
from app.payloads.walk import needed_object


def unsigned(value: object) -> Mapping[str, Any]:
    """The vCon itself; of a signed one the payload, without a look at its signatures.

    Raises:
        AppError: ``encrypted_vcon``, or it is no vCon.
    """
    found = needed_object(value)
    if "ciphertext" in found:
        raise AppError(Kind.INVALID, "encrypted_vcon", "The vCon is encrypted. Send it decrypted.")
    if isinstance(found.get("payload"), str) and "signatures" in found:
        return needed_object(decode_json(_decoded(found["payload"])))
    return found


def body_of(part: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any JSON value
    """The body of a dialog, analysis or attachment, decoded; a text stays one where it is no JSON."""
    body, encoding = part.get("body"), part.get("encoding")
    if not isinstance(body, str):
        return body
    if encoding == "base64url":
        try:
            body = _decoded(body).decode("utf-8", "replace").replace("\x00", "\ufffd")
        except AppError:
            return None
    if encoding == "json" or body.lstrip()[:1] in {"{", "["}:
        try:
            return decode_json(body.encode("utf-8", "replace"))
        except AppError:
            return body
    return body


def tags_of(body: object) -> object:
    """An attachment's facts: an object as it is, a list of `name:value` as an object."""
    if not isinstance(body, list):
        return body
    pairs = (one.partition(":") for one in body if isinstance(one, str))
    return {name.strip(): value.strip() for name, colon, value in pairs if colon}


def _decoded(value: str) -> bytes:
    try:
        return urlsafe_b64decode(value + "=" * (-len(value) % 4))
    except (binascii.Error, ValueError):
        raise AppError(Kind.INVALID, "bad_base_coding", "A part of the vCon is not base64url.") from None
