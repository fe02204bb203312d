import base64

ITEM = {"external_id": "r1", "medium": "survey", "occurred_at": "2026-09-15T14:05:00Z", "text": "late"}


def test_connectors_are_listed_with_what_to_set_and_what_to_click(admin):
    found = {one["name"]: one for one in admin.get("/v1/connectors").json()}
    assert "{url}" in " ".join(found["typeform"]["setup"])
    assert "zone" in found["typeform"]["config_schema"]["properties"]
    assert "SHA-1" in found["surveymonkey"]["warnings"][0]
    assert "external_id" in found["json_mapping"]["config_schema"]["properties"]
    assert found["surveymonkey"]["pulls"] is True


def test_a_preview_shows_what_would_be_found_and_stores_nothing(admin):
    mapping = {"items": "rows", "external_id": "k", "text": "t", "delete_if": "gone", "medium": "review"}
    body = {"rows": [{"k": 1, "t": "Late."}, {"k": 2, "gone": True}]}
    for sent in ({"body": body}, {"body_base64": base64.b64encode(b'{"rows": [{"k": 1, "t": "Late."}]}').decode()}):
        told = admin.post("/v1/sources/preview", json={"connector": "json_mapping", "config": mapping} | sent).json()
        assert told["outcome"] == "read"
        assert told["found"][0]["action"] == "upsert"
        assert told["found"][0]["dated"] is False
        assert told["found"][0]["item"]["medium"] == "review"
    told = admin.post("/v1/sources/preview", json={"connector": "json_mapping", "config": mapping, "body": body}).json()
    assert told["found"][1] == {"action": "delete", "external_id": "2"}
    assert admin.get("/v1/sources").json() == []
    assert admin.get("/v1/deliveries").json()["items"] == []


def test_a_preview_works_for_every_connector_and_says_why_something_is_not_read(admin):
    for one in admin.get("/v1/connectors").json():
        told = admin.post("/v1/sources/preview", json={"connector": one["name"], "body": "not json"})
        assert told.status_code == 200, one["name"]
    order = {"connector": "standard_webhooks", "headers": {"Webhook-Id": "m1"}}
    told = admin.post("/v1/sources/preview", json=order | {"body": ITEM}).json()
    assert (told["outcome"], told["reference"]) == ("read", "m1")
    told = admin.post("/v1/sources/preview", json=order | {"body": {"items": []}}).json()
    assert (told["outcome"], told["reason"]) == ("ignored", "the delivery holds no items")
    told = admin.post("/v1/sources/preview", json=order | {"body": ITEM | {"occurred_at": "today"}}).json()
    assert (told["outcome"], told["code"]) == ("refused", "invalid_item")


def test_a_preview_of_what_cannot_be_is_refused(admin, problem):
    for order, status, code in (
        ({"connector": "nobody"}, 422, "unknown_connector"),
        ({"connector": "json_mapping", "config": {"text": "[["}}, 422, "bad_source_config"),
        ({"connector": "json_mapping", "config": {"zone": "Mars"}}, 422, "bad_source_config"),
        ({"connector": "typeform", "body_base64": "%%%"}, 422, "bad_body_coding"),
    ):
        problem(admin.post("/v1/sources/preview", json=order), status, code)


def test_one_source_is_shown_with_its_weaknesses(admin, problem):
    admin.post("/v1/sources", json={"key": "calls", "connector": "standard_webhooks", "config": {"auth": "twilio"}})
    assert "SHA-1" in admin.get("/v1/sources/calls").json()["warnings"][0]
    problem(admin.get("/v1/sources/nobody"), 404, "not_found")
