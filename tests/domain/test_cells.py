import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.cells import harmless_cell, original_cell

HOSTILE = [
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\tx", " =1", "  +1", '"=1', "'=1", "\u200b=1", "\ufeff@x",
    "\uff1d1", "\uff0b1", "\uff0d1", "\uff20x", "\u22121", ' " =cmd|\' /C calc\'!A0',
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_t58_what_a_spreadsheet_could_run_gets_an_apostrophe_in_front(text):
    assert harmless_cell(text) == "'" + text
    assert original_cell(harmless_cell(text)) == text


@pytest.mark.parametrize("text", ["", "late", "it's late = bad", "1-2", "'quoted'", "a@b.example", "ünï", "100 %"])
def test_t58_other_texts_stay_as_they_are(text):
    assert harmless_cell(text) == text


@given(st.text(alphabet=st.one_of(st.sampled_from("='+-@\t\r\n \"\uff1d\u200b"), st.characters(codec="utf-8"))))
def test_t58_every_text_comes_back_from_a_file_as_it_was(text):
    file = io.StringIO()
    csv.writer(file).writerow([harmless_cell(text), "next"])
    cell = next(csv.reader(io.StringIO(file.getvalue(), newline="")))[0]
    assert original_cell(cell) == text
