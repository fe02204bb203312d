"""What is left in memory of the many shapes that batches of texts have."""

import subprocess
import sys

import pytest

MOST_MIB = 250

READ = """
from pathlib import Path
from classifiers.reader import load_encoder
from classifiers.sentiment.model import HEAD

def resident():
    return int(Path("/proc/self/status").read_text().split("VmRSS:")[1].split()[0]) / 1024

encoder = load_encoder()
texts = lambda rows, words: [" ".join(["late", str(row), *["again"] * words]) for row in range(rows)]
encoder.encode(texts(40, 60), heads=(HEAD,))
before = resident()
for rows in range(1, 13):
    for words in range(1, 39):
        encoder.encode(texts(rows, words), heads=(HEAD,))
print(resident() - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_batches_of_hundreds_of_shapes_leave_little_in_memory():
    read = subprocess.run([sys.executable, "-c", READ], check=True, capture_output=True, text=True)
    assert float(read.stdout) < MOST_MIB
