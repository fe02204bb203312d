"""Import to classified: the real doors and stations beside the bare encoder over the same sentences, in one run.

python benchmarks/pipeline.py [--items 1500] [--rounds 3] [--file comments.jsonl]

Prints sentences per second of both and their ratio (1 = as fast as the encoder alone), the share of each phase, and the
memory of the process. Absolute times depend on the machine; the ratio is what to compare. `--file` takes JSON Lines
with `text`; without it the demo's generator writes the texts.
"""

import argparse
import json
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from functools import partial
from itertools import islice
from pathlib import Path

from sentence_transformers import SentenceTransformer
from sqlalchemy import select

from app.connectors.contract import NativeItem, read_item
from app.demo.generator import list_feedback
from app.demo.scenario import read_company
from app.domain.actor import OPERATOR
from app.ingest.items import accept_items
from app.ingest.sources import ensure_native_source
from app.log import configure_logs
from app.pipeline import STATIONS, drain
from app.processes.apply import apply_document
from app.runtime import Runtime, build_runtime
from app.settings import Settings
from app.store.label_tables import Mention
from app.store.migrate import upgrade_schema
from app.store.tables import Turn
from classifiers.embedders.packaged import packaged_folder

_AT_ONCE = 250
_LABEL = [station for station in STATIONS if station.name == "label"]


def main() -> None:
    """Run the comparison and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=1500)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--file", type=Path)
    chosen = parser.parse_args()
    configure_logs("WARNING", "text")
    items = list(islice(_items(chosen.file), chosen.items))
    model = SentenceTransformer(str(packaged_folder()), device="cpu")
    ratios = []
    print(f"{len(items)} items; one row a round")
    print(f"{'store':>8} {'label':>8} {'bare':>8}  seconds   {'ours/s':>8} {'bare/s':>8} {'ratio':>6}")
    for _ in range(chosen.rounds):
        stored, labelled, sentences = _ours(items)
        bare = _timed(partial(model.encode, sentences, show_progress_bar=False))
        ours, theirs = len(sentences) / (stored + labelled), len(sentences) / bare
        ratios.append(ours / theirs)
        print(f"{stored:8.2f} {labelled:8.2f} {bare:8.2f}            {ours:8.0f} {theirs:8.0f} {ratios[-1]:6.2f}")
    print(f"median ratio to bare SentenceTransformer.encode over {len(sentences)} sentences: "
          f"{statistics.median(ratios):.2f}")  # fmt: skip
    print(f"peak memory of this process, both encoders in it: {_peak_mib():.0f} MiB")


def _items(file: Path | None) -> Iterator[NativeItem]:
    if file is None:
        yield from (read_item(item) for item in list_feedback(date(2026, 11, 1)))
        return
    for number, line in enumerate(file.open(encoding="utf-8")):
        text = json.loads(line)["text"]
        if text.strip():
            at = "2026-06-01T00:00:00Z"
            yield read_item({"external_id": str(number), "medium": "survey", "occurred_at": at, "text": text})


def _ours(items: list[NativeItem]) -> tuple[float, float, list[str]]:
    with tempfile.TemporaryDirectory() as folder:
        runtime = build_runtime(Settings(data_dir=Path(folder)))
        upgrade_schema(runtime.database.engine)
        with runtime.database.writing() as session:
            apply_document(session, datetime.now(UTC), OPERATOR, read_company(), dry_run=False)
        runtime.tools.readers.encoder().encode(["warm"])
        stored = _timed(partial(_store, runtime, items))
        labelled = _timed(partial(drain, runtime, _LABEL))
        with runtime.database.reading() as session:
            spans = select(Turn.text, Mention.start, Mention.end).join(
                Mention, (Mention.feedback_id == Turn.feedback_id) & (Mention.turn == Turn.position)
            )
            sentences = [text[start:end] for text, start, end in session.execute(spans)]
        runtime.database.dispose()
        return stored, labelled, sentences


def _store(runtime: Runtime, items: list[NativeItem]) -> None:
    for start in range(0, len(items), _AT_ONCE):
        with runtime.database.writing() as session:
            now = datetime.now(UTC)
            source = ensure_native_source(session, now, OPERATOR, "benchmark")
            accept_items(session, now, source, items[start : start + _AT_ONCE])


def _timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
