"""Schemes by the sender's name, each written once: connectors use the same that a source's `auth` may name."""

from collections.abc import Mapping
from dataclasses import replace

from app.payloads.schemes import AnyOf, Auth, Ed25519, Hmac, Jwt, StaticToken

STANDARD_WEBHOOKS = Hmac(
    header="webhook-signature",
    coding="base64",
    prefix="v1,",
    signed="{id}.{ts}.{body}",
    ts_header="webhook-timestamp",
    id_header="webhook-id",
    several=True,
    key_form="whsec",
)
"""https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md"""

ED25519 = Ed25519(
    header=STANDARD_WEBHOOKS.header,
    coding=STANDARD_WEBHOOKS.coding,
    prefix="v1a,",
    signed=STANDARD_WEBHOOKS.signed,
    ts_header=STANDARD_WEBHOOKS.ts_header,
    id_header=STANDARD_WEBHOOKS.id_header,
    several=STANDARD_WEBHOOKS.several,
)
"""The public-key signature of Standard Webhooks."""

HUBSPOT_V3 = AnyOf(
    tuple(
        Hmac(
            header="x-hubspot-signature-v3",
            coding="base64",
            signed=f"{{method}}{{{address}}}{{body}}{{ts}}",
            ts_header="x-hubspot-request-timestamp",
            ts_unit="ms",
        )
        for address in ("url", "url_plain")
    )
)
"""HubSpot signs the address as sent, or with some of its signs decoded."""

TWILIO = AnyOf(
    tuple(
        Hmac(header="x-twilio-signature", digest="sha1", coding="base64", signed=f"{{{address}}}{{pairs}}")
        for address in ("url", "url_port")
    )
)
"""Twilio's signature of forms and, through a digest in the address, of other bodies; with the port or without it."""

GONG = Jwt(claims={"webhook_url": "{url}", "body_sha256": "{body_sha256}"})
"""Gong's token, bound to the address and the body."""

SVIX = replace(STANDARD_WEBHOOKS, header="svix-signature", ts_header="svix-timestamp", id_header="svix-id")
"""Standard Webhooks with the header names that Svix had before."""

QUALTRICS = Hmac(form_field="HMAC", digest="sha512", signed="{field:MSG}")

ZOOM = Hmac(header="x-zm-signature", prefix="v0=", signed="v0:{ts}:{body}", ts_header="x-zm-request-timestamp")

FRONT_RULE = Hmac(header="x-front-signature", digest="sha1", coding="base64")
FRONT_APPLICATION = Hmac(
    header="x-front-signature",
    coding="base64",
    signed="{ts}:{body}",
    ts_header="x-front-request-timestamp",
    ts_unit="ms",
)

GOOGLE_PUSH = Jwt(issuers=("https://accounts.google.com", "accounts.google.com"))
"""The token of a Pub/Sub push; a source's own `auth` binds it to an audience and a service account."""

DEEPGRAM = StaticToken(header="dg-token")

PRESETS: Mapping[str, Auth] = {
    "standard_webhooks_ed25519": ED25519,
    "svix": SVIX,
    "qualtrics": QUALTRICS,
    "qualtrics_social_connect": Hmac(header="x-signature", coding="base64"),
    "twilio": TWILIO,
    "hubspot_v3": HUBSPOT_V3,
    "hubspot_v2": Hmac(header="x-hubspot-signature", signed="{method}{url}{body}", construction="secret_first"),
    "hubspot_v1": Hmac(header="x-hubspot-signature", construction="secret_first"),
    "zoom": ZOOM,
    "front_rule": FRONT_RULE,
    "front_application": FRONT_APPLICATION,
    "freshworks_app": Hmac(header="x-freshworks-signature"),
    "github": Hmac(header="x-hub-signature-256", prefix="sha256="),
    "slack": Hmac(
        header="x-slack-signature", prefix="v0=", signed="v0:{ts}:{body}", ts_header="x-slack-request-timestamp"
    ),
    "stripe": Hmac(
        header="stripe-signature", prefix="v1=", signed="{ts}.{body}", ts_part="t", several=True, separator=","
    ),
    "elevenlabs": Hmac(
        header="elevenlabs-signature",
        prefix="v0=",
        signed="{ts}.{body}",
        ts_part="t",
        tolerance_s=1_800,
        several=True,
        separator=",",
    ),
    "retell": Hmac(
        header="x-retell-signature",
        prefix="d=",
        signed="{body}{ts}",
        ts_part="v",
        ts_unit="ms",
        several=True,
        separator=",",
    ),
    "vapi": AnyOf((StaticToken(header="x-vapi-secret", query=""), Hmac(header="x-vapi-signature"))),
    "fin_agent": Hmac(header="x-fin-agent-api-webhook-signature"),
    "deepgram": DEEPGRAM,
    "gong": GONG,
    "google_push": GOOGLE_PUSH,
    "zoho_desk": Jwt(header="x-zdesk-jwt"),
    "static_token": StaticToken(),
}
