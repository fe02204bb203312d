"""How much of the truth about the demo's comments the packaged classifier finds out from the company document alone."""

from pathlib import Path

import pytest

from app import demo
from app.processes.reader import read_document
from classifiers.contract import TopicSpec, Turn


@pytest.mark.slow
def test_complaints_and_their_topics_are_mostly_found(history):
    from classifiers.reader import Reader, load_encoder  # noqa: PLC0415 - loads the model libraries

    topics = read_document(Path(demo.__file__).with_name("company.yaml").read_bytes()).topics
    specs = [TopicSpec(topic.key, topic.name, topic.description, topic.examples) for topic in topics]
    items = history.items[::4]
    spoken = [item.get("turns") or [{"role": "customer", "text": item["text"]}] for item in items]
    turns = [[Turn(turn["role"], turn["text"]) for turn in said] for said in spoken]
    read = Reader(load_encoder(), specs).read(turns, [item.get("question") for item in items])

    right = told = true = 0
    for item, reading in zip(items, read, strict=True):
        meant = {one.topic for one in history.truth[item["external_id"]].mentions if one.complaint}
        found = {one.topic for one in reading.mentions if one.complaint and one.topic}
        right, told, true = right + len(meant & found), told + len(found), true + len(meant)
    assert right / told > 0.75
    assert right / true > 0.8
