"""A chat that a help desk keeps as one text: each line is its speaker's, an agent's never the customer's."""

import pytest

from app.payloads.chat_lines import chat_messages

CHAT = """Chat started: 2026-03-02 08:00 AM UTC

(08:00:11 AM) Nick Oh: my board stops
and it beeps
(08:00:20 AM) *** Eric joined the chat ***
(08:00:47 AM) Eric: Hi Nick: sorry for that
(08:00:52 AM) Nick Oh: I checked it
(08:01:52 AM) *** Nick Oh left the chat ***
"""


def said(text, customer=None):
    return [(one.ref, one.role.value, one.text) for one in chat_messages("d", text, customer)]


def test_who_joins_is_an_agent_and_who_is_left_over_the_customer():
    assert said(CHAT) == [
        ("d/1", "customer", "my board stops\nand it beeps"),
        ("d/2", "agent", "Hi Nick: sorry for that"),
        ("d/3", "customer", "I checked it"),
    ]


def test_the_ticket_may_say_what_the_customer_is_called():
    lines = "(10:15:05) Web User 69: It broke\n(10:15:20) Answer Bot: I can help\n(10:16) Kim: Sorry"
    roles = [role for _, role, _ in said(lines, "Web User 69")]
    assert roles == ["customer", "bot", "agent"]


def test_a_line_may_say_who_is_an_agent_and_times_may_count_from_the_beginning():
    chat = "Chat Origin: Web\nAgent Kim S\n( 3s ) Kim S: Hello\n( 1m 10s ) Ana: It broke\nAgent Bo\n( 2m 5s ) Bo: Sorry"
    assert said(chat) == [("d/1", "agent", "Hello"), ("d/2", "customer", "It broke"), ("d/3", "agent", "Sorry")]


def test_words_of_which_nobody_knows_whose_they_are_are_nobodys():
    assert {role for _, role, _ in said("(10:15) Ana: It broke\n(10:16) Kim: Sorry")} == {"system"}


@pytest.mark.parametrize(
    "text",
    ["", "I waited (10:15) and nothing: really.", "(10:15) Ana: It broke", "x" * 700 + "\n" + CHAT, "Kim: a\nAna: b"],
)
def test_other_texts_are_no_chat(text):
    assert said(text) == []
