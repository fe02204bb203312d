"""What a survey question asks for: a score and its scale, the person, an order, or words."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from app.payloads.walk import number

_T = TypeVar("_T")

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NOT_WORD = re.compile(r"[\W_]+")
_NUMBER_FIRST = re.compile(r"\s*([0-9]{1,3}(?:[.,][0-9]{1,3})?)\s*(?:[-–—:(/=].{0,60})?", re.DOTALL)  # noqa: RUF001
_CODED = re.compile(r"\s*[A-Za-z]{0,3}0{0,3}([0-9]{1,3})\s*", re.ASCII)

_GUESSES = (
    (
        re.compile(r"\bnps\b|net promoter|recommend|recommand|recomend|recomiend|empfehl|empfiehl|raccomand"),
        "nps",
        0,
        10,
    ),
    (re.compile(r"\bces\b|\beasy\b|\beasily\b|\beffort\b|\bease\b|\beinfach\b|\bfacile?\b|\bfácil\b"), "ces", 1, 5),
    (re.compile(r"\bcsat\b|satisf|zufrieden|satisfech"), "csat", 1, 5),
    (re.compile(r"\bstars?\b|\bratings?\b|\brate\b|\bsterne?\b"), "stars", 1, 5),
)

_ASKING = re.compile(
    r"^(?:(?:hello|hi|hey|first|first up|and|so) )*(?:please )?"
    r"(?:enter |provide |tell us |what is |what s |whats |share )*(?:your |the |ihre |dein |votre |su )?"
)
_NAME = re.compile(
    "(?:(?:full|first|last|family|given|customer|contact) ?)?name|surname|vorname|nachname|vor und nachname|nom|prénom|"
    "nombre|apellidos?|naam|nome"
)
_EMAIL = re.compile("e? ?mail(?: ?address| adresse)?|correo(?: electrónico)?|courriel")
_PERSONAL = re.compile(
    "(?:tele|mobile |cell )?phone(?: ?number)?|mobile(?: number)?|telefon(?:nummer)?|handynummer|téléphone|teléfono|"
    "(?:street |home |postal |ip )?address|street|city|zip(?: code)?|post(?:al )?code|plz|adresse|anschrift|dirección|"
    "date of birth|birth ?(?:day|date)|geburtsdatum|signature|ip|password"
)
_CUSTOMER = """
customerid customer customernumber customerno customerref customerreference kundennummer kundenid clientid client
clientnumber userid user uid contactid memberid membernumber accountid accountnumber crmid externalid
externaldatareference externaluserid personid participantid
"""
_CASE = """
orderid order ordernumber orderno orderref orderreference bestellnummer auftragsnummer bestellung caseid case
casenumber ticketid ticket ticketnumber ticketno claimid claim claimnumber bookingid booking bookingnumber
bookingreference reservationid reservation invoiceid invoice invoicenumber rechnungsnummer referenceid reference
referencenumber transactionid conversationid interactionid callid
"""


@dataclass(frozen=True)
class Scale:
    """What a score measures, and from where to where it goes."""

    metric: str
    low: float
    high: float

    def fits(self, value: float) -> bool:
        """Whether the value lies on it."""
        return self.low <= value <= self.high


class ScaleSetting(BaseModel):
    """A scale that the sender does not send, as the operator states it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    metric: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
    min: float = Field(allow_inf_nan=False)
    max: float = Field(allow_inf_nan=False)

    @model_validator(mode="after")
    def _in_order(self) -> "ScaleSetting":
        if self.min >= self.max:
            raise ValueError("a scale's min must be below its max")
        return self


class SurveySettings(BaseModel):
    """What an operator can say of a survey's questions; each is named by its id, its key or its label.

    Attributes:
        scales: Metric and scale of questions with numbers, where the sender does not send them.
        labels: The wording of questions, where the sender does not send it.
        choices: Questions whose answers are picked from a list: facts, not the customer's own words.
        words: Questions that are always answered in the customer's own words.
        skip: Questions that are left out.
        customer: Fields that hold your own id of the customer.
        case: Fields that hold your own id of the order, claim or ticket.
    """

    scales: Mapping[str, ScaleSetting] = Field(default_factory=dict)
    labels: Mapping[str, str] = Field(default_factory=dict)
    choices: Sequence[str] = ()
    words: Sequence[str] = ()
    skip: Sequence[str] = ()
    customer: Sequence[str] = ()
    case: Sequence[str] = ()

    def scale(self, names: Iterable[str]) -> Scale | None:
        """The scale of the question with one of these names."""
        found = _named(self.scales, names)
        return None if found is None else Scale(found.metric, found.min, found.max)

    def label(self, names: Iterable[str]) -> str | None:
        """The wording of the question with one of these names."""
        return _named(self.labels, names)


def is_named(listed: Sequence[str], names: Iterable[str]) -> bool:
    """Whether one of a question's names is in a list of the settings."""
    return bool(listed) and not {_key(one) for one in listed}.isdisjoint(_key(name) for name in names)


def _named(mapping: Mapping[str, _T], names: Iterable[str]) -> _T | None:
    if not mapping:
        return None
    known = {_key(name): value for name, value in mapping.items()}
    return next((known[_key(name)] for name in names if _key(name) in known), None)


def _key(name: str) -> str:
    return " ".join(name.split()).casefold()


def guessed_scale(names: Iterable[str], value: float) -> Scale | None:
    """The scale of a question that speaks clearly of one; None if it does not, or if the value is not on it."""
    text = spaced(" ".join(names))
    for pattern, metric, low, high in _GUESSES:
        if pattern.search(text):
            scale = Scale(metric, low, high)
            return scale if scale.fits(value) else None
    return None


def measured(names: Iterable[str], low: float, high: float, otherwise: str) -> Scale:
    """The scale that a sender states, with the metric that the question speaks of; `otherwise` if of none."""
    text = spaced(" ".join(names))
    metric = next((metric for pattern, metric, _, _ in _GUESSES if pattern.search(text)), otherwise)
    is_nps = (low, high) == (0, 10)
    return Scale(otherwise if metric == "nps" and not is_nps else metric, low, high)


def leading_number(value: object) -> float | None:
    """The number of an answer such as `9`, `"9"` or `"10 - very likely"`."""
    if not isinstance(value, str):
        return number(value)
    found = _NUMBER_FIRST.fullmatch(value)
    return number(found[1]) if found else number(value)


def coded_number(value: object) -> float | None:
    """The same, and that of an answer code such as `A4` or `AO04`: only for questions that are said to have a scale."""
    found = leading_number(value)
    if found is None and isinstance(value, str) and (code := _CODED.fullmatch(value)):
        return number(code[1])
    return found


def asks_name(names: Iterable[str]) -> bool:
    """Whether a question asks how the customer is called."""
    return any(_NAME.fullmatch(_asked(name)) for name in names)


def asks_email(names: Iterable[str]) -> bool:
    """Whether a question asks for the customer's e-mail address."""
    return any(_EMAIL.fullmatch(_asked(name)) for name in names)


def asks_personal(names: Iterable[str]) -> bool:
    """Whether a question asks for other facts of a person that are nobody's opinion: phone, address, birthday."""
    return any(_PERSONAL.fullmatch(_asked(name)) for name in names)


def customer_rank(names: Iterable[str]) -> int | None:
    """How surely a field holds the operator's id of the customer, 0 the most; None: it does not."""
    return _rank(_CUSTOMER.split(), names)


def case_rank(names: Iterable[str]) -> int | None:
    """How surely a field holds the operator's id of the order or case, 0 the most; None: it does not."""
    return _rank(_CASE.split(), names)


def _rank(known: Sequence[str], names: Iterable[str]) -> int | None:
    compact = [_NOT_WORD.sub("", _asked(name)).removeprefix("hidden").removeprefix("field") for name in names]
    ranks = [known.index(name) for name in compact if name in known]
    return min(ranks, default=None)


def _asked(name: str) -> str:
    return _ASKING.sub("", spaced(name)).strip()


def spaced(name: str) -> str:
    """A label or key in lower case, its words apart: `howLikely`, `how_likely` and `How likely?` are the same."""
    return _NOT_WORD.sub(" ", _CAMEL.sub(" ", name)).strip().casefold()
