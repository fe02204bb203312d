"""Texts to mentions with all their labels, beside what a user would write, in one run on all cores.

python benchmarks/pipeline.py [texts.jsonl] [--items 1500] [--rounds 3] [--backend auto] [--processor-time]

Ours: `Reader.read` of whole comments: split, encode, every head. Theirs: the sentences of the same comments, already
split, through `SentenceTransformer.encode(batch_size=32)` and one scikit-learn logistic regression each for topic,
sentiment, complaint and friction. Bare: our encoder alone over these sentences. Prints seconds of each round, and the
medians of theirs / ours and bare / ours. Without a file the demo's generator writes the texts.
"""

import argparse
import json
import os
import resource
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from itertools import islice
from pathlib import Path

import torch
from sentence_transformers import SentenceTransformer
from sklearn.linear_model import LogisticRegression

from app.demo.generator import list_feedback
from app.demo.scenario import read_company
from classifiers.contract import TopicSpec, Turn
from classifiers.embedders.packaged import packaged_folder
from classifiers.reader import Reader, load_encoder

_TAUGHT = 600
_BATCH = 32


def main() -> None:
    """Run the comparison and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, nargs="?")
    parser.add_argument("--items", type=int, default=1500)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--backend", default="auto")
    parser.add_argument("--processor-time", action="store_true", help="for a busy machine; theirs on one thread")
    chosen = parser.parse_args()
    conversations = list(islice(_conversations(chosen.file), chosen.items))
    topics = [TopicSpec(one.key, one.name, one.description, tuple(one.examples)) for one in read_company().topics]
    encoder = load_encoder(backend=chosen.backend)
    reader = Reader(encoder, topics)
    sentences, labels = _found(reader, conversations)
    model = SentenceTransformer(str(packaged_folder()), device="cpu")
    heads = _taught(model, sentences, labels)
    print(f"backend {encoder.backend}; {len(conversations)} comments, {len(sentences)} sentences; seconds a round")
    print(f"{'ours':>8} {'theirs':>8} {'bare':>8}")
    clock = time.process_time if chosen.processor_time else time.perf_counter
    rows = []
    for _ in range(chosen.rounds):
        torch.set_num_threads(1)
        ours = _timed(clock, partial(reader.read, conversations))
        bare = _timed(clock, partial(encoder.encode, sentences))
        torch.set_num_threads(1 if chosen.processor_time else os.cpu_count() or 1)
        theirs = _timed(clock, partial(_as_a_user_would, model, heads, sentences))
        rows.append((ours, theirs, bare))
        print(f"{ours:8.2f} {theirs:8.2f} {bare:8.2f}", flush=True)
    print(f"theirs / ours {statistics.median(theirs / ours for ours, theirs, _ in rows):.2f}, "
          f"bare / ours {statistics.median(bare / ours for ours, _, bare in rows):.2f}")  # fmt: skip
    print(f"peak memory of this process, both models in it: {_peak_mib():.0f} MiB")


def _conversations(file: Path | None) -> Iterator[list[Turn]]:
    if file is not None:
        with file.open(encoding="utf-8") as lines:
            yield from ([Turn("customer", json.loads(line)["text"])] for line in lines)
        return
    for item in list_feedback(date(2026, 11, 1)):
        turns = item.get("turns") or [{"role": "customer", "text": item.get("text") or ""}]
        yield [Turn(turn["role"], turn["text"]) for turn in turns]


def _found(reader: Reader, conversations: list[list[Turn]]) -> tuple[list[str], list[tuple[str, ...]]]:
    """The sentences that the reader finds, and its labels: what the other side's heads are taught with."""
    sentences, labels = [], []
    for turns, reading in zip(conversations, reader.read(conversations), strict=True):
        for one in reading.mentions:
            sentences.append(turns[one.turn].text[one.start : one.end])
            labels.append((str(one.topic), one.sentiment_label, str(one.complaint), str(one.friction)))
    return sentences, labels


def _taught(
    model: SentenceTransformer, sentences: list[str], labels: list[tuple[str, ...]]
) -> list[LogisticRegression]:
    vectors = model.encode(sentences[:_TAUGHT], show_progress_bar=False)
    columns = zip(*labels[:_TAUGHT], strict=True)
    return [LogisticRegression(max_iter=200).fit(vectors, column) for column in columns if len(set(column)) > 1]


def _as_a_user_would(model: SentenceTransformer, heads: list[LogisticRegression], sentences: list[str]) -> None:
    vectors = model.encode(sentences, batch_size=_BATCH, show_progress_bar=False)
    for head in heads:
        head.predict_proba(vectors)


def _timed(clock: Callable[[], float], work: Callable[[], object]) -> float:
    begun = clock()
    work()
    return clock() - begun


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
