"""The signed webhook: what receivers verify with their own library, and with ours."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import standardwebhooks
from pydantic import ValidationError

from app.channels import webhook
from app.outbound.guard import Guard
from app.outbound.networks import read_networks
from app.payloads.delivery import RawDelivery
from app.payloads.keys import new_secret
from app.payloads.presets import STANDARD_WEBHOOKS
from app.payloads.verifying import verify

HERE = Guard(read_networks("127.0.0.0/8"))
MESSAGE = webhook.EXAMPLES[0].message


def config_of(receiver, *secrets):
    values = {"url": receiver.url, "secrets": secrets, "base_url": "https://cl.example"}
    return webhook.Config(**values, guard=HERE)


def test_a_delivery_verifies_with_the_standards_library_and_with_our_verifier(receiver):
    secret = new_secret(STANDARD_WEBHOOKS)
    webhook.send(config_of(receiver, secret), MESSAGE)
    ((_, headers, body),) = receiver.got
    assert standardwebhooks.Webhook(secret).verify(body, headers)["id"] == MESSAGE.key == headers["webhook-id"]
    assert verify(STANDARD_WEBHOOKS, RawDelivery(body, headers), [secret], datetime.now(UTC))
    assert headers["content-type"] == "application/cloudevents+json"
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(secret).verify(body.replace(b"7", b"8"), headers)


def test_during_a_rotation_both_secrets_verify_and_another_does_not(receiver):
    fresh, old, other = (new_secret(STANDARD_WEBHOOKS) for _ in range(3))
    webhook.send(config_of(receiver, fresh, old), MESSAGE)
    ((_, headers, body),) = receiver.got
    assert standardwebhooks.Webhook(fresh).verify(body, headers)
    assert standardwebhooks.Webhook(old).verify(body, headers)
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(other).verify(body, headers)


def test_each_attempt_has_the_same_id_and_body_and_a_new_time(receiver, now):
    config = config_of(receiver, new_secret(STANDARD_WEBHOOKS))
    body = webhook.render(config, MESSAGE)
    first, again = (webhook.signed(config, MESSAGE.key, body, at) for at in (now, now + timedelta(minutes=5)))
    assert first["webhook-id"] == again["webhook-id"]
    assert int(again["webhook-timestamp"]) - int(first["webhook-timestamp"]) == 300
    assert first["webhook-signature"] != again["webhook-signature"]


def test_what_the_documentation_tells_receivers_to_write_verifies_deliveries(receiver):
    told = (Path(__file__).parents[2] / "docs" / "events.md").read_text(encoding="utf-8")
    written = {}
    exec(re.search(r"```python\n(.*?)```", told, re.DOTALL)[1], written)  # noqa: S102 - our own page
    fresh, old, other = (new_secret(STANDARD_WEBHOOKS) for _ in range(3))
    webhook.send(config_of(receiver, fresh, old), MESSAGE)
    ((_, headers, body),) = receiver.got
    assert [written["is_ours"](secret, headers, body) for secret in (fresh, old, other)] == [True, True, False]
    assert not written["is_ours"](fresh, headers, body + b" ")
    assert not written["is_ours"](fresh, headers | {"webhook-timestamp": "1000000000"}, body)


def test_the_body_is_a_cloud_event_that_is_thin_by_default(receiver):
    event = json.loads(webhook.render(config_of(receiver, new_secret(STANDARD_WEBHOOKS)), MESSAGE))
    assert event == {
        "specversion": "1.0",
        "id": "evt_41_653a9f1f3d400",
        "type": "voc.action_item.assigned.v1",
        "source": "https://cl.example",
        "subject": "action_item:7",
        "time": "2026-09-16T09:00:00Z",
        "datacontenttype": "application/json",
        "data": {"item_id": 7, "owner_id": 3, "url": "https://cl.example/items/7"},
    }


def test_lone_surrogates_do_not_break_a_delivery(receiver):
    body = webhook.render(config_of(receiver, new_secret(STANDARD_WEBHOOKS)), replace(MESSAGE, facts={"x": "\ud800"}))
    assert json.loads(body)["data"]["x"] == "?"


def test_nothing_goes_out_unsigned(receiver):
    with pytest.raises(ValidationError):
        config_of(receiver)
