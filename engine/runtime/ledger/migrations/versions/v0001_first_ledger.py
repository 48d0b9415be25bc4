"""The first shape of the ledger."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_ZERO = sa.text("0")


def upgrade() -> None:
    """Create every table, those that others refer to first."""
    _people()
    _runs()
    _story()
    _emails()
    _outbox()
    _small_tables()


def _only(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def _people() -> None:
    op.create_table(
        "revisions",
        sa.Column("number", _NUMBER, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("loaded_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("hash"),
    )
    op.create_table(
        "contacts",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("email_key", sa.Text, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
        sa.Column("known", sa.Integer, server_default=_ZERO, nullable=False),
        sa.Column("suppressed", sa.Text),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("email_key"),
    )
    op.create_table(
        "events",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("trigger", sa.Text, nullable=False),
        sa.Column("key", sa.Text),
        sa.Column("body_hash", sa.Text),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("contact_id", sa.Text, nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("segment", sa.Text),
        sa.Column("accepted_at", sa.BigInteger, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("events_key", "events", ["trigger", "key"], unique=True, **_only("key IS NOT NULL"))


def _runs() -> None:
    op.create_table(
        "runs",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("program", sa.Text, nullable=False),
        sa.Column("contact_id", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("step", sa.Text),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("due_at", sa.BigInteger),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        sa.Column("event_id", sa.Text),
        sa.Column("segment", sa.Text),
        sa.Column("attempt", sa.Integer, server_default=_ZERO, nullable=False),
        sa.Column("asked_at", sa.BigInteger),
        sa.Column("in_doubt", sa.Integer, server_default=_ZERO, nullable=False),
        sa.Column("skipping", sa.Integer, server_default=_ZERO, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("ended_at", sa.BigInteger),
        sa.Column("version", sa.Integer, server_default=_ZERO, nullable=False),
        sa.Column("lease_until", sa.BigInteger),
        sa.Column("wake_at", sa.BigInteger),
        sa.Column("poked_at", sa.BigInteger),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"]),
        sa.PrimaryKeyConstraint("id"),
        sqlite_with_rowid=False,
    )
    op.create_index("runs_contact", "runs", ["contact_id"])
    op.create_index("runs_listed", "runs", ["program", "status", "id"])
    op.create_index("runs_wake", "runs", ["wake_at", "id"], **_only("wake_at IS NOT NULL"))


def _story() -> None:
    op.create_table(
        "story",
        sa.Column("run_id", sa.Text, nullable=False),
        sa.Column("n", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("step", sa.Text),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("template", sa.Text),
        sa.Column("subject", sa.Text),
        sa.Column("until", sa.BigInteger),
        sa.Column("provider_id", sa.Text),
        sa.Column("attempts", sa.Integer),
        sa.Column("error", sa.Text),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"]),
        sa.PrimaryKeyConstraint("run_id", "n"),
        sqlite_with_rowid=False,
    )


def _emails() -> None:
    op.create_table(
        "emails",
        sa.Column("number", _NUMBER, nullable=False),
        sa.Column("run_id", sa.Text, nullable=False),
        sa.Column("step", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("contact_id", sa.Text, nullable=False),
        sa.Column("to_key", sa.Text, nullable=False),
        sa.Column("template", sa.Text, nullable=False),
        sa.Column("mailer", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, server_default=_ZERO, nullable=False),
        sa.Column("first_tried_at", sa.BigInteger),
        sa.Column("tried_at", sa.BigInteger),
        sa.Column("accepted_at", sa.BigInteger),
        sa.Column("provider_id", sa.Text),
        sa.Column("error", sa.Text),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"]),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("key"),
    )
    op.create_index("emails_step", "emails", ["run_id", "step"], unique=True)
    op.create_index("emails_to", "emails", ["to_key"])
    op.create_table(
        "messages",
        sa.Column("number", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.ForeignKeyConstraint(["number"], ["emails.number"]),
        sa.PrimaryKeyConstraint("number"),
    )


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("target", sa.Text),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("version", sa.Integer, server_default=_ZERO, nullable=False),
        sa.Column("changed", sa.Integer, server_default=_ZERO, nullable=False),
        sa.Column("attempts", sa.Integer, server_default=_ZERO, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("error", sa.Text),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("done_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("outbox_done", "outbox", ["done_at"], **_only("status = 'done'"))
    op.create_index("outbox_due", "outbox", ["kind", "due_at", "id"], **_only("status = 'pending'"))
    op.create_index(
        "outbox_target", "outbox", ["kind", "target"], unique=True, **_only("status = 'pending' AND target IS NOT NULL")
    )


def _small_tables() -> None:
    op.create_table(
        "mirror",
        sa.Column("contact_id", sa.Text, nullable=False),
        sa.Column("page_id", sa.Text, nullable=False),
        sa.Column("shown", sa.Text, nullable=False),
        sa.Column("seen_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("contact_id"),
    )
    op.create_index("mirror_page", "mirror", ["page_id"])
    op.create_table(
        "templates",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("fetched_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "workers",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        sa.Column("seen_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "notes",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
