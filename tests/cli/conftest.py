import json
import logging

import pytest
import structlog
from typer.testing import CliRunner

from app.cli.entry import main


@pytest.fixture(autouse=True)
def _logs_as_before():
    """A command sets the process's logs up; the next test finds them as they were."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A data directory of this test's own, named in the environment, not there yet."""
    monkeypatch.setenv("CLOSELOOP_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def closeloop(folder):
    """Runs a command; gives its result with `exit_code`, `stdout`, `stderr` and `document`, its JSON."""

    def run(*words, code=0, typed=None):
        result = CliRunner().invoke(main, list(words), input=typed)
        assert result.exit_code == code, result.stderr
        result.document = json.loads(result.stdout) if "--json" in words and result.stdout else None
        return result

    return run
