"""copies recognised and not counted; merges and splits that can be taken back.

Revision ID: 0009
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0011"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
A_COPY = sa.text("copy_of_id IS NOT NULL")


def upgrade() -> None:
    with op.batch_alter_table("theme_events") as batch:
        batch.add_column(sa.Column("undone_by_id", KEY, nullable=True))
        batch.create_foreign_key(
            op.f("fk_theme_events_undone_by_id_theme_events"), "theme_events", ["undone_by_id"], ["id"]
        )
        batch.create_index(op.f("ix_theme_events_other_theme_id"), ["other_theme_id"])
    op.create_table(
        "theme_moves",
        sa.Column("event_id", KEY, autoincrement=False, nullable=False),
        sa.Column("mention_id", KEY, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["theme_events.id"], name=op.f("fk_theme_moves_event_id_theme_events")),
        sa.ForeignKeyConstraint(
            ["mention_id"], ["mentions.id"], name=op.f("fk_theme_moves_mention_id_mentions"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("event_id", "mention_id", name=op.f("pk_theme_moves")),
    )
    op.create_index(op.f("ix_theme_moves_mention_id"), "theme_moves", ["mention_id"])
    _create_prints()


def _create_prints() -> None:
    op.create_table(
        "text_prints",
        sa.Column("feedback_id", KEY, nullable=False),
        sa.Column("content_rev", KEY, nullable=False),
        sa.Column("words", KEY, nullable=False),
        sa.Column("exact", KEY, nullable=False),
        sa.Column("slots", sa.LargeBinary(), nullable=False),
        sa.Column("signed", sa.Boolean(), nullable=False),
        sa.Column("copy_of_id", KEY, nullable=True),
        sa.Column("copy_kind", sa.String(length=16), nullable=True),
        sa.ForeignKeyConstraint(
            ["copy_of_id"], ["feedback.id"], name=op.f("fk_text_prints_copy_of_id_feedback"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["feedback_id"], ["feedback.id"], name=op.f("fk_text_prints_feedback_id_feedback"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("feedback_id", name=op.f("pk_text_prints")),
    )
    op.create_index(
        op.f("ix_text_prints_copy_of_id"),
        "text_prints",
        ["copy_of_id"],
        sqlite_where=A_COPY,
        postgresql_where=A_COPY,
    )
    op.create_table(
        "print_keys",
        sa.Column("key", KEY, autoincrement=False, nullable=False),
        sa.Column("feedback_id", KEY, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["feedback_id"],
            ["text_prints.feedback_id"],
            name=op.f("fk_print_keys_feedback_id_text_prints"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("key", "feedback_id", name=op.f("pk_print_keys")),
    )
    op.create_index(op.f("ix_print_keys_feedback_id"), "print_keys", ["feedback_id"])
    op.create_table(
        "uncounted_mentions",
        sa.Column("mention_id", KEY, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("first_id", KEY, nullable=True),
        sa.ForeignKeyConstraint(
            ["first_id"], ["feedback.id"], name=op.f("fk_uncounted_mentions_first_id_feedback"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["mention_id"], ["mentions.id"], name=op.f("fk_uncounted_mentions_mention_id_mentions"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("mention_id", name=op.f("pk_uncounted_mentions")),
    )
    op.create_index(op.f("ix_uncounted_mentions_first_id"), "uncounted_mentions", ["first_id"])


def downgrade() -> None:
    op.drop_table("uncounted_mentions")
    op.drop_table("print_keys")
    op.drop_table("text_prints")
    op.drop_table("theme_moves")
    with op.batch_alter_table("theme_events") as batch:
        batch.drop_index(op.f("ix_theme_events_other_theme_id"))
        batch.drop_constraint(op.f("fk_theme_events_undone_by_id_theme_events"), type_="foreignkey")
        batch.drop_column("undone_by_id")
