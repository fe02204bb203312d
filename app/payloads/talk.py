"""Who said what: turns of a conversation made of pieces of speech, and whose words they are.

Whose words a piece is, is decided in this order: the source says it; the operator lists the speaker; the speaker's
name says it (`Agent Kim`, `Caller`); one speaker greets as only an agent does; where one side is known and exactly one
speaker is left, that is the other side; `agent_first`. What stays unclear gets the role `system`: such words are kept
and shown, and never counted as a customer's.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from math import isfinite
from typing import Any

from pydantic import BaseModel

from app.domain.feedback import Role
from app.errors import AppError, Kind
from app.payloads.native import MAX_TEXT, MAX_TURNS

UNDATED = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands in an `Undated` item whose delivery has no arrival time, such as a file."""

_LONGEST_NAME = 255
_LONGEST_OFFSET_S = 30 * 24 * 3600
_GREETED_WITHIN = 300
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\s]+")
_WORD = re.compile(r"[^\W\d_]+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_BOTS = "bot chatbot voicebot ivr assistant robot automated virtual ai acd"
_AGENTS = """
agent agente agentin rep representative advisor adviser operator operators csr clerk employee staff consultant
technician supervisor receptionist dispatcher associate teller support service care helpdesk hotline internal
mitarbeiter mitarbeiterin berater beraterin kundenberater kundenberaterin kundenservice kundendienst conseiller
"""
_CUSTOMERS = """
customer client cliente caller consumer patient shopper buyer visitor subscriber policyholder contact external
kunde kundin anrufer anruferin
"""
_SAID_BY = (
    (Role.BOT, frozenset(_BOTS.split())),
    (Role.AGENT, frozenset(_AGENTS.split())),
    (Role.CUSTOMER, frozenset(_CUSTOMERS.split())),
)
"""Words in names, in the order in which they count: `Customer Service` is an agent, `Virtual Agent` a bot."""
_ALONE_CUSTOMERS = frozenset({"user", "end user", "human", "lead"})
_GREETING = re.compile(
    r"\b(?:thank(?:s| you) (?:so much )?for (?:calling|contacting|choosing|holding)"
    r"|how (?:can|may|could) i (?:help|assist|be of)|what can i (?:do|help)"
    r"|(?:vielen )?dank für ihren anruf|(?:wie|was) kann ich (?:ihnen|für sie))\b",
    re.IGNORECASE,
)


class SpeakerRules(BaseModel):
    """What an operator can say about the speakers of a source.

    Attributes:
        agents: Names, labels or channels of our own people, as the source writes them; all others are customers.
        customers: The same for customers; all others are agents.
        agent_first: Who speaks first is the agent, where nothing else says who is who.
        alone: Whose words they are where a transcript names no speakers at all.
    """

    agents: tuple[str, ...] = ()
    customers: tuple[str, ...] = ()
    agent_first: bool = False
    alone: Role = Role.SYSTEM


@dataclass(frozen=True, slots=True)
class Spoken:
    """One piece of speech.

    Attributes:
        text: What was said.
        speaker: Name or label; None: the source does not say.
        role: Where the source says it in so many words.
        at: When.
        ref: The source's id of the piece.
    """

    text: str
    speaker: str | None = None
    role: Role | None = None
    at: datetime | None = None
    ref: str | None = None


def moment(start: datetime | None, seconds: object) -> datetime | None:
    """The instant some seconds after the start; None where either is unknown or the offset makes no sense."""
    if start is None or isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    if not isfinite(seconds) or not 0 <= seconds <= _LONGEST_OFFSET_S:
        return None
    try:
        return start + timedelta(seconds=seconds)
    except OverflowError:
        return None


def speaker_name(value: object) -> str | None:
    """A name or label in one line; None for anything that is none. Numbers are labels: `0` is a speaker."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        return None
    return _CONTROL.sub(" ", value).strip()[:_LONGEST_NAME].strip() or None


def role_of_name(name: str) -> Role | None:
    """The role that a name or label says, such as `Agent Kim`, `CUSTOMER` or `Customer Service`; None: it says none."""
    words = _WORD.findall(_CAMEL.sub(" ", name[:_LONGEST_NAME]).lower())
    if not words:
        return None
    for role, telling in _SAID_BY:
        if not telling.isdisjoint(words):
            return role
    if " ".join(name.lower().split()) in _ALONE_CUSTOMERS:
        return Role.CUSTOMER
    return Role.SYSTEM if words == ["system"] else None


def listed_role(name: str, rules: SpeakerRules) -> Role | None:
    """The role that the operator gave this name; None: it is in neither list."""
    plain = name.casefold()
    if any(plain == one.strip().casefold() for one in rules.agents):
        return Role.AGENT
    if any(plain == one.strip().casefold() for one in rules.customers):
        return Role.CUSTOMER
    return None


def joined(pieces: Iterable[Spoken]) -> Iterator[Spoken]:
    """Consecutive pieces of one speaker as one: captions and words are no turns."""
    first: Spoken | None = None
    texts: list[str] = []
    for piece in pieces:
        text = piece.text.strip()
        if not text:
            continue
        if first is not None and (first.speaker, first.role) == (piece.speaker, piece.role):
            texts.append(text)
            continue
        if first is not None:
            yield _with_text(first, " ".join(texts))
        first, texts = piece, [text]
    if first is not None:
        yield _with_text(first, " ".join(texts))


def make_turns(pieces: Iterable[Spoken], rules: SpeakerRules) -> list[dict[str, Any]]:
    """The turns of a native item, as plain values: roles decided, long ones split, empty ones left out.

    Raises:
        AppError: ``too_many_turns``.
    """
    spoken = list(islice((one for one in pieces if one.text.strip()), MAX_TURNS + 1))
    roles = _roles(spoken, rules)
    turns = [turn for one in spoken for turn in _turns(one, one.role or roles.get(one.speaker, Role.SYSTEM))]
    if len(turns) > MAX_TURNS:
        message = f"The conversation has more than {MAX_TURNS:,} turns. Send it in parts, each with an id of its own."
        raise AppError(Kind.TOO_LARGE, "too_many_turns", message)
    return turns


def _with_text(piece: Spoken, text: str) -> Spoken:
    return Spoken(text, piece.speaker, piece.role, piece.at, piece.ref)


def _turns(one: Spoken, role: Role) -> Iterator[dict[str, Any]]:
    ref = speaker_name(one.ref)
    for place, text in enumerate(_split(one.text.strip().replace("\x00", "\ufffd"))):
        turn = {"role": role, "text": text, "at": one.at, "speaker": speaker_name(one.speaker)}
        if ref is not None:
            turn["ref"] = ref if place == 0 else f"{ref[:200]}/{place}"
        yield turn


def _split(text: str) -> Iterator[str]:
    """The text in parts that one turn may hold, cut between words where there are any."""
    begin = 0
    while len(text) - begin > MAX_TEXT:
        space = text.rfind(" ", begin + MAX_TEXT // 2, begin + MAX_TEXT)
        end = space if space > 0 else begin + MAX_TEXT
        yield text[begin:end]
        begin = end
    yield text[begin:] if begin else text


def _roles(spoken: Sequence[Spoken], rules: SpeakerRules) -> Mapping[str | None, Role]:
    named: dict[str, Role] = {one.speaker: one.role for one in spoken if one.speaker and one.role}
    roles: dict[str, Role | None] = {one.speaker: None for one in spoken if one.speaker}
    if not roles:
        return {} if any(one.role for one in spoken) else {None: rules.alone}
    for name in roles:
        roles[name] = named.get(name) or listed_role(name, rules) or role_of_name(name)
    _fill_by_list(roles, rules)
    if not {Role.AGENT, Role.CUSTOMER} & set(roles.values()):
        _fill_by_greeting(roles, spoken)
    _fill_by_elimination(roles)
    if rules.agent_first and not {Role.AGENT, Role.CUSTOMER} & set(roles.values()):
        _fill(roles, Role.CUSTOMER, first=Role.AGENT)
    return {name: role or Role.SYSTEM for name, role in roles.items()}


def _fill_by_list(roles: dict[str, Role | None], rules: SpeakerRules) -> None:
    listed = {listed_role(name, rules) for name in roles}
    if Role.AGENT in listed and rules.agents:
        _fill(roles, Role.CUSTOMER)
    elif Role.CUSTOMER in listed:
        _fill(roles, Role.AGENT)


def _fill_by_greeting(roles: dict[str, Role | None], spoken: Sequence[Spoken]) -> None:
    begun: dict[str, str] = {}
    for one in spoken:
        if one.speaker and one.role is None and one.speaker not in begun:
            begun[one.speaker] = one.text[:_GREETED_WITHIN]
    greeting = [name for name, text in begun.items() if roles[name] is None and _GREETING.search(text)]
    if len(greeting) == 1 and len(roles) > 1:
        roles[greeting[0]] = Role.AGENT


def _fill_by_elimination(roles: dict[str, Role | None]) -> None:
    known = set(roles.values()) - {None}
    if sum(role is None for role in roles.values()) != 1 or not known:
        return
    if Role.CUSTOMER not in known and known & {Role.AGENT, Role.BOT}:
        _fill(roles, Role.CUSTOMER)
    elif Role.CUSTOMER in known and Role.AGENT not in known:
        _fill(roles, Role.AGENT)


def _fill(roles: dict[str, Role | None], role: Role, first: Role | None = None) -> None:
    for name, known in roles.items():
        if known is None:
            roles[name] = first or role
            first = None
