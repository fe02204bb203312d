import re
from pathlib import Path

from app import demo
from app.demo.phrases import load_phrases
from app.demo.story import STORY
from app.processes.reader import read_document

FILE = Path(demo.__file__).with_name("company.yaml")


def test_company_is_a_valid_document():
    company = read_document(FILE.read_bytes())
    assert len(company.stages) >= 5
    assert len(company.processes) >= 6
    assert all(3 <= len(process.steps) <= 6 for process in company.processes)
    assert len(company.owners) >= 8
    assert len({calendar.zone for calendar in company.calendars}) == 2
    assert any(owner.absences for owner in company.owners)
    assert company.rules
    assert company.ladder


def test_every_topic_is_described_with_examples_and_belongs_to_a_step():
    company = read_document(FILE.read_bytes())
    assert 12 <= len(company.topics) <= 16
    for topic in company.topics:
        assert len(topic.description) > 30
        assert len(topic.examples) >= 3
        assert topic.step


def test_everything_customers_talk_about_is_a_topic_of_the_company():
    topics = {topic.key for topic in read_document(FILE.read_bytes()).topics}
    phrases = load_phrases()
    assert {theme.topic for theme in phrases.themes} == topics
    assert {remark.topic for remark in (*phrases.praise, *phrases.neutral)} <= topics | {None}


def test_the_two_changes_have_different_topics_and_owners():
    company = read_document(FILE.read_bytes())
    process = {topic.key: topic.process for topic in company.topics}
    owner = {part.key: part.owner for part in company.processes}
    assert STORY.working_topic != STORY.idle_topic
    assert owner[process[STORY.working_topic]] != owner[process[STORY.idle_topic]]
    theme_topic = {theme.key: theme.topic for theme in load_phrases().themes}
    assert theme_topic[STORY.working_theme] == STORY.working_topic
    assert theme_topic[STORY.idle_theme] == STORY.idle_topic


def test_examples_are_not_the_sentences_that_customers_say(history):
    company = read_document(FILE.read_bytes())
    examples = {example.lower().rstrip(".?") for topic in company.topics for example in topic.examples}
    texts = [item.get("text") or " ".join(turn["text"] for turn in item["turns"]) for item in history.items]
    said = {sentence.lower() for text in texts for sentence in re.split(r"[.?!\n] *", text)}
    assert not examples & said
