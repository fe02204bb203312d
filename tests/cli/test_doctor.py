"""The doctor says what is wrong and how to mend it."""

import socket
from contextlib import closing


def findings(result):
    return {finding["check"]: finding for finding in result.document}


def test_a_sound_installation_passes(closeloop):
    closeloop("init")

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
