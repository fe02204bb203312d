"""An issuer of tokens on the network: its addresses and its public keys, fetched when needed and kept for an hour."""

import ipaddress
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

import httpx
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from app.access.tokens import KEY_TYPES, Expected, VerifyingKey, bad_token, verify_token
from app.domain.strict_json import decode_json
from app.errors import AppError, Kind
from app.log import get_logger

_KEPT = timedelta(hours=1)
_PAUSE = timedelta(minutes=1)
_MOST_BYTES = 256 * 1024
_MOST_KEYS = 50
_FEWEST_RSA_BITS = 2048
_CURVE = "P-256"
_TIMEOUT_S = 5.0
_log = get_logger("access")


@dataclass(frozen=True)
class Metadata:
    """What the issuer says of itself (OpenID Connect Discovery).

    Attributes:
        authorization_endpoint: Where people are sent to sign in.
        token_endpoint: Where a code is exchanged.
        jwks_uri: Where its keys are.
        posts_secret: Whether the client's secret must stand in the body, because the header is not taken.
    """

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    posts_secret: bool


@dataclass
class _Kept:
    metadata: Metadata | None = None
    keys: list[tuple[str | None, VerifyingKey]] = field(default_factory=list)
    fetched_at: datetime | None = None
    tried_at: datetime | None = None


class Issuer:
    """One issuer; threads share it. Nothing is fetched before the first token is looked at.

    Args:
        address: Its URL, exactly as it stands in its tokens (`iss`).
    """

    def __init__(self, address: str) -> None:
        """Fetches nothing."""
        self.address = address
        self._kept = _Kept()
        self._lock = threading.Lock()

    def metadata(self, now: datetime) -> Metadata:
        """Its addresses.

        Raises:
            AppError: It does not answer, or not as it should.
        """
        with self._lock:
            self._refresh(now)
            if self._kept.metadata is None:
                raise unreachable()
            return self._kept.metadata

    def verify(self, token: str, audience: str, now: datetime) -> dict[str, Any]:
        """The claims of a token of this issuer.

        Raises:
            AppError: The token does not hold, or the issuer's keys cannot be had.
        """

        def find_key(algorithm: str, key_id: str | None) -> VerifyingKey | None:
            return self._find_key(algorithm, key_id, now)

        return verify_token(token, find_key, Expected(self.address, audience, now))

    def exchange(self, now: datetime, form: Mapping[str, str], client: tuple[str, str | None]) -> str:
        """The ID token that a code is worth.

        Args:
            now: The present.
            form: The code, where it was sent, and the verifier.
            client: Our id and our secret, if we have one.

        Raises:
            AppError: The provider does not answer, or does not take the code.
        """
        metadata = self.metadata(now)
        name, secret = client
        body, auth = {"grant_type": "authorization_code", **form}, None
        if secret is None or metadata.posts_secret:
            body |= {"client_id": name} | ({"client_secret": secret} if secret is not None else {})
        else:
            # RFC 6749, 2.3.1: both parts are form-encoded before they are joined.
            auth = httpx.BasicAuth(*(str(httpx.QueryParams({"": part}))[1:] for part in (name, secret)))
        status, document = self._ask("POST", metadata.token_endpoint, data=body, auth=auth)
        token = document.get("id_token")
        if status != httpx.codes.OK or not isinstance(token, str):
            _log.warning("code_refused", status=status)
            raise bad_token()
        return token

    def _find_key(self, algorithm: str, key_id: str | None, now: datetime) -> VerifyingKey | None:
        with self._lock:
            self._refresh(now)
            found = self._look_up(algorithm, key_id)
            # A new key of the issuer, or somebody who sends made-up ids: look again, but not for each of them.
            if found is None and self._may_try(now):
                self._kept.fetched_at = None
                self._refresh(now)
                found = self._look_up(algorithm, key_id)
            return found

    def _look_up(self, algorithm: str, key_id: str | None) -> VerifyingKey | None:
        kind = KEY_TYPES[algorithm]
        fitting = [key for name, key in self._kept.keys if key.key_type == kind and key_id in {None, name}]
        return fitting[0] if len(fitting) == 1 or (fitting and key_id is not None) else None

    def _may_try(self, now: datetime) -> bool:
        return self._kept.tried_at is None or now - self._kept.tried_at >= _PAUSE

    def _refresh(self, now: datetime) -> None:
        """Fetch what is missing or old; what was fetched before is used on where the issuer does not answer."""
        kept = self._kept
        if kept.fetched_at is not None and now - kept.fetched_at < _KEPT:
            return
        if not self._may_try(now):
            if kept.metadata is None:
                raise unreachable()
            return
        kept.tried_at = now
        try:
            metadata = self._discovered()
            keys = _usable(self._fetch(metadata.jwks_uri).get("keys"))
        except AppError:
            if kept.metadata is None:
                raise
            return
        self._kept = _Kept(metadata, keys, now, now)

    def _discovered(self) -> Metadata:
        document = self._fetch(self.address.rstrip("/") + "/.well-known/openid-configuration")
        addresses = [str(document.get(name)) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
        if document.get("issuer") != self.address or not all(is_safe_address(each) for each in addresses):
            _log.warning("issuer_unusable", reason="its discovery document does not fit")
            raise unreachable()
        methods = document.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        posts = "client_secret_basic" not in methods and "client_secret_post" in methods
        return Metadata(addresses[0], addresses[1], addresses[2], posts)

    def _fetch(self, address: str) -> dict[str, Any]:
        status, document = self._ask("GET", address)
        if status != httpx.codes.OK:
            _log.warning("issuer_unreachable", status=status)
            raise unreachable()
        return document

    def _ask(self, method: str, address: str, **options: Any) -> tuple[int, dict[str, Any]]:  # noqa: ANN401 - httpx's own
        try:
            with self._client.stream(method, address, headers={"Accept": "application/json"}, **options) as answer:
                body = bytearray()
                for part in answer.iter_bytes():
                    body += part
                    if len(body) > _MOST_BYTES:
                        raise unreachable()
                return answer.status_code, _document(bytes(body))
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            _log.warning("issuer_unreachable", error=type(error).__name__)
            raise unreachable() from None

    @cached_property
    def _client(self) -> httpx.Client:
        # No proxies and no netrc of the environment, no redirects: only the addresses that the issuer named.
        context = ssl.create_default_context()
        return httpx.Client(verify=context, trust_env=False, follow_redirects=False, timeout=_TIMEOUT_S)


def unreachable() -> AppError:
    """The issuer cannot be asked, or its answer makes no sense."""
    message = "The identity provider does not answer as it should. Try again in a minute; the log says more."
    return AppError(Kind.UNAVAILABLE, "issuer_unreachable", message, retry_after=60)


def is_safe_address(address: str) -> bool:
    """Whether secrets may travel there: TLS, or this machine."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return False
    if parts.username is not None or parts.fragment or not host:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host))


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _document(body: bytes) -> dict[str, Any]:
    try:
        found = decode_json(body)
    except AppError:
        return {}
    return found if isinstance(found, dict) else {}


def _usable(listed: object) -> list[tuple[str | None, VerifyingKey]]:
    """The keys that signatures may be checked with; others are passed over, private and secret ones too."""
    found: list[tuple[str | None, VerifyingKey]] = []
    for each in listed[:_MOST_KEYS] if isinstance(listed, list) else []:
        if not isinstance(each, dict) or each.get("use", "sig") != "sig" or "d" in each:
            continue
        name = each.get("kid")
        try:
            if each.get("kty") == "RSA":
                key: VerifyingKey = RSAKey.import_key(each)
                if key.public_key.key_size < _FEWEST_RSA_BITS:
                    continue
            elif each.get("kty") == "EC" and each.get("crv") == _CURVE:
                key = ECKey.import_key(each)
            else:
                continue
        except (JoseError, ValueError, TypeError):
            continue
        found.append((name if isinstance(name, str) else None, key))
    return found
