"""payloads: questions and ids of turns, written scores, a person's e-mail and name, what thin events only name.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
TEXTS = (("feedback", ("customer_email", "customer_name")), ("turns", ("ref", "question")), ("scores", ("raw",)))


def upgrade() -> None:
    for table, names in TEXTS:
        for name in names:
            op.add_column(table, sa.Column(name, sa.Text(), nullable=True))
    op.add_column("turns", sa.Column("version", KEY, server_default="0", nullable=False))
    op.add_column("sources", sa.Column("pull_token", sa.LargeBinary(), nullable=True))
    op.create_table(
        "fetches",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("delivery_id", KEY, nullable=False),
        sa.Column("source_id", KEY, nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("occurred_at", MOMENT, nullable=True),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", KEY, server_default="0", nullable=False),
        sa.Column("leased_until", MOMENT, nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["delivery_id"], ["deliveries.id"], name=op.f("fk_fetches_delivery_id_deliveries")),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_fetches_source_id_sources")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fetches")),
    )
    op.create_index(op.f("ix_fetches_delivery_id"), "fetches", ["delivery_id"])
    op.create_index(op.f("ix_fetches_state_leased_until"), "fetches", ["state", "leased_until"])
    op.create_index(op.f("ix_fetches_source_id_external_id"), "fetches", ["source_id", "external_id"])


def downgrade() -> None:
    op.drop_table("fetches")
    op.drop_column("sources", "pull_token")
    op.drop_column("turns", "version")
    for table, names in TEXTS:
        for name in names:
            op.drop_column(table, name)
