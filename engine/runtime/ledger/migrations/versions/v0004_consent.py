"""Consent: why and since when nobody may write to an address, replies, and what the provider told of emails."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add to what is there; every row keeps its meaning. Of earlier suppressions nobody noted when and by what."""
    for name, kind in (
        ("suppressed_at", sa.BigInteger()),
        ("suppressed_by", sa.Text()),
        ("left_sequences", sa.Text()),
        ("replied_at", sa.BigInteger()),
    ):
        op.add_column("contacts", sa.Column(name, kind))
    said_no = "suppressed IS NOT NULL OR left_sequences IS NOT NULL"
    op.create_index("contacts_suppressed", "contacts", ["email_key"], **_only(said_no))
    op.create_index("emails_provider", "emails", ["provider_id"], **_only("provider_id IS NOT NULL"))
    op.create_table(
        "suppressions",
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("at", sa.BigInteger),
        sa.Column("source", sa.Text),
        sa.Column("left_sequences", sa.Text),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("provider_id", sa.Text),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("received_at", sa.BigInteger, nullable=False),
        sa.Column("detail", sa.Text),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("deliveries_email", "deliveries", ["provider_id"], **_only("provider_id IS NOT NULL"))
    op.create_index("deliveries_received", "deliveries", ["received_at"])


def _only(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}
