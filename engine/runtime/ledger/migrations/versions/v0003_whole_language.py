"""What the whole language remembers: keys and values of runs, triggers that were heard, steps that have gone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add to what is there; every row keeps its meaning."""
    for name in ("key", "given", "elsewhere"):
        op.add_column("runs", sa.Column(name, sa.Text))
    op.add_column("runs", sa.Column("pinned", sa.Integer))
    only = sa.text("pinned IS NOT NULL")
    op.create_index("runs_pinned", "runs", ["pinned"], sqlite_where=only, postgresql_where=only)
    op.add_column("contacts", sa.Column("heard", sa.Text))
    op.add_column("revisions", sa.Column("git_commit", sa.Text))
    op.create_table(
        "moved",
        sa.Column("program", sa.Text, nullable=False),
        sa.Column("step", sa.Text, nullable=False),
        sa.Column("to_step", sa.Text),
        sa.Column("renamed", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("program", "step"),
    )
