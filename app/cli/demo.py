"""`closeloop demo`: an invented company through the real pipeline, two verdicts, and a site to look around in."""

import json
import os
import shutil
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from app.access.keys import create_key
from app.cli.checks import State, check_port
from app.cli.console import AsJson, opened, print_json, say
from app.cli.progress import shown_progress
from app.cli.setup import first_key, migrate_all, take_lock
from app.demo.scenario import play_story
from app.demo.summary import Summary
from app.domain.actor import OPERATOR, Scope
from app.errors import AppError, Kind
from app.runtime import Runtime
from app.settings import PREFIX, Settings, read_settings
from app.store.items import get_item

_MARK = "closeloop-demo"
"""A file that says: this directory was made by the demo and may be made anew by it."""

_SHOWN = 8
_READY_S = 90.0
_STOP_S = 30.0


@dataclass(frozen=True)
class _Keys:
    """The keys that the demo makes, each shown once."""

    admin: str
    owner: str
    owner_name: str


def demo(
    *,
    keep: Annotated[
        bool | None, typer.Option("--keep/--no-keep", help="Keep the site running; by default if this is a terminal.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show the whole loop on invented customers: comments, themes, owners, deadlines, and two verdicts."""
    settings = read_settings()
    settings = settings.model_copy(update={"data_dir": settings.data_dir / "demo", "database_url": None})
    _require_port(settings)
    _clear(settings)
    with opened(settings) as runtime:
        summary, keys = _play(runtime)
    with _site(settings) as url:
        _check(url, keys, summary)
        if as_json:
            print_json({"summary": asdict(summary), "url": url, "data_dir": str(settings.data_dir)})
        else:
            _show(summary)
            _say_next(url, keys, settings)
        if keep if keep is not None else sys.stdin.isatty():
            say("The site runs until you press Ctrl-C.")
            while True:
                time.sleep(1)
    say("The site was stopped; the command above starts it again.")


def _require_port(settings: Settings) -> None:
    """Find out before the work, not after it; and never take another service for the demo's."""
    port = check_port(settings)
    if port.state is State.FAILED:
        raise AppError(Kind.UNAVAILABLE, "demo_site_down", f"The demo's site cannot start: {port.found}. {port.mend}")


def _clear(settings: Settings) -> None:
    """Make room for a new demo; refuses to touch anything that the demo did not make."""
    folder = settings.data_dir
    if folder.exists() and any(folder.iterdir()) and not (folder / _MARK).exists():
        message = f"{folder} holds something that the demo did not make. Set CLOSELOOP_DATA_DIR to another directory."
        raise AppError(Kind.CONFLICT, "demo_in_the_way", message)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=stat.S_IRWXU, parents=True)
    (folder / _MARK).touch()


def _play(runtime: Runtime) -> tuple[Summary, _Keys]:
    lock = take_lock(runtime)
    try:
        migrate_all(runtime)
        admin = first_key(runtime) or ""
        say("Setting up an example company and reading what its customers said ...")
        with shown_progress("Reading", 1) as report:
            end = runtime.clock.now().astimezone(UTC).date()
            summary = play_story(runtime, end, lambda done, total, _what: report(done, total))
        return summary, _make_keys(runtime, summary, admin)
    finally:
        lock.release()


def _make_keys(runtime: Runtime, summary: Summary, admin: str) -> _Keys:
    with runtime.database.writing() as session:
        item = get_item(session, OPERATOR, summary.outcomes[0].item_id)
        scopes = (Scope.ITEMS_READ, Scope.ITEMS_WRITE)
        now = runtime.clock.now()
        _, token = create_key(session, now, OPERATOR, name=item.owner_key, scopes=scopes, owner_id=item.item.owner_id)
        return _Keys(admin, token, item.owner)


@contextmanager
def _site(settings: Settings) -> Iterator[str]:
    """The service on the demo's data, in a process of its own, ready."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    environ |= {f"{PREFIX}DATA_DIR": str(settings.data_dir), f"{PREFIX}LOG_LEVEL": "ERROR"}
    command = [sys.executable, "-c", "from app.cli.entry import main; main()", "serve", "--port", str(settings.port)]
    process = subprocess.Popen(command, env=environ, stderr=subprocess.DEVNULL)  # noqa: S603 - our own command
    try:
        _wait_ready(process, f"http://{settings.host}:{settings.port}")
        yield f"http://{settings.host}:{settings.port}"
    finally:
        process.terminate()
        process.wait(_STOP_S)


def _wait_ready(process: "subprocess.Popen[bytes]", url: str) -> None:
    give_up = time.monotonic() + _READY_S
    while process.poll() is None and time.monotonic() < give_up:
        try:
            urllib.request.urlopen(f"{url}/readyz", timeout=2).close()  # noqa: S310 - our own address
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
        else:
            return
    message = f"The site did not come up on {url}. If something else listens there, set CLOSELOOP_PORT."
    raise AppError(Kind.UNAVAILABLE, "demo_site_down", message)


def _check(url: str, keys: _Keys, summary: Summary) -> None:
    """Ask the running service what an owner would ask; the demo is over only if it answers."""
    address = f"{url}/v1/action-items?owner=me"
    request = urllib.request.Request(address, headers={"Authorization": f"Bearer {keys.owner}"})  # noqa: S310 - ours
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - our own address
        document: dict[str, Any] = json.load(answer)
    if summary.outcomes[0].item_id not in {item["id"] for item in document["items"]}:
        message = "The running service does not show the owner's item. Please report this with your version."
        raise AppError(Kind.UNAVAILABLE, "demo_site_wrong", message)


def _show(summary: Summary) -> None:
    console = Console(stderr=True, highlight=False)
    media = ", ".join(f"{count:,} {medium}" for medium, count in summary.by_medium.items())
    console.print(f"\n[bold]What came in[/], {summary.first_day} to {summary.last_day}")
    console.print(f"{summary.feedback:,} comments from {summary.people:,} people: {media}")
    console.print(f"{summary.mentions:,} mentions, {summary.complaints:,} of them complaints")
    themes = Table(title="Top themes, last 28 days", title_justify="left", title_style="bold")
    for column in ("theme", "topic", "complaints", "people"):
        themes.add_column(column, justify="right" if column in {"complaints", "people"} else "left")
    for theme in summary.themes[:_SHOWN]:
        themes.add_row(theme.name, theme.topic, str(theme.complaints), str(theme.people))
    console.print(themes)
    items = Table(title="Who owns what, by when", title_justify="left", title_style="bold")
    for column in ("owner", "answer by", "action item"):
        items.add_column(column)
    for item in summary.items[:_SHOWN]:
        items.add_row(item.owner, f"{item.deadline_at:%a %d %b %Y %H:%M} UTC", item.title)
    console.print(items)
    console.print("[bold]Did the changes work?[/]")
    for outcome in summary.outcomes:
        console.print(f"[bold]{outcome.verdict.replace('_', ' ').upper()}[/]  {outcome.headline}")
        console.print(f"    {outcome.detail}", style="dim")
        console.print(f"    the change: {outcome.change} ({outcome.owner}, since {outcome.rollout_from})", style="dim")


def _say_next(url: str, keys: _Keys, settings: Settings) -> None:
    say(f"\nThe site: {url}   API: {url}/docs")
    say(f"Key to sign in with as {keys.owner_name}:   {keys.owner}")
    say(f"Key to sign in with as administrator:   {keys.admin}")
    say("\nNext, in another terminal:")
    say(f"    curl -s -H 'Authorization: Bearer {keys.owner}' '{url}/v1/action-items?owner=me'")
    say(f"or bring in your own comments:    {PREFIX}DATA_DIR={settings.data_dir} closeloop import FILE.csv")
    say(f"To start this site again:    {PREFIX}DATA_DIR={settings.data_dir} closeloop serve\n")
