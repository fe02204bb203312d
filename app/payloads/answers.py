"""Answers of one survey response as parts of an item: words become turns, numbers scores, the rest facts."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeAlias

from app.domain.feedback import Medium, Role
from app.payloads.markup import plain_text
from app.payloads.native import MAX_SCORES, MAX_TEXT, MAX_TURNS
from app.payloads.particulars import Person, attributes, said, short, shown
from app.payloads.questions import (
    Scale,
    SurveySettings,
    asks_email,
    asks_name,
    asks_personal,
    case_rank,
    coded_number,
    customer_rank,
    guessed_scale,
    is_named,
    leading_number,
)
from app.payloads.walk import number

Kind: TypeAlias = Literal["words", "comment", "scale", "choice", "hidden", "email", "name", "any"]
"""What a sender says of an answer: own words (`comment`: to a question that it does not send), a number on a scale,
picked from a list, a value that the operator put in, an address, a name; `any`: the sender does not say."""

_EMAIL = re.compile(r"[^\s@<>]{1,64}@[^\s@<>]{1,185}\.[^\s@<>.]{2,63}")
_NO_WORDS = re.compile(
    r"[\d\s.,:;/+()%-]+[Zz]?|\d{4}-\d\d-\d\d[T ].*|(?:https?|ftp)://\S+|data:\S+"
    r"|(?=\S*\d)[\w.-]{6,}(?<!\.)|[A-Z]{1,3}\d{1,4}|-oth-",
    re.DOTALL | re.ASCII,
)
_PICKED = re.compile(
    "yes|no|y|n|true|false|on|off|accepted|agreed|clicked|dismissed|booked|skipped|ja|nein|oui|non|si|sí|agree|disagree|"
    "other|none|n/a|na"
)
_MOST_LABEL = 64


@dataclass(frozen=True)
class Answer:
    """One question of a response and what was answered.

    Attributes:
        ref: The sender's id of the question.
        value: Text, number, true or false, a list of texts; None and "" are no answer.
        kind: What sort of answer the sender says it is.
        label: The question's wording, if it is sent; may be HTML.
        key: A second name of the question, if the sender has one.
        scale: What the sender itself says of its scale.
        picked: What a picked value means, where the value is only its number or code.
    """

    ref: str
    value: object
    kind: Kind = "any"
    label: str = ""
    key: str = ""
    scale: Scale | None = None
    picked: object = None

    @property
    def names(self) -> tuple[str, ...]:
        """What the question is called: wording, key and id."""
        return tuple(name for name in (self.label, self.key, self.ref) if name)


@dataclass(frozen=True)
class Response:
    """One survey response as its connector found it.

    Attributes:
        external_id: The sender's id of the response.
        occurred_at: When it was given.
        answers: In the order of the questions.
        updated_at: When this state of it came about, if the sender tells.
        version: Counts its states, where the sender sends no such time.
        language: As a language tag.
        person: Who answered, as the sender knows them; what the answers say of a person fills the gaps.
        case_id: The order or case that it is about.
        facts: More that is known of it.
    """

    external_id: str
    occurred_at: datetime
    answers: Sequence[Answer]
    updated_at: datetime | None = None
    version: int | None = None
    language: str | None = None
    person: Person = field(default_factory=Person)
    case_id: object = None
    facts: Mapping[str, object] = field(default_factory=dict)


def survey_item(response: Response, settings: SurveySettings) -> dict[str, Any]:
    """The native item of a response, as JSON."""
    sheet = _Sheet(settings)
    for answer in response.answers:
        sheet.add(answer)
    known = response.person
    person = Person(
        sheet.customer.value or known.ref, known.email or sheet.email, known.name or " ".join(sheet.name_parts) or None
    )
    words = {"turns": sheet.turns[:MAX_TURNS]} if sheet.turns else {"text": ""}
    return shown(
        {
            "external_id": response.external_id,
            "updated_at": response.updated_at,
            "version": response.version,
            "medium": Medium.SURVEY,
            "occurred_at": response.occurred_at,
            "language": response.language,
            **words,
            "scores": sheet.scores[:MAX_SCORES],
            "customer": person.fields(),
            "case_id": short(response.case_id) or sheet.case.value,
            "attributes": attributes({**response.facts, **sheet.facts}),
        }
    )


def said_turns(ref: str, words: str, question: str) -> list[dict[str, object]]:
    """A customer's answer as turns: one, or several where it is longer than one may be."""
    return [
        shown(
            {
                "role": Role.CUSTOMER,
                "text": words[start : start + MAX_TEXT],
                "ref": short(ref if not start else f"{ref[:240]}#{start // MAX_TEXT + 1}"),
                "question": question[:2000].replace("\0", "") or None,
            }
        )
        for start in range(0, len(words), MAX_TEXT)
    ]


class _Best:
    """The surest of several candidates; the first of equals."""

    def __init__(self) -> None:
        self.value: str | None = None
        self._rank: int | None = None

    def takes(self, rank: int, value: str) -> bool:
        """Whether this candidate is surer than all before."""
        if self._rank is not None and rank >= self._rank:
            return False
        self.value, self._rank = value, rank
        return True


class _Sheet:
    """Collects what the answers hold."""

    def __init__(self, settings: SurveySettings) -> None:
        self.turns: list[dict[str, object]] = []
        self.scores: list[dict[str, object]] = []
        self.facts: dict[str, object] = {}
        self.email: str | None = None
        self.name_parts: list[str] = []
        self._settings = settings
        self.customer = _Best()
        self.case = _Best()

    def add(self, answer: Answer) -> None:
        """Put an answer where it belongs."""
        names = answer.names
        empty = said(answer.value) is None if isinstance(answer.value, str) else answer.value in (None, [])
        if empty or is_named(self._settings.skip, names):
            return
        if self._is_told(answer) or self._is_score(answer) or self._is_personal(answer):
            return
        if self._is_own_words(answer):
            asked = plain_text(answer.label) or ("" if answer.kind == "comment" else answer.key or answer.ref)
            self.turns += said_turns(answer.ref, str(answer.value), self._settings.label(names) or asked)
        else:
            name = self._fact_name(answer)
            self.facts[answer.ref if name in self.facts else name] = _flattened(
                answer.value if answer.picked is None else answer.picked
            )

    def _is_told(self, answer: Answer) -> bool:
        """Whether it is an id that the operator, or the field's name, says to be the customer's or a case's."""
        value = short(answer.value)
        if value is None:
            return False
        for best, listed, rank in (
            (self.customer, self._settings.customer, customer_rank),
            (self.case, self._settings.case, case_rank),
        ):
            told = is_named(listed, answer.names)
            found = -1 if told else rank(answer.names)
            is_id = told or answer.kind == "hidden" or _looks_like_id(value)
            if found is not None and is_id and best.takes(found, value):
                return True
        return False

    def _is_score(self, answer: Answer) -> bool:
        names = (*answer.names, self._settings.label(answer.names) or "")
        told = self._settings.scale(names)
        given = _only(answer.value)
        value = coded_number(given) if told else _guessable_number(answer.kind, given)
        if value is None:
            return False
        scale = told or answer.scale or guessed_scale(names, value)
        if scale is None or not scale.fits(value):
            return False
        score = {"metric": scale.metric, "value": value, "min": scale.low, "max": scale.high}
        raw = given if isinstance(given, str) and given.strip() != f"{value:g}" else None
        self.scores.append(shown({**score, "raw": short(raw)}))
        return True

    def _is_personal(self, answer: Answer) -> bool:
        value = answer.value
        if answer.kind in {"choice", "scale"} or not isinstance(value, str):
            return answer.kind != "choice" and asks_personal(answer.names)
        if answer.kind == "email" or asks_email(answer.names) or (answer.kind == "any" and _EMAIL.fullmatch(value)):
            self.email = self.email or short(value)
            return True
        if answer.kind == "name" or asks_name(answer.names):
            self.name_parts = (self.name_parts + [name for name in (short(value),) if name])[:2]
            return True
        return asks_personal(answer.names)

    def _is_own_words(self, answer: Answer) -> bool:
        if said(answer.value) is None or is_named(self._settings.choices, answer.names):
            return False
        told = answer.kind in {"words", "comment"} or is_named(self._settings.words, answer.names)
        return told or (answer.kind == "any" and reads_like_words(str(answer.value)))

    def _fact_name(self, answer: Answer) -> str:
        label = self._settings.label(answer.names) or plain_text(answer.label)
        names = [name for name in (label, answer.key, answer.ref) if name and len(name) <= _MOST_LABEL]
        return next(iter(names), answer.ref[:_MOST_LABEL])


def _only(value: object) -> object:
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _guessable_number(kind: Kind, value: object) -> float | None:
    """The number of an answer that may be one on a scale; what was picked from a list must be nothing but a number."""
    if kind == "choice":
        return number(value)
    return leading_number(value) if kind in {"scale", "any"} else None


def reads_like_words(value: str) -> bool:
    """Whether a text of unknown kind may be somebody's words: no number, date, address, code or yes and no."""
    text = value.strip()
    return not _NO_WORDS.fullmatch(text) and not _PICKED.fullmatch(text.casefold().rstrip(".!"))


def _looks_like_id(value: str) -> bool:
    return len(value) <= _MOST_LABEL and any(sign.isdigit() for sign in value) and not re.search(r"\s", value)


def _flattened(value: object) -> object:
    if isinstance(value, list):
        return ", ".join(str(one) for one in value if isinstance(one, str | int | float)) or None
    return value.strip() if isinstance(value, str) else value
