"""pauses; notices wait for working time and are gathered; one mailbox per person and channel; digests and what owners choose.

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("action_items", sa.Column("counting", JSON, nullable=True))
    _create_pauses()
    _grow_notices()
    op.create_table(
        "mailboxes",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("owner_id", KEY, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("free_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f("fk_mailboxes_owner_id_owners")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mailboxes")),
        sa.UniqueConstraint("owner_id", "channel", name=op.f("uq_mailboxes_owner_id_channel")),
    )
    op.create_table(
        "notice_preferences",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("owner_id", KEY, nullable=False),
        sa.Column("events", JSON, nullable=False),
        sa.Column("digest", sa.String(length=16), nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f("fk_notice_preferences_owner_id_owners")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_preferences")),
        sa.UniqueConstraint("owner_id", name=op.f("uq_notice_preferences_owner_id")),
    )
    op.create_table(
        "digests",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("owner_id", KEY, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("composed_at", MOMENT, nullable=False),
        sa.Column("empty", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f("fk_digests_owner_id_owners")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_digests")),
        sa.UniqueConstraint("owner_id", "day", name=op.f("uq_digests_owner_id_day")),
    )


def _create_pauses() -> None:
    op.create_table(
        "pauses",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("item_id", KEY, nullable=False),
        sa.Column("reason", sa.String(length=24), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("limit_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.Column("why", JSON, nullable=True),
        sa.ForeignKeyConstraint(["item_id"], ["action_items.id"], name=op.f("fk_pauses_item_id_action_items")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pauses")),
    )
    op.create_index(op.f("ix_pauses_item_id"), "pauses", ["item_id"])
    still = sa.text("ended_at IS NULL")
    op.create_index("uq_pauses_open", "pauses", ["item_id"], unique=True, sqlite_where=still, postgresql_where=still)


def _grow_notices() -> None:
    with op.batch_alter_table("notices") as notices:
        notices.add_column(sa.Column("not_before", MOMENT, nullable=True))
        notices.add_column(sa.Column("parts", JSON, nullable=True))
        notices.add_column(sa.Column("coalesced_into_id", KEY, nullable=True))
    op.execute("UPDATE notices SET not_before = created_at")
    with op.batch_alter_table("notices") as notices:
        notices.alter_column("not_before", existing_type=MOMENT, nullable=False)
        notices.create_foreign_key(
            op.f("fk_notices_coalesced_into_id_notices"), "notices", ["coalesced_into_id"], ["id"]
        )
    op.create_index(op.f("ix_notices_coalesced_into_id"), "notices", ["coalesced_into_id"])
    op.create_index(op.f("ix_notices_item_id"), "notices", ["item_id"])


def downgrade() -> None:
    op.drop_table("digests")
    op.drop_table("notice_preferences")
    op.drop_table("mailboxes")
    op.drop_table("pauses")
    op.drop_index(op.f("ix_notices_item_id"), "notices")
    op.drop_index(op.f("ix_notices_coalesced_into_id"), "notices")
    # The release before knows neither notices that wait nor notices that went out as part of another.
    op.execute("UPDATE notices SET state = 'pending' WHERE state = 'waiting'")
    op.execute("UPDATE notices SET state = 'sent' WHERE state = 'merged'")
    op.execute("UPDATE notices SET state = 'skipped' WHERE state IN ('withdrawn', 'digest')")
    with op.batch_alter_table("notices") as notices:
        notices.drop_constraint(op.f("fk_notices_coalesced_into_id_notices"), type_="foreignkey")
        notices.drop_column("coalesced_into_id")
        notices.drop_column("parts")
        notices.drop_column("not_before")
    op.drop_column("action_items", "counting")
