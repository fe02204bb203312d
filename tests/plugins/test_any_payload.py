"""What no sender would write: payloads with parts changed, bodies of every form. Nothing fails in a way of its own."""

import json
from copy import deepcopy
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.connectors.contract import Deleted, Ignored, Undated, Wanted
from app.errors import AppError
from app.payloads.delivery import RawDelivery, Reply
from app.payloads.native import NativeItem
from app.plugins import load_plugin, plugin_names

NAMES = plugin_names("app.connectors")
CONNECTORS = [load_plugin("app.connectors", name) for name in NAMES]
ODD = (
    st.sampled_from(
        [None, True, 0, -1, 2**63 - 1, 1e308, -0.5, "", " ", "0", "x" * 300, [], {}, [[]], [None], {"": ""}]
    )
    | st.text(max_size=20)
    | st.integers(-(2**63), 2**63 - 1)
    | st.sampled_from(["2026-02-30T25:61:61", "9999-12-31T23:59:60Z", "0000-00-00", "<a href=", "&#0;", "\ud7ff\u200b"])
)
NAMES_OF_FIELDS = st.sampled_from(["MSG", "rawRequest", "formID", "submissionID", "Topic", "a", "payload"])
FIELDS = st.dictionaries(NAMES_OF_FIELDS, st.text(max_size=40) | st.just('{"q1_a": {"x": []}}'), max_size=5)
TAGS = st.sampled_from(["Notification", "sObject", "Id", "notifications", "Subject", "OrganizationId"])
CUES = st.lists(
    st.sampled_from(["WEBVTT", "", "00:00:01.000 --> 00:00:02.000", "1", "00:00:01,000 --> 00:00:02,000", "NOTE x"])
    | st.sampled_from(["<v Ann>Hello", "Ann: a: b", "<v", "&lt;b", "--> -->", "99:99:99.999 --> x", "STYLE", "\x00"])
    | st.text(max_size=20),
    max_size=12,
)


def _check(connector, delivery):
    """Calls everything that a delivery can reach."""
    assert connector.reference(delivery) is None or isinstance(connector.reference(delivery), str)
    if connector.SPEC.handshake is not None:
        assert isinstance(connector.SPEC.handshake(delivery, ["a secret of theirs"]), Reply | None)
    try:
        found = connector.parse(delivery, connector.Config())
    except AppError:
        return
    kinds = NativeItem | Undated | Deleted | Wanted
    assert isinstance(found, Ignored) or all(isinstance(one, kinds) for one in found)


def _places(value, path=()):
    """Every place in decoded JSON."""
    yield path
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in pairs:
        yield from _places(child, (*path, key))


def _changed(value, path, new, *, drop):
    if not path:
        return new
    value = deepcopy(value)
    place = value
    for step in path[:-1]:
        place = place[step]
    if drop:
        del place[path[-1]]
    else:
        place[path[-1]] = new
    return value


def _json_examples(connector):
    for example in connector.EXAMPLES:
        try:
            yield example.delivery, json.loads(example.delivery.body)
        except ValueError:
            continue


@pytest.mark.parametrize("connector", CONNECTORS, ids=NAMES)
def test_an_example_with_one_part_changed_is_read_or_refused(connector):
    examples = list(_json_examples(connector))
    if not examples:
        return

    @settings(max_examples=40)
    @given(st.data())
    def change(data):
        delivery, value = data.draw(st.sampled_from(examples))
        for _ in range(data.draw(st.integers(1, 2))):
            path = data.draw(st.sampled_from(list(_places(value))))
            value = _changed(value, path, data.draw(ODD), drop=data.draw(st.booleans()))
        _check(connector, RawDelivery(json.dumps(value).encode(), delivery.headers, delivery.content_type))

    change()


@pytest.mark.parametrize("connector", CONNECTORS, ids=NAMES)
@settings(max_examples=15)
@given(fields=FIELDS, boundary=st.sampled_from(["b", "", "x y", '"']), cut=st.integers(0, 200))
def test_forms_are_read_or_refused(connector, fields, boundary, cut):
    body = urlencode(fields).encode()
    _check(connector, RawDelivery(body, content_type="application/x-www-form-urlencoded"))
    _check(connector, RawDelivery(body[:cut] + b"&%", content_type="application/x-www-form-urlencoded; charset=x"))
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    body = ("".join(parts) + f"--{boundary}--\r\n").encode()
    for kind in (f"multipart/form-data; boundary={boundary}", "multipart/form-data"):
        _check(connector, RawDelivery(body, content_type=kind))
        _check(connector, RawDelivery(body[cut:], content_type=kind))


@pytest.mark.parametrize("connector", CONNECTORS, ids=NAMES)
@settings(max_examples=15)
@given(tags=st.lists(TAGS, max_size=6), text=st.text(max_size=20), cut=st.integers(0, 60))
def test_xml_is_read_or_refused(connector, tags, text, cut):
    inner = "".join(f"<{tag}>" for tag in tags) + text + "".join(f"</{tag}>" for tag in reversed(tags))
    body = f'<E xmlns="http://soap.sforce.com/2005/09/outbound">{inner}</E>'.encode()
    for sent in (body, body[cut:], body[:-cut], b"<!DOCTYPE a SYSTEM 'file:///etc/passwd'>" + body):
        for kind in ("text/xml", "application/soap+xml; charset=utf-8"):
            _check(connector, RawDelivery(sent, content_type=kind))


@pytest.mark.parametrize("connector", CONNECTORS, ids=NAMES)
@settings(max_examples=15)
@given(lines=CUES, end=st.sampled_from(["\n", "\r\n", "\r"]), coding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_captions_are_read_or_refused(connector, lines, end, coding):
    body = end.join(lines).encode(coding, "replace")
    for name, kind in (("a.vtt", "text/vtt"), ("a.srt", "application/x-subrip"), ("a", "")):
        _check(connector, RawDelivery(body, content_type=kind, name=name))
