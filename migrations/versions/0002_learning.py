"""learning: signals of mentions, what a correction was about, model versions, drift readings.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql")
SIGNALS = ("urgent", "response_needed", "escalation_intent")


def upgrade() -> None:
    # Plain ALTER TABLE, on SQLite too: a table that is made anew would take its children's rows away (ON DELETE CASCADE).
    for name in SIGNALS:
        op.add_column("mentions", sa.Column(name, sa.Boolean(), server_default=sa.false(), nullable=False))
        op.add_column("mentions", sa.Column(f"{name}_confidence", sa.Double(), server_default="0", nullable=False))
    op.add_column("feedback", sa.Column("language_guess", sa.String(length=16), nullable=True))
    op.add_column("feedback", sa.Column("unread", sa.String(length=16), nullable=True))
    # This one has no children, and must be made anew: versions remember ids, so none may be given twice.
    again = "always" if op.get_bind().dialect.name == "sqlite" else "never"
    with op.batch_alter_table("corrections", recreate=again, table_kwargs={"sqlite_autoincrement": True}) as batch_op:
        batch_op.add_column(sa.Column("judged", JSON, server_default="{}", nullable=False))
        batch_op.add_column(sa.Column("drawn", sa.String(length=16), server_default="own", nullable=False))
        batch_op.add_column(sa.Column("gold", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table(
        "model_versions",
        sa.Column("number", KEY, autoincrement=False, nullable=False),
        sa.Column("taxonomy_version_id", KEY, nullable=True),
        sa.Column("corrections_to", KEY, nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("before", JSON, nullable=False),
        sa.Column("after", JSON, nullable=False),
        sa.Column("hits", JSON, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["taxonomy_version_id"],
            ["taxonomy_versions.id"],
            name=op.f("fk_model_versions_taxonomy_version_id_taxonomy_versions"),
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_model_versions")),
    )
    op.create_table(
        "drift_readings",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("statistic", sa.String(length=16), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("expected_low", sa.Double(), nullable=False),
        sa.Column("expected_high", sa.Double(), nullable=False),
        sa.Column("p_value", sa.Double(), nullable=False),
        sa.Column("alarm", sa.Boolean(), nullable=False),
        sa.Column("facts", JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drift_readings")),
        sa.UniqueConstraint("day", "statistic", name=op.f("uq_drift_readings_day_statistic")),
    )


def downgrade() -> None:
    op.drop_table("drift_readings")
    op.drop_table("model_versions")
    for table, names in (
        ("corrections", ("gold", "drawn", "judged")),
        ("feedback", ("unread", "language_guess")),
        ("mentions", tuple(each for name in SIGNALS for each in (f"{name}_confidence", name))),
    ):
        for name in names:
            op.drop_column(table, name)
