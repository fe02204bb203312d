import pytest

from app.access.sealing import unseal_secrets
from app.domain.actor import OPERATOR
from app.errors import AppError
from app.ingest.sources import (
    NewSource,
    configure_source,
    create_source,
    ensure_native_source,
    pause_source,
    resume_source,
    retire_secret,
    rotate_secret,
)
from app.store.access import list_audit_events
from app.store.deliveries import find_source, list_sources

KEY = "the installation's key"


def _hook(session, now, **fields):
    return create_source(session, now, OPERATOR, NewSource("shop", "standard_webhooks", **fields), KEY)


def test_a_new_source_shows_its_secret_once_and_keeps_it_sealed(session, now):
    source, secret = _hook(session, now)
    assert secret.encode() not in source.secrets
    assert unseal_secrets(source.secrets, KEY) == [secret]


def test_two_secrets_are_live_and_a_third_ends_the_first(session, now):
    source, first = _hook(session, now)
    second = rotate_secret(session, now, OPERATOR, source, KEY)
    assert unseal_secrets(source.secrets, KEY) == [second, first]
    third = rotate_secret(session, now, OPERATOR, source, KEY)
    assert unseal_secrets(source.secrets, KEY) == [third, second]
    retire_secret(session, now, OPERATOR, source, KEY)
    assert unseal_secrets(source.secrets, KEY) == [third]


def test_secrets_sealed_with_another_key_say_so(session, now):
    source, _ = _hook(session, now)
    with pytest.raises(AppError, match="CLOSELOOP_SECRET_KEY"):
        unseal_secrets(source.secrets, "another")


@pytest.mark.parametrize(
    ("new", "code"),
    [
        (NewSource("Shop!"), "bad_source_key"),
        (NewSource("shop", "carrier_pigeon"), "unknown_connector"),
        (NewSource("shop", "contract"), "unknown_connector"),
        (NewSource("shop", "native", {"medium": "chat"}), "bad_source_config"),
        (NewSource("shop", "standard_webhooks", {"medium": "fax"}), "bad_source_config"),
        (NewSource("shop", "standard_webhooks", {"colour": "red"}), "bad_source_config"),
        (NewSource("shop", "standard_webhooks", None, "whsec_short"), "unusable_secret"),
    ],
)
def test_a_source_that_could_not_work_is_refused(session, now, new, code):
    with pytest.raises(AppError) as refusal:
        create_source(session, now, OPERATOR, new, KEY)
    assert refusal.value.code == code
    assert list_sources(session) == []


def test_a_key_names_one_source(session, now):
    _hook(session, now)
    with pytest.raises(AppError, match="Choose another"):
        _hook(session, now)


def test_a_native_source_is_made_once_and_has_no_secret(session, now):
    first = ensure_native_source(session, now, OPERATOR, "crm")
    assert ensure_native_source(session, now, OPERATOR, "crm") is first
    assert (first.connector, first.secrets) == ("native", None)
    with pytest.raises(AppError, match="no hook"):
        rotate_secret(session, now, OPERATOR, first, KEY)


def test_a_source_can_be_paused_resumed_and_set(session, now):
    source, _ = _hook(session, now)
    pause_source(session, now, OPERATOR, source)
    assert find_source(session, "shop").paused_at == now
    resume_source(session, now, OPERATOR, source)
    configure_source(session, now, OPERATOR, source, {"medium": "chat"})
    assert (source.paused_at, source.config) == (None, {"medium": "chat"})
    session.flush()
    said = [event.action for event in list_audit_events(session, None, 50)]
    assert said == ["source_configured", "source_resumed", "source_paused", "source_created"]
