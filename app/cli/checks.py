"""What the doctor looks at; each check says what it found and, where something is wrong, how to mend it."""

import shutil
import socket
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from urllib.parse import urlsplit

from sqlalchemy import func, select, text, type_coerce
from sqlalchemy.exc import SQLAlchemyError

from app.access.secret import FILE_NAME, read_secret
from app.cli.setup import database_file, shown_url
from app.engine.lock import FileLock
from app.engine.schema import engine_is_migrated
from app.errors import AppError
from app.runtime import Runtime, build_runtime
from app.settings import Settings
from app.store.health import heartbeat_ages, waiting_rows
from app.store.migrate import schema_revisions
from app.store.subscription_tables import Subscription
from app.store.subscriptions import troubled_subscriptions
from app.store.types import Utc

_SCARCE_BYTES = 200 * 2**20
_TIGHT_BYTES = 2 * 2**30
_OLDEST_POSTGRES = 140_000
_CLOCKS_APART_S = 30.0
_SILENT_S = 60.0
_WAITS_LONG_S = 600.0
_SMTP_PORTS = {"smtp": 587, "smtps": 465}
_CONNECT_S = 5.0


class State(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        check: What was looked at.
        state: How bad it is.
        found: What is the case.
        mend: What to do about it; empty if nothing needs doing.
    """

    check: str
    state: State
    found: str
    mend: str = ""


def check_all(settings: Settings) -> list[Finding]:
    """Every finding; checks that need a database are left out where it does not answer."""
    runtime = build_runtime(settings)
    findings = [Finding("settings", State.OK, "all known, all fit")]
    findings += _files(settings)
    findings += [_mail(settings), _model(runtime)]
    try:
        reachable = _reach(runtime)
        findings.append(reachable)
        if reachable.state is State.OK:
            for check in _DATABASE_CHECKS:
                findings += check(runtime)
    finally:
        runtime.database.dispose()
    return findings


def _files(settings: Settings) -> Iterator[Finding]:
    folder = settings.data_dir
    if not folder.is_dir():
        yield Finding("data directory", State.FAILED, f"{folder} is not there", "Run `closeloop init`.")
        return
    if folder.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield Finding("data directory", State.WARNING, f"others may look into {folder}", f"chmod 700 {folder}")
    else:
        yield Finding("data directory", State.OK, str(folder))
    free = shutil.disk_usage(folder).free
    state = State.FAILED if free < _SCARCE_BYTES else State.WARNING if free < _TIGHT_BYTES else State.OK
    yield Finding("disk", state, f"{free // 2**20} MiB free", "" if state is State.OK else "Free some space.")
    secret = folder / FILE_NAME
    if settings.secret_key is not None:
        yield _secret(settings, "from CLOSELOOP_SECRET_KEY")
    elif not secret.is_file():
        yield Finding("secret key", State.FAILED, f"{secret} is not there", "Run `closeloop init`.")
    elif secret.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield Finding("secret key", State.FAILED, "others may read it", f"chmod 600 {secret}")
    else:
        yield _secret(settings, str(secret))


def _secret(settings: Settings, found: str) -> Finding:
    try:
        read_secret(settings)
    except AppError as error:
        return Finding("secret key", State.FAILED, error.message, "Set it to 32 random bytes, or to the one you had.")
    return Finding("secret key", State.OK, found)


def _mail(settings: Settings) -> Finding:
    if settings.smtp_url is None:
        return Finding("mail", State.OK, "not set up: notices go to the log only")
    try:
        url = urlsplit(settings.smtp_url.get_secret_value())
        address = (url.hostname or "", url.port or _SMTP_PORTS[url.scheme])
    except (ValueError, KeyError):
        return Finding(
            "mail", State.FAILED, "no such address", "Write CLOSELOOP_SMTP_URL as smtp://user:password@host."
        )
    try:
        socket.create_connection(address, timeout=_CONNECT_S).close()
    except OSError as error:
        found = f"{address[0]}:{address[1]} does not answer ({error.strerror or type(error).__name__})"
        return Finding("mail", State.FAILED, found, "Check CLOSELOOP_SMTP_URL and the way to that host.")
    return Finding("mail", State.OK, f"{address[0]}:{address[1]} answers")


def _reach(runtime: Runtime) -> Finding:
    shown = shown_url(runtime.settings)
    path = database_file(runtime.settings)
    if runtime.database.is_sqlite and not path.is_file():
        return Finding("database", State.FAILED, f"{path} is not there", "Run `closeloop init`.")
    try:
        with runtime.database.reading() as session:
            session.execute(text("SELECT 1"))
    except SQLAlchemyError as error:
        mend = "Check that it runs, and the host, name and password in CLOSELOOP_DATABASE_URL."
        if runtime.database.is_sqlite:
            mend = "Check that this user may write it. If it is damaged, put the last backup in its place."
        return Finding("database", State.FAILED, f"{shown} does not answer ({type(error).__name__})", mend)
    return Finding("database", State.OK, shown)


def _schema(runtime: Runtime) -> Iterator[Finding]:
    here, newest = schema_revisions(runtime.database.engine)
    if here != newest or not engine_is_migrated(runtime.database):
        yield Finding("schema", State.FAILED, f"at {here or 'none'}, needs {newest}", "Run `closeloop migrate`.")
    else:
        yield Finding("schema", State.OK, f"at {newest}")
        yield from _rows(runtime)


def _version(runtime: Runtime) -> Iterator[Finding]:
    if runtime.database.is_sqlite:
        return
    with runtime.database.reading() as session:
        number = int(session.scalars(text("SHOW server_version_num")).one())
    if number < _OLDEST_POSTGRES:
        yield Finding("PostgreSQL", State.FAILED, f"version {number // 10_000}", "Use PostgreSQL 14 or newer.")
    else:
        yield Finding("PostgreSQL", State.OK, f"version {number // 10_000}")


def _clock(runtime: Runtime) -> Iterator[Finding]:
    with runtime.database.reading() as session:
        theirs: datetime = session.scalars(select(type_coerce(func.now(), Utc()))).one()
    apart = abs((theirs - runtime.clock.now()).total_seconds())
    if apart > _CLOCKS_APART_S:
        mend = "Let both machines set their clocks by NTP."
        yield Finding("clock", State.FAILED, f"{apart:.0f} s apart from the database's", mend)
    else:
        yield Finding("clock", State.OK, f"within {_CLOCKS_APART_S:.0f} s of the database's")


def _process(runtime: Runtime) -> Iterator[Finding]:
    if not runtime.database.is_sqlite:
        return
    lock = FileLock(database_file(runtime.settings))
    try:
        lock.acquire()
    except AppError:
        yield Finding("service", State.OK, "a process is serving from this data directory")
    else:
        lock.release()
        yield Finding("service", State.WARNING, "not running", "Start `closeloop serve`.")
        yield check_port(runtime.settings)


def check_port(settings: Settings) -> Finding:
    """Whether the service could listen where the settings say."""
    found = f"{settings.host}:{settings.port}"
    try:
        family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
        socket.create_server((settings.host, settings.port), family=family).close()
    except OSError as error:
        found = f"nothing can listen on {found} ({error.strerror or type(error).__name__})"
        return Finding("port", State.FAILED, found, "Stop what uses it, or set CLOSELOOP_HOST and CLOSELOOP_PORT.")
    return Finding("port", State.OK, f"{found} is free")


def _rows(runtime: Runtime) -> Iterator[Finding]:
    now = runtime.clock.now()
    with runtime.database.reading() as session:
        waiting, beats = waiting_rows(session), heartbeat_ages(session)
        troubled = troubled_subscriptions(session)
    yield from map(_subscription, troubled)
    if not runtime.database.is_sqlite and (not beats or beats[0] > _SILENT_S):
        yield Finding("worker", State.WARNING, "no fresh heartbeat", "Start `closeloop work` or `closeloop serve`.")
    for table in waiting:
        parked = table.states.get("parked", 0) + table.states.get("quarantined", 0) + table.states.get("dead", 0)
        if parked:
            mend = "Look at their reasons (pages, or the API), mend the cause and replay them."
            yield Finding(table.table, State.WARNING, f"{parked} rows wait for a person", mend)
        if table.age_s(now) > _WAITS_LONG_S:
            found = f"the oldest has waited {int(table.age_s(now) / 60)} minutes to be worked on"
            yield Finding(table.table, State.WARNING, found, "See whether a worker runs, and its log.")


def _subscription(row: Subscription) -> Finding:
    if row.disabled_at is not None:
        mend = f"Mend the receiver, then POST /v1/subscriptions/{row.id}/resume and replay what it missed."
        return Finding(f"subscription {row.id}", State.WARNING, f"disabled: {row.disabled_why}", mend)
    found = f"{row.attempts} attempts failed since the last success: {row.last_error}"
    return Finding(f"subscription {row.id}", State.WARNING, found, "See whether its receiver works.")


def _model(runtime: Runtime) -> Finding:
    try:
        encoder = runtime.tools.readers.encoder()
    except AppError as error:
        return Finding("model", State.FAILED, error.message, "Install Closeloop again, or correct CLOSELOOP_MODEL.")
    return Finding("model", State.OK, f"{runtime.settings.model}, fingerprint {encoder.fingerprint}")


_DATABASE_CHECKS: tuple[Callable[[Runtime], Iterator[Finding]], ...] = (_schema, _version, _clock, _process)
