"""samples of unlabelled texts that topics are placed by.

Revision ID: 0015
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0009"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "traffic_samples",
        sa.Column("id", KEY, nullable=False),
        sa.Column("newest_id", KEY, nullable=False),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_traffic_samples")),
    )
    op.create_table(
        "traffic_texts",
        sa.Column("id", KEY, nullable=False),
        sa.Column("sample_id", KEY, nullable=False),
        sa.Column("feedback_id", KEY, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["sample_id"],
            ["traffic_samples.id"],
            name=op.f("fk_traffic_texts_sample_id_traffic_samples"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["feedback_id"], ["feedback.id"], name=op.f("fk_traffic_texts_feedback_id_feedback"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_traffic_texts")),
    )
    op.create_index(op.f("ix_traffic_texts_sample_id"), "traffic_texts", ["sample_id"])
    op.create_index(op.f("ix_traffic_texts_feedback_id"), "traffic_texts", ["feedback_id"])


def downgrade() -> None:
    op.drop_table("traffic_texts")
    op.drop_table("traffic_samples")
