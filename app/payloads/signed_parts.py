"""The bytes that a sender signs, put together from the request as it came in, and the digest of them that it writes."""

import hashlib
import hmac
from base64 import b64encode, urlsafe_b64encode
from hashlib import sha256
from urllib.parse import parse_qs, unquote_to_bytes, urlsplit

from app.payloads.delivery import RawDelivery
from app.payloads.schemes import PLACE, Hmac

MAX_FIELDS = 1_000
"""Fields of one form; a sender of more has another purpose."""

_PORTS = {"https": 443, "http": 80}
_FORM = "application/x-www-form-urlencoded"
_PLAIN = {"%3A": ":", "%2F": "/", "%3F": "?", "%40": "@", "%21": "!", "%24": "$", "%27": "'"}
_PLAIN |= {"%28": "(", "%29": ")", "%2A": "*", "%2C": ",", "%3B": ";"}


def signed_bytes(template: str, delivery: RawDelivery, sent_id: str = "", sent_at: str = "") -> bytes | None:
    """What `template` stands for in this request; None if a part of it is missing or not to be trusted."""
    pieces = PLACE.split(template)  # text and names of places in turn
    found = [
        _part(piece, delivery, (sent_id, sent_at)) if at % 2 else piece.encode() for at, piece in enumerate(pieces)
    ]
    return None if None in found else b"".join(part for part in found if part is not None)


def form_value(delivery: RawDelivery, name: str) -> bytes | None:
    """The decoded field of a form; None if it is not there exactly once: two readers could take another one each."""
    pairs = form_pairs(delivery)
    values = [value for key, value in pairs or () if key == name.encode()]
    return values[0] if len(values) == 1 else None


def form_pairs(delivery: RawDelivery) -> list[tuple[bytes, bytes]] | None:
    """Names and values of a form in their order, decoded; None if the body is none, or a far too long one."""
    if delivery.content_type.partition(";")[0].strip().lower() != _FORM:
        return None
    entries = delivery.body.split(b"&", MAX_FIELDS)
    if len(entries) > MAX_FIELDS:
        return None
    halves = [entry.partition(b"=") for entry in entries if entry]
    return [(_decoded(name), _decoded(value)) for name, _, value in halves]


def query_value(delivery: RawDelivery, name: str) -> str | None:
    """The parameter of the address; None if it is not there exactly once."""
    try:
        values = parse_qs(urlsplit(delivery.url).query, max_num_fields=MAX_FIELDS).get(name, [])
    except ValueError:
        return None
    return values[0] if len(values) == 1 else None


def _decoded(value: bytes) -> bytes:
    return unquote_to_bytes(value.replace(b"+", b" "))


def _part(place: str, delivery: RawDelivery, stamps: tuple[str, str]) -> bytes | None:
    kind, _, name = place.partition(":")
    if kind == "field":
        return form_value(delivery, name)
    if kind == "header":
        value = delivery.headers.get(name.lower())
        return None if value is None else _encoded(value)
    if kind == "pairs":
        return _sorted_pairs(delivery)
    if kind == "body_sha256":
        return sha256(delivery.body).hexdigest().encode()
    return delivery.body if kind == "body" else _encoded(_word(kind, delivery, stamps))


def _word(kind: str, delivery: RawDelivery, stamps: tuple[str, str]) -> str:
    if kind == "url_plain":
        address = delivery.url
        for code, sign in _PLAIN.items():
            address = address.replace(code, sign).replace(code.lower(), sign)
        return address
    if kind == "url_port":
        return _other_port(delivery.url)
    if kind == "path":
        return delivery.url.partition("://")[2].partition("/")[2].join(("/", ""))
    words = {"id": stamps[0], "ts": stamps[1], "method": delivery.method, "url": delivery.url}
    return words[kind]


def _other_port(address: str) -> str:
    scheme, _, rest = address.partition("://")
    host, slash, path = rest.partition("/")
    name, _, port = host.rpartition(":")
    known = name if name and port.isdecimal() else f"{host}:{_PORTS.get(scheme, 443)}"
    return f"{scheme}://{known}{slash}{path}"


def _sorted_pairs(delivery: RawDelivery) -> bytes | None:
    pairs = form_pairs(delivery)
    if pairs is None:
        named = query_value(delivery, "bodySHA256") or ""
        right = sha256(delivery.body).hexdigest()
        return b"" if hmac.compare_digest(_encoded(named.lower()), right.encode()) else None
    return b"".join(name + value for name, value in sorted(set(pairs)))


def _encoded(value: str) -> bytes:
    return value.encode("utf-8", "replace")


def signature_of(scheme: Hmac, key: bytes, message: bytes) -> bytes:
    """What the sender writes behind its prefix: the digest in the scheme's coding."""
    if scheme.construction == "secret_first":
        digest = hashlib.new(scheme.digest, key + message).digest()
    else:
        digest = hmac.digest(key, message, scheme.digest)
    if scheme.coding == "hex":
        return digest.hex().encode()
    return urlsafe_b64encode(digest).rstrip(b"=") if scheme.coding == "base64url" else b64encode(digest)
