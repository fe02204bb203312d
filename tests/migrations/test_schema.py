from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

import migrations
from app.store.migrate import check_schema, downgrade_schema, schema_revisions, upgrade_schema
from app.store.tables import AuditEvent


def test_history_has_one_head():
    config = Config()
    config.set_main_option("script_location", migrations.__path__[0])
    assert len(ScriptDirectory.from_config(config).get_heads()) == 1


def test_tables_and_migrations_agree(database):
    check_schema(database.engine)


def test_schema_goes_down_and_up_again(database, now):
    with database.writing() as session:
        session.add(AuditEvent(at=now, actor="test", action="tried", subject="schema", facts={}))
    downgrade_schema(database.engine, "base")
    assert not set(inspect(database.engine).get_table_names()) & set(AuditEvent.metadata.tables)
    upgrade_schema(database.engine)
    here, newest = schema_revisions(database.engine)
    assert here == newest
