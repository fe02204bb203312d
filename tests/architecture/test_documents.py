"""What a user can touch has a place in docs/."""

import ast
import re

from app.plugins import plugin_names
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
