"""What the shipped heads learn from: sets whose licence allows it, and sentences that we wrote."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import product
from math import erf
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from classifiers.sentiment.model import FOLDER
from classifiers.signals.model import KINDS
from classifiers.signals.model import seeds as signal_seeds
from classifiers.text.clean import clean
from classifiers.text.content import Content, weigh

if TYPE_CHECKING:
    from collections.abc import Iterator

Shares = tuple[float, float, float]
NEGATIVE: Shares = (1.0, 0.0, 0.0)
NEUTRAL: Shares = (0.0, 1.0, 0.0)
POSITIVE: Shares = (0.0, 0.0, 1.0)

WRITTEN = Path(__file__).parent / "written"
"""Texts of many sectors, written for this purpose."""

_GROUPS = {"negative": NEGATIVE, "neutral": NEUTRAL, "positive": POSITIVE}
_NHS = {1: POSITIVE, 2: POSITIVE, 3: NEUTRAL, 4: NEGATIVE, 5: NEGATIVE}
_BLAME = {"annoyance", "disappointment", "disapproval", "anger", "disgust"}
_UNCLEAR = {
    "confusion",
    "sadness",
    "fear",
    "embarrassment",
    "nervousness",
    "remorse",
    "grief",
    "surprise",
    "realization",
}
_PROBLEMS_TEXT = (
    "Refund_not_showing_up balance_not_updated_after_bank_transfer balance_not_updated_after_cheque_or_cash_deposit"
    " beneficiary_not_allowed card_arrival card_not_working card_payment_fee_charged card_payment_not_recognised"
    " card_payment_wrong_exchange_rate card_swallowed cash_withdrawal_charge cash_withdrawal_not_recognised"
    " contactless_not_working declined_card_payment declined_cash_withdrawal declined_transfer"
    " direct_debit_payment_not_recognised extra_charge_on_statement failed_transfer pending_card_payment"
    " pending_cash_withdrawal pending_top_up pending_transfer reverted_card_payment? top_up_failed top_up_reverted"
    " transaction_charged_twice transfer_fee_charged transfer_not_received_by_recipient unable_to_verify_identity"
    " virtual_card_not_working wrong_amount_of_cash_received wrong_exchange_rate_for_cash_withdrawal"
)
_PROBLEMS = frozenset(_PROBLEMS_TEXT.split())
_NEITHER_TEXT = (
    "compromised_card lost_or_stolen_card lost_or_stolen_phone pin_blocked passcode_forgotten request_refund"
    " cancel_transfer terminate_account transfer_timing card_delivery_estimate top_up_by_card_charge"
    " top_up_by_bank_transfer_charge"
)
_NEITHER = frozenset(_NEITHER_TEXT.split())
_CHAT_PROBLEMS = {"disputecharge", "reportbrokenphone"}
_CHAT_UNCLEAR = {"outofdomain", "contentonly", "reportlostcard", "closeaccount", "cancelserviceintent"}
_CHATS = 1200
_BANKING = 3000
_REDDIT_NEUTRAL = 9000
_VALENCE = 0.5
_RATERS = 0.45
"""Spread of the mean of ten human ratings: a sentence just beyond the border is on its other side for many."""


@dataclass(frozen=True)
class Row:
    """A cleaned text with its set and what the set says of it.

    Attributes:
        source: The set.
        text: Cleaned.
        feeling: Share of negative, neutral and positive; None where the set does not say.
        complaint: Whether it reports a problem; None where the set does not say.
        emotions: Names of emotions; empty where the set does not say.
    """

    source: str
    text: str
    feeling: Shares | None
    complaint: bool | None
    emotions: tuple[str, ...] = ()


def read_rows(data: Path) -> list[Row]:
    """Read every set below ``data``, in an order that depends on the files alone."""
    return [row for read in READERS for row in read(data)]


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """Read JSON Lines."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def _nhs(data: Path) -> Iterator[Row]:
    for line in lines(data / "nhs_fft" / "comments.jsonl"):
        if line["sentiment"] and weigh(line["text"], line["question"]) is Content.TEXT:
            feeling = _NHS[line["sentiment"]]
            yield Row("nhs", clean(line["text"]), feeling, feeling == NEGATIVE)


def _goemotions(data: Path) -> Iterator[Row]:
    neutral = 0
    for line in lines(data / "goemotions" / "train.jsonl"):
        emotions, groups = set(line["emotions"]), line["groups"]
        feeling = _GROUPS.get(groups[0]) if len(groups) == 1 else None
        neutral += feeling == NEUTRAL
        if feeling == NEUTRAL and neutral > _REDDIT_NEUTRAL:
            continue
        blame = len(emotions) == 1 and bool(emotions & _BLAME)
        unclear = not blame and bool(emotions & (_BLAME | _UNCLEAR))
        yield Row("goemotions", clean(line["text"]), feeling, None if unclear else blame, tuple(sorted(emotions)))


def _vader(data: Path) -> Iterator[Row]:
    for part in ("tweets", "movie", "nyt"):
        for line in lines(data / "vader_groundtruth" / f"{part}.jsonl"):
            valence = line["valence"]
            yield Row(part, clean(line["text"]), _rated(valence), valence < -_VALENCE)


def _rated(valence: float) -> Shares:
    """How raters would divide over the classes, with normal noise around the mean rating."""
    below = _normal((-_VALENCE - valence) / _RATERS)
    above = _normal((valence - _VALENCE) / _RATERS)
    return below, 1 - below - above, above


def _normal(value: float) -> float:
    return (1 + erf(value / 2**0.5)) / 2


def _banking(data: Path) -> Iterator[Row]:
    """Problem intents are complaints without an angry word; how-to intents are neutral questions."""
    found = []
    for line in lines(data / "banking77" / "train.jsonl"):
        if line["label"] not in _NEITHER:
            problem = line["label"] in _PROBLEMS
            found.append(Row("banking", clean(line["text"]), NEGATIVE if problem else NEUTRAL, problem))
    for at in np.random.default_rng(0).permutation(len(found))[:_BANKING]:
        yield found[at]


def _mams(data: Path) -> Iterator[Row]:
    for line in lines(data / "mams_restaurants" / "train.jsonl"):
        found = {aspect["polarity"] for aspect in line["aspects"]}
        if not {"negative", "positive"} <= found:
            complains = "negative" in found
            yield Row("mams", clean(line["text"]), NEGATIVE if complains else POSITIVE, complains)


def _chats(data: Path) -> Iterator[Row]:
    for domain in ("finance", "insurance", "media"):
        seen: dict[str, set[str]] = {}
        for line in lines(data / f"multidogo_{domain}" / "train.jsonl"):
            seen.setdefault(line["text"], set(line["labels"]))
        texts = sorted(seen)
        for at in np.random.default_rng(0).permutation(len(texts))[:_CHATS]:
            labels = seen[texts[at]]
            if not labels & _CHAT_UNCLEAR:
                problem = bool(labels & _CHAT_PROBLEMS)
                feeling = None if problem else POSITIVE if "thankyou" in labels else NEUTRAL
                yield Row("chats", clean(texts[at]), feeling, problem)


def _seeds(_data: Path) -> Iterator[Row]:
    seeds = json.loads((FOLDER / "seeds.json").read_text(encoding="utf-8"))
    for text in seeds["complaint"]:
        yield Row("seeds", text, NEGATIVE, complaint=True)
    for text in seeds["other"]:
        yield Row("seeds", text, None, complaint=False)
    for name, feeling in _GROUPS.items():
        for text in seeds[name]:
            yield Row("seeds", text, feeling, complaint=feeling == NEGATIVE)
    for pairs in seeds["pairs"]:
        for name, feeling in (("good", POSITIVE), ("bad", NEGATIVE), ("plain", NEUTRAL)):
            for thing, predicate in product(pairs["things"], pairs[name]):
                yield Row("pairs", f"{thing} {predicate}", feeling, complaint=feeling == NEGATIVE)
    frictions = signal_seeds()["friction"]
    for kind in KINDS:
        for text in frictions[kind]:
            yield Row("seeds", text, NEGATIVE, complaint=True)


def _written(_data: Path) -> Iterator[Row]:
    """Texts written for this purpose; what is mildly negative need not report a problem."""
    for line in lines(WRITTEN / "feelings.jsonl"):
        feeling = _GROUPS[line["label"]]
        unclear = feeling == NEGATIVE and line["kind"] == "mild"
        yield Row("written", clean(line["text"]), feeling, None if unclear else feeling == NEGATIVE)


def _unlabelled(data: Path) -> Iterator[Row]:
    """Texts that only the teacher judges; what judges several things has no label that would be right."""
    for line in lines(data / "dstc11_insurance" / "utterances.jsonl"):
        yield Row("unlabelled", clean(line["text"]), None, None)
    for line in lines(data / "nlupp_banking" / "all.jsonl"):
        yield Row("unlabelled", clean(line["text"]), None, None)
    for name in ("mixed.jsonl", "signals.jsonl"):
        for line in lines(WRITTEN / name):
            yield Row("unlabelled", clean(line["text"]), None, None)
    for line in lines(data / "mams_restaurants" / "train.jsonl"):
        if {"negative", "positive"} <= {aspect["polarity"] for aspect in line["aspects"]}:
            yield Row("unlabelled", clean(line["text"]), None, None)


READERS = (_nhs, _goemotions, _vader, _banking, _mams, _chats, _seeds, _written, _unlabelled)
