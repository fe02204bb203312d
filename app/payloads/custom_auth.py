"""Schemes that an operator writes into a source's configuration, checked so that none of them lets everybody in."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from app.payloads.presets import PRESETS
from app.payloads.schemes import AnyOf, Auth, Ed25519, Hmac, Jwt, Signature, StaticToken, schemes_of


def _covers_content(auth: Auth) -> Auth:
    for scheme in schemes_of(auth):
        if isinstance(scheme, Signature):
            _check_signature(scheme)
        if isinstance(scheme, StaticToken) and not (scheme.header or scheme.query or scheme.form_field):
            raise PydanticCustomError("no_place", "say where the token is: header, query or form_field")
        if isinstance(scheme, Jwt):
            _check_token(scheme)
    return auth


def _check_token(scheme: Jwt) -> None:
    if not scheme.header:
        raise PydanticCustomError("no_place", "say in which header the token is")
    if not (scheme.audience or scheme.claims):
        raise PydanticCustomError(
            "anybody", "say for whom the token is (audience) or what it claims: others have tokens of this issuer too"
        )
    if any("accounts.google.com" in issuer for issuer in scheme.issuers) and "email" not in scheme.claims:
        raise PydanticCustomError(
            "anybody", "say in claims which service account (email) sends: others can name your audience too"
        )


def _check_signature(scheme: Signature) -> None:
    if bool(scheme.header) == bool(scheme.form_field):
        raise PydanticCustomError("no_place", "say where the signature is: header or form_field, one of them")
    if not any(place in scheme.signed for place in ("{body}", "{body_sha256}", "{pairs}", "{field:")):
        raise PydanticCustomError("body_not_signed", "what is signed must have the body in it, or a part of it")
    if ("{ts}" in scheme.signed) != scheme.is_timed:
        raise PydanticCustomError("time_not_signed", "{ts} in `signed` and ts_header or ts_part go together")
    if scheme.ts_part and not scheme.several:
        raise PydanticCustomError("no_parts", "ts_part needs several: the header has parts then")
    if ("{id}" in scheme.signed) != bool(scheme.id_header):
        raise PydanticCustomError("id_not_signed", "{id} in `signed` and id_header go together")


def _preset(value: object) -> object:
    name = value.get("preset") if isinstance(value, Mapping) else value
    if not isinstance(name, str):
        return value
    if name not in PRESETS:
        raise PydanticCustomError("unknown_preset", "there is no such preset; see docs/connectors.md")
    changed = {key: part for key, part in value.items() if key != "preset"} if isinstance(value, Mapping) else {}
    return asdict(PRESETS[name]) | changed


CustomAuth = Annotated[
    Annotated[Hmac | Ed25519 | StaticToken | Jwt | AnyOf, Field(discriminator="kind")],
    BeforeValidator(_preset),
    AfterValidator(_covers_content),
]
"""A scheme that an operator writes: its fields with `kind`, or a preset's name, or `preset` and what differs."""
