"""Bodies to copy from docs/recipes are native items."""

import json
import re

import pytest

from app.payloads.native import read_item

RECIPES = ("asknicely", "google_forms", "jotform", "limesurvey")


@pytest.mark.parametrize("name", RECIPES)
def test_the_body_of_a_recipe_is_a_native_item(root, name):
    text = (root / "docs" / "recipes" / f"{name}.md").read_text(encoding="utf-8")
    bodies = re.findall(r"```json\n(.*?)```", text, flags=re.DOTALL)
    assert bodies
    for body in bodies:
        filled = re.sub(r"\{\{[^{}]*, as ([^{}]+)\}\}", r"\1", body)
        assert read_item(json.loads(filled)).external_id
