"""imports as jobs.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql")


def upgrade() -> None:
    op.create_table(
        "imports",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("source_id", KEY, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=True),
        sa.Column("size", KEY, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("connector", sa.Text(), nullable=True),
        sa.Column("options", JSON, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("rows", KEY, nullable=True),
        sa.Column("position", KEY, nullable=False),
        sa.Column("accepted", KEY, nullable=False),
        sa.Column("duplicate", KEY, nullable=False),
        sa.Column("rejected", KEY, nullable=False),
        sa.Column("reasons", JSON, nullable=False),
        sa.Column("notes", JSON, nullable=False),
        sa.Column("columns", JSON, nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", KEY, server_default="0", nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_imports_source_id_sources")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
    )
    op.create_index(op.f("ix_imports_state_id"), "imports", ["state", "id"])
    op.create_index(op.f("ix_imports_created_at_id"), "imports", ["created_at", "id"])
    op.create_table(
        "import_rejects",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("import_id", KEY, nullable=False),
        sa.Column("line", KEY, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("original", JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"], ["imports.id"], name=op.f("fk_import_rejects_import_id_imports"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_rejects")),
    )
    op.create_index(op.f("ix_import_rejects_import_id"), "import_rejects", ["import_id"])


def downgrade() -> None:
    op.drop_table("import_rejects")
    op.drop_table("imports")
