"""`closeloop evaluate payloads` on a folder of our own."""

import base64
import hmac
import json

import pytest

ITEM = {
    "external_id": "r-1",
    "medium": "survey",
    "occurred_at": "2026-03-01T14:05:00+01:00",
    "updated_at": "2026-03-01T14:06:00+01:00",
    "question": "Why?",
    "text": "Nobody called back.",
    "scores": [{"metric": "nps", "value": 0, "min": 0, "max": 10}],
    "customer": {"ref": "C-7", "name": "Ada"},
    "attributes": {"status": "open"},
}
RIGHT = {
    "action": "create",
    "channel": "survey",
    "external_id": "r-1",
    "occurred_at": "2026-03-01T13:05:00Z",
    "updated_at": "2026-03-01T13:06:00Z",
    "customer": {"id": "C-7", "name": "Ada", "email": None},
    "scores": [{"metric": "nps", "value": 0, "min": 0, "max": 10}],
    "verbatims": [{"question": "Why?", "text": "Nobody called back."}],
    "turns": {"count": 1, "customer": 1, "agent": 0},
    "ticket": {"status": "open"},
    "language": "en",
    "note": "not a fact",
}


@pytest.fixture
def samples(tmp_path):
    """Makes a folder of samples; gives its path."""

    def make(**files):
        folder = tmp_path / "samples"
        folder.mkdir()
        entries = []
        for name, (vendor, body, facts) in files.items():
            (folder / f"{name}.json").write_text(json.dumps(body), encoding="utf-8")
            entries.append({"file": f"{name}.json", "vendor": vendor, "content_type": "application/json"})
            entries[-1] |= {} if facts is None else {"facts": facts}
        (folder / "MANIFEST.json").write_text(json.dumps(entries), encoding="utf-8")
        return folder

    return make


def test_every_fact_that_is_right_is_found(closeloop, samples, tmp_path):
    folder = samples(one=("Standard-Webhooks", ITEM, RIGHT), two=("svix", ITEM, None))
    told = closeloop("evaluate", "payloads", str(folder), "--json", "--out", str(tmp_path / "lines")).document
    assert told == {"files": 2, "facts": 15, "facts_found": 15, "facts_missed": 0, "facts_wrong": 0, "errors": 0}
    lines = [json.loads(line) for line in (tmp_path / "lines").read_text().splitlines()]
    assert [line["file"] for line in lines] == ["one.json", "two.json"]
    assert lines[0]["connector"] == "standard_webhooks"
    assert "customer.email" in lines[0]["found"]


def test_what_is_wrong_is_told_apart_from_what_is_missed(closeloop, samples, tmp_path):
    agent = ITEM | {"text": None, "turns": [{"role": "agent", "text": "Sorry."}]}
    facts = {
        "action": "delete",
        "external_id": "r-2",
        "occurred_at": "2026-03-01T14:05:00Z",
        "customer": {"email": "ada@example.com"},
        "scores": [{"metric": "csat", "value": 1, "min": 1, "max": 5}],
        "verbatims": [{"text": "Sorry."}, {"text": "Never said"}],
        "event_id": "msg_1",
    }
    folder = samples(one=("standard_webhooks", agent, facts))
    told = closeloop("evaluate", "payloads", str(folder), "--json", "--out", str(tmp_path / "lines")).document
    assert (told["facts_found"], told["facts_missed"], told["facts_wrong"]) == (0, 4, 4)
    line = json.loads((tmp_path / "lines").read_text())
    assert [one["fact"] for one in line["wrong"]] == ["action", "external_id", "occurred_at", "verbatims[0]"]


def test_several_things_in_one_file_are_judged_one_by_one(closeloop, samples):
    other = ITEM | {"external_id": "r-2", "text": "Late"}
    body = {"items": [ITEM, other]}
    facts = {"items": [{"external_id": "r-1", "verbatims": [{"text": "Nobody called back."}]}, {"external_id": "r-2"}]}
    told = closeloop("evaluate", "payloads", str(samples(page=("svix", body, facts))), "--json").document
    assert (told["facts"], told["facts_found"]) == (3, 3)


def test_a_payload_of_an_unknown_vendor_goes_to_the_connector_that_reads_most(closeloop, samples):
    result = closeloop("evaluate", "payloads", str(samples(one=("acme-voice", ITEM, {"external_id": "r-1"}))))
    assert "one.json (standard_webhooks, read): 1 found" in result.stdout


def test_what_nobody_reads_is_an_error_and_its_facts_are_missed(closeloop, samples):
    folder = samples(one=("acme", {"nothing": 1}, RIGHT), two=("svix", {"external_id": 1}, {"external_id": "1"}))
    told = closeloop("evaluate", "payloads", str(folder), "--json").document
    assert (told["errors"], told["facts_found"], told["facts_missed"], told["facts_wrong"]) == (2, 0, 16, 0)


def test_a_source_s_configuration_counts(closeloop, samples, tmp_path):
    bare = {name: value for name, value in ITEM.items() if name != "medium"}
    folder = samples(one=("svix", bare, {"channel": "chat"}))
    assert closeloop("evaluate", "payloads", str(folder), "--json").document["errors"] == 1
    (tmp_path / "c.yaml").write_text("svix: {medium: chat}")
    told = closeloop("evaluate", "payloads", str(folder), "--json", "--config", str(tmp_path / "c.yaml")).document
    assert told["facts_found"] == 1


def test_signed_and_hostile_samples_are_judged_beside_them(closeloop, samples):
    folder = samples(one=("svix", ITEM, None))
    (folder / "signatures").mkdir()
    body = b'{"a": 1}'
    signature = "sha256=" + hmac.new(b"the secret", body, "sha256").hexdigest()
    signed = {
        "vendor": "github",
        "url": "https://voc.example.org/h",
        "headers": {"X-Hub-Signature-256": signature},
        "body_b64": base64.b64encode(body).decode(),
        "secrets": ["the secret"],
        "now": "2026-03-01T14:05:00Z",
    }
    vectors = [signed | {"name": "right", "expect": "accept"}, signed | {"name": "odd", "expect": "reject"}]
    vectors.append(signed | {"name": "x", "vendor": "nobody", "expect": "accept"})
    (folder / "signatures" / "vectors.json").write_text(json.dumps(vectors))
    (folder / "hostile").mkdir()
    bodies = [("twice", b'{"a": 1, "a": 2}', "reject"), ("fine", b"[]", "accept"), ("nan", b"[NaN]", "either")]
    lines = [json.dumps({"name": n, "body_b64": base64.b64encode(b).decode(), "expect": e}) for n, b, e in bodies]
    (folder / "hostile" / "bodies.jsonl").write_text("\n".join(lines))
    (folder / "hostile" / "texts.json").write_text(json.dumps(["", "<b>", "田中さん", "\u202ereversed", "\ufeff"]))
    told = closeloop("evaluate", "payloads", str(folder), "--json").document
    assert told["signatures"] == {
        "vectors": 3, "agree": 1, "disagree": ["github: odd"], "unknown_vendors": ["nobody"],
    }  # fmt: skip
    assert told["hostile"]["bodies.jsonl"]["refused"] == 2
    assert told["hostile"]["bodies.jsonl"]["crashed"] == []
    assert told["hostile"]["texts.json"] == {"texts": 5, "unchanged": 5, "changed": []}


@pytest.mark.parametrize("manifest", [None, "not json", "{}", '[{"vendor": "x"}]', '[{"file": "../../etc/passwd"}]'])
def test_a_folder_without_a_right_manifest_is_refused(closeloop, tmp_path, manifest):
    folder = tmp_path / "samples"
    folder.mkdir()
    if manifest is not None:
        (folder / "MANIFEST.json").write_text(manifest)
    result = closeloop("evaluate", "payloads", str(folder), code=2)
    assert "MANIFEST.json" in result.stderr


def test_facts_in_another_form_are_named(closeloop, samples):
    folder = samples(one=("svix", ITEM, {}))
    for facts in ({"customer": 3}, {"scores": {"nps": 1}}, {"ticket": "open"}):
        (folder / "MANIFEST.json").write_text(json.dumps([{"file": "one.json", "vendor": "svix", "facts": facts}]))
        assert "one.json" in closeloop("evaluate", "payloads", str(folder), code=2).stderr
