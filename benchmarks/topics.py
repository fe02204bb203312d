"""How well topics are judged, against what a user would write: `python benchmarks/topics.py ../shared/data [PART ...]`.

Parts: banking, unseen, traffic, scope, narrow, survey, speed (all without any). Each prints a table, with baselines.
Splits are drawn by fixed seeds: 3,080 rows of banking77's training part are held out as its test part; of other sets
one half is traffic or training, the other is judged.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from itertools import product
from pathlib import Path
from typing import TypeVar

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.multiclass import OneVsRestClassifier
from topic_methods import cosine, f1, figures, fitted, grown, hits, plain, regression, several, summary, words
from topic_sets import (
    ENCODER,
    NO_TOPIC,
    SEED,
    SETS,
    Texts,
    banking,
    encode,
    few,
    hidden,
    load,
    split,
    whole,
)

from classifiers.contract import Encoded, TopicSpec
from classifiers.text.clean import clean
from classifiers.topics.model import TopicModel

Found = TypeVar("Found")

SEEDS = (0, 1, 2)
CONFIDENCE = 0.5


def part_banking(data: Path) -> None:
    """The learning curve."""
    train, test = banking(data)
    keys = sorted({topics[0] for topics in test.topics})
    print("banking77, 3,080 held out: accuracy, ECE, accuracy at 80 % coverage")
    print(f"  names   cosine {hits(cosine(keys, test), keys, test).mean():.3f}")
    print(f"  names   ours {summary(grown(keys, None, test), keys, test)}")
    for name, traffic in ((f"{len(train.texts)} unlabelled texts", train), ("the judged texts, unlabelled", test)):
        found = grown(keys, None, test, traffic.texts)
        print(f"  names and {name}   ours {summary(found, keys, test)}", flush=True)
    for count in (1, 2, 4, 8, 16, 0):
        seeds = SEEDS if count else SEEDS[:1]
        rows: dict[str, list[list[float]]] = {}
        for seed in seeds:
            some = few(train, keys, count, seed)
            for name, method in (("embedding + LR", regression), ("TF-IDF + LR", words)):
                rows.setdefault(name, []).append(figures(method(keys, some, test), keys, test))
            rows.setdefault("ours", []).append(figures(grown(keys, some, test), keys, test))
            if count:
                found = grown(keys, some, test, test.texts)
                rows.setdefault("ours, judged texts at hand", []).append(figures(found, keys, test))
        told = "   ".join(f"{name} " + " ".join(f"{x:.3f}" for x in np.mean(row, axis=0)) for name, row in rows.items())
        print(f"  {count or 'all':>5}   {told}", flush=True)


def part_unseen(data: Path) -> None:
    """Names only and few-shot on taxonomies of other kinds, without and with unlabelled texts at hand."""
    print("accuracy of the best topic: cosine | names 1 2 4 8 16 examples, each without > other > judged texts at hand")
    gains = []
    for name in SETS:
        keys, half, test = split(data, name)
        plain = hits(cosine(keys, test), keys, test).mean()
        single = half.at([row for row, topics in enumerate(half.topics) if len(topics) == 1])
        told = []
        for count in (0, 1, 2, 4, 8, 16):
            some = few(single, keys, count, 0) if count else None
            told.append([hits(grown(keys, some, test, at), keys, test).mean() for at in ((), half.texts, test.texts)])
        gains.append([[told[0][1] - plain, told[0][2] - plain], *([b - a, c - a] for a, b, c in told)])
        print(f"  {name:20} {plain:.3f} | " + " ".join(f"{a:.3f}>{b:.3f}>{c:.3f}" for a, b, c in told), flush=True)
    for at, name in enumerate(("names against cosine", "names", "1", "2", "4", "8", "16")):
        other, judged = np.asarray(gains)[:, at].T
        means = (
            f"mean {other.mean():+.3f} worst {other.min():+.3f}, judged texts {judged.mean():+.3f} {judged.min():+.3f}"
        )
        print(f"  {name}: with other texts at hand {means}")


def part_traffic(data: Path) -> None:
    """How many unlabelled texts it takes, and what becomes of it where as many or more are of other subjects."""
    kinds = ((100, 0), (300, 0), (1000, 0), (3000, 0), (300, 300), (1000, 1000), (500, 2500))
    sets = {name: split(data, name) for name in SETS}
    train, _ = banking(data)  # its other part is what is reported on
    halves = np.random.default_rng(SEED).permutation(len(train.texts))
    shown, asked = train.at(halves[:4000]), train.at(halves[4000:5500])
    sets["banking77"] = (sorted({topics[0] for topics in train.topics}), shown, asked)
    print("accuracy against none at hand, mean and worst of nine sets; own texts + texts of the other sets:")
    print("  examples " + " ".join(f"{own:>6}+{other:<6}" for own, other in kinds))
    gains: dict[int, list[list[float]]] = {count: [] for count in (0, 1, 4, 8)}
    for name, (keys, half, judged) in sets.items():
        test = judged.at(range(min(1500, len(judged.texts))))
        bank = "banking" in name
        others = [
            text
            for other, of in sets.items()
            if other != name and not (bank and "banking" in other)
            for text in of[1].texts[:600]
        ]
        rng = np.random.default_rng(SEED)
        own, others = rng.permutation(half.texts).tolist(), rng.permutation(others).tolist()
        single = half.at([row for row, topics in enumerate(half.topics) if len(topics) == 1])
        for count, rows in gains.items():
            some = few(single, keys, count, 0) if count else None
            plain = hits(grown(keys, some, test), keys, test).mean()
            mixed = (rng.permutation([*own[:first], *others[:second]]).tolist() for first, second in kinds)
            rows.append([hits(grown(keys, some, test, texts), keys, test).mean() - plain for texts in mixed])
    for count, rows in gains.items():
        table = np.asarray(rows)
        told = " ".join(
            f"{mean:+.3f} {worst:+.3f}" for mean, worst in zip(table.mean(axis=0), table.min(axis=0), strict=True)
        )
        print(f"  {count or 'names':>8} {told}", flush=True)


def part_scope(data: Path) -> None:
    """A quarter of the topics hidden: does the confidence rank their texts last?"""
    print("AUROC in against out of scope: embedding + LR (maximum probability), ours")
    for name in ("banking77", "multidogo_finance", "multidogo_insurance", "multidogo_media", "bitext_support", "hint3"):
        told = []
        for seed in SEEDS[:2]:
            for count in (8, 0):
                keys, train, test, inside = hidden(data, name, seed)
                some = few(train, keys, count, seed)
                ours = grown(keys, some, test)
                found = [regression(keys, some, test).max(axis=1), ours.max(axis=1)]
                told.append([roc_auc_score(inside, one) for one in found])
        eight, every = np.mean(told[::2], axis=0), np.mean(told[1::2], axis=0)
        print(f"  {name:20} 8 each {eight[0]:.3f} {eight[1]:.3f}   all {every[0]:.3f} {every[1]:.3f}", flush=True)


def part_narrow(data: Path) -> None:
    """A few topics drawn by seed, all other texts being of none: who gets a topic at the default confidence?"""
    print("share of texts that get their topic / share of texts of no topic that get one: embedding + LR, ours")
    for few_topics in (2, 3, 4, 6):
        told: dict[int, list[list[float]]] = {0: [], 1: [], 3: [], 8: []}
        for name, seed in product(("banking77", *SETS), SEEDS):
            keys, half, test = whole(data, name)
            shown = sorted(np.random.default_rng(SEED + seed).permutation(keys)[:few_topics].tolist())
            single = half.at([row for row, topics in enumerate(half.topics) if len(topics) == 1 and topics[0] in shown])
            inside = [row for row, topics in enumerate(test.topics) if len(topics) == 1 and topics[0] in shown][:500]
            outside = [row for row, topics in enumerate(test.topics) if not set(topics) & set(shown)][:500]
            for count, rows in told.items():
                some = few(single, shown, count, seed) if count else None
                if not inside or (some and len({topics[0] for topics in some.topics}) < few_topics):
                    continue
                row = []
                for method in (plain, grown):
                    found, others = (method(shown, some, test.at(part)) for part in (inside, outside))
                    right = hits(found, shown, test.at(inside)) & (found.max(axis=1) >= CONFIDENCE)
                    row += [right.mean(), (others.max(axis=1) >= CONFIDENCE).mean()]
                rows.append(row)
        line = "   ".join(
            f"{count or 'names'}: {a:.2f} / {b:.2f}, {c:.2f} / {d:.2f}"
            for count, (a, b, c, d) in ((count, np.mean(rows, axis=0)) for count, rows in told.items())
        )
        print(f"  {few_topics} topics   {line}", flush=True)


def part_survey(data: Path) -> None:
    """Several themes a comment, trained on other service lines than it is judged on."""
    lines = [json.loads(line) for line in (data / "nhs_fft/comments.jsonl").read_text(encoding="utf-8").splitlines()]
    lines = [row for row in lines if row["labels"] and not set(row["labels"]) & NO_TOPIC]
    counted = Counter(topic for row in lines for topic in row["labels"])
    keys = sorted(topic for topic, count in counted.items() if count >= 20)
    every = Texts([clean(row["text"]) for row in lines], [tuple(set(row["labels"]) & set(keys)) for row in lines])
    service = np.asarray([row["service"][:3] for row in lines])
    print("NHS themes, micro-F1 | macro-F1: embedding + one-vs-rest LR at 0.5, ours")
    random = np.random.default_rng(SEED).random(len(lines)) < 1 / 3
    for name, held in (("random third", random), *((line, service == line) for line in sorted(set(service)))):
        train, test = every.at(np.flatnonzero(~held)), every.at(np.flatnonzero(held))
        truth = several(test.topics, keys)
        plain = OneVsRestClassifier(LogisticRegression(C=20, max_iter=300))
        plain.fit(train.encoded().vectors, several(train.topics, keys))
        model = TopicModel([TopicSpec(key) for key in keys], encode, train.labelled())
        answers = model.judge(test.texts, test.encoded(), 0.5)
        ours = several([tuple(one.label or "" for one in answer.topics) for answer in answers], keys)
        told = [f1(found, truth) for found in (plain.predict(test.encoded().vectors) > 0, ours)]
        print(f"  held out {name:14}" + "   ".join(f"{micro:.3f} | {macro:.3f}" for micro, macro in told), flush=True)


def part_speed(data: Path) -> None:
    """Learning and answering, texts encoded before, in processor time beside an encoder pass and a plain regression."""
    every = load(data / "banking77/train.jsonl", "label", 1 << 20)
    every = every.at(np.random.default_rng(SEED).permutation(len(every.texts)))
    specs = [TopicSpec(key) for key in sorted({topics[0] for topics in every.topics})]
    TopicModel(specs, encode)
    encoded = every.encoded()
    asked, judged = every.texts[-1000:], Encoded(encoded.vectors[-1000:], encoded.layers[-1000:])
    _, reading = timed(partial(ENCODER.encode, every.texts[:500]))
    print(f"{len(specs)} topics; an encoder pass of 500 texts took {reading:.2f} s")
    for count in (0, 500, 2000, 5000, len(every.texts)):
        rows = every.at(range(count))
        _, plain = timed(partial(fitted, rows)) if count else (None, float("nan"))
        for traffic in [(), every.texts[-3000:]][: 1 + (count <= len(every.texts) - 3000)]:
            model, learnt = timed(partial(TopicModel, specs, encode, rows.labelled(), traffic))
            _, answered = timed(partial(model.judge, asked, judged, 0.5))
            ratios = f"{learnt / reading:5.2f} encoder passes, {learnt / plain:5.2f} logistic regressions"
            what = f"{count:6} labelled, {len(traffic):4} unlabelled"
            print(f"{what}: learnt in {learnt:6.2f} s ({ratios}), {answered * 1e3:.0f} us a text", flush=True)


def timed(work: Callable[[], Found]) -> tuple[Found, float]:
    """What came out and the least processor time of three."""
    times = []
    for _ in range(3):
        started = time.process_time()
        found = work()
        times.append(time.process_time() - started)
    return found, min(times)


PARTS = {
    "banking": part_banking,
    "unseen": part_unseen,
    "traffic": part_traffic,
    "scope": part_scope,
    "narrow": part_narrow,
    "survey": part_survey,
    "speed": part_speed,
}

if __name__ == "__main__":
    for chosen in sys.argv[2:] or PARTS:
        PARTS[chosen](Path(sys.argv[1]))
