"""How senders prove who they are, as data: every scheme is a row of fields, in code and in a source's configuration."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

TOLERANCE_S = 300

PLACE = re.compile(
    r"\{(id|ts|body|body_sha256|method|url|url_plain|url_port|path|pairs|(?:field|header):[A-Za-z0-9_.-]{1,64})\}"
)
"""What stands for a part of the request in what is signed."""

_STRICT = ConfigDict(extra="forbid")


def _whole(signed: str) -> str:
    if "{" in PLACE.sub("", signed) or "}" in PLACE.sub("", signed):
        raise PydanticCustomError("unknown_place", "there is a place in braces that is not known")
    return signed


HeaderName = Annotated[str, StringConstraints(to_lower=True, pattern=r"^[A-Za-z0-9_-]{0,100}$")]
FieldName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{0,64}$")]
Template = Annotated[str, StringConstraints(max_length=300), AfterValidator(_whole)]


@dataclass(frozen=True)
class Signature:
    """What all signatures of the request share.

    Attributes:
        header: Where the signature is, in lower case.
        form_field: Where it is instead, if the body is a form.
        coding: How its bytes are written.
        prefix: What stands before it and must be there, such as `sha256=`.
        signed: What is signed. `{body}`, `{ts}`, `{id}`, `{method}`, `{url}` (as the sender knows it), `{path}`,
            `{field:X}` (decoded, of a form) and `{header:X}` stand for the request's own, `{body_sha256}` for the
            body's digest in hex, `{url_plain}` for the address with HubSpot's signs decoded,
            `{url_port}` for the address with its port where it has none, and without it where it has one, `{pairs}`
            for the names and values of a form in order; other bodies then need a right `bodySHA256` in the address.
        ts_header: Where the time of signing is; empty: the sender signs none.
        ts_part: The name of its part where the time is in the signature's header, as `t` in `t=1700000000,v0=...`.
        ts_unit: Seconds or milliseconds since 1970, or ISO 8601.
        tolerance_s: How far that time may be from ours.
        id_header: Where the delivery's id is, if `signed` has `{id}`.
        several: The header holds several parts; one right signature among them is enough.
        separator: What stands between them.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    header: HeaderName = ""
    form_field: FieldName = ""
    coding: Literal["hex", "base64", "base64url"] = "hex"
    prefix: Annotated[str, StringConstraints(max_length=32)] = ""
    signed: Template = "{body}"
    ts_header: HeaderName = ""
    ts_part: FieldName = ""
    ts_unit: Literal["s", "ms", "iso"] = "s"
    tolerance_s: Annotated[int, Field(ge=10, le=86_400)] = TOLERANCE_S
    id_header: HeaderName = ""
    several: bool = False
    separator: Annotated[str, StringConstraints(min_length=1, max_length=2)] = " "

    @property
    def is_timed(self) -> bool:
        """Whether the sender says when it signed."""
        return bool(self.ts_header or self.ts_part)


@dataclass(frozen=True)
class Hmac(Signature):
    """A keyed digest of the request.

    Attributes:
        digest: Which digest; SHA-1 only for senders that offer nothing else.
        key_form: How the secret is written: as text, as base64 or hex of the key, or `whsec_` and base64.
        construction: HMAC; `secret_first` is the bare digest of the secret and what is signed, as HubSpot's v1 and v2.
    """

    digest: Literal["sha1", "sha256", "sha512"] = "sha256"
    key_form: Literal["text", "base64", "hex", "whsec"] = "text"
    construction: Literal["hmac", "secret_first"] = "hmac"
    kind: Literal["hmac"] = "hmac"


@dataclass(frozen=True)
class Ed25519(Signature):
    """A public-key signature, as `v1a` of Standard Webhooks; the source's secret is the sender's `whpk_` key."""

    kind: Literal["ed25519"] = "ed25519"


@dataclass(frozen=True)
class StaticToken:
    """The same secret with every delivery: as bearer token, as password of Basic, or in a place of its own.

    Attributes:
        header: A header that holds the bare secret, in lower case; looked at beside `Authorization`.
        query: A parameter of the address, for senders that can set no header; empty: none.
        form_field: A field of the form or of the JSON object that is the body; empty: none.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    header: HeaderName = "x-webhook-token"
    query: FieldName = "token"
    form_field: FieldName = ""
    kind: Literal["token"] = "token"


@dataclass(frozen=True)
class Jwt:
    """A token that the sender signs with RS256; the source's secret is its public key, as PEM or JWKS, pinned.

    Attributes:
        header: Where the token is, with or without `Bearer`.
        claims: What it must say: claim -> value, in which the same places stand for parts of the request as in
            `Signature.signed`, such as `{url}` and `{body_sha256}`.
        audience: Whom it must be for; empty: not looked at.
        issuers: Who may have made it; empty: not looked at.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    header: HeaderName = "authorization"
    claims: Mapping[Annotated[str, StringConstraints(min_length=1, max_length=64)], Template] = field(
        default_factory=dict
    )
    audience: Annotated[str, StringConstraints(max_length=500)] = ""
    issuers: Annotated[tuple[Annotated[str, StringConstraints(max_length=500)], ...], Field(max_length=5)] = ()
    kind: Literal["jwt"] = "jwt"


Scheme: TypeAlias = Hmac | Ed25519 | StaticToken | Jwt


@dataclass(frozen=True)
class AnyOf:
    """A sender with several schemes; one that fits is enough."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    schemes: Annotated[tuple[Annotated[Scheme, Field(discriminator="kind")], ...], Field(min_length=1, max_length=5)]
    kind: Literal["any_of"] = "any_of"


Auth: TypeAlias = Scheme | AnyOf


def schemes_of(auth: Auth) -> tuple[Scheme, ...]:
    """The schemes one by one."""
    return auth.schemes if isinstance(auth, AnyOf) else (auth,)


def credential_headers(auth: Auth) -> frozenset[str]:
    """Headers that hold a secret itself, in lower case: they are not kept."""
    return frozenset(scheme.header for scheme in schemes_of(auth) if isinstance(scheme, StaticToken | Jwt))


def weaknesses(auth: Auth) -> list[str]:
    """What an operator should know about the strength of these schemes, one sentence each."""
    found = [sentence for scheme in schemes_of(auth) for sentence in _weak(scheme)]
    return list(dict.fromkeys(found))


def _weak(scheme: Scheme) -> list[str]:
    if isinstance(scheme, Jwt):
        bound = any("{body" in value for value in scheme.claims.values())
        return (
            [] if bound else ["The token says who sends, not what: its body could be another's on the way. Use https."]
        )
    if isinstance(scheme, StaticToken):
        return ["The sender does not sign: whoever learns the secret can send. Use https, and rotate it."]
    found = []
    if isinstance(scheme, Hmac) and scheme.digest == "sha1":
        found.append("Signed with SHA-1, because the sender offers nothing newer.")
    if isinstance(scheme, Hmac) and scheme.construction == "secret_first":
        found.append("A bare digest instead of an HMAC: a text can be appended to a delivery that was seen.")
    if not scheme.is_timed:
        found.append("The sender signs no time: a delivery that was seen can be sent again; it counts once.")
    return found
