"""Ticket senders at the door: answers in their own words, only to those who prove who they are, and never too early."""

import hmac
import json
from base64 import b64encode
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from app.connectors import salesforce
from app.domain.feedback import DeliveryState
from app.ingest import unpack
from app.store.tables import Delivery, Feedback, Turn

MESSAGE = salesforce.EXAMPLES[0].delivery
DTD = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'


@pytest.fixture
def org(admin):
    config = {"organization_id": "00D7F00000107Xs"}
    made = admin.post("/v1/sources", json={"key": "sf", "connector": "salesforce", "config": config})
    assert made.status_code == 201, made.text
    return {"x-client-cert": made.json()["secret"], "content-type": "text/xml; charset=utf-8"}


def _unpacked(database):
    with database.writing() as session:
        batch = unpack.claim(session, datetime.now(UTC))
    with database.writing() as session:
        unpack.record(session, datetime.now(UTC), unpack.work(batch, None))


def test_t39_an_outbound_message_is_acknowledged_once_it_is_kept(client, org, database):
    answer = client.post("/v1/hooks/sf", content=MESSAGE.body, headers=org)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/xml")
    assert b"<Ack>true</Ack>" in answer.content
    with database.reading() as session:
        row = session.scalars(select(Delivery)).one()
        assert row.body == MESSAGE.body
        assert "x-client-cert" not in row.headers
    _unpacked(database)
    with database.reading() as session:
        assert {one.external_id for one in session.scalars(select(Feedback))} == {
            "5007F00000abcdEQAQ",
            "5007F00000abceEQAQ",
        }
        assert {turn.role for turn in session.scalars(select(Turn))} == {"customer", "agent"}


def test_without_the_header_of_the_proxy_nothing_is_kept_or_acknowledged(client, org, database):
    for headers in ({}, org | {"x-client-cert": "another-certificate"}):
        answer = client.post("/v1/hooks/sf", content=MESSAGE.body, headers=headers)
        assert answer.status_code == 401
        assert b"Ack" not in answer.content
    with database.reading() as session:
        assert session.scalars(select(Delivery)).all() == []


BOMB = (
    b'<!DOCTYPE b [<!ENTITY a "xxxxxxxxxx">'
    + b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 9))
    + b"]><b>&a8;</b>"
).replace(b"&a0;", b"&a;")


@pytest.mark.parametrize("attack", [DTD, BOMB, b'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/x.dtd"><a/>'])
def test_t39_a_document_type_is_turned_away_unread(client, org, database, attack):
    answer = client.post("/v1/hooks/sf", content=attack, headers=org)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_xml")
    assert "passwd" not in answer.text
    with database.reading() as session:
        assert session.scalars(select(Delivery)).all() == []


def test_t39_xml_that_is_only_broken_is_kept_and_quarantined(client, org, database):
    assert client.post("/v1/hooks/sf", content=b"<a><b></a>", headers=org).status_code == 200
    _unpacked(database)
    with database.reading() as session:
        row = session.scalars(select(Delivery)).one()
        assert (row.state, row.reason.partition(":")[0]) == (DeliveryState.QUARANTINED, "bad_xml")


def test_t16_front_gets_its_challenge_only_if_it_is_signed(client, admin, now, database):
    secret = admin.post("/v1/sources", json={"key": "front", "connector": "front"}).json()["secret"]
    body, sent_at = json.dumps({"type": "sync"}).encode(), str(int(now.timestamp() * 1000))
    mac = b64encode(hmac.digest(secret.encode(), f"{sent_at}:".encode() + body, "sha256")).decode()
    headers = {"x-front-challenge": "c-1", "x-front-request-timestamp": sent_at, "content-type": "application/json"}
    answer = client.post("/v1/hooks/front", content=body, headers=headers | {"x-front-signature": mac})
    assert (answer.status_code, answer.json()) == (200, {"challenge": "c-1"})
    refused = client.post("/v1/hooks/front", content=body, headers=headers | {"x-front-signature": "x"})
    assert refused.status_code == 401
    assert b"c-1" not in refused.content
    with database.reading() as session:
        assert session.scalars(select(Delivery)).all() == []
