"""`closeloop impact`: the verdicts about changes, one with its evidence, and whether the stored ones recompute."""

from dataclasses import asdict
from typing import Annotated, Any

import typer
from sqlalchemy.orm import Session

from app.cli.console import AsJson, Exit, opened, print_json, say
from app.cli.setup import require_schema
from app.domain.actor import OPERATOR
from app.errors import AppError, Kind
from app.measure.discoveries import Judged, judge_together
from app.measure.recheck import Recheck, recheck
from app.store.act_tables import Change
from app.store.changes import get_change, list_changes
from app.store.impact import latest_measurement, measurements_of

impact = typer.Typer(help="Did the changes work? The verdicts and their evidence.", no_args_is_help=True)

_MOST = 200
Number = Annotated[int, typer.Argument(help="Number of the change, as in /impact/NUMBER.", metavar="CHANGE")]


@impact.command("list")
def list_verdicts(*, as_json: AsJson = False) -> None:
    """Show the changes, newest first, with their verdicts and whether these hold among all of them."""
    with opened() as runtime:
        require_schema(runtime)
        with runtime.database.reading() as session:
            judged = judge_together(session, runtime.clock.now())
            rows = [_row(one, judged.get(one.id)) for one in list_changes(session, OPERATOR, None, _MOST)[:_MOST]]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        typer.echo(
            f"{row['change']:>5}  {str(row['verdict'] or 'not judged yet').replace('_', ' '):<14}  {row['says']}"
        )
    if not rows:
        say("No change was planned yet.")


@impact.command("show")
def show_verdict(change: Number, *, as_json: AsJson = False) -> None:
    """Show the newest look at a change: sentence, reasons and checks; with --json everything that is stored."""
    with opened() as runtime:
        require_schema(runtime)
        with runtime.database.reading() as session:
            row = get_change(session, OPERATOR, change)
            look = latest_measurement(session, row.id)
            if look is None:
                message = "There is no measurement yet: the first comes on the day after the change is in effect."
                raise AppError(Kind.NOT_FOUND, "not_measured", message)
            document: dict[str, Any] = {
                "change": row.id,
                "description": row.description,
                "day": look.day.isoformat(),
                "verdict": look.verdict,
                "rate_ratio": look.rate_ratio,
                "ci_low": look.ci_low,
                "ci_high": look.ci_high,
                "method": look.method,
                "reasons": look.reasons,
                "case": look.case,
                "result": look.result,
            }
    if as_json:
        print_json(document)
        return
    typer.echo(f"{document['result']['headline']}\n{document['result']['detail']}")
    for reason in document["reasons"]:
        typer.echo(f"  - {reason}")
    for check in document["result"]["checks"]:
        typer.echo(f"  [{check['state']}] {check['words']}")


@impact.command("recompute")
def recompute(
    change: Number,
    *,
    every: Annotated[bool, typer.Option("--all", help="Every look at it, not only the newest.")] = False,
    as_json: AsJson = False,
) -> None:
    """Compute stored verdicts again from their own evidence; exit code 1 where a number differs."""
    with opened() as runtime:
        require_schema(runtime)
        with runtime.database.reading() as session:
            found = _recheck(session, change, every=every)
    if as_json:
        print_json([asdict(one) for one in found])
    else:
        for one in found:
            typer.echo(f"{one.day}  {one.stored['verdict']:<14}  {_said(one)}")
    if any(one.differs for one in found):
        raise typer.Exit(Exit.REJECTED)


def _recheck(session: Session, change: int, *, every: bool) -> list[Recheck]:
    row = get_change(session, OPERATOR, change)
    looks = measurements_of(session, row.id)
    return [recheck(look) for look in (looks if every else looks[-1:])]


def _said(one: Recheck) -> str:
    if not one.differs:
        return "the same to the last digit"
    by = "" if one.method == one.now_method else f" (made by {one.method}, now {one.now_method})"
    return f"differs: {', '.join(one.differs)}{by}"


def _row(change: Change, judged: Judged | None) -> dict[str, Any]:
    look = judged.look if judged is not None else None
    return {
        "change": change.id,
        "item": change.item_id,
        "description": change.description,
        "rollout_from": change.rollout_from.isoformat() if change.rollout_from else None,
        "verdict": look.verdict if look else None,
        "day": look.day.isoformat() if look else None,
        "rate_ratio": look.rate_ratio if look else None,
        "ci_low": look.ci_low if look else None,
        "ci_high": look.ci_high if look else None,
        "holds": judged.holds if judged else None,
        "judged_together": judged.together if judged else 0,
        "says": look.headline if look else change.description,
    }
