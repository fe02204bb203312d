"""The encoder by length of text and by backend, beside float32 in the order that the texts come in; in one run.

python benchmarks/encoder.py [texts.jsonl] [--rounds 3] [--texts 192] [--compared 1000]

Texts are short (up to 12 words), medium (up to 40) or long; from JSON Lines with `text` where a file is given, else
made of the demo's sentences. One worker, one thread. Speeds are texts per second of processor time, so that a busy
machine disturbs little; the best of the rounds. "sorted" is as the encoder groups texts. The ratio is to `float32
unsorted`: batches of 32 in the order of the file. Agreement is with float32 on the file's (else the demo's) texts:
cosine, the nearest of the demo's topics, the topic that is given or withheld by names alone at the default confidence,
sentiment, complaint.
"""

import argparse
import json
import random
import time
from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np

from app.demo.generator import list_feedback
from app.demo.scenario import read_company
from classifiers.contract import ClassifierError, Encoded, TopicSpec
from classifiers.embedders.encoder import Encoder
from classifiers.embedders.packing import Batch
from classifiers.sentiment.feelings import shipped_heads
from classifiers.sentiment.model import HEAD, complains, feel
from classifiers.text.clean import clean
from classifiers.topics.model import TopicModel

_BACKENDS = ("float32", "bfloat16", "onnx-int8")
_LENGTHS = {"short": (1, 12), "medium": (13, 40), "long": (41, 10_000)}
_LONG = 120
_IN_ORDER = 32
_CONFIDENCE = 0.5


def main() -> None:
    """Run the comparison and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, nargs="?")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--texts", type=int, default=192, help="of each length")
    parser.add_argument("--compared", type=int, default=1000, help="texts for the agreement")
    chosen = parser.parse_args()
    texts = _read(chosen.file)
    groups = {name: _of_length(texts, *words, chosen.texts) for name, words in _LENGTHS.items()}
    encoders = _encoders()
    print(f"{'backend':12} {'order':9} " + " ".join(f"{name:>8} ratio" for name in groups))
    base: dict[str, float] = {}
    for name, encoder in encoders.items():
        for order, run in (("unsorted", _in_order), ("sorted", Encoder.encode)):
            speeds = {key: _speed(partial(run, encoder, group), group, chosen.rounds) for key, group in groups.items()}
            base = base or speeds
            cells = " ".join(f"{speeds[key]:8.0f} {speeds[key] / base[key]:5.1f}" for key in groups)
            print(f"{name:12} {order:9} {cells}", flush=True)
    one = {name: _speed(partial(encoder.encode, groups["short"][:1]), [""], 50) for name, encoder in encoders.items()}
    print("one short text: " + ", ".join(f"{name} {1000 / speed:.1f} ms" for name, speed in one.items()))
    compared = random.Random(7).sample(texts, min(len(texts), chosen.compared))  # noqa: S311
    _print_agreement(encoders, compared)


def _encoders() -> dict[str, Encoder]:
    found = {}
    for name in _BACKENDS:
        try:
            found[name] = Encoder(backend=name, heads=shipped_heads(), workers=1)
        except ClassifierError as error:
            print(error)
    return found


def _in_order(encoder: Encoder, texts: Sequence[str]) -> None:
    """What the encoder would do without sorting: the same network on batches as they come, a text a row."""
    tokens, runner = encoder._tokens, encoder._backend  # noqa: SLF001 - a benchmark looks inside
    for at in range(0, len(texts), _IN_ORDER):
        ids = tokens.some(texts[at : at + _IN_ORDER])
        batch = Batch.apart(range(len(ids)), list(map(len, ids)))
        runner.run(*tokens.laid(batch, ids), layers=True, heads=())


def _read(file: Path | None) -> list[str]:
    if file is not None:
        with file.open(encoding="utf-8") as lines:
            found = (clean(json.loads(line)["text"]) for line in lines)
            return [text for text in found if text.strip()]
    items = islice(list_feedback(date(2026, 11, 1)), 3000)
    return list(dict.fromkeys(clean(" ".join(_words_of(item)).strip()) for item in items))


def _words_of(item: dict[str, object]) -> list[str]:
    turns = item.get("turns")
    if isinstance(turns, list):
        return [str(turn["text"]) for turn in turns if turn["role"] == "customer"]
    return [str(item.get("text") or "ok")]


def _of_length(texts: Sequence[str], least: int, most: int, count: int) -> list[str]:
    """So many different texts of that many words; where there are too few long ones, joined from others."""
    fitting = list(dict.fromkeys(text for text in texts if least <= len(text.split()) <= most))
    chance = random.Random(least)  # noqa: S311 - the same texts in every run
    while len(fitting) < count:
        words = " ".join(chance.sample(list(texts), 12)).split()
        fitting.append(" ".join(words[: chance.randint(least, min(most, _LONG))]))
    return chance.sample(fitting, count)


def _speed(work: Callable[[], object], texts: Sequence[str], rounds: int) -> float:
    work()
    taken = []
    for _ in range(rounds):
        begun = time.process_time()
        work()
        taken.append(time.process_time() - begun)
    return len(texts) / min(taken)


def _print_agreement(encoders: dict[str, Encoder], texts: list[str]) -> None:
    specs = [TopicSpec(topic.key, topic.name, topic.description) for topic in read_company().topics]
    topics = [clean(f"{spec.name}. {spec.description}") for spec in specs]
    exact = encoders["float32"].encode(texts, heads=[HEAD])
    names = encoders["float32"].encode(topics, layers=False).vectors
    right = _labels(exact, names) | {"topic given": _given(encoders["float32"], specs, texts, exact)}
    print(f"agreement with float32 on {len(texts)} texts:")
    for name, encoder in encoders.items():
        found = encoder.encode(texts, heads=[HEAD])
        labelled = _labels(found, names) | {"topic given": _given(encoder, specs, texts, found)}
        same = {key: float(np.mean(labels == right[key])) for key, labels in labelled.items()}
        cosine = (found.vectors * exact.vectors).sum(1)
        print(f"  {name:12} cosine {cosine.mean():.4f}, least {cosine.min():.4f}; "
              + ", ".join(f"{key} {share:.4f}" for key, share in same.items()))  # fmt: skip


def _given(encoder: Encoder, specs: list[TopicSpec], texts: list[str], encoded: Encoded) -> np.ndarray:
    model = TopicModel(specs, lambda asked: encoder.encode([clean(text) for text in asked]))
    answers = model.judge(texts, encoded, _CONFIDENCE)
    return np.array([" ".join(str(topic.label) for topic in answer.topics) for answer in answers])


def _labels(encoded: Encoded, names: np.ndarray) -> dict[str, np.ndarray]:
    return {
        "nearest topic": (encoded.vectors @ names.T).argmax(1),
        "sentiment": feel(encoded.heads[HEAD]).argmax(1),
        "complaint": complains(encoded.heads[HEAD]) >= 0.5,
    }


if __name__ == "__main__":
    main()
