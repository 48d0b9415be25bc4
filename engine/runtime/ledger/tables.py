"""The shape of the ledger as it is now; the migrations lead there, and a test compares the two.

Times are integers (UTC milliseconds), flags 0 or 1, JSON is text: the same on every database. Indexes are
partial where only few rows are asked for, so that what has ended costs what is due nothing.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, MetaData, Table, Text, text

metadata = MetaData()
_Number = BigInteger().with_variant(Integer, "sqlite")  # only INTEGER counts by itself in SQLite


def _text(name: str, *, null: bool = False, key: bool = False) -> Column[Any]:
    return Column(name, Text, nullable=null, primary_key=key)


def _time(name: str, *, null: bool = False) -> Column[Any]:
    return Column(name, BigInteger, nullable=null)


def _count(name: str) -> Column[Any]:
    return Column(name, Integer, nullable=False, server_default=text("0"))


def _only(condition: str) -> dict[str, Any]:
    """An index over some rows, said to every database."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


revisions = Table(
    "revisions",
    metadata,
    Column("number", _Number, primary_key=True),  # 64 hexadecimal digits in every story row would be its largest part
    Column("hash", Text, nullable=False, unique=True),
    _text("text"),
    _time("loaded_at", null=True),
    _text("git_commit", null=True),
)

# Where the people are now whose step is no longer in the file under its id; no to_step: past the last one.
moved = Table(
    "moved",
    metadata,
    _text("program", key=True),
    _text("step", key=True),
    _text("to_step", null=True),
    _count("renamed"),
)

contacts = Table(
    "contacts",
    metadata,
    _text("id", key=True),
    _text("email"),
    Column("email_key", Text, nullable=False, unique=True),
    _text("data"),
    _count("known"),
    _text("suppressed", null=True),
    _time("created_at"),
    _time("changed_at"),
    _text("heard", null=True),
    _time("suppressed_at", null=True),
    _text("suppressed_by", null=True),
    _text("left_sequences", null=True),
    _time("replied_at", null=True),
)
Index("contacts_suppressed", contacts.c.email_key, **_only("suppressed IS NOT NULL OR left_sequences IS NOT NULL"))

# What stands against an address that no contact has: ``engine.runtime.suppressions`` says what the keys are.
suppressions = Table(
    "suppressions",
    metadata,
    _text("key", key=True),
    _text("reason", null=True),
    _time("at", null=True),
    _text("source", null=True),
    _text("left_sequences", null=True),
)

events = Table(
    "events",
    metadata,
    _text("id", key=True),
    _text("trigger"),
    _text("key", null=True),
    _text("body_hash", null=True),
    _text("payload"),
    _text("contact_id"),
    _text("email"),
    _text("segment", null=True),
    _time("accepted_at"),
    Column("revision", Integer, nullable=False),
)
Index("events_key", events.c.trigger, events.c.key, unique=True, **_only("key IS NOT NULL"))

# wake_at is when a worker may next claim the run: due_at, or the end of the lease while one is held; none while
# it is paused. One index answers "what is due", finds expired leases, and never walks over runs in others' hands:
# one for runs to be decided on, one for emails that wait for their turn, so that a slow vendor holds up no decision.
# lease_by is the number of the worker in whose hands it is, claims how often it was taken since it was last settled.
runs = Table(
    "runs",
    metadata,
    _text("id", key=True),
    _text("program"),
    Column("contact_id", Text, ForeignKey("contacts.id"), nullable=False),
    _text("status"),
    _text("step", null=True),
    _time("since"),
    _time("due_at", null=True),
    _time("started_at"),
    _text("event_id", null=True),
    _text("segment", null=True),
    _count("attempt"),
    _time("asked_at", null=True),
    _count("in_doubt"),
    _count("skipping"),
    _text("reason", null=True),
    _time("ended_at", null=True),
    _count("version"),
    _time("lease_until", null=True),
    _time("wake_at", null=True),
    _time("poked_at", null=True),
    Column("revision", Integer, nullable=False),
    Column("lease_by", Integer),
    _count("claims"),
    _time("paused_at", null=True),
    _text("key", null=True),
    _text("given", null=True),
    _text("elsewhere", null=True),
    Column("pinned", Integer),
    sqlite_with_rowid=False,  # runs are found by id at every turn: an eighth less work
)
Index("runs_wake", runs.c.wake_at, runs.c.id, **_only("wake_at IS NOT NULL AND status <> 'sending'"))
Index("runs_post", runs.c.wake_at, runs.c.id, **_only("wake_at IS NOT NULL AND status = 'sending'"))
Index("runs_contact", runs.c.contact_id)
Index("runs_listed", runs.c.program, runs.c.status, runs.c.id)
Index("runs_paused", runs.c.program, runs.c.id, **_only("paused_at IS NOT NULL"))
Index("runs_pinned", runs.c.pinned, **_only("pinned IS NOT NULL"))
Index("runs_stuck", runs.c.id, **_only("claims > 1"))

story = Table(
    "story",
    metadata,
    Column("run_id", Text, ForeignKey("runs.id"), primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False),
    _time("at"),
    _text("step", null=True),
    _text("kind"),
    _text("note"),
    _text("template", null=True),
    _text("subject", null=True),
    _time("until", null=True),
    _text("provider_id", null=True),
    Column("attempts", Integer),
    _text("error", null=True),
    Column("revision", Integer, nullable=False),
    sqlite_with_rowid=False,
)

emails = Table(
    "emails",
    metadata,
    Column("number", _Number, primary_key=True),
    Column("run_id", Text, ForeignKey("runs.id"), nullable=False),
    _text("step"),
    Column("key", Text, nullable=False, unique=True),
    _text("contact_id"),
    _text("to_key"),
    _text("template"),
    _text("mailer"),
    _text("status"),
    _count("attempts"),
    _time("first_tried_at", null=True),
    _time("tried_at", null=True),
    _time("accepted_at", null=True),
    _text("provider_id", null=True),
    _text("error", null=True),
    _text("batch", null=True),
)
Index("emails_step", emails.c.run_id, emails.c.step, unique=True)
Index("emails_batch", emails.c.batch, **_only("batch IS NOT NULL"))
Index("emails_to", emails.c.to_key)
Index("emails_provider", emails.c.provider_id, **_only("provider_id IS NOT NULL"))

# Apart, because a row is written whole at each of its changes, and the message is most of it.
messages = Table(
    "messages",
    metadata,
    Column("number", _Number, ForeignKey("emails.number"), primary_key=True, autoincrement=False),
    Column("body", LargeBinary, nullable=False),
)

# What the provider told of emails, by the id of its message: nobody's, until an email with that provider_id is there.
deliveries = Table(
    "deliveries",
    metadata,
    _text("id", key=True),
    _text("kind"),
    _text("provider_id", null=True),
    _time("at"),
    _time("received_at"),
    _text("detail", null=True),
)
Index("deliveries_email", deliveries.c.provider_id, **_only("provider_id IS NOT NULL"))
Index("deliveries_received", deliveries.c.received_at)

# due_at of an item in somebody's hands is the end of the lease, lease_by the number of that worker. ``changed`` says
# that more was merged into it since it was claimed, so that "done" is not true of all of it.
outbox = Table(
    "outbox",
    metadata,
    _text("id", key=True),
    _text("kind"),
    _text("target", null=True),
    _text("payload"),
    _time("due_at"),
    _count("version"),
    _count("changed"),
    _count("attempts"),
    _text("status"),
    _text("error", null=True),
    _time("created_at"),
    _time("done_at", null=True),
    Column("lease_by", Integer),
)
Index("outbox_due", outbox.c.kind, outbox.c.due_at, outbox.c.id, **_only("status = 'pending'"))
Index(
    "outbox_target",
    outbox.c.kind,
    outbox.c.target,
    unique=True,
    **_only("status = 'pending' AND target IS NOT NULL"),
)
Index("outbox_done", outbox.c.done_at, **_only("status = 'done'"))

mirror = Table(
    "mirror",
    metadata,
    _text("contact_id", key=True),
    _text("page_id"),
    _text("shown"),
    _time("seen_at"),
)
Index("mirror_page", mirror.c.page_id)

templates = Table("templates", metadata, _text("name", key=True), _text("body"), _time("fetched_at"))

workers = Table(
    "workers",
    metadata,
    Column("number", _Number, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    _text("kind"),
    _time("started_at"),
    _time("seen_at"),
)

pauses = Table("pauses", metadata, _text("program", key=True), _time("since"), _text("reason"))

# The state of a vendor's limiter and breaker, as ``engine.pacing`` has it.
paces = Table("paces", metadata, _text("name", key=True), _text("state"), _time("changed_at"))

notes = Table("notes", metadata, _text("name", key=True), _text("value"))
