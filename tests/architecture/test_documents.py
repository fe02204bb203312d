"""What a user can touch has a place in docs/."""

import ast
import json
import re
import textwrap

import pytest
from typer.main import get_command

from app.cli.entry import main
from app.domain.happenings import Happening
from app.main import create_app
from app.plugins import plugin_names
from app.processes import document
from app.runtime import build_runtime
from app.settings import PREFIX, Settings


def _text(root, name):
    return (root / "docs" / name).read_text(encoding="utf-8")


def test_every_setting_is_documented(root):
    text = _text(root, "operating.md")
    assert [name for name in Settings.model_fields if f"`{PREFIX}{name.upper()}`" not in text] == []


def test_every_error_code_is_documented(root, sources):
    headings = set(re.findall(r"^## `([a-z_]+)`", _text(root, "errors.md"), flags=re.MULTILINE))
    codes = {
        node.args[1].value
        for tree in sources.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "AppError" and len(node.args) > 1
        if isinstance(node.args[1], ast.Constant)
    }
    assert codes - headings == set()


def test_every_plugin_is_documented(root):
    text = _text(root, "plugins.md")
    names = [*plugin_names("app.connectors"), *plugin_names("app.channels")]
    assert [name for name in names if f"`{name}`" not in text] == []


def test_every_event_type_is_documented(root):
    text = _text(root, "events.md")
    assert [event for event in Happening if f"`{event}`" not in text] == []


def test_the_company_page_shows_the_example_that_is_tested(root):
    example = document.__doc__.split("::\n\n", 1)[1].split("\n\nKeys are", 1)[0]
    assert textwrap.dedent(example).strip() in _text(root, "company.md")


def test_every_command_is_documented(root):
    text = _text(root, "operating.md")
    commands = [f"closeloop {name}" for name in _commands(get_command(main))]
    assert len(commands) > 12
    assert [command for command in commands if f"`{command}" not in text] == []


def _commands(group):
    for name, command in group.commands.items():
        inner = getattr(command, "commands", None)
        yield from [name] if inner is None else [f"{name} {each}" for each in inner]


@pytest.fixture
def description(tmp_path):
    settings = Settings(data_dir=tmp_path, secret_key="a secret that is long enough for a test")
    return create_app(build_runtime(settings)).openapi()


def test_every_api_route_is_documented(root, description):
    text = _text(root, "api.md")
    assert [path for path in description["paths"] if f"{path}`" not in text] == []


def test_the_committed_description_is_the_current_one(root, description):
    kept = json.loads(_text(root, "openapi.json"))
    shown = json.loads(json.dumps(description | {"info": description["info"] | {"version": kept["info"]["version"]}}))
    changed = [
        path for path in shown["paths"].keys() | kept["paths"] if shown["paths"].get(path) != kept["paths"].get(path)
    ]
    assert changed == [], "write it anew: .ci/openapi"
    assert shown == kept, "write it anew: .ci/openapi"
