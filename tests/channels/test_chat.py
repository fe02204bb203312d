"""Slack and Teams: within their limits, and deaf to whatever a text asks them to do."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import SecretStr

from app.channels import slack, teams
from app.channels.contract import ChannelError, Part, open_senders
from app.domain.quoting import Quotation, Verbatims
from app.errors import AppError
from app.outbound.guard import Guard
from app.outbound.networks import read_networks
from app.settings import Settings

HERE = Guard(read_networks("127.0.0.0/8"))
CHATS = pytest.mark.parametrize("chat", [slack, teams], ids=["slack", "teams"])
HOSTILE = (
    "<!channel> <!here|x> <@U012AB3CD> <#C01> <https://evil.example|click> @channel #general https://evil.example "
    "evil.example *bold* ~no~ `code` :smile: &lt;!channel&gt; <at>Everybody</at> [click](https://evil.example)\x00\x1b[31m"
)
QUOTES = tuple(Quotation(f"span {number} " + "x" * 300, f"turn {number} " + "y" * 900) for number in range(7))


def rendered(chat, message, **values):
    example = chat.EXAMPLES[0]
    return json.loads(chat.render(chat.Config(**(example.config | values)), message))


def message_of(chat, **values):
    return replace(chat.EXAMPLES[0].message, **values)


def texts(block):
    """Every text of a Slack block: type and text."""
    return (block["text"]["type"], block["text"]["text"])


def test_slack_gets_every_text_as_plain_text_and_only_our_own_link_as_markup():
    message = message_of(slack, subject=HOSTILE, body=HOSTILE, name=HOSTILE, quotes=(Quotation(HOSTILE, HOSTILE),))
    posted = rendered(slack, message)
    marked_up = [text for kind, text in map(texts, posted["blocks"]) if kind == "mrkdwn"]
    assert marked_up == ["<https://cl.example/items/7|Open the item>"]
    for _, text in map(texts, posted["blocks"]):
        assert text.isprintable() or "\u2060" in text
        if text not in marked_up:
            assert "https://" not in text
            assert not any(word in text for word in ("@channel", "<!here", "<@U", "evil.example", "#general", "\x1b"))
    assert not any(sign in posted["text"] for sign in "<>")
    assert (posted["unfurl_links"], posted["unfurl_media"]) == (False, False)


def test_teams_gets_every_text_as_a_run_without_markdown():
    message = message_of(teams, subject=HOSTILE, body=HOSTILE, name=HOSTILE, quotes=(Quotation(HOSTILE, HOSTILE),))
    card = rendered(teams, message)["attachments"][0]["content"]
    assert {block["type"] for block in card["body"]} == {"RichTextBlock"}
    assert {run["type"] for block in card["body"] for run in block["inlines"]} == {"TextRun"}
    assert [action["url"] for action in card["actions"]] == ["https://cl.example/items/7"]
    assert "msteams" not in card


@pytest.mark.parametrize("parts", [1, 24, 25, 60, 400])
@pytest.mark.parametrize("length", [10, 150, 3_500])
def test_slack_stays_within_its_limits_and_counts_what_it_drops(parts, length):
    several = tuple(Part("Overdue", f"item {number} " + "&<>" * (length // 3), number) for number in range(parts))
    posted = rendered(slack, message_of(slack, subject="s" * 500, parts=several, quotes=()))
    blocks = posted["blocks"]
    assert len(blocks) <= 50
    assert len(blocks[0]["text"]["text"]) <= 150
    assert all(0 < len(text) <= 3_000 for _, text in map(texts, blocks))
    assert sum(len(text) for _, text in map(texts, blocks)) <= 10_000
    shown = sum(text.startswith("Overdue") for _, text in map(texts, blocks))
    if shown < parts:
        assert blocks[-1]["text"]["text"] == f"and {parts - shown} more"
    assert shown >= min(parts, 2)


@pytest.mark.parametrize("letter", ["a", "é", "字", "😀"])
@pytest.mark.parametrize("parts", [1, 20, 300])
def test_teams_stays_below_20_kilobytes_and_counts_what_it_drops(letter, parts):
    several = tuple(Part("Overdue", f"item {number} " + letter * 700, number) for number in range(parts))
    message = message_of(teams, parts=several, quotes=())
    raw = teams.render(teams.Config(**teams.EXAMPLES[0].config), message)
    assert len(raw) <= 20 * 1024
    told = [block["inlines"][0]["text"] for block in json.loads(raw)["attachments"][0]["content"]["body"]]
    shown = sum(text.startswith("Overdue") for text in told)
    if shown < parts:
        dropped = int(told[-1].removeprefix("and ").removesuffix(" more"))
        assert shown + dropped == parts


@CHATS
def test_customers_words_are_none_two_short_ones_or_whole_turns(chat):
    message = message_of(chat, quotes=QUOTES)
    none, redacted, full = (json.dumps(rendered(chat, message, verbatims=word)) for word in Verbatims)
    assert "span" not in none
    assert "turn" not in none
    assert [f"span {number}" in redacted for number in range(3)] == [True, True, False]
    assert "x" * 180 in redacted
    assert "x" * 200 not in redacted
    assert [f"turn {number}" in full for number in range(6)] == [True, True, True, True, True, False]
    assert "y" * 900 in full


@CHATS
def test_a_post_arrives_and_only_a_2xx_counts(chat, receiver):
    config = chat.Config(**(chat.EXAMPLES[0].config | {"url": receiver.url + "/x"}), guard=HERE)
    chat.send(config, chat.EXAMPLES[0].message)
    assert receiver.got[0][0] == "/x"
    assert receiver.got[0][1]["content-type"] == "application/json"
    assert receiver.got[0][2] == chat.render(config, chat.EXAMPLES[0].message)
    for status, permanent in ((302, False), (400, True), (404, True), (408, False), (429, False), (500, False)):
        receiver.answers.append((status, {"Retry-After": "30", "Location": receiver.url}))
        with pytest.raises(ChannelError, match=f"^the receiver answered {status}$") as failure:
            chat.send(config, chat.EXAMPLES[0].message)
        assert (failure.value.permanent, failure.value.status) == (permanent, status)
        assert failure.value.retry_after == timedelta(seconds=30)
    assert len(receiver.got) == 7


def test_a_pause_that_is_told_as_a_date_is_counted_by_the_receivers_own_clock(receiver):
    config = slack.Config(**(slack.EXAMPLES[0].config | {"url": receiver.url}), guard=HERE)
    for told, wait in (
        ("Wed, 01 Jan 2120 00:00:00 GMT", True),
        ("Wed, 01 Jan 2020 00:00:00 GMT", False),
        ("soon", None),
    ):
        receiver.answers.append((503, {"Retry-After": told}))
        with pytest.raises(ChannelError) as failure:
            slack.send(config, slack.EXAMPLES[0].message)
        found = failure.value.retry_after
        assert found is None if wait is None else (found > timedelta(0)) is wait


@CHATS
def test_an_address_inside_is_not_posted_to(chat, receiver):
    config = chat.Config(**(chat.EXAMPLES[0].config | {"url": receiver.url}))
    with pytest.raises(ChannelError, match="may not be asked") as failure:
        chat.send(config, chat.EXAMPLES[0].message)
    assert failure.value.permanent
    assert receiver.url not in str(failure.value)
    assert receiver.got == []


def test_what_is_set_up_gets_a_sender_with_its_own_setting_for_words(tmp_path):
    urls = {"slack_url": SecretStr("https://hooks.slack.com/x"), "teams_url": SecretStr("https://t.example/x")}
    settings = Settings(data_dir=tmp_path, verbatims="full, slack=none", **urls)
    assert set(open_senders(settings)) == {"log", "slack", "teams"}
    assert slack.configure(settings).verbatims is Verbatims.NONE
    assert teams.configure(settings).verbatims is Verbatims.FULL
    assert "hooks.slack.com" not in repr(slack.configure(settings))


@pytest.mark.parametrize("text", ["all", "slack=some", "fax=none", "=none=full", "slack"])
def test_a_setting_for_words_that_is_none_is_told(tmp_path, text):
    settings = Settings(data_dir=tmp_path, verbatims=text, slack_url=SecretStr("https://hooks.slack.com/x"))
    with pytest.raises(AppError, check=lambda error: error.code == "bad_setting"):
        slack.configure(settings)
