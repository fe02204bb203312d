"""`closeloop evaluate impact`: cases from a file or line by line on stdin, verdicts out."""

import io
import json
import sys
from pathlib import Path
from typing import Annotated, TextIO

import typer

from app.measure.evaluate import Tally, answer_line, converse
from app.measure.stats.case import CaseError

EVERY = 200


def impact(
    cases: Annotated[Path | None, typer.Option("--cases", help="One case per line (JSON); - reads stdin.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Where the verdicts go, one line per case.")] = None,
    *,
    stdio: Annotated[bool, typer.Option("--stdio", help="Stay open: answer requests on stdin line by line.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one summary object on stdout.")] = False,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Name bad lines and go on.")] = False,
) -> None:
    """Judge changes from daily counts: did complaints fall because of the change?"""
    if stdio:
        if isinstance(sys.stdin, io.TextIOWrapper):
            sys.stdin.reconfigure(errors="replace")  # a line that is no UTF-8 is a bad line, not the end
        for answer in converse(sys.stdin):
            sys.stdout.write(json.dumps(answer, allow_nan=False) + "\n")
            sys.stdout.flush()
        return
    if cases is None or out is None:
        typer.echo("Give --cases FILE and --out FILE, or --stdio.", err=True)
        raise typer.Exit(2)
    tally = _judge(cases, out, skip_bad=skip_bad)
    if as_json:
        typer.echo(json.dumps(tally.summary()))
    else:
        counted = ", ".join(f"{count} {verdict}" for verdict, count in sorted(tally.verdicts.items()))
        typer.echo(f"{tally.cases} looks: {counted or 'none'}; verdicts in {out}", err=True)
    if tally.bad:
        raise typer.Exit(1)


def _judge(cases: Path, out: Path, *, skip_bad: bool) -> Tally:
    tally = Tally()
    try:
        with _opened(cases) as lines, out.open("w", encoding="utf-8") as answers:
            for number, line in enumerate(lines, start=1):
                if not line.strip():
                    continue
                try:
                    answer = answer_line(line)
                except CaseError as error:
                    typer.echo(f"{cases}:{number}: {error}", err=True)
                    tally.bad += 1
                    if not skip_bad:
                        raise typer.Exit(1) from None
                    continue
                answers.write(json.dumps(answer, allow_nan=False) + "\n")
                tally.cases += 1
                tally.verdicts[answer["verdict"]] += 1
                if tally.cases % EVERY == 0:
                    typer.echo(f"{tally.cases} looks", err=True)
    except (OSError, UnicodeDecodeError) as error:
        typer.echo(f"{cases}: cannot be read or {out} not written ({type(error).__name__}): check the paths", err=True)
        raise typer.Exit(2) from None
    return tally


def _opened(cases: Path) -> TextIO:
    return sys.stdin if str(cases) == "-" else cases.open(encoding="utf-8")
