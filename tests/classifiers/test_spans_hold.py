"""What holds for every text: properties, time that grows with the length, bounded memory."""

import json
import subprocess
import sys
import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifiers.contract import Turn
from classifiers.text.markup import plain_view
from classifiers.text.spans import MAX_SPAN, customer_spans, split

PIECES = st.sampled_from([
    "bad", "GOOD", "but", " and ", " ", "\n", "\r\n", ". ", "...", "?!", ", ", "; ", " - ", "1. ", "3.5", "e.g. ",
    "😡", "👨‍👩‍👧", "e\u0301", "\u200b", "。", "我很", "לא", "؟ ", "<b>", "</p>", "<br/>", "&amp;", "&nbsp;",
    "-- \n", "> ", "Dr. ", "x" * 40, "\x00", "\ud800",
])  # fmt: skip
MIXED = st.one_of(st.text(max_size=300), st.lists(PIECES, max_size=60).map("".join))
PLAIN = st.lists(st.text(alphabet="abcdeABCDE ,;!?.😡é", min_size=1, max_size=40), min_size=1, max_size=12).map(
    "\n".join
)


@given(MIXED)
@settings(max_examples=300, deadline=None)
def test_spans_are_ordered_apart_short_and_without_white_space_at_their_edges(text):
    found = list(split(text))
    assert all(0 <= start < end <= len(text) for start, end in found)
    assert all(a[1] <= b[0] for a, b in pairwise(found))
    assert all(text[start:end] == text[start:end].strip() for start, end in found)
    assert all(end - start <= MAX_SPAN for start, end in found)


@given(PLAIN)
@settings(max_examples=300, deadline=None)
def test_every_letter_of_plain_text_is_in_a_span(text):
    inside = "".join(text[start:end] for start, end in split(text))
    assert [char for char in inside if char.isalpha()] == [char for char in text if char.isalpha()]


@given(MIXED)
@settings(max_examples=300, deadline=None)
def test_the_view_of_a_text_is_as_long_as_the_text(text):
    assert len(plain_view(text)) == len(text)


UNITS = [
    "!", "!x", "; ", ", ", " ", "<", "<!--", "<style>", "<blockquote>", "<a ", "&", "> ", ">\n", "\n", "-", "- ",
    "on a\n", "a: ", "Agent: ", "from: x\n", "-->", "WEBVTT\n", "and ", "but a b ", "1. ", "\u0301", "😡", "😡a",
    "x", ". ", "\r", "Kim ", "on 1 a\n", "<a@b> ", "1 <a@b>\n", "##- ", "von: a@b\n", "a a a a ",
    "00:00:01.000 --> 00:00:02.000\n", "@", "e.g. ", ".'", "thanks ",
]  # fmt: skip


@pytest.mark.parametrize("size", [8_000, pytest.param(400_000, marks=[pytest.mark.slow, pytest.mark.timeout(900)])])
def test_no_input_makes_the_time_grow_faster_than_the_text(size):
    """Quadratic work on the long texts would take hours."""
    code = (
        "import json, sys\n"
        "from classifiers.contract import Turn\n"
        "from classifiers.text.spans import customer_spans\n"
        "from classifiers.text.content import weigh\n"
        "from classifiers.text.talk import small_talk\n"
        "from classifiers.text.clean import clean\n"
        "size, units = json.load(sys.stdin)\n"
        "for unit in units:\n"
        "    text = unit * (size // len(unit))\n"
        "    for sample in (text + 'x', 'WEBVTT\\n\\n' + text, 'Agent: a b c\\nCustomer: <p>' + text):\n"
        "        for _ in customer_spans([Turn('customer', sample)]):\n"
        "            pass\n"
        "    weigh(text), small_talk(text), clean(text)\n"
    )
    given = json.dumps([size, UNITS])
    subprocess.run([sys.executable, "-c", code], input=given, text=True, check=True, timeout=880)


@pytest.mark.slow
def test_a_transcript_of_ten_megabytes_is_split_in_little_memory():
    talk = "Agent: How can I help you today?\nCustomer: My parcel is late. It was fine before but now nobody answers.\n"
    text = talk * (10_000_000 // len(talk))
    tracemalloc.start()
    count = sum(1 for _ in customer_spans([Turn("customer", text)]))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 3 * text.count("Customer:")
    assert peak < 3 * len(text)
