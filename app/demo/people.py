"""The invented customers: who writes, some of them several times."""

from dataclasses import dataclass
from random import Random

from app.demo.phrases import Phrases

_CARDS = ("4111 1111 1111 1111", "5555 5555 5555 4444", "4012 8888 8888 1881", "3782 822463 10005")
_IBANS = ("GB82 WEST 1234 5698 7654 32", "DE89 3704 0044 0532 0130 00", "GB29 NWBK 6016 1331 9268 19")
_AGAIN = 0.3
_RECENT = 300
_GERMAN = 0.25


@dataclass(frozen=True, slots=True)
class Person:
    """One customer. Numbers and addresses are from the ranges that are reserved for fiction and tests."""

    ref: str
    segment: str
    country: str
    zone: str
    first: str
    last: str
    email: str
    phone: str


class Crowd:
    """The customers so far; whoever writes next is often one of the recent ones."""

    def __init__(self, rng: Random, phrases: Phrases) -> None:
        """Begin with nobody."""
        self._rng = rng
        self._phrases = phrases
        self._people: list[Person] = []
        self._orders = rng.randint(310_000, 390_000)

    def next_person(self) -> Person:
        """Give a customer who comes back (three in ten) or a new one."""
        if self._people and self._rng.random() < _AGAIN:
            return self._rng.choice(self._people[-_RECENT:])
        self._people.append(self._new())
        return self._people[-1]

    def next_order(self) -> str:
        """Give an order number that nobody had yet."""
        self._orders += self._rng.randint(1, 9)
        return f"FW-{self._orders}"

    def private_facts(self, person: Person) -> dict[str, str]:
        """Give what a message about this person may contain and the service has to redact."""
        return {
            "email": person.email,
            "phone": person.phone,
            "card": self._rng.choice(_CARDS),
            "iban": self._rng.choice(_IBANS),
        }

    def _new(self) -> Person:
        rng, number = self._rng, len(self._people)
        first, last = (rng.choice(self._phrases.slots[name]) for name in ("first", "last"))
        german = rng.random() < _GERMAN
        mail = f"{first}.{last}{rng.randint(1, 99)}@example.{rng.choice(('com', 'org', 'net'))}".lower()
        phone = rng.choice((f"07700 900{rng.randint(0, 999):03d}", f"+44 7700 900{rng.randint(0, 999):03d}"))
        return Person(
            ref=f"C-{20_000 + number}",
            segment=rng.choices(("new", "regular", "plus"), (35, 45, 20))[0],
            country="DE" if german else "GB",
            zone="Europe/Berlin" if german else "Europe/London",
            first=first,
            last=last,
            email=mail,
            phone=f"030 23125 {rng.randint(0, 999):03d}" if german else phone,
        )
