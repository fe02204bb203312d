"""themes that last: anchors, lineage, and a queue of the complaints that wait for a theme.

Revision ID: 0008
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0013"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
ASKING = sa.text("asks_below IS NOT NULL")


def upgrade() -> None:
    op.add_column("themes", sa.Column("merged_into_id", KEY, nullable=True))
    op.add_column("themes", sa.Column("searched_to", KEY, server_default="0", nullable=False))
    op.add_column("themes", sa.Column("searched", KEY, server_default="0", nullable=False))
    op.add_column("themes", sa.Column("searched_at", MOMENT, nullable=True))
    op.add_column("themes", sa.Column("search_asked", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("themes", sa.Column("traced_at", MOMENT, nullable=True))
    op.create_table(
        "theme_anchors",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("theme_id", KEY, nullable=False),
        sa.Column("founder_id", KEY, nullable=False),
        sa.Column("topic_id", KEY, nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.Column("rank", KEY, nullable=False),
        sa.Column("asks_below", KEY, nullable=True),
        sa.Column("asks_theme_id", KEY, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["theme_id"], ["themes.id"], name=op.f("fk_theme_anchors_theme_id_themes")),
        sa.ForeignKeyConstraint(["founder_id"], ["themes.id"], name=op.f("fk_theme_anchors_founder_id_themes")),
        sa.ForeignKeyConstraint(["topic_id"], ["topics.id"], name=op.f("fk_theme_anchors_topic_id_topics")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_theme_anchors")),
    )
    op.create_index(op.f("ix_theme_anchors_theme_id"), "theme_anchors", ["theme_id"])
    op.create_index(op.f("ix_theme_anchors_topic_id"), "theme_anchors", ["topic_id"])
    op.create_index(
        "ix_theme_anchors_asking", "theme_anchors", ["topic_id"], sqlite_where=ASKING, postgresql_where=ASKING
    )
    op.create_table(
        "waiting_mentions",
        sa.Column("mention_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(
            ["mention_id"],
            ["mentions.id"],
            name=op.f("fk_waiting_mentions_mention_id_mentions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("mention_id", name=op.f("pk_waiting_mentions")),
    )
    op.drop_index(op.f("ix_theme_mentions_theme_id"), table_name="theme_mentions")
    op.create_index(op.f("ix_theme_mentions_theme_id_mention_id"), "theme_mentions", ["theme_id", "mention_id"])
    _carry_over()
    _make_triggers()


def _carry_over() -> None:
    """Anchors where the centroids are, the last search of each topic, and what waits."""
    op.execute(
        "UPDATE themes SET merged_into_id = (SELECT max(other_theme_id) FROM theme_events "
        "WHERE theme_events.theme_id = themes.id AND theme_events.kind = 'merged') WHERE state = 'retired'"
    )
    op.execute(
        "INSERT INTO theme_anchors (theme_id, founder_id, topic_id, model, vector, rank, created_at) "
        "SELECT id, id, topic_id, (SELECT model FROM mention_vectors ORDER BY mention_id DESC LIMIT 1), centroid, 0, "
        "created_at FROM themes WHERE kind = 'cluster' AND state <> 'retired' AND centroid IS NOT NULL "
        "AND EXISTS (SELECT 1 FROM mention_vectors) ORDER BY id"
    )
    json = "->>'newest')::bigint" if op.get_bind().dialect.name == "postgresql" else "->>'newest')"
    op.execute(
        f"UPDATE themes SET searched_at = created_at, searched_to = coalesce((SELECT max((facts {json}) FROM theme_events "  # noqa: S608 - our own words
        "WHERE theme_events.theme_id = themes.id AND theme_events.kind = 'searched'), 0) "
        "WHERE kind = 'topic' AND EXISTS (SELECT 1 FROM theme_events "
        "WHERE theme_events.theme_id = themes.id AND theme_events.kind = 'searched')"
    )
    op.execute(
        "INSERT INTO waiting_mentions (mention_id) SELECT mentions.id FROM mentions "
        "LEFT JOIN theme_mentions ON theme_mentions.mention_id = mentions.id "
        "LEFT JOIN themes ON themes.id = theme_mentions.theme_id "
        "WHERE mentions.complaint AND (theme_mentions.mention_id IS NULL "
        "OR themes.topic_id IS DISTINCT FROM mentions.topic_id)"
    )


def _make_triggers() -> None:
    # Whoever stores or corrects a mention, the queue knows it in the same transaction; no scan of history finds it.
    put = "INSERT INTO waiting_mentions (mention_id) VALUES (NEW.id) ON CONFLICT DO NOTHING;"
    changed = "NEW.complaint AND (NOT OLD.complaint OR NEW.topic_id IS DISTINCT FROM OLD.topic_id)"
    if op.get_bind().dialect.name == "sqlite":
        op.execute(f"CREATE TRIGGER mentions_wait_new AFTER INSERT ON mentions WHEN NEW.complaint BEGIN {put} END")
        op.execute(
            "CREATE TRIGGER mentions_wait_changed AFTER UPDATE OF topic_id, complaint ON mentions "
            f"WHEN {changed} BEGIN {put} END"
        )
        return
    op.execute(
        f"CREATE FUNCTION put_waiting_mention() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {put} RETURN NULL; END $$"
    )
    op.execute(
        "CREATE TRIGGER mentions_wait_new AFTER INSERT ON mentions FOR EACH ROW WHEN (NEW.complaint) "
        "EXECUTE FUNCTION put_waiting_mention()"
    )
    op.execute(
        "CREATE TRIGGER mentions_wait_changed AFTER UPDATE OF topic_id, complaint ON mentions FOR EACH ROW "
        f"WHEN ({changed}) EXECUTE FUNCTION put_waiting_mention()"
    )


def downgrade() -> None:
    on = "" if op.get_bind().dialect.name == "sqlite" else " ON mentions"
    for name in ("mentions_wait_new", "mentions_wait_changed"):
        op.execute(f"DROP TRIGGER {name}{on}")
    if on:
        op.execute("DROP FUNCTION put_waiting_mention()")
    op.drop_index(op.f("ix_theme_mentions_theme_id_mention_id"), table_name="theme_mentions")
    op.create_index(op.f("ix_theme_mentions_theme_id"), "theme_mentions", ["theme_id"])
    op.drop_table("waiting_mentions")
    op.drop_table("theme_anchors")
    for name in ("traced_at", "search_asked", "searched_at", "searched", "searched_to", "merged_into_id"):
        op.drop_column("themes", name)
