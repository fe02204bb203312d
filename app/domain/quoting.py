"""How much of customers' own words may stand in a message."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.domain.masking import mask_addresses

MOST_REDACTED, REDACTED_LENGTH = 2, 200
MOST_FULL, FULL_LENGTH = 5, 2_000


class Verbatims(StrEnum):
    """What an administrator allows: nothing, two short redacted spans, or whole turns as they are stored."""

    NONE = "none"
    REDACTED = "redacted"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Quotation:
    """A complaint in the customer's words: the span that tells it, and the whole turn around it."""

    span: str
    turn: str


def choose_quotes(allowed: Verbatims, quotations: Sequence[Quotation]) -> tuple[str, ...]:
    """The words that go out, each on one line.

    Stored texts have no mail addresses, phone, card or account numbers any more; what looks like an address to a looser
    reading goes as well.
    """
    if allowed is Verbatims.NONE:
        return ()
    if allowed is Verbatims.FULL:
        return tuple(_one_line(one.turn, FULL_LENGTH) for one in quotations[:MOST_FULL])
    return tuple(_one_line(mask_addresses(one.span), REDACTED_LENGTH) for one in quotations[:MOST_REDACTED])


def _one_line(text: str, limit: int) -> str:
    visible = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return visible if len(visible) <= limit else visible[: limit - 3].rstrip() + "..."
