"""Train the shipped heads: ``python -m classifiers.train sentiment --data DIR`` (about two minutes on one core).

Only sets whose licence allows shipped weights are read; see ``classifiers/sentiment/CARD.md``. The encoder is frozen;
each head is a logistic regression on standardised pooled layers, every set weighs the square root of its size and
every class of a set the same, and one temperature is fitted on rows that were held back.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from classifiers.contract import SENTIMENTS
from classifiers.embedders.encoder import Encoder
from classifiers.sentiment.layered import Linear
from classifiers.sentiment.model import COMPLAINT_FILE, FOLDER, SENTIMENT_FILE
from classifiers.signals.model import KINDS, seeds
from classifiers.text.clean import clean
from classifiers.text.content import Content, weigh

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from classifiers.contract import Floats, HalfFloats

NEGATIVE, NEUTRAL, POSITIVE = range(3)
_HELD_BACK = 0.1
_C = 1e-4

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
_CHATS = 2500
_VALENCE = 0.5
# Banking has problems but no praise: at full weight "refund" alone turns negative. Pairs show that a thing is neither.
_TRUST = {"banking": 0.4, "pairs": 2.0, "seeds": 2.0}


@dataclass(frozen=True)
class Row:
    """A text with its set, its sentiment and whether it complains; None where the set does not say."""

    source: str
    text: str
    sentiment: int | None
    complaint: bool | None


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m classifiers.train", description=__doc__)
    parser.add_argument("head", choices=["sentiment"])
    parser.add_argument("--data", type=Path, required=True, help="folder with one folder per set")
    parser.add_argument("--out", type=Path, default=FOLDER, help="where the weights go (default: the package)")
    given = parser.parse_args(arguments)
    rows = [row for read in READERS for row in read(given.data)]
    encoder = Encoder()
    layers = encoder.encode([clean(row.text) for row in rows]).layers
    for file, labels, target in (
        (SENTIMENT_FILE, SENTIMENTS, _sentiment_of),
        (COMPLAINT_FILE, ("other", "complaint"), _complaint_of),
    ):
        head = _fit(rows, layers, labels, target, encoder.fingerprint)
        head.save(given.out / file.name)
        sys.stderr.write(f"{file.name}: {len(rows)} rows read, temperature {head.temperature:.2f}\n")
    return 0


def _sentiment_of(row: Row) -> int | None:
    return row.sentiment


def _complaint_of(row: Row) -> int | None:
    return None if row.complaint is None else int(row.complaint)


def _fit(
    rows: list[Row], layers: HalfFloats, labels: tuple[str, ...], target: Callable[[Row], int | None], encoder: str
) -> Linear:
    used = np.array([at for at, row in enumerate(rows) if target(row) is not None])
    y = np.array([target(rows[at]) for at in used])
    sources = np.array([rows[at].source for at in used])
    held = np.random.default_rng(0).random(len(used)) < _HELD_BACK
    x = layers[used].astype(np.float32)
    mean, scale = x[~held].mean(axis=0), x[~held].std(axis=0) + 1e-6
    weights = _weights(sources, y)
    model = LogisticRegression(C=_C, max_iter=500)
    model.fit((x[~held] - mean) / scale, y[~held], sample_weight=weights[~held] / weights[~held].mean())
    coefficients, bias = model.coef_, model.intercept_
    if len(labels) == 2:  # noqa: PLR2004 - a binary regression keeps one row
        coefficients, bias = np.vstack([-coefficients, coefficients]) / 2, np.concatenate([-bias, bias]) / 2
    weight = (coefficients / scale).T.astype(np.float32)
    bias = (bias - (coefficients / scale) @ mean).astype(np.float32)
    plain = Linear(labels, weight, bias, 1.0, encoder)
    return Linear(labels, weight, bias, _temperature(plain, layers[used][held], y[held], weights[held]), encoder)


def _weights(sources: np.ndarray, y: np.ndarray) -> Floats:
    """Each set weighs the square root of its size (times its trust), each class of a set the same."""
    weights = np.ones(len(y), np.float32)
    for source in np.unique(sources):
        rows = sources == source
        classes = np.unique(y[rows])
        for label in classes:
            chosen = rows & (y == label)
            weights[chosen] = _TRUST.get(str(source), 1.0) * rows.sum() ** 0.5 / chosen.sum() / len(classes)
    return weights


def _temperature(head: Linear, layers: HalfFloats, y: np.ndarray, weights: Floats) -> float:
    best = (np.inf, 1.0)
    for temperature in np.geomspace(0.3, 3, 47):
        answer = Linear(head.labels, head.weight, head.bias, float(temperature), "").probabilities(layers)
        right = np.log(np.maximum(answer[np.arange(len(y)), y], 1e-9))
        best = min(best, (float(-(right * weights).sum() / weights.sum()), round(float(temperature), 4)))
    return best[1]


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def _nhs(data: Path) -> Iterator[Row]:
    for line in _lines(data / "nhs_fft" / "comments.jsonl"):
        if line["sentiment"] and weigh(line["text"], line["question"]) is Content.TEXT:
            feeling = _NHS[line["sentiment"]]
            yield Row("nhs", line["text"], feeling, feeling == NEGATIVE)


def _goemotions(data: Path) -> Iterator[Row]:
    for line in _lines(data / "goemotions" / "train.jsonl"):
        emotions, groups = set(line["emotions"]), line["groups"]
        feeling = _GROUPS.get(groups[0]) if len(groups) == 1 else None
        blame = len(emotions) == 1 and bool(emotions & _BLAME)
        unclear = not blame and bool(emotions & (_BLAME | _UNCLEAR))
        yield Row("goemotions", line["text"], feeling, None if unclear else blame)


def _vader(data: Path) -> Iterator[Row]:
    for part in ("tweets", "movie", "nyt"):
        for line in _lines(data / "vader_groundtruth" / f"{part}.jsonl"):
            valence = line["valence"]
            feeling = POSITIVE if valence > _VALENCE else NEGATIVE if valence < -_VALENCE else NEUTRAL
            yield Row(part, line["text"], feeling, feeling == NEGATIVE)


def _banking(data: Path) -> Iterator[Row]:
    """Problem intents are complaints without an angry word; how-to intents are neutral questions."""
    for line in _lines(data / "banking77" / "train.jsonl"):
        if line["label"] not in _NEITHER:
            problem = line["label"] in _PROBLEMS
            yield Row("banking", line["text"], NEGATIVE if problem else NEUTRAL, problem)


def _mams(data: Path) -> Iterator[Row]:
    for line in _lines(data / "mams_restaurants" / "train.jsonl"):
        found = {aspect["polarity"] for aspect in line["aspects"]}
        mixed = {"negative", "positive"} <= found
        yield Row("mams", line["text"], None, None if mixed else "negative" in found)


def _chats(data: Path) -> Iterator[Row]:
    for domain in ("finance", "insurance", "media"):
        seen: dict[str, set[str]] = {}
        for line in _lines(data / f"multidogo_{domain}" / "train.jsonl"):
            seen.setdefault(line["text"], set(line["labels"]))
        texts = sorted(seen)
        for at in np.random.default_rng(0).permutation(len(texts))[:_CHATS]:
            labels = seen[texts[at]]
            if not labels & _CHAT_UNCLEAR:
                problem = bool(labels & _CHAT_PROBLEMS)
                feeling = None if problem else POSITIVE if "thankyou" in labels else NEUTRAL
                yield Row("chats", texts[at], feeling, problem)


def _seeds(_data: Path) -> Iterator[Row]:
    ours = json.loads((FOLDER / "seeds.json").read_text(encoding="utf-8"))
    for text in ours["complaint"]:
        yield Row("seeds", text, NEGATIVE, complaint=True)
    for text in ours["other"]:
        yield Row("seeds", text, None, complaint=False)
    for thing in ours["things"]:
        for predicate in ours["good"]:
            yield Row("pairs", f"{thing} {predicate}", POSITIVE, complaint=False)
        for predicate in ours["bad"]:
            yield Row("pairs", f"{thing} {predicate}", NEGATIVE, complaint=True)
    frictions = seeds()["friction"]
    for kind in KINDS:
        for text in frictions[kind]:
            yield Row("seeds", text, NEGATIVE, complaint=True)


READERS = (_nhs, _goemotions, _vader, _banking, _mams, _chats, _seeds)

if __name__ == "__main__":
    sys.exit(main())
