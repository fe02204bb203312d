import json
import logging

import pytest
import structlog

from app.log import configure_logs, get_logger

HOSTILE = 'a\r\n{"event": "forged"}\x1b[31mred\x1b[0m\u2028next\u202eevil\x00\x07'


@pytest.fixture(autouse=True)
def _as_before():
    root, settings = logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers, root.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    structlog.configure(**settings)


@pytest.mark.parametrize("form", ["json", "text"])
def test_t59_hostile_words_in_a_log_are_one_line_without_controls(capsys, form):
    configure_logs("INFO", form)
    get_logger("api").info("request", route=HOSTILE, actor=HOSTILE)
    logging.getLogger("other").warning("told %s", HOSTILE)
    lines = capsys.readouterr().err.removesuffix("\n").split("\n")
    assert len(lines) == 2
    for line in lines:
        assert line.isprintable(), ascii(line)
    if form == "json":
        assert json.loads(lines[0])["route"] == HOSTILE
