"""`closeloop init` and `closeloop migrate`: a data directory, a secret, a database, and the first key."""

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from sqlalchemy import exists, make_url, select
from sqlalchemy.orm import Session

from app.access.keys import create_key
from app.access.secret import read_secret
from app.cli.console import AsJson, opened, print_json, say
from app.domain.actor import OPERATOR, Scope
from app.engine.lock import FileLock
from app.engine.schema import engine_is_migrated, migrate_engine
from app.errors import AppError, Kind
from app.runtime import Runtime
from app.settings import Settings
from app.store.migrate import schema_revisions, upgrade_schema
from app.store.tables import ApiKey


def init(*, as_json: AsJson = False) -> None:
    """Set up: data directory, secret key, database and the first admin key, which is shown once."""
    with opened() as runtime:
        lock = take_lock(runtime)
        try:
            migrate_all(runtime)
            token = first_key(runtime)
        finally:
            lock.release()
        report = {
            "data_dir": str(runtime.settings.data_dir),
            "database": shown_url(runtime.settings),
            "admin_key": token,
        }
    if as_json:
        print_json(report)
        return
    say(f"Data directory: {report['data_dir']}\nDatabase: {report['database']}, ready.")
    say_key(token)
    say("Next: `closeloop apply company.yaml`, then `closeloop serve`.")


def migrate() -> None:
    """Bring the database to this release's schema; the only command that needs the right to create tables."""
    with opened() as runtime:
        lock = take_lock(runtime)
        try:
            migrate_all(runtime)
            _, newest = schema_revisions(runtime.database.engine)
        finally:
            lock.release()
    say(f"The database is at schema {newest}.")


@contextmanager
def changing() -> Iterator[tuple[Runtime, Session, datetime]]:
    """What a command that changes something needs: the process, one transaction and the time of it.

    Raises:
        AppError: The database is not at this release's schema.
    """
    with opened() as runtime:
        require_schema(runtime)
        with runtime.database.writing() as session:
            yield runtime, session, runtime.clock.now()


def take_lock(runtime: Runtime) -> FileLock:
    """The lock on an embedded database, held; on PostgreSQL, where there is nothing to hold, a lock not taken.

    Raises:
        AppError: Another process holds the database.
    """
    make_data_dir(runtime.settings)
    if not runtime.database.is_sqlite:
        return FileLock(runtime.settings.data_dir / "unused")
    lock = FileLock(database_file(runtime.settings))
    lock.acquire()
    return lock


def make_data_dir(settings: Settings) -> None:
    """Make the data directory, for this user's eyes only, and the secret key in it."""
    try:
        settings.data_dir.mkdir(mode=stat.S_IRWXU, parents=True, exist_ok=True)
    except OSError as error:
        message = f"The data directory {settings.data_dir} cannot be made ({error.strerror}): set CLOSELOOP_DATA_DIR."
        raise AppError(Kind.MISCONFIGURED, "data_dir_unusable", message) from None
    read_secret(settings)


def migrate_all(runtime: Runtime) -> None:
    """Our tables and the engine's, at the newest version."""
    upgrade_schema(runtime.database.engine)
    migrate_engine(runtime.database)


def require_schema(runtime: Runtime) -> None:
    """Make sure that the database fits this release.

    Raises:
        AppError: It does not.
    """
    if runtime.database.is_sqlite and not database_file(runtime.settings).is_file():
        message = f"There is no database in {runtime.settings.data_dir} yet: run `closeloop init` first."
        raise AppError(Kind.MISCONFIGURED, "not_set_up", message)
    here, newest = schema_revisions(runtime.database.engine)
    if here != newest or not engine_is_migrated(runtime.database):
        message = f"The database is at schema {here or 'none'} and must be at {newest}: run `closeloop migrate` first."
        raise AppError(Kind.MISCONFIGURED, "schema_behind", message)


def first_key(runtime: Runtime) -> str | None:
    """The first admin key, made now; None if there is any key already."""
    with runtime.database.writing() as session:
        if session.scalar(select(exists().where(ApiKey.id.is_not(None)))):
            return None
        _, token = create_key(session, runtime.clock.now(), OPERATOR, name="first", scopes={Scope.ADMIN})
        return token


def say_key(token: str | None) -> None:
    """Show a key that was just made, the only time that anyone can."""
    if token is not None:
        say(f"Admin key, shown only this once; keep it safe:\n\n    {token}\n")


def database_file(settings: Settings) -> Path:
    """Where the embedded database is."""
    return Path(make_url(settings.url).database or "")


def shown_url(settings: Settings) -> str:
    """The database's URL without its password."""
    return make_url(settings.url).render_as_string(hide_password=True)
