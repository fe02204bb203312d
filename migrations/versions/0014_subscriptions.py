"""subscriptions: who is told of events, and what is on its way to them.

Revision ID: 0014
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0010"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "subscriptions",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("url", sa.LargeBinary(), nullable=False),
        sa.Column("secrets", sa.LargeBinary(), nullable=True),
        sa.Column("types", JSON, nullable=False),
        sa.Column("owner_id", KEY, nullable=True),
        sa.Column("verbatims", sa.String(length=16), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("paused_at", MOMENT, nullable=True),
        sa.Column("disabled_at", MOMENT, nullable=True),
        sa.Column("disabled_why", sa.Text(), nullable=True),
        sa.Column("slow", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("broken", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("retry_at", MOMENT, nullable=True),
        sa.Column("tried_at", MOMENT, nullable=True),
        sa.Column("sent_at", MOMENT, nullable=True),
        sa.Column("attempts", KEY, server_default="0", nullable=False),
        sa.Column("leased_until", MOMENT, nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f("fk_subscriptions_owner_id_owners")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriptions")),
    )
    op.create_table(
        "dispatches",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("subscription_id", KEY, nullable=False),
        sa.Column("event_id", KEY, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", KEY, server_default="0", nullable=False),
        sa.Column("status", KEY, nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("tried_at", MOMENT, nullable=True),
        sa.Column("sent_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_dispatches_event_id_events")),
        sa.ForeignKeyConstraint(
            ["subscription_id"],
            ["subscriptions.id"],
            name=op.f("fk_dispatches_subscription_id_subscriptions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispatches")),
        sa.UniqueConstraint("subscription_id", "event_id", name=op.f("uq_dispatches_subscription_id_event_id")),
    )
    op.create_index(
        op.f("ix_dispatches_subscription_id_state_event_id"), "dispatches", ["subscription_id", "state", "event_id"]
    )
    op.create_index(op.f("ix_dispatches_state_created_at"), "dispatches", ["state", "created_at"])
    op.create_index(op.f("ix_events_at_id"), "events", ["at", "id"])
    op.create_table(
        "contact_choices",
        sa.Column("owner_id", KEY, autoincrement=False, nullable=False),
        sa.Column("channels", JSON, nullable=True),
        sa.Column("digests", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f("fk_contact_choices_owner_id_owners")),
        sa.PrimaryKeyConstraint("owner_id", name=op.f("pk_contact_choices")),
    )


def downgrade() -> None:
    op.drop_table("contact_choices")
    op.drop_index(op.f("ix_events_at_id"), "events")
    op.drop_table("dispatches")
    op.drop_table("subscriptions")
