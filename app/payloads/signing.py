"""Signs as a sender would, with the source's own secret: for trying a hook out."""

import hashlib
import secrets as random_source
from dataclasses import replace
from datetime import datetime
from urllib.parse import urlencode

from app.errors import AppError, Kind
from app.payloads.delivery import RawDelivery
from app.payloads.keys import key_of
from app.payloads.schemes import Auth, Hmac, StaticToken, schemes_of
from app.payloads.signed_parts import form_pairs, signature_of, signed_bytes


def sign(auth: Auth, delivery: RawDelivery, secret: str, now: datetime) -> RawDelivery:
    """The delivery as its sender would send it: for trying a hook out.

    Raises:
        AppError: ``cannot_sign``: only the sender has the private key, the secret has another form, or the delivery
            lacks what is signed, as an object that is fetched and never delivered.
    """
    for scheme in schemes_of(auth):
        if isinstance(scheme, StaticToken) and key_of(scheme, secret) is not None:
            return _with_token(scheme, delivery, secret)
        if isinstance(scheme, Hmac) and (key := key_of(scheme, secret)) is not None:
            return _signed(scheme, delivery, key, now)
    raise _cannot_sign()


def _with_token(scheme: StaticToken, delivery: RawDelivery, secret: str) -> RawDelivery:
    if scheme.header == "authorization" or not (scheme.header or scheme.query):
        return replace(delivery, headers={**delivery.headers, "authorization": f"Bearer {secret}"})
    if scheme.header:
        return replace(delivery, headers={**delivery.headers, scheme.header: secret})
    return replace(delivery, url=_with_query(delivery.url, scheme.query, secret))


def _signed(scheme: Hmac, delivery: RawDelivery, key: bytes, now: datetime) -> RawDelivery:
    stamps = {
        "s": str(int(now.timestamp())),
        "ms": str(int(now.timestamp() * 1000)),
        "iso": f"{now:%Y-%m-%dT%H:%M:%SZ}",
    }
    sent_at, headers = stamps[scheme.ts_unit], dict(delivery.headers)
    if scheme.ts_header:
        headers[scheme.ts_header] = sent_at
    if scheme.id_header:
        headers.setdefault(scheme.id_header, f"test-{random_source.token_hex(8)}")
    if "{pairs}" in scheme.signed and form_pairs(delivery) is None:
        digest = hashlib.sha256(delivery.body).hexdigest()
        delivery = replace(delivery, url=_with_query(delivery.url, "bodySHA256", digest))
    message = signed_bytes(
        scheme.signed, replace(delivery, headers=headers), headers.get(scheme.id_header, ""), sent_at
    )
    if message is None or (scheme.form_field and form_pairs(delivery) is None):
        raise _cannot_sign()
    value = scheme.prefix + signature_of(scheme, key, message).decode()
    if scheme.form_field:
        begin = f"{scheme.form_field}=".encode()
        kept = [part for part in delivery.body.split(b"&") if part and not part.startswith(begin)]
        part = urlencode({scheme.form_field: value}).encode()
        return replace(delivery, headers=headers, body=b"&".join([*kept, part]))
    headers[scheme.header] = f"{scheme.ts_part}={sent_at}{scheme.separator}{value}" if scheme.ts_part else value
    return replace(delivery, headers=headers)


def _cannot_sign() -> AppError:
    message = "Only the sender can sign this: it has the private key, or sends it in another form. Have it send a test."
    return AppError(Kind.INVALID, "cannot_sign", message)


def _with_query(url: str, name: str, value: str) -> str:
    return f"{url}{'&' if '?' in url else '?'}{urlencode({name: value})}"
