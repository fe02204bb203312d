"""Brings a database to the newest schema, or says how far it is from it."""

from importlib.resources import files

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine


def upgrade_schema(engine: Engine, revision: str = "head") -> None:
    """Run the migrations up to `revision` in one transaction."""
    with engine.begin() as connection:
        command.upgrade(_config(connection), revision)


def downgrade_schema(engine: Engine, revision: str) -> None:
    """Run the migrations down to `revision` in one transaction."""
    with engine.begin() as connection:
        command.downgrade(_config(connection), revision)


def check_schema(engine: Engine) -> None:
    """Compare the tables with the schema; raises alembic's CommandError when they differ."""
    with engine.begin() as connection:
        command.check(_config(connection))


def schema_revisions(engine: Engine) -> tuple[str | None, str | None]:
    """The revision that the database is at (None: empty) and the newest one that the code knows."""
    with engine.connect() as connection:
        here = MigrationContext.configure(connection).get_current_revision()
        return here, ScriptDirectory.from_config(_config(connection)).get_current_head()


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(files("migrations")))
    config.attributes["connection"] = connection
    return config
