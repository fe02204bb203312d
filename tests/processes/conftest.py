import textwrap

import pytest

from app.processes import document
from app.processes.reader import read_document


@pytest.fixture(scope="session")
def example_yaml():
    """The example of the document's docstring, so that what is documented is what is tested."""
    body = document.__doc__.split("::\n\n", 1)[1].split("\n\nKeys are", 1)[0]
    return textwrap.dedent(body)


@pytest.fixture
def example(example_yaml):
    return read_document(example_yaml)
