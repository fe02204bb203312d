"""The command line: ``python -m classifiers.train sentiment --data DIR``."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from classifiers.contract import SENTIMENTS
from classifiers.sentiment.linear import Linear
from classifiers.sentiment.mentions import MENTION_FILE, MentionModel
from classifiers.sentiment.model import FOLDER, TEXT_FILE, TextModel
from classifiers.train.batches import Source
from classifiers.train.lessons import Lesson, read_mams
from classifiers.train.measure import features_of, measure, temperature_of
from classifiers.train.mentions import Questions, Reading, judge, train_mentions
from classifiers.train.mix import kind_of
from classifiers.train.rows import Row, read_rows
from classifiers.train.text import Student, Texts

_HELD_BACK = 0.06
_ANSWERS = 4
_JUDGED = frozenset({"nhs", "goemotions", "tweets", "movie", "nyt"})
_WRITTEN = frozenset({"seeds", "pairs", "unlabelled"})


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m classifiers.train",
        description="Make the shipped weights from sets whose licence allows it (about 30 minutes on one core).",
    )
    parser.add_argument("head", choices=["sentiment", "text", "mentions"], help="sentiment is both, in a row")
    parser.add_argument("--data", type=Path, required=True, help="folder with one folder per set")
    parser.add_argument("--out", type=Path, default=FOLDER, help="where the weights go (default: the package)")
    parser.add_argument("--leave", nargs="*", default=[], help="sets to measure on instead of training on them")
    parser.add_argument("--keep", type=Path, help="folder where a stage's weights wait for a run that goes on later")
    given = parser.parse_args(arguments)
    torch.set_num_threads(1)
    source = Source()
    rows = [row for row in read_rows(given.data) if row.source not in given.leave]
    left = [row for row in read_rows(given.data) if row.source in given.leave]
    taught, held = _hold_back(rows)
    if given.head != "mentions":
        text = _calibrated(_train_text(source, taught, given.keep), source, held)
        text.save(given.out / TEXT_FILE.name)
        for name in given.leave:
            _tell(f"{name}: {measure(text, source, [row for row in left if row.source == name])}")
    if given.head != "text":
        mams = read_mams(given.data / "mams_restaurants" / "train.jsonl")
        _train_mentions(source, taught, mams, given.keep).save(given.out / MENTION_FILE.name)
    return 0


def _train_text(source: Source, rows: Sequence[Row], keep: Path | None) -> Student:
    texts = Texts(source, rows, _tell)
    teacher, student = texts.teacher(), texts.student()
    _once(teacher, keep and keep / "teacher.safetensors", lambda: texts.tune(teacher))
    _once(student, keep and keep / "student.safetensors", lambda: texts.teach(student, teacher))
    return student


def _train_mentions(source: Source, rows: Sequence[Row], mams: Sequence[Lesson], keep: Path | None) -> MentionModel:
    """The official validation part is the test: one sentence in ten of the train part is held back instead."""
    held = np.random.default_rng(1).random(len(mams)) < 0.1  # noqa: PLR2004 - said above
    kept = [lesson for lesson, out in zip(mams, held, strict=True) if not out]
    torch.manual_seed(0)
    reading = Reading()
    _once(reading, keep and keep / "mention.safetensors", lambda: train_mentions(reading, source, rows, kept, _tell))
    back = [lesson for lesson, out in zip(mams, held, strict=True) if out]
    questions = Questions(source, sorted({ask.topic for lesson in back for ask in lesson.asks if ask.topic}))
    logits, right = judge(reading, questions, source, questions.pointed(back))
    _tell(f"mentions held back: {len(right)}, accuracy {np.mean(logits.argmax(1) == right):.3f}")
    return MentionModel(reading.tokens, reading.asking, temperature_of(logits, right), source.fingerprint)


def _once(module: nn.Module, path: Path | None, train: Callable[[], None]) -> None:
    """Train a module, or take over what an earlier run kept of it."""
    if path is not None and path.exists():
        module.load_state_dict(load_file(path))
    else:
        train()
        if path is not None:
            save_file(module.state_dict(), path)
    module.eval()


def _hold_back(rows: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    out = np.random.default_rng(0).random(len(rows)) < _HELD_BACK
    back = [bool(one) and row.source not in _WRITTEN for row, one in zip(rows, out, strict=True)]
    return (
        [row for row, one in zip(rows, back, strict=True) if not one],
        [row for row, one in zip(rows, back, strict=True) if one],
    )


def _calibrated(student: Student, source: Source, held: Sequence[Row]) -> TextModel:
    """A temperature for each answer, from rows that were held back.

    Only sets whose feelings people judged count for it, each the same: on intents and written pairs a head is surer
    than it may be elsewhere.
    """
    judged = [row for row in held if row.source in _JUDGED and row.feeling is not None]
    features = features_of(student.head, source, [row.text for row in judged])
    groups = np.array([row.source for row in judged])
    feelings = np.array([kind_of(row) for row in judged])
    weight = student.answers.weight[:_ANSWERS].detach().numpy().T
    bias = student.answers.bias[:_ANSWERS].detach().numpy()
    same = np.eye(_ANSWERS)
    found = []
    for labels, chosen, right in (
        (SENTIMENTS, same[:, :3], feelings),
        (("other", "complaint"), np.outer(same[3], (-0.5, 0.5)), (feelings == 0).astype(np.int64)),
    ):
        plain = Linear(labels, (weight @ chosen).astype(np.float32), (bias @ chosen).astype(np.float32))
        scores = features @ plain.weight + plain.bias
        found.append(replace(plain, temperature=temperature_of(scores, right, groups)))
    return TextModel(student.head, found[0], found[1], source.fingerprint)


_BEGUN = time.monotonic()


def _tell(words: str) -> None:
    sys.stderr.write(f"{time.monotonic() - _BEGUN:5.0f} s  {words}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
