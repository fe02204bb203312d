"""Body templates in docs/recipes: what an admin pastes makes a valid item, also of a hostile comment."""

import json
import re
from datetime import UTC, datetime

import pytest
from jinja2 import Environment

from app.domain.feedback import Role
from app.payloads.delivery import RawDelivery
from app.payloads.native import read_item
from app.plugins import load_plugin

HOSTILE = 'He said "never".\nC:\\temp\\x & <b>bold</b>, {{7*7}} ${x} \u201cquoted\u201d\r\nIt\'s {"broken": [1,'
TOLD = HOSTILE.replace("\r", "")
CREATED, UPDATED = "2026-03-02T09:00:00Z", "2026-03-02T10:00:00Z"


def _template(root, name):
    text = (root / "docs" / "recipes" / f"{name}.md").read_text(encoding="utf-8")
    found = re.search(rf"<!-- body: {name} -->\n```\w+\n(.*?)\n```", text, flags=re.DOTALL)
    assert found is not None
    return found[1]


FILTERS = {
    "escape": lambda text: (
        text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace('"', "&quot;")
        .replace("'", "&#39;")
    ),
    "newline_to_br": lambda text: re.sub(r"\r?\n", "<br />\n", text),
    "strip_newlines": lambda text: re.sub(r"\r?\n", "", text),
    "replace": lambda text, old, new: text.replace(old, new),
}


def _liquid(template, values, escaped):
    """Liquid as far as the recipes use it; `escaped`: the sender escapes what it puts in, on top of the filters."""

    def filled(match):
        name, *filters = (part.strip() for part in match[1].split(" | "))
        text = values.get(name, "")
        for one in filters:
            words = re.findall(r"'([^']*)'", one)
            text = FILTERS[one.partition(":")[0]](text, *words)
        return json.dumps(text, ensure_ascii=False)[1:-1] if escaped else text

    return re.sub(r"\{\{(.*?)\}\}", filled, template)


def _parsed(name, body):
    connector = load_plugin("app.connectors", name)
    (item,) = connector.parse(RawDelivery(body.encode()), connector.Config())
    return item


def _customer_words(item):
    return [turn.text for turn in item.turns if turn.role is Role.CUSTOMER]


@pytest.mark.parametrize("escaped", [False, True], ids=["as it is", "escaped by the sender"])
def test_a_zendesk_trigger_sends_a_hostile_comment_whole(root, escaped):
    values = {
        "ticket.id": "30510",
        "ticket.title": 'The "big" one',
        "ticket.description": HOSTILE,
        "ticket.latest_public_comment": f"Again: {HOSTILE}",
        "current_user.role": "End user",
        "ticket.requester.email": "bo@example.com",
        "ticket.requester.name": 'Bo "B" Lind',
        "ticket.created_at_with_timestamp": "2026-03-02T09:00Z",
        "ticket.updated_at_with_timestamp": UPDATED,
    }
    item = _parsed("zendesk", _liquid(_template(root, "zendesk"), values, escaped))
    assert _customer_words(item) == [TOLD, f"Again: {TOLD}"]
    assert item.question == 'The "big" one'
    assert item.customer.name == 'Bo "B" Lind'
    assert item.occurred_at == datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.mark.parametrize("escaped", [False, True], ids=["as it is", "escaped by the sender"])
def test_a_freshdesk_rule_sends_a_hostile_comment_whole(root, escaped):
    values = {
        "ticket.id": "4711",
        "ticket.subject": 'The "big" one',
        "ticket.description": '<div class="x">He said &quot;never&quot;.\n<a href="https://example.com">C:\\temp</a></div>',
        "ticket.latest_public_comment": 'Bo Lind : still "open"\nand C:\\temp',
        "ticket.requester.name": "Bo Lind",
        "ticket.agent.name": "Kim",
        "ticket.created_on": CREATED,
        "ticket.modified_on": UPDATED,
    }
    item = _parsed("freshdesk", _liquid(_template(root, "freshdesk"), values, escaped))
    assert _customer_words(item) == ['He said "never".C:\\temp', 'still "open"\nand C:\\temp']


@pytest.mark.parametrize(("from_agent", "role"), [(False, Role.CUSTOMER), (True, Role.AGENT)])
def test_a_gorgias_integration_sends_a_hostile_comment_whole(root, from_agent, role):
    ticket = {"id": 7, "subject": 'The "big" one', "created_datetime": CREATED, "customer": {"name": 'B "B" L'}}
    message = {"id": 2**53 + 1, "from_agent": from_agent, "public": True, "created_datetime": UPDATED}
    template = Environment(autoescape=False).from_string(_template(root, "gorgias"))  # noqa: S701 - JSON, as Gorgias does
    item = _parsed("gorgias", template.render(ticket=ticket, message=message | {"stripped_text": HOSTILE}))
    assert [(turn.ref, turn.role, turn.text) for turn in item.turns] == [("9007199254740993", role, TOLD)]


def test_a_jira_automation_posts_a_native_item(root):
    values = {
        "issue.id": "10002",
        "issue.key": "SUP-7",
        "issue.summary": 'The "big" one',
        "issue.description": HOSTILE,
        "issue.reporter.accountId": "qm:1",
        "issue.reporter.displayName": 'Bo "B" Lind',
        "issue.status.name": "Open",
    }
    times = {"issue.created": "2026-03-02T10:00:00.000+01:00", "issue.updated": "2026-03-02T11:00:00.000+01:00"}

    def filled(match):
        name, _, function = match[1].partition(".asJsonString")
        if match[1].endswith(".asJsonString"):
            return json.dumps(values[name])
        dated, _, pattern = match[1].partition(".format(")
        del function
        return times[dated] if pattern else values[match[1]]

    body = re.sub(r"\{\{(.*?)\}\}", filled, _template(root, "jira"))
    item = read_item(json.loads(body))
    assert _customer_words(item) == [HOSTILE]
    assert item.occurred_at == datetime(2026, 3, 2, 9, tzinfo=UTC)


def test_a_servicenow_rule_posts_a_native_item(root):
    script = _template(root, "servicenow")
    assert "JSON.stringify(item)" in script
    assert "setRequestBody(item" not in script
    shape = re.search(r"var item = (\{.*?\n  \});?", script, flags=re.DOTALL)[1]
    values = {
        "current.getUniqueValue()": "9d38",
        "zulu(current.getValue('sys_updated_on'))": UPDATED,
        "zulu(current.getValue('sys_created_on'))": CREATED,
        "current.getValue('short_description')": 'The "big" one',
        "current.getValue('description') || ''": HOSTILE,
        "current.getValue('opened_by') == current.getValue('caller_id') ? \"customer\" : \"agent\"": "customer",
        "current.getValue('caller_id')": "681c",
        "'' + current.caller_id.email": "abel@example.com",
        "current.getValue('number')": "INC1",
        "current.getDisplayValue('state')": "New",
        "parseInt(current.getValue('reassignment_count') || '0', 10)": 4,
        "parseInt(current.getValue('reopen_count') || '0', 10)": 1,
    }
    for expression in sorted(values, key=len, reverse=True):
        assert expression in shape
        shape = shape.replace(expression, json.dumps(values[expression]))
    item = read_item(json.loads(shape))
    assert _customer_words(item) == [HOSTILE]
    assert item.attributes["reassignment_count"] == 4


def test_a_salesforce_flow_posts_a_native_item(root):
    values = {
        "Id": "5007F00000abcdEQAQ",
        "SystemModstamp": UPDATED,
        "CreatedDate": CREATED,
        "Subject": 'The "big" one',
        "Description": HOSTILE,
        "ContactId": "0037F00000abcdEQAQ",
        "SuppliedEmail": "mia@example.com",
        "Status": "New",
        "Origin": "Web",
    }

    def filled(value):
        if isinstance(value, dict):
            return {name: filled(part) for name, part in value.items()}
        if isinstance(value, list):
            return [filled(part) for part in value]
        found = re.fullmatch(r"\{!\$Record\.(\w+)\}", value) if isinstance(value, str) else None
        return values[found[1]] if found else value

    item = read_item(filled(json.loads(_template(root, "salesforce_flow"))))
    assert _customer_words(item) == [HOSTILE]
    assert item.external_id == "5007F00000abcdEQAQ"
