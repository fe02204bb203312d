"""teams, dated owners, managers, deputies and rules; what a routing was decided on.

Revision ID: 0011
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0014"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql")


def upgrade() -> None:
    op.create_table(
        "teams",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_teams")),
        sa.UniqueConstraint("key", name=op.f("uq_teams_key")),
    )
    op.create_table(
        "team_members",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("team_id", KEY, nullable=False),
        sa.Column("owner_id", KEY, nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_team_members_team_id_teams")),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f("fk_team_members_owner_id_owners")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team_members")),
    )
    op.create_index(op.f("ix_team_members_team_id"), "team_members", ["team_id"])
    op.create_table(
        "owner_links",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("owner_id", KEY, nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("other_id", KEY, nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f("fk_owner_links_owner_id_owners")),
        sa.ForeignKeyConstraint(["other_id"], ["owners.id"], name=op.f("fk_owner_links_other_id_owners")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_owner_links")),
    )
    op.create_index(op.f("ix_owner_links_owner_id"), "owner_links", ["owner_id"])
    with op.batch_alter_table("owners") as owners:
        owners.add_column(sa.Column("own_absences", JSON, server_default="[]", nullable=False))
        owners.add_column(sa.Column("valid_from", sa.Date(), nullable=True))
        owners.add_column(sa.Column("valid_to", sa.Date(), nullable=True))
    with op.batch_alter_table("ownerships") as ownerships:
        ownerships.add_column(sa.Column("team_id", KEY, nullable=True))
        ownerships.alter_column("owner_id", existing_type=KEY, nullable=True)
        ownerships.create_foreign_key(op.f("fk_ownerships_team_id_teams"), "teams", ["team_id"], ["id"])
    with op.batch_alter_table("routing_rules") as rules:
        rules.add_column(sa.Column("valid_from", sa.Date(), nullable=True))
        rules.add_column(sa.Column("valid_to", sa.Date(), nullable=True))
    with op.batch_alter_table("routings") as routings:
        routings.add_column(sa.Column("holder", sa.Text(), nullable=True))
        routings.add_column(sa.Column("facts", JSON, server_default="{}", nullable=False))
        routings.add_column(sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("routings") as routings:
        for name in ("reviewed_at", "facts", "holder"):
            routings.drop_column(name)
    with op.batch_alter_table("routing_rules") as rules:
        for name in ("valid_to", "valid_from"):
            rules.drop_column(name)
    op.execute("DELETE FROM ownerships WHERE owner_id IS NULL")
    with op.batch_alter_table("ownerships") as ownerships:
        ownerships.drop_constraint(op.f("fk_ownerships_team_id_teams"), type_="foreignkey")
        ownerships.drop_column("team_id")
        ownerships.alter_column("owner_id", existing_type=KEY, nullable=False)
    with op.batch_alter_table("owners") as owners:
        for name in ("valid_to", "valid_from", "own_absences"):
            owners.drop_column(name)
    op.drop_table("owner_links")
    op.drop_table("team_members")
    op.drop_table("teams")
