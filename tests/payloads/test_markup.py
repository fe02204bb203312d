"""HTML bodies as a reader would see them; what is no HTML stays as it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.payloads.markup import document_text, plain_text
from app.payloads.tags import Tag, pieces


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Hi &amp; bye</p><p>two<br>three</p>", "Hi & bye\n\ntwo\nthree"),
        ("I <3 you <b>so</b>", "I <3 you so"),
        ("a < b and c > d &lt;3", "a < b and c > d <3"),
        ("mail <ada@example.com> now &copy;", "mail <ada@example.com> now ©"),
        ("<style>p{a:b}</style><div>x</div><!-- c --><script>if(a<b){}</script>y", "x\ny"),
        ("<img alt=\"a > b\" src='x'>text", "text"),
        ("<object> never closes, and nobody tells", "never closes, and nobody tells"),
        ("<svg viewBox='0 0'/>Seen<svg><text>no</text></svg>", "Seen"),
        ("<html><head><title>T</title></head><body>Body</body></html>", "Body"),
        ("<table><tr><td>a</td><td>b</td></tr></table>", "a b"),
        ("<![if !mso]>x<![endif]><?xml v?>y<!DOCTYPE html>", "xy"),
        ("<!-- never ends", "<!-- never ends"),
        ('<a href="x>Still here', "Still here"),
        (
            "<p>No.</p><blockquote>We said<br>so<blockquote>Why?</blockquote></blockquote>",
            "No.\n> We said\n> so\n>> Why?",
        ),
        ("<blockquote>a</blockquote><blockquote>b</blockquote>", "> a\n\n> b"),
        ("<blockquote>never closes", "never closes"),
        ("plain\ttext  stays", "plain\ttext  stays"),
    ],
)
def test_a_body_reads_as_its_reader_sees_it(html, text):
    assert plain_text(html) == text


@pytest.mark.parametrize(
    "bit", ["<a ", "<![", "<!--", "</", "<script>", "<title>", "<blockquote>", "<a \"'>'\"", "<a '<b \"", "&#", '<a "']
)
def test_a_hostile_body_is_read_at_once(bit):
    assert plain_text("<b>" + bit * 40_000) is not None


def test_a_quotation_in_a_document_of_atlassian_is_marked_as_one():
    quoted = {"type": "blockquote", "content": [{"type": "paragraph", "content": [{"type": "text", "text": "Done?"}]}]}
    answer = {"type": "paragraph", "content": [{"type": "text", "text": "No."}]}
    assert document_text({"type": "doc", "content": [quoted, answer]}) == "> Done?\nNo."


@given(st.text(alphabet="<>/!-\"' ab&;=[]?\n", max_size=60))
def test_nothing_is_lost_between_the_pieces(html):
    found, at = [], 0
    for piece in pieces(html):
        if isinstance(piece, Tag):
            at = piece.end
        else:
            assert html[at : at + len(piece)] == piece
            at += len(piece)
        found.append(piece)
    assert at == len(html)
    assert isinstance(plain_text(html), str)
