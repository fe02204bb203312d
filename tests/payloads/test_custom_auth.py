import hmac
from base64 import b64encode

import pytest
from pydantic import ValidationError

from app.connectors.contract import ConnectorConfig
from app.payloads.delivery import RawDelivery
from app.payloads.presets import PRESETS
from app.payloads.verifying import verify


def _auth(written):
    config = ConnectorConfig.model_validate({"auth": written})
    stored = config.model_dump(mode="json", exclude_none=True, exclude_unset=True)
    assert ConnectorConfig.model_validate(stored) == config  # what is stored is read back as it was
    return config.auth


def test_any_sender_that_signs_with_a_shared_secret_is_configured_without_code(now):
    auth = _auth(
        {
            "kind": "hmac",
            "header": "X-Acme-Signature",
            "digest": "sha512",
            "coding": "base64",
            "prefix": "v9 ",
            "signed": "{id}|{ts}|{method}|{path}|{body}",
            "ts_header": "X-Acme-Time",
            "ts_unit": "ms",
            "tolerance_s": 60,
            "id_header": "X-Acme-Id",
        }
    )
    stamp = f"{int(now.timestamp())}000"
    message = f"7|{stamp}|POST|/v1/hooks/acme?a=1|{{}}".encode()
    signature = "v9 " + b64encode(hmac.digest(b"acme-secret", message, "sha512")).decode()
    headers = {"x-acme-signature": signature, "x-acme-time": stamp, "x-acme-id": "7"}
    delivery = RawDelivery(b"{}", headers, url="https://voc.example.org/v1/hooks/acme?a=1")
    assert verify(auth, delivery, ["acme-secret"], now)
    assert not verify(auth, RawDelivery(b"[]", headers, url=delivery.url), ["acme-secret"], now)


def test_a_preset_is_named_and_changed(now):
    assert _auth("zoom") == PRESETS["zoom"]
    assert _auth({"preset": "zoom", "tolerance_s": 60}).tolerance_s == 60
    assert _auth({"preset": "google_push", "audience": "a", "claims": {"email": "x@y.z"}}).audience == "a"
    assert _auth({"kind": "any_of", "schemes": [{"kind": "token"}, {"kind": "hmac", "header": "x-a"}]}).kind == "any_of"
    assert _auth({"kind": "token", "header": "dg-token"}).header == "dg-token"


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ({"kind": "hmac"}, "no_place"),
        ({"kind": "hmac", "header": "x-a", "form_field": "b"}, "no_place"),
        ({"kind": "hmac", "header": "x-a", "signed": "{ts}", "ts_header": "x-t"}, "body_not_signed"),
        ({"kind": "hmac", "header": "x-a", "signed": "nothing"}, "body_not_signed"),
        ({"kind": "hmac", "header": "x-a", "signed": "{ts}.{body}"}, "time_not_signed"),
        ({"kind": "hmac", "header": "x-a", "ts_header": "x-t"}, "time_not_signed"),
        ({"kind": "hmac", "header": "x-a", "signed": "{id}{body}"}, "id_not_signed"),
        ({"kind": "hmac", "header": "x-a", "signed": "{ts}{body}", "ts_part": "t"}, "no_parts"),
        ({"kind": "hmac", "header": "x-a", "signed": "{body}{secret}"}, "unknown_place"),
        ({"kind": "hmac", "header": "x-a", "signed": "{body}}"}, "unknown_place"),
        ({"kind": "hmac", "header": "x a"}, "string_pattern_mismatch"),
        ({"kind": "hmac", "header": "x-a", "digest": "md5"}, "literal_error"),
        ({"kind": "hmac", "header": "x-a", "tolerance_s": 10**9}, "less_than_equal"),
        ({"kind": "hmac", "header": "x-a", "colour": 1}, "unexpected_keyword_argument"),
        ({"kind": "token", "header": "", "query": ""}, "no_place"),
        ({"kind": "jwt"}, "anybody"),
        ({"preset": "google_push", "audience": "a"}, "anybody"),
        ("zoho_desk", "anybody"),
        ("nobody", "unknown_preset"),
        ({"kind": "any_of", "schemes": []}, "too_short"),
        ({"kind": "any_of", "schemes": [{"kind": "jwt"}]}, "anybody"),
        ({"kind": "none"}, "union_tag_invalid"),
        ([], "model_attributes_type"),
    ],
)
def test_a_scheme_that_would_let_anybody_in_cannot_be_written(written, told):
    with pytest.raises(ValidationError) as refusal:
        _auth(written)
    assert told in {error["type"] for error in refusal.value.errors()}
