"""A ticket or chat as one item: messages that come one at a time are merged into it by their ids.

Every sender of conversations tells who wrote a message, and whether the customer may see it, in its own way; what all
of them share is here: an agent's words stay the agent's, notes among agents are left out, facts are flat and short.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from hashlib import sha256

from app.domain.feedback import Medium, Role
from app.errors import AppError, Kind
from app.payloads.languages import language_tag
from app.payloads.markup import plain_text, unescaped
from app.payloads.native import NativeItem, read_item
from app.payloads.particulars import Person, attributes, said
from app.payloads.times import time_or_none
from app.payloads.walk import ident

DESCRIPTION = "description"
"""The `ref` of a ticket's first text, which many senders give no id of its own."""
SATISFACTION = "satisfaction"
"""The `ref` of what a customer wrote beside a rating of the whole conversation."""

_LONGEST_NAME = 255
_LONGEST_QUESTION = 2_000
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


@dataclass(frozen=True)
class Message:
    """One message that customer and agents can see.

    Attributes:
        ref: The sender's id of it.
        role: Who wrote it; where that is unclear, not the customer.
        text: Plain text; empty: taken back by the sender (deleted, redacted, made private).
        at: When it was written; unknown: a description with the conversation, anything else with this state of it.
        speaker: The writer's name.
        question: What it answers, where that is another than the conversation's subject.
    """

    ref: str
    role: Role
    text: str
    at: datetime | None = None
    speaker: object = None
    question: str | None = None


@dataclass(frozen=True)
class Conversation:
    """What one delivery tells of a conversation.

    Attributes:
        external_id: The sender's id of the conversation.
        medium: How the customer speaks there.
        began: When it began, or the first time that this delivery knows of.
        changed: The sender's time of this state.
        messages: Messages in this delivery; those that are not here stay as they are stored.
        subject: What it is about.
        language: As the sender writes it.
        customer: From `person`.
        case_id: The order, claim or ticket that it is about.
        scores: As the native item takes them.
        facts: Of any kind; lists of words become one text, what is no flat fact is left out.
    """

    external_id: str
    medium: Medium
    began: datetime
    changed: datetime
    messages: Sequence[Message] = ()
    subject: object = None
    language: object = None
    customer: Mapping[str, str] | None = None
    case_id: object = None
    scores: Sequence[Mapping[str, object]] = ()
    facts: Mapping[str, object] = field(default_factory=dict)

    def item(self) -> NativeItem:
        """The item that adds this to what is stored.

        Raises:
            AppError: ``invalid_item``: a text or an id is too long, a time is out of range.
        """
        subject = _readable(self.subject, _LONGEST_QUESTION)
        parts: dict[str, object] = {
            "external_id": self.external_id,
            "updated_at": self.changed,
            "medium": self.medium,
            "occurred_at": self.began,
            "merge": True,
            "turns": [self._turn(one) for one in self.messages],
            "scores": list(self.scores),
            "attributes": attributes({name: _flat(value) for name, value in self.facts.items()}),
        }
        maybe = {
            "question": subject,
            "language": language_tag(self.language),
            "customer": self.customer,
            "case_id": plain_name(ident(self.case_id)),
        }
        return read_item(parts | {name: value for name, value in maybe.items() if value})

    def _turn(self, one: Message) -> dict[str, object]:
        # Every turn gets a time: only then can messages be put in order that arrive in any.
        usual = self.began if one.ref == DESCRIPTION else self.changed
        parts = {"speaker": _readable(one.speaker), "question": plain_name(one.question, _LONGEST_QUESTION)}
        found: dict[str, object] = {"role": one.role, "text": one.text, "ref": one.ref, "at": one.at or usual}
        return found | {name: value for name, value in parts.items() if value}


def message(ref: str, role: Role, text: str, **parts: object) -> list[Message]:
    """A message, or none where nothing is said; `parts` are the other attributes of `Message`."""
    return [Message(ref, role, text, **parts)] if said(text) else []  # type: ignore[arg-type]


def taken_back(ref: str) -> Message:
    """A message whose words are gone: an empty text takes the place of what is stored."""
    return Message(ref, Role.SYSTEM, "")


def shown(value: object) -> str:
    """The plain text of a body that may be HTML; empty for anything but a text."""
    return plain_text(value) if isinstance(value, str) else ""


def as_written(value: object) -> str:
    """A body that its sender calls plain: what looks like a tag in it was typed by somebody."""
    return value if isinstance(value, str) else ""


def began_and_changed(
    created: object, updated: object, arrived: datetime | None, zone: tzinfo
) -> tuple[datetime | None, datetime]:
    """When a conversation began, if its sender says so, and the time of this state: the sender's, else the arrival.

    Raises:
        AppError: ``bad_time``, or ``time_missing`` where there is not even an arrival.
    """
    began = time_or_none(created, zone)
    changed = time_or_none(updated, zone) or arrived or began
    if changed is None:
        raise AppError(Kind.INVALID, "time_missing", "The delivery names no time. Send when it was last changed.")
    return began, changed


def person(ref: object = None, email: object = None, name: object = None) -> dict[str, str] | None:
    """Who the customer is; None if nothing of it is known."""
    return Person(ref, email, _readable(name)).fields()


def plain_name(value: object, longest: int = _LONGEST_NAME) -> str | None:
    """A name, an address or a subject on one line; None if nothing is there."""
    if not isinstance(value, str):
        return None
    return _UNPRINTABLE.sub(" ", value).strip()[:longest].rstrip() or None


def _readable(value: object, longest: int = _LONGEST_NAME) -> str | None:
    """A name or a subject in which templates may have left entities."""
    return plain_name(unescaped(value), longest) if isinstance(value, str) else None


def lower(value: object) -> str | None:
    """A word such as a status, the same however its sender writes it: `OPEN`, `Open` and `open` are one."""
    found = plain_name(value)
    return found.lower() if found else None


def _flat(value: object) -> object:
    return ", ".join(words(value)) if isinstance(value, list) else value


def words(value: object) -> list[str]:
    """The texts of a list, such as tags."""
    return [one for one in value if isinstance(one, str) and one.strip()] if isinstance(value, list) else []


def text_ref(kind: str, text: str) -> str:
    """A ref for a message that its sender gives no id: the same words are the same message."""
    return f"{kind}-{sha256(text.encode()).hexdigest()[:24]}"


def csat_binary(raw: object) -> list[dict[str, object]]:
    """A rating of good or bad as a score; nothing for other words, such as `offered`."""
    word = lower(raw) or ""
    value = next((value for begin, value in (("good", 1), ("bad", 0)) if word.startswith(begin)), None)
    if value is None:
        return []
    return [{"metric": "csat_binary", "value": value, "min": 0, "max": 1, "raw": plain_name(raw)}]


def scored(metric: str, value: float | None, low: float, high: float) -> list[dict[str, object]]:
    """A score, where there is one and it lies on its scale."""
    if value is None or not low <= value <= high:
        return []
    return [{"metric": metric, "value": value, "min": low, "max": high}]
