"""Friction, urgency, response needed, escalation and the three risks, on texts that nothing was fitted on.

``python benchmarks/signals.py [DATA]`` judges the 1,530 sentences of ``tests/quality/data/signals.jsonl`` with the
shipped weights; a regression on the seeds alone is judged beside them as the baseline. DATA is a folder with one folder
per set: then how often each fires on the first 1,500 airline tweets is told too.
"""

from __future__ import annotations

import sys
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from sklearn.metrics import roc_auc_score

from classifiers.embedders.encoder import Encoder
from classifiers.signals.model import CLASSES, KINDS, NONE, Signals
from classifiers.signals.risks import RISKS, Risks
from classifiers.text.clean import clean
from classifiers.train.rows import lines

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from classifiers.contract import Encoded

ROWS = Path(__file__).parent.parent / "tests" / "quality" / "data" / "signals.jsonl"
TWEETS = 1500
CONFIDENCE = dict.fromkeys(CLASSES, 0.5) | dict.fromkeys(RISKS, 0.4)


def main(arguments: Sequence[str]) -> int:
    """Print the tables; returns the exit code."""
    encoder = Encoder()
    rows = list(lines(ROWS))
    judges = {
        "seeds alone": _judge(Signals(encoder.encode), Risks(encoder.encode)),
        "shipped": _judge(Signals(encoder.encode, packaged=True), Risks()),
    }
    for signal in (*CLASSES, *RISKS):
        chosen = [row for row in rows if row["signal"] == signal]
        encoded = encoder.encode([clean(row["text"]) for row in chosen])
        for name, judge in judges.items():
            labels, sure = judge(signal, encoded)
            print(f"{signal:18} {name:12} {_line(signal, labels, sure, np.array([row['label'] for row in chosen]))}")
    for folder in arguments[:1]:
        tweets = islice(lines(Path(folder) / "airline_tweets" / "tweets.jsonl"), TWEETS)
        encoded = encoder.encode([clean(tweet["text"]) for tweet in tweets])
        for name, judge in judges.items():
            fired = {signal: np.mean(judge(signal, encoded)[1] >= least) for signal, least in CONFIDENCE.items()}
            told = "  ".join(f"{signal} {share:.4f}" for signal, share in fired.items())
            print(f"fires on airline tweets, {name}: {told}")
    return 0


def _judge(signals: Signals, risks: Risks) -> Callable[[str, Encoded], tuple[np.ndarray, np.ndarray]]:
    def judge(signal: str, encoded: Encoded) -> tuple[np.ndarray, np.ndarray]:
        """Labels given, and how sure it is that there is any."""
        if signal == "friction":
            found = signals.judge(encoded).frictions
            return np.array([one.label or NONE for one in found]), np.array([one.confidence for one in found])
        sure = risks.judge(encoded.vectors)[signal] if signal in RISKS else getattr(signals.judge(encoded), signal)
        return np.where(sure >= CONFIDENCE[signal], "yes", "no"), sure

    return judge


def _line(signal: str, labels: np.ndarray, sure: np.ndarray, right: np.ndarray) -> str:
    silent = NONE if signal == "friction" else "no"
    there = right != silent
    told = (
        f"AUROC {roc_auc_score(there, sure):.3f}  accuracy {np.mean(labels == right):.3f}"
        f"  found {np.mean(labels[there] == right[there]):.2f}  false {np.mean(labels[~there] != silent):.3f}"
    )
    if signal != "friction":
        return told
    return told + "  " + "  ".join(f"{kind} {np.mean(labels[right == kind] == kind):.2f}" for kind in KINDS)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
