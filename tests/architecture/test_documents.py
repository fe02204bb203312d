"""What a user can touch has a place in docs/."""

import ast
import re
import textwrap

from typer.main import get_command

from app.cli.entry import main
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


def test_every_api_route_is_documented(root, tmp_path):
    text = _text(root, "api.md")
    app = create_app(build_runtime(Settings(data_dir=tmp_path, secret_key="a secret that is long enough for a test")))
    assert [path for path in app.openapi()["paths"] if f"{path}`" not in text] == []
