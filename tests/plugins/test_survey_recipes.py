"""Bodies to copy from docs/recipes are native items."""

import json
import re
from pathlib import Path

import pytest

from app.payloads.native import read_item

ROOT = Path(__file__).parents[2]
RECIPES = ("asknicely", "google_forms", "jotform", "limesurvey")


@pytest.mark.parametrize("name", RECIPES)
def test_the_body_of_a_recipe_is_a_native_item(name):
    text = (ROOT / "docs" / "recipes" / f"{name}.md").read_text(encoding="utf-8")
    bodies = re.findall(r"```json\n(.*?)```", text, flags=re.DOTALL)
    assert bodies
    for body in bodies:
        filled = re.sub(r"\{\{[^{}]*, as ([^{}]+)\}\}", r"\1", body)
        assert read_item(json.loads(filled)).external_id
