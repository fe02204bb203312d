"""Which connector a payload is for."""

import pytest

from app.ingest.recognise import find_connector


@pytest.mark.parametrize(
    ("name", "connector"),
    [
        ("SurveyMonkey", "surveymonkey"),
        ("hub spot", "hubspot"),
        ("aws_contact_lens", "contact_lens"),
        ("salesforce_outbound_message", "salesforce"),
        ("google_business", "google_business_profile"),
        ("jira_jsm", "jira"),
        ("zoom", "zoom"),
        ("zoom_vtt", "webvtt"),
        ("app_store", "app_store_connect"),
    ],
)
def test_a_sender_is_found_by_the_names_that_people_use(name, connector):
    assert find_connector(name).__name__ == f"app.connectors.{connector}"


@pytest.mark.parametrize("name", ["", "x", "acme_json_export", "sf"])
def test_a_name_that_says_nothing_finds_none(name):
    assert find_connector(name) is None
