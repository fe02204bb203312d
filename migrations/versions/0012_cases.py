"""cases: items about one feedback, and the events that other systems are told.

Revision ID: 0012
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0007"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "events",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("facts", JSON, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
    )
    op.add_column("feedback", sa.Column("case_due", sa.Boolean(), server_default=sa.false(), nullable=False))
    due = sa.text("case_due")
    op.create_index("ix_feedback_case_due", "feedback", ["id"], sqlite_where=due, postgresql_where=due)
    _create_case_routings()
    # Plain columns only: on SQLite a table with children cannot be made anew for a foreign key.
    op.add_column("action_items", sa.Column("case_routing_id", KEY, nullable=True))
    op.add_column("action_items", sa.Column("looked_on", sa.Date(), nullable=True))
    op.add_column("action_items", sa.Column("cleared_at", MOMENT, nullable=True))
    op.create_index(op.f("ix_action_items_case_routing_id"), "action_items", ["case_routing_id"], unique=True)
    op.create_index(op.f("ix_action_items_feedback_id"), "action_items", ["feedback_id"])


def _create_case_routings() -> None:
    def refers(column: str, other: str, ondelete: str | None = None) -> sa.ForeignKeyConstraint:
        name = op.f(f"fk_case_routings_{column}_{other}")
        return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=name, ondelete=ondelete)

    op.create_table(
        "case_routings",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("feedback_id", KEY, nullable=True),
        sa.Column("content_rev", KEY, nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("process_id", KEY, nullable=True),
        sa.Column("step_id", KEY, nullable=True),
        sa.Column("topic", sa.Text(), nullable=True),
        sa.Column("owner_id", KEY, nullable=False),
        sa.Column("signals", JSON, nullable=False),
        sa.Column("why", JSON, nullable=False),
        sa.Column("goal_at", MOMENT, nullable=False),
        sa.Column("deadline_at", MOMENT, nullable=False),
        sa.Column("goal_why", JSON, nullable=False),
        sa.Column("deadline_why", JSON, nullable=False),
        sa.Column("ladder", JSON, nullable=False),
        sa.Column("decided_at", MOMENT, nullable=False),
        refers("feedback_id", "feedback", "SET NULL"),
        refers("process_id", "processes"),
        refers("step_id", "process_steps"),
        refers("owner_id", "owners"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_routings")),
        sa.UniqueConstraint("feedback_id", name=op.f("uq_case_routings_feedback_id")),
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_action_items_feedback_id"), "action_items")
    op.drop_index(op.f("ix_action_items_case_routing_id"), "action_items")
    for column in ("cleared_at", "looked_on", "case_routing_id"):
        op.drop_column("action_items", column)
    op.drop_table("case_routings")
    op.drop_index("ix_feedback_case_due", "feedback")
    op.drop_column("feedback", "case_due")
    op.drop_table("events")
