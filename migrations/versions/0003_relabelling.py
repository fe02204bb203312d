"""relabelling: drafts of the taxonomy, history read anew in staging, kept trend lines, several topics for a span.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), "postgresql")
MOMENT = sa.DateTime(timezone=True)
SPAN = ["feedback_id", "turn", "start", "end"]


def upgrade() -> None:
    # Indexes and plain columns only where there are rows: a table that is made anew on SQLite loses its children.
    op.create_index("uq_mentions_topic", "mentions", [*SPAN, "topic_id"], unique=True)
    where = sa.text("topic_id IS NULL")
    op.create_index("uq_mentions_no_topic", "mentions", SPAN, unique=True, sqlite_where=where, postgresql_where=where)
    op.drop_index(op.f("ix_mentions_feedback_id"), "mentions")
    op.add_column("taxonomy_versions", sa.Column("actor", sa.Text(), nullable=True))
    op.add_column("taxonomy_versions", sa.Column("restores_id", KEY, nullable=True))
    op.add_column("taxonomy_versions", sa.Column("relabels", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table(
        "taxonomy_drafts",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("version_id", KEY, nullable=True),
        sa.Column("document", JSON, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("published_id", KEY, nullable=True),
        _refers("taxonomy_drafts", "version_id", "taxonomy_versions"),
        _refers("taxonomy_drafts", "published_id", "taxonomy_versions"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_taxonomy_drafts")),
    )
    _create_runs()
    _create_staging()
    _create_trends()


def _refers(table, column, other, ondelete=None):
    name = op.f(f"fk_{table}_{column}_{other}")
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=name, ondelete=ondelete)


def _create_runs() -> None:
    op.create_table(
        "relabel_runs",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("taxonomy_version_id", KEY, nullable=False),
        sa.Column("draft_id", KEY, nullable=True),
        sa.Column("model", sa.Text(), nullable=True),
        sa.Column("floor_id", KEY, nullable=False),
        sa.Column("cursor_id", KEY, nullable=False),
        sa.Column("total", KEY, nullable=False),
        sa.Column("done", KEY, nullable=False),
        sa.Column("passed_over", KEY, nullable=False),
        sa.Column("corrections_to", KEY, nullable=False),
        sa.Column("result", JSON, nullable=True),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.Column("attempts", KEY, server_default="0", nullable=False),
        sa.Column("leased_until", MOMENT, nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        _refers("relabel_runs", "taxonomy_version_id", "taxonomy_versions"),
        _refers("relabel_runs", "draft_id", "taxonomy_drafts"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_relabel_runs")),
    )
    where = sa.text("state = 'running' AND kind = 'history'")
    op.create_index(
        "uq_relabel_runs_history", "relabel_runs", ["kind"], unique=True, sqlite_where=where, postgresql_where=where
    )
    op.create_index(op.f("ix_relabel_runs_state_leased_until"), "relabel_runs", ["state", "leased_until"])


def _create_staging() -> None:
    op.create_table(
        "staged_readings",
        sa.Column("run_id", KEY, nullable=False),
        sa.Column("feedback_id", KEY, nullable=False),
        sa.Column("content_rev", KEY, nullable=False),
        sa.Column("passed_over", sa.Boolean(), nullable=False),
        _refers("staged_readings", "run_id", "relabel_runs", "CASCADE"),
        _refers("staged_readings", "feedback_id", "feedback", "CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "feedback_id", name=op.f("pk_staged_readings")),
    )
    op.create_index(op.f("ix_staged_readings_feedback_id"), "staged_readings", ["feedback_id"])
    signals = ("urgent", "response_needed", "escalation_intent")
    op.create_table(
        "staged_mentions",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("run_id", KEY, nullable=False),
        sa.Column("feedback_id", KEY, nullable=False),
        sa.Column("topic", sa.Text(), nullable=True),
        sa.Column("topic_id", KEY, nullable=True),
        sa.Column("encoder", sa.Text(), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.Column("mention_id", KEY, nullable=True),
        sa.Column("content_rev", KEY, nullable=False),
        sa.Column("turn", KEY, nullable=False),
        sa.Column("start", KEY, nullable=False),
        sa.Column("end", KEY, nullable=False),
        sa.Column("topic_confidence", sa.Double(), nullable=False),
        sa.Column("sentiment", sa.Double(), nullable=False),
        sa.Column("sentiment_label", sa.String(length=16), nullable=False),
        sa.Column("sentiment_confidence", sa.Double(), nullable=False),
        sa.Column("complaint", sa.Boolean(), nullable=False),
        sa.Column("complaint_confidence", sa.Double(), nullable=False),
        sa.Column("friction", sa.String(length=32), nullable=True),
        sa.Column("friction_confidence", sa.Double(), nullable=False),
        *(sa.Column(name, sa.Boolean(), server_default=sa.false(), nullable=False) for name in signals),
        *(sa.Column(f"{name}_confidence", sa.Double(), server_default="0", nullable=False) for name in signals),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("corrected", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id", "feedback_id"],
            ["staged_readings.run_id", "staged_readings.feedback_id"],
            name=op.f("fk_staged_mentions_run_id_staged_readings"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staged_mentions")),
    )
    op.create_index(op.f("ix_staged_mentions_run_id_feedback_id"), "staged_mentions", ["run_id", "feedback_id"])


def _create_trends() -> None:
    op.create_table(
        "trend_lines",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("run_id", KEY, nullable=False),
        sa.Column("taxonomy_version_id", KEY, nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("replaced_at", MOMENT, nullable=False),
        _refers("trend_lines", "run_id", "relabel_runs"),
        _refers("trend_lines", "taxonomy_version_id", "taxonomy_versions"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trend_lines")),
    )
    op.create_table(
        "trend_counts",
        sa.Column("line_id", KEY, nullable=False),
        sa.Column("topic_id", KEY, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("mentions", KEY, nullable=False),
        sa.Column("complaints", KEY, nullable=False),
        sa.Column("people", KEY, nullable=False),
        _refers("trend_counts", "line_id", "trend_lines", "CASCADE"),
        _refers("trend_counts", "topic_id", "topics"),
        sa.PrimaryKeyConstraint("line_id", "topic_id", "day", name=op.f("pk_trend_counts")),
    )


def downgrade() -> None:
    for table in (
        "trend_counts",
        "trend_lines",
        "staged_mentions",
        "staged_readings",
        "relabel_runs",
        "taxonomy_drafts",
    ):
        op.drop_table(table)
    for name in ("relabels", "restores_id", "actor"):
        op.drop_column("taxonomy_versions", name)
    op.create_index(op.f("ix_mentions_feedback_id"), "mentions", ["feedback_id"])
    op.drop_index("uq_mentions_no_topic", "mentions")
    op.drop_index("uq_mentions_topic", "mentions")
