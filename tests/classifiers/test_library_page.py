import re
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

PAGE = (Path(__file__).parents[2] / "docs" / "library.md").read_text(encoding="utf-8")


def test_every_example_of_the_page_prints_what_stands_below_it():
    names = {}
    blocks = re.findall(r"```python\n(.*?)```\s+```text\n(.*?)```", PAGE, re.DOTALL)
    assert len(blocks) == PAGE.count("```python")
    for code, told in blocks:
        with redirect_stdout(StringIO()) as said:
            exec(code, names)  # noqa: S102 - the page is ours
        assert said.getvalue() == told
