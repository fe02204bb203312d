"""Senders as they sign by themselves: written with hashlib and the documents of each, not with what is tested."""

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlencode

import pytest

from app.connectors.standard_webhooks import SPEC
from app.payloads.delivery import RawDelivery
from app.payloads.presets import PRESETS
from app.payloads.schemes import Auth, Hmac, StaticToken

NOW = datetime(2026, 9, 16, 9, 0, tzinfo=UTC)
BODY = '{ "a": 1,  "text": "Grüße, déjà vu 😡" }'.encode()
URL = "https://voc.example.org/v1/hooks/tool?src=a"
WHSEC = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()


def _mac(digest, key, message, coding="hex"):
    made = hmac.new(key.encode() if isinstance(key, str) else key, message, digest)
    return made.hexdigest() if coding == "hex" else base64.b64encode(made.digest()).decode()


@dataclass(frozen=True)
class Sender:
    """A sender with its own signing.

    Attributes:
        auth: What is tested.
        signs: (secret, body, seconds) -> headers; for a form the whole body.
        secret: In the form of this sender.
        timed: Whether it says when it signed.
        form: Whether the body is a form.
    """

    auth: Auth
    signs: object
    secret: str = "a-long-secret-of-this-sender"
    timed: bool = False
    form: bool = False
    other: str = field(default="quite-another-secret-of-somebody")

    def send(self, secret=None, at=NOW, body=BODY):
        """A delivery as the sender makes it."""
        made = self.signs(secret or self.secret, body, int(at.timestamp()))
        if self.form:
            return RawDelivery(made, {}, "application/x-www-form-urlencoded", url=URL)
        return RawDelivery(body, {k.lower(): v for k, v in made.items()}, url=URL)


def _plain(header, digest, coding="hex", prefix=""):
    return lambda key, body, _at: {header: prefix + _mac(digest, key, body, coding)}


def _standard(key, body, at):
    raw = base64.b64decode(key.removeprefix("whsec_"))
    signature = _mac("sha256", raw, f"msg_1.{at}.".encode() + body, "base64")
    return {"webhook-id": "msg_1", "webhook-timestamp": str(at), "webhook-signature": "v1," + signature}


def _zendesk(key, body, at):
    stamp = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    name = "X-Zendesk-Webhook-Signature"
    return {name: _mac("sha256", key, stamp.encode() + body, "base64"), f"{name}-Timestamp": stamp}


def _hubspot(key, body, at):
    stamp = f"{at}000"
    signature = _mac("sha256", key, b"POST" + URL.encode() + body + stamp.encode(), "base64")
    return {"X-HubSpot-Signature-v3": signature, "X-HubSpot-Request-Timestamp": stamp}


def _twilio(key, body, _at):
    pairs = sorted(set(parse_qsl(body.decode(), keep_blank_values=True)))
    return {"X-Twilio-Signature": _mac("sha1", key, (URL + "".join(k + v for k, v in pairs)).encode(), "base64")}


def _qualtrics(key, body, _at):
    message = body.decode()
    return urlencode({"Topic": "t", "MSG": message, "HMAC": _mac("sha512", key, body)}).encode()


def _timed(header, stamp_header, template, *, prefix="", coding="hex", unit=""):
    def signs(key, body, at):
        stamp = f"{at}{unit}"
        message = template.replace("TS", stamp).encode().replace(b"BODY", body)
        return {header: prefix + _mac("sha256", key, message, coding), stamp_header: stamp}

    return signs


def _parts(header, stamp_name, name, template, unit=""):
    def signs(key, body, at):
        stamp = f"{at}{unit}"
        message = template.replace("TS", stamp).encode().replace(b"BODY", body)
        return {header: f"{stamp_name}={stamp},{name}={_mac('sha256', key, message)}"}

    return signs


def _secret_first(template):
    def signs(key, body, _at):
        message = key.encode() + template.replace("URL", URL).encode().replace(b"BODY", body)
        return {"X-HubSpot-Signature": hashlib.sha256(message).hexdigest()}

    return signs


SENDERS = {
    "standard_webhooks": Sender(SPEC.auth, _standard, WHSEC, timed=True, other=WHSEC.replace("MDEy", "MDEz")),
    "typeform": Sender(
        Hmac(header="typeform-signature", coding="base64", prefix="sha256="),
        _plain("Typeform-Signature", "sha256", "base64", "sha256="),
    ),
    "surveymonkey": Sender(
        Hmac(header="sm-signature", digest="sha1", coding="base64"),
        _plain("Sm-Signature", "sha1", "base64"),
        "clientid123&clientsecret456",
    ),
    "qualtrics": Sender(PRESETS["qualtrics"], _qualtrics, form=True),
    "social_connect": Sender(PRESETS["qualtrics_social_connect"], _plain("x-signature", "sha256", "base64")),
    "delighted": Sender(
        Hmac(header="x-delighted-webhook-signature", prefix="sha256="),
        _plain("X-Delighted-Webhook-Signature", "sha256", prefix="sha256="),
    ),
    "tally": Sender(Hmac(header="tally-signature", coding="base64"), _plain("Tally-Signature", "sha256", "base64")),
    "zendesk": Sender(
        Hmac(
            header="x-zendesk-webhook-signature",
            coding="base64",
            signed="{ts}{body}",
            ts_header="x-zendesk-webhook-signature-timestamp",
            ts_unit="iso",
        ),
        _zendesk,
        timed=True,
    ),
    "intercom": Sender(
        Hmac(header="x-hub-signature", digest="sha1", prefix="sha1="),
        _plain("X-Hub-Signature", "sha1", prefix="sha1="),
    ),
    "jira": Sender(
        Hmac(header="x-hub-signature", prefix="sha256="), _plain("X-Hub-Signature", "sha256", prefix="sha256=")
    ),
    "chatwoot": Sender(
        Hmac(header="x-chatwoot-signature", prefix="sha256=", signed="{ts}.{body}", ts_header="x-chatwoot-timestamp"),
        _timed("X-Chatwoot-Signature", "X-Chatwoot-Timestamp", "TS.BODY", prefix="sha256="),
        timed=True,
    ),
    "hubspot_v3": Sender(PRESETS["hubspot_v3"], _hubspot, timed=True),
    "hubspot_v2": Sender(PRESETS["hubspot_v2"], _secret_first("POSTURLBODY")),
    "hubspot_v1": Sender(PRESETS["hubspot_v1"], _secret_first("BODY")),
    "front_rule": Sender(PRESETS["front_rule"], _plain("X-Front-Signature", "sha1", "base64")),
    "front_application": Sender(
        PRESETS["front_application"],
        _timed("X-Front-Signature", "X-Front-Request-Timestamp", "TS:BODY", coding="base64", unit="000"),
        timed=True,
    ),
    "zoom": Sender(
        PRESETS["zoom"], _timed("x-zm-signature", "x-zm-request-timestamp", "v0:TS:BODY", prefix="v0="), timed=True
    ),
    "stripe": Sender(PRESETS["stripe"], _parts("Stripe-Signature", "t", "v1", "TS.BODY"), timed=True),
    "retell": Sender(PRESETS["retell"], _parts("X-Retell-Signature", "v", "d", "BODYTS", "000"), timed=True),
    "freshworks": Sender(PRESETS["freshworks_app"], _plain("X-Freshworks-Signature", "sha256")),
    "bearer": Sender(StaticToken(), lambda key, _body, _at: {"Authorization": f"Bearer {key}"}),
}
UNSIGNED = {"bearer"}
"""Senders whose body is not signed."""


@pytest.fixture(params=sorted(SENDERS))
def sender(request):
    return SENDERS[request.param]


@pytest.fixture(params=sorted(set(SENDERS) - UNSIGNED))
def signer(request):
    return SENDERS[request.param]


@pytest.fixture(params=sorted(name for name, one in SENDERS.items() if one.timed))
def timed(request):
    return SENDERS[request.param]


@pytest.fixture(scope="session")
def senders():
    return SENDERS


@pytest.fixture(scope="session")
def now():
    return NOW


@pytest.fixture(scope="session")
def hook_url():
    return URL
