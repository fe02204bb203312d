"""Train the shipped signals: ``python -m classifiers.train.signals --data DIR`` (about three minutes on one core).

Our seeds and texts written for it say what a signal looks like; texts of permissively licensed sets say what everyday
traffic looks like without it. A set takes part in a signal only with rows whose own labels make the answer safe.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from classifiers.embedders.encoder import Encoder
from classifiers.signals.model import CLASSES, FILE, features, seeds
from classifiers.signals.regression import Regression, fit, out_of_fold, phrasings
from classifiers.signals.weights import save
from classifiers.text.clean import clean
from classifiers.train.rows import WRITTEN, lines

if TYPE_CHECKING:
    from classifiers.contract import Floats

_SEED = 20261126
_STRENGTH = 10.0
_SEEDS_COUNT = 5.0
"""How much a seed counts beside every other text: corrections lean on the seeds."""

_MOST = {"nhs": 1200, "goemotions": 900, "tweets": 900, "banking": 700, "chats": 900, "written": 2500}
_SMALL_TALK = {"openinggreeting", "thankyou", "confirmation", "rejection", "closinggreeting"}
_NO_INTENT = {"contentonly", "outofdomain"}
_ALARMS = {
    "compromised_card", "lost_or_stolen_card", "lost_or_stolen_phone", "card_swallowed", "pin_blocked",
    "cash_withdrawal_not_recognised", "direct_debit_payment_not_recognised", "card_payment_not_recognised",
    "cancel_transfer",
}  # fmt: skip
_NEAR_FRICTION = {
    "Information directly from staff during care", "Being kept informed, clarity & consistency of information",
    "Contacting services", "Referals & continuity of care", "Organisation & efficiency", "Appointment arrangements",
    "Information provision & guidance", "Unspecified communication", "Appointment method", "Admission", "Discharge",
    "Patient records", "Staff continuity",
}  # fmt: skip
_NEUTRAL = 3


@dataclass(frozen=True)
class Row:
    """A text of everyday traffic with what is safely known of it: signal -> class."""

    text: str
    known: dict[str, str]


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m classifiers.train.signals", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with one folder per set")
    parser.add_argument("--out", type=Path, default=FILE, help="where the weights go (default: the package)")
    given = parser.parse_args(arguments)
    rows = list(read_rows(given.data))
    encoder = Encoder()
    everyday = features(encoder.encode([clean(row.text) for row in rows]))
    models = {}
    for signal, classes in CLASSES.items():
        ours = [(text, label) for label in classes for text in seeds()[signal][label]]
        few = len(ours)
        ours += written(signal)
        encoded = encoder.encode([text for text, _ in ours])
        at = [place for place, row in enumerate(rows) if signal in row.known]
        x = np.vstack([features(encoded), everyday[at]])
        y = [classes.index(label) for _, label in ours] + [classes.index(rows[place].known[signal]) for place in at]
        chances, models[signal] = learn(x, y, few, encoded.vectors, _STRENGTH)
        _tell(signal, chances, np.array(y), len(ours), models[signal])
    save(given.out, models, encoder.fingerprint)
    return 0


def learn(x: Floats, y: Sequence[int], few: int, ours: Floats, strength: float) -> tuple[Floats, Regression]:
    """Fit a regression.

    Args:
        x: Features of the seeds, of what was written beside them, then of everyday texts, shape (n, columns).
        y: Class of each.
        few: Number of seeds.
        ours: Embeddings of the seeds and of what was written, shape (m, dim).
        strength: Inverse penalty.

    Returns:
        Probabilities of each row by a regression that saw no paraphrase of it, and the regression.
    """
    weights = np.repeat([_SEEDS_COUNT, 1.0], [few, len(x) - few]).astype(np.float32)
    # A row of everyday traffic is a phrasing of its own: only our texts have paraphrases.
    groups = phrasings(ours) + list(range(len(ours), len(x)))
    chances, temperature = out_of_fold(x, y, groups, strength, weights)
    return chances, fit(x, y, weights, strength, temperature)


def _tell(signal: str, chances: np.ndarray, y: np.ndarray, ours: int, model: Regression) -> None:
    right = (chances[:ours].argmax(axis=1) == y[:ours]).mean()
    fired = (chances[ours:, 0] < 0.5)[y[ours:] == 0].mean()  # noqa: PLR2004 - the threshold of a reader
    sys.stderr.write(
        f"{signal}: {len(y)} rows, temperature {model.temperature:.2f}, out of fold: {right:.3f} of our texts right, "
        f"{fired:.4f} of everyday texts without the signal fire\n"
    )


def written(signal: str) -> list[tuple[str, str]]:
    """Texts written for a signal or a risk, each with its class."""
    return [(clean(row["text"]), row["label"]) for row in lines(WRITTEN / "signals.jsonl") if row["signal"] == signal]


def read_rows(data: Path) -> Iterator[Row]:
    """Everyday texts of each set, chosen by a fixed seed."""
    for name, read in _READERS.items():
        distinct = {row.text: row for row in read(data)}
        rows = [distinct[text] for text in sorted(distinct)]
        for at in np.random.default_rng(_SEED).permutation(len(rows))[: _MOST[name]]:
            yield rows[at]


def _unasked(text: str) -> dict[str, str]:
    return {} if "?" in text else {"response_needed": "no"}


def _nhs(data: Path) -> Iterator[Row]:
    for line in lines(data / "nhs_fft" / "comments.jsonl"):
        calm = (line["sentiment"] or _NEUTRAL) <= _NEUTRAL
        known = {"escalation_intent": "no", **_unasked(line["text"])}
        if calm:
            known["urgent"] = "no"
        if calm or not set(line["labels"]) & _NEAR_FRICTION:
            known["friction"] = "none"
        yield Row(line["text"], known)


def _elsewhere(text: str) -> Row:
    return Row(text, {"friction": "none", "urgent": "no", "escalation_intent": "no", **_unasked(text)})


def _goemotions(data: Path) -> Iterator[Row]:
    yield from (_elsewhere(line["text"]) for line in lines(data / "goemotions" / "train.jsonl"))


def _tweets(data: Path) -> Iterator[Row]:
    yield from (_elsewhere(line["text"]) for line in lines(data / "vader_groundtruth" / "tweets.jsonl"))


def _banking(data: Path) -> Iterator[Row]:
    for line in lines(data / "banking77" / "train.jsonl"):
        known = {"friction": "none", "response_needed": "yes"}
        if line["label"] not in _ALARMS:
            known["urgent"] = "no"
        if line["label"] != "terminate_account":
            known["escalation_intent"] = "no"
        yield Row(line["text"], known)


def _chats(data: Path) -> Iterator[Row]:
    for domain in ("finance", "insurance", "media"):
        for line in lines(data / f"multidogo_{domain}" / "train.jsonl"):
            labels = set(line["labels"])
            known = {"friction": "none"}
            if not labels & {"reportlostcard", "disputecharge"}:
                known["urgent"] = "no"
            if not labels & {"closeaccount", "cancelserviceintent"}:
                known["escalation_intent"] = "no"
            if labels <= _SMALL_TALK:
                known["response_needed"] = "no"
            elif not labels & (_SMALL_TALK | _NO_INTENT):
                known["response_needed"] = "yes"
            yield Row(line["text"], known)


def _feelings(_data: Path) -> Iterator[Row]:
    for line in lines(WRITTEN / "feelings.jsonl"):
        if line["label"] == "positive":
            yield _elsewhere(line["text"])
        elif line["label"] == "neutral":
            yield Row(line["text"], {"friction": "none", "urgent": "no"})


_READERS: dict[str, Callable[[Path], Iterator[Row]]] = {
    "nhs": _nhs,
    "goemotions": _goemotions,
    "tweets": _tweets,
    "banking": _banking,
    "chats": _chats,
    "written": _feelings,
}

if __name__ == "__main__":
    sys.exit(main())
