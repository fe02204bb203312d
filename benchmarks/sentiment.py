"""Sentiment against what one would use instead, on texts that no weights were trained on.

    python benchmarks/sentiment.py DATA [whole] [written] [mentions] [adapting] [folds] [cost]

DATA is a folder with one folder per set. The baselines: VADER (a word list with rules), and logistic regression on the
sentence embedding, trained on the same permissive sets as the shipped head.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, roc_auc_score

from classifiers.contract import SENTIMENTS, Correction
from classifiers.embedders.encoder import Encoder
from classifiers.embedders.memory import Kept, Remembering
from classifiers.reader import load_encoder
from classifiers.sentiment.feelings import About, Feelings
from classifiers.sentiment.model import HEAD
from classifiers.text.clean import clean
from classifiers.train.measure import ece
from classifiers.train.mix import Mix, kind_of
from classifiers.train.rows import lines, read_rows

SETS = {"airline tweets": "airline_tweets/tweets.jsonl", "TweetEval": "tweeteval_sentiment/val.jsonl"}
OURS = Path(__file__).parent.parent / "tests" / "quality" / "data"
SEEDS = 5
KEPT: Kept = {}


def read(data: Path, name: str) -> tuple[list[str], np.ndarray]:
    """Texts of a set, and the column of the right sentiment."""
    found = list(lines(data / SETS[name]))
    return [row["text"] for row in found], np.array([SENTIMENTS.index(row["sentiment"]) for row in found])


def show(name: str, shares: np.ndarray, right: np.ndarray, complaint: np.ndarray | None = None) -> None:
    """Print one line of the table; without a complaint score the polarity stands for it."""
    sided = right != 1
    against = -(shares[:, 2] - shares[:, 0]) if complaint is None else complaint
    print(
        f"{name:34} n {len(right):5}  accuracy {np.mean(shares.argmax(1) == right):.3f}"
        f"  macro-F1 {f1_score(right, shares.argmax(1), average='macro'):.3f}"
        f"  +/- {np.mean((shares[sided, 2] > shares[sided, 0]) == (right[sided] == 2)):.3f}"
        f"  ECE {ece(shares, right):.3f}  complaint AUROC {roc_auc_score(right == 0, against):.3f}",
        flush=True,
    )


def vader(texts: list[str]) -> np.ndarray:
    """VADER's published thresholds as shares: compound beyond 0.05 on either side."""
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer  # noqa: PLC0415 - an optional baseline

    analyse = SentimentIntensityAnalyzer()
    compound = np.array([analyse.polarity_scores(text)["compound"] for text in texts])
    shares = np.stack([np.maximum(-compound, 0), np.full(len(texts), 0.05), np.maximum(compound, 0)], 1)
    return shares / shares.sum(axis=1, keepdims=True)


def embedding_regression(data: Path, encoder: Encoder) -> Callable[[list[str]], np.ndarray]:
    """What one would write first: regression on the sentence embedding, trained on the same rows."""
    rows = [row for row in Mix(read_rows(data)).draw(np.random.default_rng(0)) if row.feeling is not None]
    vectors = encoder.encode([row.text for row in rows], layers=False).vectors
    model = LogisticRegression(C=10, max_iter=500).fit(vectors, [kind_of(row) for row in rows])
    return lambda texts: model.predict_proba(encoder.encode([clean(text) for text in texts], layers=False).vectors)


def whole(data: Path, encoder: Encoder) -> None:
    """Whole texts, three classes."""
    regression = embedding_regression(data, encoder)
    feelings = Feelings(encoder)
    for name in SETS:
        texts, right = read(data, name)
        show(f"{name}: VADER", vader(texts), right)
        show(f"{name}: embedding + regression", regression(texts), right)
        felt = feelings.judge([clean(text) for text in texts])
        show(f"{name}: shipped", felt.sentiments, right, felt.complaints)


def written(_data: Path, encoder: Encoder) -> None:
    """Texts of many sectors that we wrote and held back: as a whole, and by topic where they judge several things."""
    feelings = Feelings(encoder)
    rows = list(lines(OURS / "feelings.jsonl"))
    texts, right = [clean(row["text"]) for row in rows], np.array([SENTIMENTS.index(row["label"]) for row in rows])
    felt = feelings.judge(texts)
    show("written: VADER", vader(texts), right)
    show("written: shipped", felt.sentiments, right, felt.complaints)
    asked = [
        (clean(row["text"]), topic, SENTIMENTS.index(label))
        for row in lines(OURS / "mixed.jsonl")
        for topic, label in row["about"].items()
    ]
    labels = np.array([label for _, _, label in asked])
    sentence, topic = by_topic(feelings, encoder, asked)
    show("written, several things: whole text", sentence, labels)
    show("written, several things: by topic", topic, labels)


def by_topic(
    feelings: Feelings, encoder: Encoder, rows: Sequence[tuple[str, str, int]]
) -> tuple[np.ndarray, np.ndarray]:
    """What each text says as a whole, and of the topic beside it."""
    names = sorted({topic for _, topic, _ in rows})
    vectors = dict(zip(names, encoder.encode(names, layers=False).vectors, strict=True))
    return (
        feelings.ask([About(text) for text, _, _ in rows]),
        feelings.ask([About(text, topic=vectors[topic]) for text, topic, _ in rows]),
    )


def mentions(data: Path, encoder: Encoder) -> None:
    """Restaurants, validation part: asked by category; whole sentence, clause and topic."""
    feelings = Feelings(encoder)
    rows = [
        (row["text"], aspect["category"], SENTIMENTS.index(aspect["polarity"]))
        for row in lines(data / "mams_restaurants" / "val.jsonl")
        for aspect in row["aspects"]
    ]
    right = np.array([label for _, _, label in rows])
    sentence, topic = by_topic(feelings, encoder, rows)
    named = [(at, text.lower().find(category)) for at, (text, category, _) in enumerate(rows)]
    named = [(at, start) for at, start in named if start >= 0]
    at = [row for row, _ in named]
    span = feelings.ask([About(rows[row][0], (start, start + len(rows[row][1]))) for row, start in named])
    show("mentions: whole sentence", sentence, right)
    show("mentions: by topic", topic, right)
    show("mentions: by topic, where it is said", topic[at], right[at])
    show("mentions: by span, where it is said", span, right[at])


def adapting(data: Path, encoder: Encoder) -> None:
    """The more labels of a domain, the better; measured on all texts but those of which labels were drawn."""
    for name in SETS:
        texts, right = read(data, name)
        pool = min(500, len(texts) // 2)
        for count in (0, 20, 50, 100, 500):
            scores = []
            for seed in range(SEEDS if count else 1):
                order = np.random.default_rng(seed).permutation(len(texts))
                shares, complaints = taught(encoder, texts, right, order[:count], order[pool:])
                truth = right[order[pool:]]
                scores.append((np.mean(shares.argmax(1) == truth), f1_score(truth, shares.argmax(1), average="macro")))
                scores[-1] += (ece(shares, truth), roc_auc_score(truth == 0, complaints))
            mean, worst = np.mean(scores, axis=0), np.min(scores, axis=0)
            print(f"{name}, {count:3} labels: accuracy {mean[0]:.3f}  macro-F1 {mean[1]:.3f} (worst {worst[1]:.3f})"
                  f"  ECE {mean[2]:.3f}  complaint AUROC {mean[3]:.3f} (worst {worst[3]:.3f})", flush=True)  # fmt: skip


def folds(data: Path, encoder: Encoder) -> None:
    """Ten-fold cross-validation: nine parts are corrections, the tenth is judged."""
    for name in SETS:
        texts, right = read(data, name)
        fold = np.random.default_rng(20261126).permutation(len(texts)) % 10
        shares, complaints = np.zeros((len(texts), 3), np.float32), np.zeros(len(texts), np.float32)
        for at in range(10):
            out = np.flatnonzero(fold == at)
            shares[out], complaints[out] = taught(encoder, texts, right, np.flatnonzero(fold != at), out)
        show(f"{name}: ten-fold", shares, right, complaints)


def taught(
    encoder: Encoder, texts: list[str], right: np.ndarray, shown: np.ndarray, asked: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Sentiment and complaint of the asked texts, after corrections of those that were shown."""
    rows = [Correction(texts[at], sentiment=SENTIMENTS[right[at]], complaint=bool(right[at] == 0)) for at in shown]
    memory = Remembering(encoder, KEPT)
    feelings = Feelings(cast("Encoder", memory), rows)
    cleaned = [clean(texts[at]) for at in asked]
    felt = feelings.judge(cleaned, memory.encode(cleaned, heads=(HEAD,)))
    KEPT.update(memory.used)
    return felt.sentiments, felt.complaints


def cost(data: Path, encoder: Encoder) -> None:
    """Time of the pass with and without the head, least of five."""
    texts = [clean(text) for text in read(data, "airline tweets")[0][:1000]]
    encoder.encode(texts[:100], layers=False, heads=["sentiment", "mention"])
    for heads in ((), ("sentiment",), ("mention",)):
        took = []
        for _ in range(5):
            begun = time.perf_counter()
            encoder.encode(texts, layers=False, heads=heads)
            took.append(time.perf_counter() - begun)
        print(f"{json.dumps(heads):16} {len(texts) / min(took):.0f} texts/s", flush=True)


PARTS = {"whole": whole, "written": written, "mentions": mentions, "adapting": adapting, "folds": folds, "cost": cost}

if __name__ == "__main__":
    folder, *asked = sys.argv[1:]
    shared = load_encoder()
    for part in asked or PARTS:
        PARTS[part](Path(folder), shared)
