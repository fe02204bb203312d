"""Train the graded no-content score: ``python -m classifiers.train.content --data DIR`` (ten seconds).

Half of the survey's respondents are held out by a fixed seed and only measured.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from classifiers.text.said import WEIGHTS, features

_SEED = 20261126
_EMPTY = {"Labelling not possible", "Not assigned"}
_C = 1.0
_OURS = 4.0
"""How much one sentence of ours weighs: they are few, and about what the survey lacks."""

_SHORT_OPINIONS = (
    "late|rude|cold food|slow|dirty|too expensive|overpriced|broken|5|10|2 stars|never again|price|parking"
    "|delivery|queues"
    "|more staff|waiting times|no refund|nobody came|poor|awful|terrible|ok|fine|average|disgusting|unfriendly|wifi"
    "|long wait|too loud|bad signal|scam|useless|cheaper|quicker|opening hours|the app|communication|staff"
    " attitude|noise"
    "|nothing worked|no reply|no one answered|lost parcel|wrong size|it broke|crashes|cold|damp room|hidden fees"
    "|very good|friendly|loved it|perfect|everything was fine|good value|thank you|quick|clean|easy|excellent"
)
_EMPTY_ANSWERS = (
    "n/a|na|see above|as above|as before|no comment|don't know|not sure|unsure|no answer|asdf|test|x|xx|skip"
    "|pass|whatever"
    "|same as before|as stated|already answered|see previous answer|refer to above|because it is true|none given"
    "|that is my opinion|my honest opinion|it's how i feel|just because|because i said so|i answered that already"
    "|can't remember|cannot recall|i do not recall|to help you|no particular reason|hard to say|i can't say|left blank"
    "|not applicable to me"
)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m classifiers.train.content", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with one folder per set")
    parser.add_argument("--out", type=Path, default=WEIGHTS, help="where the weights go (default: the package)")
    given = parser.parse_args(arguments)
    train, test = _survey(given.data)
    ours = [(features(text), True, _OURS) for text in _SHORT_OPINIONS.split("|")]
    ours += [(features(text), False, _OURS) for text in _EMPTY_ANSWERS.split("|")]
    rows = [(found, said, 1.0) for found, said in train] + ours
    names = sorted(rows[0][0])
    x = np.array([[found[name] for name in names] for found, _, _ in rows])
    model = LogisticRegression(C=_C, fit_intercept=False, max_iter=5000)
    model.fit(x, np.array([said for _, said, _ in rows]), sample_weight=np.array([weight for _, _, weight in rows]))
    weights = {name: round(float(value), 4) for name, value in zip(names, model.coef_[0], strict=True)}
    given.out.write_text(json.dumps(weights, indent=1) + "\n", encoding="utf-8")
    scores = [sum(weights[name] * found[name] for name in names) for found, _ in test]
    area = roc_auc_score([said for _, said in test], scores)
    sys.stderr.write(f"{len(rows)} rows read, AUROC on {len(test)} held-out answers {area:.4f}\n")
    return 0


def _survey(data: Path) -> tuple[list[tuple[dict[str, float], bool]], list[tuple[dict[str, float], bool]]]:
    with (data / "nhs_fft" / "comments.jsonl").open(encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    people = sorted({line["respondent"] for line in lines})
    chosen = np.random.default_rng(_SEED).random(len(people))
    held = {person for person, chance in zip(people, chosen, strict=True) if chance < 0.5}  # noqa: PLR2004 - half
    parts: tuple[list[tuple[dict[str, float], bool]], list[tuple[dict[str, float], bool]]] = ([], [])
    for line in lines:
        said = not set(line["labels"]) & _EMPTY
        parts[line["respondent"] in held].append((features(line["text"], line["question"]), said))
    return parts


if __name__ == "__main__":
    sys.exit(main())
