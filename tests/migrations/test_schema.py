from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

import migrations
from app.store.label_tables import Correction
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


def test_what_was_stored_before_a_release_is_still_there_after_it(database):
    downgrade_schema(database.engine, "0001")
    with database.writing() as session:
        for statement in OLD_ROWS.split(";"):
            session.execute(text(statement))
    upgrade_schema(database.engine)
    assert _counted(database) == [1, 1, 1, 1]
    with database.reading() as session:
        assert session.execute(text("SELECT urgent, urgent_confidence FROM mentions")).one() == (False, 0.0)
        assert session.execute(text("SELECT gold, drawn FROM corrections")).one() == (False, "own")
    downgrade_schema(database.engine, "0001")
    assert _counted(database) == [1, 1, 1, 1]


OLD_ROWS = """
INSERT INTO sources (id, key, connector, config, created_at)
VALUES (1, 'crm', 'native', '{}', '2026-09-16 09:00:00+00:00');

INSERT INTO feedback (id, source_id, external_id, version, digest, content_rev, medium, occurred_at, received_at,
  attributes, state, attempts)
VALUES (1, 1, 'a', 0, '', 1, 'chat', '2026-09-16 09:00:00+00:00', '2026-09-16 09:00:00+00:00', '{}', 'labelled', 0);

INSERT INTO mentions (id, feedback_id, content_rev, turn, start, "end", topic_confidence, sentiment, sentiment_label,
  sentiment_confidence, complaint, complaint_confidence, friction_confidence, fingerprint, corrected)
VALUES (1, 1, 1, 0, 0, 4, 0.2, 0, 'neutral', 1, true, 1, 0, 'model', false);

INSERT INTO mention_vectors (mention_id, model, vector) VALUES (1, 'model', 'v');

INSERT INTO corrections (feedback_id, turn, start, "end", text, labels, actor, created_at)
VALUES (1, 0, 0, 4, 'Late', '{"complaint": true}', 'cli', '2026-09-16 09:00:00+00:00')
"""


def _counted(database):
    with database.reading() as session:
        tables = ("feedback", "mentions", "mention_vectors", "corrections")
        return [session.scalar(text(f"SELECT count(*) FROM {table}")) for table in tables]  # noqa: S608 - our own names


def test_an_id_of_a_correction_is_never_given_twice(database, now):
    with database.writing() as session:
        for statement in OLD_ROWS.split(";")[:2]:
            session.execute(text(statement))
        first = _correction(session, now)
        session.delete(first)
        session.flush()
        assert _correction(session, now).id > first.id


def _correction(session, now):
    row = Correction(feedback_id=1, turn=0, start=0, end=4, text="", labels={}, judged={}, actor="cli", created_at=now)
    session.add(row)
    session.flush()
    return row
