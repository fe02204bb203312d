"""Nothing is installed, and nothing may be installed by our own wish, that is known to have a hole."""

import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

FLOORS = Path(__file__).with_name("floors.txt")


@pytest.fixture(scope="session")
def floors():
    """First good version by package."""
    lines = [line.split(maxsplit=2) for line in FLOORS.read_text(encoding="utf-8").splitlines() if line[:1] != "#"]
    assert all(len(line) == 3 for line in lines), "name, version and reason, please"
    return {canonicalize_name(name): Version(first_good) for name, first_good, _ in lines}


def _installed(name):
    try:
        return Version(version(name))
    except PackageNotFoundError:
        return None


def test_no_installed_package_is_below_its_floor(floors):
    found = {name: _installed(name) for name in floors}
    assert {name: str(here) for name, here in found.items() if here is not None and here < floors[name]} == {}
    assert sum(here is not None for here in found.values()) > 10


def test_we_ask_for_nothing_below_a_floor(floors, root):
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    wanted = [Requirement(line) for lines in (project["dependencies"], *extras) for line in lines]
    asked = {
        canonicalize_name(one.name): Version(limit.version)
        for one in wanted
        for limit in one.specifier
        if limit.operator in {">=", "==", "~="}
    }
    assert [name for name, least in asked.items() if name in floors and least < floors[name]] == []
