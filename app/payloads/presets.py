"""Schemes of senders without a connector of their own, and second schemes of senders that have one, by name.

Every connector carries the scheme of its sender itself; these are for a source's `auth`, also beside a mapping.
"""

from collections.abc import Mapping

from app.payloads.schemes import AnyOf, Auth, Ed25519, Hmac, Jwt, StaticToken

ED25519 = Ed25519(
    header="webhook-signature",
    coding="base64",
    prefix="v1a,",
    signed="{id}.{ts}.{body}",
    ts_header="webhook-timestamp",
    id_header="webhook-id",
    several=True,
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

TWILIO = Hmac(header="x-twilio-signature", digest="sha1", coding="base64", signed="{url}{pairs}")
"""Twilio's signature of forms and, through a digest in the address, of other bodies."""

GONG = Jwt(claims={"webhook_url": "{url}", "body_sha256": "{body_sha256}"})
"""Gong's token, bound to the address and the body."""

SVIX = Hmac(
    header="svix-signature",
    coding="base64",
    prefix="v1,",
    signed="{id}.{ts}.{body}",
    ts_header="svix-timestamp",
    id_header="svix-id",
    several=True,
    key_form="whsec",
)
"""Standard Webhooks with the header names that Svix had before."""

PRESETS: Mapping[str, Auth] = {
    "standard_webhooks_ed25519": ED25519,
    "svix": SVIX,
    "qualtrics": Hmac(form_field="HMAC", digest="sha512", signed="{field:MSG}"),
    "qualtrics_social_connect": Hmac(header="x-signature", coding="base64"),
    "twilio": TWILIO,
    "hubspot_v3": HUBSPOT_V3,
    "hubspot_v2": Hmac(header="x-hubspot-signature", signed="{method}{url}{body}", construction="secret_first"),
    "hubspot_v1": Hmac(header="x-hubspot-signature", construction="secret_first"),
    "zoom": Hmac(header="x-zm-signature", prefix="v0=", signed="v0:{ts}:{body}", ts_header="x-zm-request-timestamp"),
    "front_rule": Hmac(header="x-front-signature", digest="sha1", coding="base64"),
    "front_application": Hmac(
        header="x-front-signature",
        coding="base64",
        signed="{ts}:{body}",
        ts_header="x-front-request-timestamp",
        ts_unit="ms",
    ),
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
    "deepgram": StaticToken(header="dg-token"),
    "gong": GONG,
    "google_push": Jwt(issuers=("https://accounts.google.com", "accounts.google.com")),
    "zoho_desk": Jwt(header="x-zdesk-jwt"),
    "static_token": StaticToken(),
}
