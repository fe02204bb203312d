"""A whole chat that a help desk keeps as one text, with notes of who joined and left.

Zendesk writes `(10:15:05 AM) Ana: Hello`, Salesforce `( 1m 5s ) Ana: Hello` under a line `Agent Kim`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from app.domain.feedback import Role
from app.payloads.conversation import Message
from app.payloads.talk import SpeakerRules, Spoken, joined, make_turns

_LINE = re.compile(
    r"^(?:\((?:\d{1,2}:\d{2}(?::\d{2})?(?: ?[AaPp][Mm])?| ?(?:\d{1,3}[hm] ){0,2}\d{1,2}s ?)\) "
    r"(?:\*{1,3} ?(?P<who>[^\n*]{1,80}?) (?P<what>joined|left) the chat\b[^\n]*"
    r"|(?P<name>[^\n:*]{1,80}):(?P<text>[^\n]*))|Agent (?P<agent>[^\n:]{1,80}))$",
    re.MULTILINE,
)
_LONGEST_HEAD = 600
_FEWEST = 2


def chat_messages(ref: str, text: str, customer: str | None = None, at: datetime | None = None) -> list[Message]:
    """The messages of a chat, each its speaker's; none where the text is no chat.

    Who joins a chat is an agent; names may say more, and who is left over is the customer. Words of which nobody knows
    whose they are become nobody's.

    Args:
        ref: The id of the text; those of the messages are made of it.
        text: Plain text.
        customer: What the customer is called, where the ticket tells.
        at: When the text was written: the lines tell the time of a day, and of no zone.
    """
    lines = list(_LINE.finditer(text))
    if sum(one["name"] is not None for one in lines) < _FEWEST or lines[0].start() > _LONGEST_HEAD:
        return []
    agents = [one["agent"] or one["who"] for one in lines if one["agent"] or one["what"] == "joined"]
    roles = dict.fromkeys(map(str.strip, agents), Role.AGENT)
    if customer:
        roles[customer] = Role.CUSTOMER
    turns = make_turns(joined(_spoken(text, lines, roles)), SpeakerRules())
    return [
        Message(f"{ref}/{place}", turn["role"], turn["text"], at, turn["speaker"])
        for place, turn in enumerate(turns, 1)
    ]


def _spoken(text: str, lines: Sequence[re.Match[str]], roles: Mapping[str, Role]) -> Iterator[Spoken]:
    ends = [*(one.start() for one in lines[1:]), len(text)]
    for line, end in zip(lines, ends, strict=True):
        if line["name"] is not None:
            name = line["name"].strip()
            yield Spoken(text[line.start("text") : end].strip(), name, roles.get(name))
