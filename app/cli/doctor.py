"""`closeloop doctor`: what is wrong with this installation, and how to mend it."""

from dataclasses import asdict

import typer

from app.cli.channel_checks import check_channels
from app.cli.checks import Finding, State, check_all
from app.cli.console import AsJson, Exit, print_json, say
from app.cli.sign_in_checks import check_sign_in
from app.clock import SystemClock
from app.errors import AppError
from app.settings import read_settings

_MARKS = {State.OK: "ok     ", State.WARNING: "warning", State.FAILED: "FAILED "}


def doctor(*, as_json: AsJson = False) -> None:
    """Check settings, data directory, database, model, worker, channels and sign-in; exit 1 if anything has failed."""
    try:
        settings = read_settings()
        findings = [*check_all(settings), *check_channels(settings), *check_sign_in(settings, SystemClock().now())]
    except AppError as error:
        findings = [Finding("settings", State.FAILED, error.message, "Correct or unset that variable.")]
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            say(f"{_MARKS[finding.state]}  {finding.check}: {finding.found}")
            if finding.mend:
                say(f"         -> {finding.mend}")
    if any(finding.state is State.FAILED for finding in findings):
        raise typer.Exit(Exit.REJECTED)
