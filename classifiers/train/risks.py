"""Train the shipped risks: ``python -m classifiers.train.risks --data DIR`` (about a minute on one core).

Our seeds and texts written for it say what a risk looks like, near misses what it does not; everyday texts of
permissively licensed sets say what traffic without it looks like. The seeds of the other risks are near misses too:
danger is no legal threat.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from classifiers.embedders.encoder import Encoder
from classifiers.signals.risks import FILE, RISKS, seeds
from classifiers.signals.weights import save
from classifiers.text.clean import clean
from classifiers.train.signals import learn, read_rows, written

if TYPE_CHECKING:
    from classifiers.contract import Floats

_STRENGTH = 40.0
_THRESHOLDS = (0.2, 0.3, 0.4, 0.5)
_SAFE_WITHOUT = {"legal_threat": "escalation_intent", "churn_risk": "escalation_intent", "safety": "urgent"}
"""A text of a public set that is known to be without this signal is without the risk as well."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m classifiers.train.risks", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with one folder per set")
    parser.add_argument("--out", type=Path, default=FILE, help="where the weights go (default: the package)")
    given = parser.parse_args(arguments)
    rows = list(read_rows(given.data))
    encoder = Encoder()
    everyday = encoder.encode([clean(row.text) for row in rows]).vectors
    models = {}
    for risk in RISKS:
        ours = [(text, label) for label, texts in seeds()[risk].items() for text in texts]
        ours += [(text, "no") for other in RISKS if other != risk for text in seeds()[other]["yes"]]
        few = len(ours)
        ours += written(risk)
        vectors = encoder.encode([text for text, _ in ours]).vectors
        without = everyday[[row.known.get(_SAFE_WITHOUT[risk]) == "no" for row in rows]]
        x = np.vstack([vectors, without]).astype(np.float32)
        y = [int(label == "yes") for _, label in ours] + [0] * len(without)
        chances, models[risk] = learn(x, y, few, vectors, _STRENGTH)
        _tell(risk, chances[:, 1], np.asarray(y), len(ours), models[risk].temperature)
    save(given.out, models, encoder.fingerprint)
    return 0


def _tell(risk: str, chances: Floats, y: np.ndarray, ours: int, temperature: float) -> None:
    sys.stderr.write(f"{risk}: {len(chances)} rows, temperature {temperature:.2f}; out of fold\n")
    for threshold in _THRESHOLDS:
        fires = chances >= threshold
        near = fires[:ours][y[:ours] == 0]
        sys.stderr.write(
            f"  p >= {threshold}: {fires[y == 1].mean():.3f} of our texts with it, {near.mean():.3f} of the near "
            f"misses, {fires[ours:].mean():.4f} of everyday texts\n"
        )


if __name__ == "__main__":
    sys.exit(main())
