"""The doctor says what is wrong and how to mend it."""

import socket
from contextlib import closing

import pytest


def findings(result):
    return {finding["check"]: finding for finding in result.document}


def test_a_sound_installation_passes(closeloop, monkeypatch):
    closeloop("init")
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        monkeypatch.setenv("CLOSELOOP_PORT", str(taken.getsockname()[1]))  # free again at the end of the block

    found = findings(closeloop("doctor", "--json"))

    assert {finding["state"] for finding in found.values()} <= {"ok", "warning"}
    assert found["model"]["state"] == "ok"
    assert found["schema"]["state"] == "ok"
    assert found["service"]["mend"] == "Start `closeloop serve`."


def test_what_is_missing_is_named_with_its_remedy(closeloop, monkeypatch, tmp_path):
    monkeypatch.setenv("CLOSELOOP_MODEL", str(tmp_path))

    found = findings(closeloop("doctor", "--json", code=1))

    assert found["data directory"] == {
        "check": "data directory",
        "state": "failed",
        "found": f"{tmp_path / 'data'} is not there",
        "mend": "Run `closeloop init`.",
    }
    assert found["database"]["state"] == "failed"
    assert found["model"]["state"] == "failed"


def test_rights_that_are_too_wide_and_a_dead_mail_server_are_found(closeloop, folder, monkeypatch, tmp_path):
    closeloop("init")
    folder.chmod(0o755)
    (folder / "secret.key").chmod(0o644)
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
    monkeypatch.setenv("CLOSELOOP_SMTP_URL", f"smtp://user:hidden@127.0.0.1:{port}")
    monkeypatch.setenv("CLOSELOOP_MODEL", str(tmp_path))

    result = closeloop("doctor", "--json", code=1)

    found = findings(result)
    assert found["data directory"]["state"] == "warning"
    assert found["secret key"]["mend"].startswith("chmod 600")
    assert found["mail"]["state"] == "failed"
    assert "hidden" not in result.stdout + result.stderr


def test_a_wrong_setting_is_a_finding(closeloop, monkeypatch):
    monkeypatch.setenv("CLOSELOOP_PORT", "none")

    (found,) = closeloop("doctor", "--json", code=1).document
    assert found["check"] == "settings"
    assert "CLOSELOOP_PORT" in found["found"]


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("CLOSELOOP_DATABASE_URL", "mysql://user:hidden@host/name"),
        ("CLOSELOOP_DATABASE_URL", "postgresql://user:hidden@host:port/name"),
        ("CLOSELOOP_ZONE", "Mars/Olympus"),
        ("CLOSELOOP_ZONE", "../etc"),
    ],
)
def test_a_setting_that_cannot_work_is_refused_before_anything_starts(closeloop, monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)

    result = closeloop("doctor", "--json", code=1)

    (found,) = result.document
    assert (found["check"], found["state"]) == ("settings", "failed")
    assert variable in found["found"]
    assert "hidden" not in result.stdout + result.stderr


def test_a_port_in_use_and_a_short_secret_are_found_before_the_start(closeloop, monkeypatch):
    closeloop("init")
    monkeypatch.setenv("CLOSELOOP_SECRET_KEY", "short")
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        monkeypatch.setenv("CLOSELOOP_PORT", str(taken.getsockname()[1]))
        found = findings(closeloop("doctor", "--json", code=1))

    assert found["port"]["state"] == "failed"
    assert found["secret key"]["state"] == "failed"


def test_a_damaged_database_file_is_told_from_a_server_that_is_away(closeloop, folder):
    closeloop("init")
    (folder / "closeloop.db").write_bytes(b"no database " * 1000)

    found = findings(closeloop("doctor", "--json", code=1))

    assert found["database"]["state"] == "failed"
    assert "backup" in found["database"]["mend"]


def test_a_port_beyond_all_ports_is_wrong_usage(closeloop):
    closeloop("serve", "--port", "99999", code=2)


@pytest.mark.parametrize("url", ["user:hidden@host", "smtp://user:hidden@host:port", "smtp://[::1", "host"])
def test_a_mail_address_that_is_none_is_a_finding(closeloop, monkeypatch, url):
    monkeypatch.setenv("CLOSELOOP_SMTP_URL", url)

    result = closeloop("doctor", "--json", code=1)

    assert findings(result)["mail"]["state"] == "failed"
    assert "hidden" not in result.stdout + result.stderr


def test_an_identity_provider_is_asked_and_passwords_without_tls_are_told(closeloop, monkeypatch, provider):
    closeloop("init")
    assert findings(closeloop("doctor", "--json"))["sign-in"]["state"] == "ok"
    monkeypatch.setenv("CLOSELOOP_OIDC_ISSUER", provider.issuer)
    assert "CLIENT_ID" in findings(closeloop("doctor", "--json", code=1))["identity provider"]["found"]
    monkeypatch.setenv("CLOSELOOP_OIDC_CLIENT_ID", "closeloop")
    monkeypatch.setenv("CLOSELOOP_PUBLIC_URL", "http://voc.example.com")
    found = findings(closeloop("doctor", "--json"))
    assert found["identity provider"]["found"] == "sends people back to http://voc.example.com/sign-in/oidc/callback"
    assert (found["sign-in"]["state"], "TLS" in found["sign-in"]["mend"]) == ("warning", True)
    monkeypatch.setenv("CLOSELOOP_OIDC_ISSUER", provider.issuer + "/other")
    assert findings(closeloop("doctor", "--json", code=1))["identity provider"]["state"] == "failed"
