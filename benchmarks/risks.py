"""How well a legal threat, danger to people and leaving are told from near misses: precision and recall by risk.

``python benchmarks/risks.py`` judges the 150 sentences of ``tests/classifiers/data/risks.jsonl``, written apart from
the seeds and used for nothing else, with the shipped weights; a list of words is judged beside them as the baseline.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from classifiers.embedders.encoder import Encoder
from classifiers.signals.risks import RISKS, Risks

if TYPE_CHECKING:
    from collections.abc import Sequence

ROWS = Path(__file__).parent.parent / "tests" / "classifiers" / "data" / "risks.jsonl"
THRESHOLDS = (0.4, 0.6, 0.8)
WORDS = {
    "legal_threat": r"\b(lawyers?|attorneys?|solicitors?|sue|suing|court|legal|ombudsman|lawsuit|tribunal|regulator)\b",
    "safety": r"\b(fire|burn\w*|injur\w*|hurt|hospital|shock|danger\w*|unsafe|allerg\w*|poison\w*|smoke|gas)\b",
    "churn_risk": r"\b(cancel\w*|switch\w*|leav(e|ing)|competitors?|unsubscribe|terminate|elsewhere|never again)\b",
}


def main() -> int:
    """Print the table; returns the exit code."""
    rows = [json.loads(line) for line in ROWS.read_text(encoding="utf-8").splitlines()]
    texts = [row["text"] for row in rows]
    found = Risks().judge(Encoder().encode(texts).vectors)
    out = sys.stdout.write
    out(f"{'risk':14}{'judge':12}{'precision':>10}{'recall':>10}{'fired':>8}\n")
    for risk in RISKS:
        truth = [risk in row["risks"] for row in rows]
        words = re.compile(WORDS[risk], re.IGNORECASE)
        out(_line(risk, "words", [words.search(text) is not None for text in texts], truth))
        for threshold in THRESHOLDS:
            out(_line(risk, f"p >= {threshold}", [bool(p >= threshold) for p in found[risk]], truth))
    return 0


def _line(risk: str, judge: str, fired: Sequence[bool], truth: Sequence[bool]) -> str:
    right = sum(a and b for a, b in zip(fired, truth, strict=True))
    precision = right / sum(fired) if any(fired) else 0.0
    return f"{risk:14}{judge:12}{precision:10.2f}{right / sum(truth):10.2f}{sum(fired):8}\n"


if __name__ == "__main__":
    sys.exit(main())
