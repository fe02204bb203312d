"""Mails that a machine sent are told by their headers, whatever form the sender gives those."""

import pytest

from app.payloads.automatic import is_automatic


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto-Submitted": "auto-replied"},
        {"auto_submitted": "auto-generated; owner-email=x@example.com"},
        {"Precedence": "bulk"},
        {"precedence": ["auto_reply"]},
        [{"name": "X-Autoreply", "value": "yes"}],
        [{"name": "Subject", "value": "Away"}, {"name": "X-Autorespond", "value": "Away until Monday"}],
    ],
)
def test_a_machine_is_known_by_its_headers(headers):
    assert is_automatic(headers)


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto-Submitted": "no"},
        {"Auto-Submitted": "No; because=people"},
        {"Precedence": "list", "List-Id": "support"},
        {"X-Auto-Response-Suppress": "All"},
        {"X-Autoreply": "no"},
        {"in_reply_to": "<1@example.com>", "Auto-Submitted": None},
        [{"name": "Auto-Submitted"}, "Auto-Submitted", None, [1]],
        "Auto-Submitted: auto-replied",
        None,
    ],
)
def test_a_person_stays_a_person(headers):
    assert not is_automatic(headers)
