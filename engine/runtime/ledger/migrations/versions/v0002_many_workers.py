"""Leases with an owner, pauses, paces shared by all workers, and batches that were handed over."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Add to what is there; every row keeps its meaning."""
    _runs()
    _workers()
    op.add_column("emails", sa.Column("batch", sa.Text))
    op.create_index("emails_batch", "emails", ["batch"], **_only("batch IS NOT NULL"))
    op.add_column("outbox", sa.Column("lease_by", sa.Integer))
    op.create_table(
        "pauses",
        sa.Column("program", sa.Text, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("program"),
    )
    op.create_table(
        "paces",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    if op.get_bind().dialect.name == "postgresql":
        _swept()


def _swept() -> None:
    """Rows that change at every turn leave old ones behind: sweep them out before they are a fifth of a million."""
    for table in ("runs", "emails", "outbox"):
        op.execute(f"ALTER TABLE {table} SET (autovacuum_vacuum_scale_factor = 0.02)")


def _only(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def _runs() -> None:
    op.add_column("runs", sa.Column("lease_by", sa.Integer))
    op.add_column("runs", sa.Column("claims", sa.Integer, server_default=sa.text("0"), nullable=False))
    op.add_column("runs", sa.Column("paused_at", sa.BigInteger))
    op.drop_index("runs_wake", "runs")
    op.create_index("runs_wake", "runs", ["wake_at", "id"], **_only("wake_at IS NOT NULL AND status <> 'sending'"))
    op.create_index("runs_post", "runs", ["wake_at", "id"], **_only("wake_at IS NOT NULL AND status = 'sending'"))
    op.create_index("runs_paused", "runs", ["program", "id"], **_only("paused_at IS NOT NULL"))
    op.create_index("runs_stuck", "runs", ["id"], **_only("claims > 1"))


def _workers() -> None:
    """Made anew: whoever was at work when the ledger was migrated is so no more."""
    op.drop_table("workers")
    op.create_table(
        "workers",
        sa.Column("number", _NUMBER, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        sa.Column("seen_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("id"),
    )
