"""How much of the truth about the demo's comments the packaged classifier finds out from the company document alone."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from app import demo
from app.processes.reader import read_document
from classifiers.contract import Reading, Traffic, Turn

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def specs():
    """The topics of the demo's company."""
    from app.classify.taxonomy import specs_of  # noqa: PLC0415 - loads the model libraries

    topics = read_document(Path(demo.__file__).with_name("company.yaml").read_bytes()).topics
    return specs_of(tuple((topic.key, topic.name, topic.description, topic.examples, None) for topic in topics))


@pytest.fixture(scope="module")
def encoder():
    from classifiers.reader import load_encoder  # noqa: PLC0415 - loads the model libraries

    return load_encoder()


def read(reader, items) -> Sequence[Reading]:
    spoken = [item.get("turns") or [{"role": "customer", "text": item["text"]}] for item in items]
    turns = [[Turn(turn["role"], turn["text"]) for turn in said] for said in spoken]
    return reader.read(turns, [item.get("question") for item in items])


def found(reader, items, truth) -> tuple[float, float]:
    """Precision and recall of the topics of complaints."""
    right = told = true = 0
    for item, reading in zip(items, read(reader, items), strict=True):
        meant = {one.topic for one in truth[item["external_id"]].mentions if one.complaint}
        given = {one.topic for one in reading.mentions if one.complaint and one.topic}
        right, told, true = right + len(meant & given), told + len(given), true + len(meant)
    return right / told, right / true


def test_complaints_and_their_topics_are_mostly_found(history, specs, encoder):
    from classifiers.reader import Reader  # noqa: PLC0415 - loads the model libraries

    precision, recall = found(Reader(encoder, specs), history.items[::4], history.truth)
    assert precision > 0.85
    assert recall > 0.85


def test_by_names_alone_more_is_found_with_other_comments_at_hand_and_no_less_of_it_is_right(history, specs, encoder):
    from classifiers.contract import TopicSpec  # noqa: PLC0415 - loads the model libraries
    from classifiers.reader import Reader  # noqa: PLC0415

    names = [TopicSpec(spec.key, spec.name) for spec in specs]
    others = [item for at, item in enumerate(history.items) if at % 4]
    plain = Reader(encoder, names)
    spans = [
        turns[mention.turn][mention.start : mention.end]
        for item, reading in zip(others, read(plain, others), strict=True)
        for turns in [[turn["text"] for turn in item["turns"]] if "turns" in item else [item["text"]]]
        for mention in reading.mentions
    ]
    following = Reader(encoder, names, traffic=Traffic("1", tuple(dict.fromkeys(spans))))
    before, after = (found(reader, history.items[::4], history.truth) for reader in (plain, following))
    assert after[0] >= before[0]
    assert after[1] > before[1] + 0.08
