"""`closeloop classify`: reads texts and stores nothing."""

import sys
from typing import Annotated

import typer

from app.classify.ask import Asked, classify_texts
from app.classify.taxonomy import load_known
from app.cli.console import AsJson, opened, print_json, say
from app.cli.setup import require_schema
from app.domain.feedback import Role

_AT_ONCE = 256


def classify(
    texts: Annotated[list[str], typer.Argument(help="What a customer said; - reads stdin, one text per line.")],
    question: Annotated[str | None, typer.Option(help="The survey question that they answer.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show the mentions of each text: topic, sentiment, complaint and friction, by the reader of the service."""
    if texts == ["-"]:
        texts = [line.strip() for line in sys.stdin if line.strip()]
    with opened() as runtime:
        require_schema(runtime)
        with runtime.database.reading() as session:
            known = load_known(session)
        asked = [Asked(((Role.CUSTOMER.value, text),), question) for text in texts]
        found = [
            read
            for start in range(0, len(asked), _AT_ONCE)
            for read in classify_texts(runtime.tools.readers, known, asked[start : start + _AT_ONCE])
        ]
    if as_json:
        print_json(found)
        return
    for read in found:
        for mention in read["mentions"]:
            topic = mention["topic"] or "no topic"
            what = "complaint" if mention["complaint"] else mention["sentiment_label"]
            friction = f", {mention['friction']}" if mention["friction"] else ""
            say(f"{topic} ({mention['topic_confidence']:.2f}), {what}{friction}: {mention['text']}")
