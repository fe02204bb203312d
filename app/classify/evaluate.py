"""`closeloop evaluate topics|sentiment|mentions`: files in, files out, by the same classifiers as the station's."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from app.classify.loading import Readers
from app.classify.scoring import FeelingTally, Summary, TopicTally, rounded
from app.classify.taxonomy_file import keys_by_label, read_topics
from app.domain.json_lines import BadLines, check_labels, check_text, read_lines
from app.files import lines_of, open_answers

if TYPE_CHECKING:
    from classifiers.topics.model import TopicModel

CHUNK = 1024
_NAMED = 5

Row = dict[str, Any]


@dataclass(frozen=True)
class Run:
    """How a measurement is run.

    Attributes:
        readers: Gives the encoder and readers.
        bad: What becomes of bad lines.
        progress: Told how many lines are done.
    """

    readers: Readers
    bad: BadLines = field(default_factory=BadLines)
    progress: Callable[[int], None] = lambda _done: None


@dataclass(frozen=True)
class TopicFiles:
    """Files of `evaluate topics`; docs/evaluate.md describes their lines."""

    test: Path
    out: Path
    train: Path | None = None
    taxonomy: Path | None = None
    unlabelled: Path | None = None


def evaluate_topics(run: Run, files: TopicFiles, *, confidence: float = 0.5) -> Summary:
    """Topics of texts: zero-shot from a taxonomy, better with labelled texts.

    Raises:
        AppError: `bad_line`, `unreadable_input`, `no_topics` or `model_unavailable`.
    """
    from classifiers.text.clean import clean  # noqa: PLC0415 - the classifiers are loaded when they are needed

    encoder = run.readers.encoder()
    unknown = set[str]()
    tally = TopicTally()
    with open_answers(files.out, files.test, files.train, files.taxonomy, files.unlabelled) as out:
        model, keys = _learn(run, files)
        started = time.perf_counter()
        for rows in _chunks(_rows(run, files.test, _check_labelled)):
            texts = [clean(row["text"]) for row in rows]
            for row, answer in zip(rows, model.judge(texts, encoder.encode(texts), confidence), strict=True):
                given = answer.topics or (answer.best,)
                labels = [{"topic": one.label, "confidence": round(one.confidence, 4)} for one in given]
                abstained = not answer.topics
                _write(out, {"id": row["id"], "labels": labels, "abstained": abstained})
                truth = None if row.get("labels") is None else [keys[one] for one in row["labels"] if one in keys]
                unknown.update(label for label in row.get("labels") or () if label not in keys)
                listed, best = [str(one.label) for one in given], given[0].confidence
                tally.add(truth, listed, best, abstained=abstained, several=model.several)
            run.progress(tally.texts)
        seconds = time.perf_counter() - started
    about: Summary = {"stage": model.stage, "topics": len(model.keys), "unknown_labels": _some(unknown)}
    return tally.summary(seconds) | about | {"bad_lines": len(run.bad.named)}


def evaluate_sentiment(run: Run, test: Path, out: Path) -> Summary:
    """Sentiment of texts, or of spans of texts.

    Raises:
        AppError: `bad_line`, `unreadable_input` or `model_unavailable`.
    """
    reader = run.readers.reader((), ())
    tally = FeelingTally()
    started = time.perf_counter()
    with open_answers(out, test) as file:
        for rows in _chunks(_rows(run, test, _check_span)):
            asked = [(row["text"], row.get("question"), _span(row)) for row in rows]
            for row, found in zip(rows, reader.feel(asked), strict=True):
                score, confidence = round(found.score, 4), round(found.confidence, 4)
                _write(file, {"id": row["id"], "label": found.label, "score": score, "confidence": confidence})
                tally.add(row.get("label"), found.label, found.confidence, found.chances)
            run.progress(tally.texts)
    return tally.summary(time.perf_counter() - started) | {"bad_lines": len(run.bad.named)}


def evaluate_mentions(run: Run, test: Path, out: Path, taxonomy: Path | None = None) -> Summary:
    """Mentions of texts or conversations.

    Raises:
        AppError: `bad_line`, `unreadable_input` or `model_unavailable`.
    """
    from classifiers import contract  # noqa: PLC0415 - the classifiers are loaded when they are needed

    reader = run.readers.reader(read_topics(taxonomy, ()) if taxonomy else (), ())
    items = mentions = covered = customer = foreign = 0
    unknown = set[str]()
    started = time.perf_counter()
    with open_answers(out, test, taxonomy) as file:
        for rows in _chunks(_rows(run, test, _check_turns)):
            conversations = [
                [contract.Turn(turn["role"].strip().lower(), turn["text"]) for turn in row["turns"]]
                if "turns" in row
                else [contract.Turn("customer", row["text"])]
                for row in rows
            ]
            found = reader.read(conversations, [row.get("question") for row in rows])
            for row, turns, reading in zip(rows, conversations, found, strict=True):
                spans = reading.mentions
                _write(file, {"id": row["id"], "mentions": [_mention(span, turns) for span in spans]})
                items, mentions = items + 1, mentions + len(spans)
                covered += sum(span.end - span.start for span in spans)
                customer += sum(len(turn.text.strip()) for turn in turns if turn.role == contract.Role.CUSTOMER)
                foreign += sum(turns[span.turn].role != contract.Role.CUSTOMER for span in spans)
                unknown.update(turn.role for turn in turns if turn.role not in set(contract.Role))
            run.progress(items)
    return rounded(
        {
            "items": items,
            "mentions": mentions,
            "mentions_per_item": mentions / items if items else None,
            "share_of_text_covered": covered / customer if customer else None,
            "agent_text_used": foreign,
            "unknown_roles": _some(unknown),
            "texts_per_s": items / max(time.perf_counter() - started, 1e-9),
            "bad_lines": len(run.bad.named),
        }
    )


def _learn(run: Run, files: TopicFiles) -> tuple[TopicModel, dict[str, str]]:
    """The model, and what a label may call its topics."""
    from classifiers.text.clean import clean  # noqa: PLC0415 - the classifiers are loaded when they are needed
    from classifiers.topics.labelled import Labelled  # noqa: PLC0415
    from classifiers.topics.model import TopicModel  # noqa: PLC0415

    shown = [row for row in _rows(run, files.train, _check_labelled) if row.get("labels") is not None]
    specs = read_topics(files.taxonomy, (label for row in shown for label in row["labels"]))
    keys = keys_by_label(specs)
    train = [Labelled(clean(row["text"]), tuple(keys[label] for label in row["labels"])) for row in shown]
    traffic = [clean(row["text"]) for row in _rows(run, files.unlabelled, check_text)]
    return TopicModel(specs, run.readers.encoder().encode, train, traffic), keys


def _some(names: set[str]) -> str | None:
    """A few of them, in so many words; None without any."""
    more = len(names) - _NAMED
    return ", ".join([*sorted(names)[:_NAMED], *([f"{more} more"] if more > 0 else [])]) or None


def _rows(run: Run, path: Path | None, check: Callable[[Row], str | None]) -> Iterator[Row]:
    if path is not None:
        yield from read_lines(lines_of(path), path.name, check, run.bad)


def _write(file: TextIO, answer: Row) -> None:
    file.write(json.dumps(answer, allow_nan=False) + "\n")


def _chunks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    rows = iter(rows)
    while chunk := list(islice(rows, CHUNK)):
        yield chunk


def _check_labelled(row: Row) -> str | None:
    return check_text(row) or check_labels(row)


def _check_span(row: Row) -> str | None:
    if reason := check_text(row):
        return reason
    if row.get("label") not in (None, "negative", "neutral", "positive"):
        return '"label" is not negative, neutral or positive'
    if reason := _check_question(row):
        return reason
    start, end = row.get("start"), row.get("end")
    if start is None and end is None:
        return None
    if type(start) is not int or type(end) is not int or not 0 <= start < end <= len(row["text"]):
        return '"start" and "end" are no span of the text (character offsets)'
    return None


def _check_question(row: Row) -> str | None:
    return None if isinstance(row.get("question"), str | None) else '"question" is not a string'


def _check_turns(row: Row) -> str | None:
    if reason := _check_question(row):
        return reason
    if "turns" not in row:
        return check_text(row)
    turns = row["turns"]
    if isinstance(turns, list) and all(
        isinstance(turn, dict) and isinstance(turn.get("role"), str) and isinstance(turn.get("text"), str)
        for turn in turns
    ):
        return None
    return '"turns" is not a list of objects with role and text'


def _span(row: Row) -> tuple[int, int] | None:
    return (row["start"], row["end"]) if row.get("start") is not None else None


def _mention(span: Any, turns: Sequence[Any]) -> Row:  # noqa: ANN401 - loaded lazily
    return {
        "turn": span.turn,
        "start": span.start,
        "end": span.end,
        "text": turns[span.turn].text[span.start : span.end],
        "topic": span.topic,
        "topic_confidence": round(span.topic_confidence, 4),
        "sentiment": span.sentiment_label,
        "score": round(span.sentiment, 4),
        "confidence": round(span.sentiment_confidence, 4),
        "complaint": span.complaint,
        "complaint_confidence": round(span.complaint_confidence, 4),
        "friction": span.friction,
        "friction_confidence": round(span.friction_confidence, 4),
    }
