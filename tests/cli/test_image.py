"""The container's promises, read from its recipe: it cannot be built where the tests run."""

import re
from pathlib import Path

import pytest


@pytest.fixture
def stages():
    text = (Path(__file__).parents[2] / "Dockerfile").read_text()
    lines = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    _, *found = re.split(r"^FROM ", lines, flags=re.MULTILINE)
    return found


def test_it_has_two_stages_and_leaves_the_build_behind(stages):
    assert len(stages) == 2
    assert "pip install" in stages[0]
    assert "pip install" not in stages[1]
    assert "COPY --from=build" in stages[1]


def test_it_does_not_run_as_root(stages):
    user = re.search(r"^USER (\d+):(\d+)$", stages[1], flags=re.MULTILINE)
    assert user
    assert "0" not in user.groups()
    assert stages[1].index("USER ") < stages[1].index("ENTRYPOINT")


def test_it_never_calls_a_model_hub(stages):
    assert "HF_HUB_OFFLINE=1" in stages[1]
    assert "TRANSFORMERS_OFFLINE=1" in stages[1]


def test_it_says_whether_it_is_well_and_stops_gracefully(stages):
    assert "HEALTHCHECK" in stages[1]
    assert "/healthz" in stages[1]
    assert 'ENTRYPOINT ["closeloop"]' in stages[1]  # no shell in between: SIGTERM reaches the service
    assert 'CMD ["serve"]' in stages[1]


def test_only_what_it_needs_is_sent_to_the_build(stages):
    ignored = (Path(__file__).parents[2] / ".dockerignore").read_text().splitlines()
    assert ignored[0] == "*"
    copied = set(re.findall(r"^COPY (?!--from)(.*) \S+$", stages[0], flags=re.MULTILINE))
    needed = {name for line in copied for name in line.split()}
    assert needed <= {line.removeprefix("!") for line in ignored}
