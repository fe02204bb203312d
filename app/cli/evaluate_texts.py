"""`closeloop evaluate topics|sentiment|mentions|themes`: does it work on your own texts?"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from app.classify.evaluate import Run, TopicFiles, evaluate_mentions, evaluate_sentiment, evaluate_topics
from app.classify.loading import readers_for
from app.cli.console import AsJson, Exit, print_json, say
from app.domain.json_lines import BadLines
from app.errors import AppError
from app.settings import read_settings
from app.theme.evaluate import evaluate_themes

texts = typer.Typer(help="Topics, sentiment, mentions and themes of your own texts.", no_args_is_help=True)

Test = Annotated[Path, typer.Option("--test", help="One JSON object per line, with id and text.")]
Out = Annotated[Path, typer.Option("--out", help="Where the answers go, one line per line read.")]
Taxonomy = Annotated[Path | None, typer.Option("--taxonomy", help="YAML: topics with name, description, examples.")]
SkipBad = Annotated[bool, typer.Option("--skip-bad", help="Name bad lines and go on.")]


@texts.command()
def topics(  # noqa: PLR0913 - each is an option of the command
    test: Test,
    out: Out,
    train: Annotated[Path | None, typer.Option("--train", help="Labelled texts to learn from.")] = None,
    taxonomy: Taxonomy = None,
    unlabelled: Annotated[
        Path | None, typer.Option("--unlabelled", help="Traffic to look at; may be T itself.")
    ] = None,
    confidence: Annotated[float | None, typer.Option("--confidence", min=0, max=1, help="Abstain below it.")] = None,
    *,
    as_json: AsJson = False,
    skip_bad: SkipBad = False,
) -> None:
    """Topics: zero-shot from a taxonomy, better with labelled texts; abstains when unsure."""
    with _measured(as_json=as_json, skip_bad=skip_bad) as (run, report):
        least = read_settings().topic_confidence if confidence is None else confidence
        report(evaluate_topics(run, TopicFiles(test, out, train, taxonomy, unlabelled), confidence=least))


@texts.command()
def sentiment(test: Test, out: Out, *, as_json: AsJson = False, skip_bad: SkipBad = False) -> None:
    """Sentiment of texts, or of the span from start to end."""
    with _measured(as_json=as_json, skip_bad=skip_bad) as (run, report):
        report(evaluate_sentiment(run, test, out))


@texts.command()
def mentions(
    test: Test, out: Out, taxonomy: Taxonomy = None, *, as_json: AsJson = False, skip_bad: SkipBad = False
) -> None:
    """Mentions of texts or conversations: only what the customer said."""
    with _measured(as_json=as_json, skip_bad=skip_bad) as (run, report):
        report(evaluate_mentions(run, test, out, taxonomy))


@texts.command()
def themes(
    source: Annotated[Path, typer.Option("--input", help="One JSON object per line, with id and text.")],
    out: Out,
    *,
    as_json: AsJson = False,
    skip_bad: SkipBad = False,
) -> None:
    """Recurring problems among texts, each with a name."""
    with _measured(as_json=as_json, skip_bad=skip_bad) as (run, report):
        report(evaluate_themes(read_settings().model, source, out, run.bad))


@contextmanager
def _measured(*, as_json: bool, skip_bad: bool) -> Iterator[tuple[Run, Any]]:
    """Progress and bad lines go to stderr; a bad line that is not skipped ends the run with exit code 1."""
    settings = read_settings()
    bad = BadLines(skip=skip_bad)
    run = Run(
        readers_for(settings),
        bad,
        lambda done: say(f"{done} texts"),
    )

    def report(summary: dict[str, Any]) -> None:
        for sentence in bad.named:
            say(f"skipped {sentence}")
        if as_json:
            print_json(summary)
        else:
            say("\n".join(f"{key}: {value}" for key, value in summary.items()))

    try:
        yield run, report
    except AppError as error:
        if error.code != "bad_line":
            raise
        say(f"closeloop: {error.message}")
        raise typer.Exit(Exit.REJECTED) from None
