"""Every statement of the hot path finds its rows by an index, however many keys it is asked for."""

from __future__ import annotations

import re

import pytest

from engine.runtime.ledger import Ledger, attention, contacts, control, emails, events, leases, outbox, runs, shelf

LOOKUPS = {
    "events by key": (events._BY_KEY, "e USING INDEX events_key (trigger=? AND key=?)"),
    "contacts by address": (contacts._BY_EMAIL, "contacts USING INDEX sqlite_autoindex_contacts_2 (email_key=?)"),
    "contacts by id": (contacts._BY_ID, "contacts USING INDEX sqlite_autoindex_contacts_1 (id=?)"),
    "runs in hand": (leases._HELD, "runs USING PRIMARY KEY (id=?)"),
    "runs by id": (runs._GET, "runs USING PRIMARY KEY (id=?)"),
    "runs taken": (leases._TAKE_THESE, "runs USING PRIMARY KEY (id=?)"),
    "runs poked": (leases._POKE, "runs USING INDEX runs_contact (contact_id=?)"),
    "runs held": (leases._WAKE_HELD, "runs USING INDEX runs_listed (program=? AND status=?)"),
    "runs of contacts": (runs._OF, "runs USING INDEX runs_contact (contact_id=?)"),
    "live runs": (runs._LIVE, "runs USING INDEX runs_contact (contact_id=?)"),
    "emails of runs": (emails._OF_RUNS, "e USING INDEX emails_step (run_id=?)"),
    "errands to merge into": (outbox._WAITING, "outbox USING INDEX outbox_target (kind=? AND target=?)"),
    "errands in hand": (outbox._OURS, "outbox USING INDEX sqlite_autoindex_outbox_1 (id=?)"),
    "errands of the dead": (outbox._DROP, "outbox USING INDEX outbox_due (kind=? AND due_at>? AND due_at<?)"),
    "runs of the dead": (leases._DROP, "runs USING INDEX runs_wake (wake_at>? AND wake_at<?)"),
    "emails of the dead": (leases._DROP, "runs USING INDEX runs_post (wake_at>? AND wake_at<?)"),
    "pauses": (runs._PAUSES, "pauses USING COVERING INDEX sqlite_autoindex_pauses_1 (program=?)"),
    "runs of a contact": (control._OF_CONTACTS, "runs USING INDEX runs_contact (contact_id=?)"),
    "runs paused": (control._PAUSE, "runs USING PRIMARY KEY (id=?)"),
    "paused among runs": (control._PAUSED_AMONG, "runs USING PRIMARY KEY (id=?)"),
    "runs tried again": (control._RETRY, "runs USING PRIMARY KEY (id=?)"),
    "their open tries": (control._RETRY, "e USING INDEX emails_step (run_id=? AND step=?)"),
    "their emails": (control._RETRY_EMAILS, "emails USING INDEX emails_step (run_id=?)"),
    "reasons of pauses": (attention._WHY_PAUSED, "story USING PRIMARY KEY (run_id=?)"),
    "pages": (shelf._PAGES, "mirror USING INDEX sqlite_autoindex_mirror_1 (contact_id=?)"),
}
STATEMENTS = {
    "claim of errands": (outbox._CLAIM, "outbox USING INDEX outbox_due (kind=? AND due_at<?)"),
    "claim of runs": (leases._CLAIMS["move"], "r USING INDEX runs_wake (wake_at<?)"),
    "claim of emails": (leases._CLAIMS["post"], "r USING INDEX runs_post (wake_at<?)"),
    "others of the contact": (leases._CLAIMS["move"], "o USING INDEX runs_contact (contact_id=?)"),
    "next run due": (leases._NEXT["move"], "runs USING INDEX runs_wake (wake_at>?)"),
    "next email due": (leases._NEXT["post"], "runs USING INDEX runs_post (wake_at>?)"),
    "page of runs": (control._page(()), "runs USING INDEX runs_listed (program=? AND status=? AND id>?)"),
    "page of a window": (
        control._page(("segment", "step", "window", "unpaused")),
        "runs USING INDEX runs_listed (program=? AND status=? AND id>?)",
    ),
    "paused runs": (attention._PAUSED, "r USING INDEX runs_paused (program=?)"),
    "stuck runs": (attention._stuck(*attention._STUCK[0], False), "r USING INDEX runs_wake (wake_at<?)"),
    "stuck emails": (attention._stuck(*attention._STUCK[1], False), "r USING INDEX runs_post (wake_at<?)"),
    "runs claimed again": (attention._stuck(*attention._STUCK[2], False), "r USING INDEX runs_stuck"),
    "long overdue runs": (attention._PAUSE_OVERDUE[0], "runs USING INDEX runs_wake (wake_at<?)"),
    "long overdue emails": (attention._PAUSE_OVERDUE[1], "runs USING INDEX runs_post (wake_at<?)"),
    "next errand due": (outbox._NEXT, "outbox USING INDEX outbox_due (kind=?)"),
    "emails to": (emails._TO, "e USING INDEX emails_to (to_key=?)"),
}


# The same for Postgres, where an index has one name and locks have other statements.
ON_POSTGRES = {
    "PRIMARY KEY": "{table}_pkey",
    "sqlite_autoindex_contacts_2": "contacts_email_key_key",
    **{f"sqlite_autoindex_{table}_1": f"{table}_pkey" for table in ("contacts", "outbox", "pauses", "mirror")},
}
ONLY_POSTGRES = {
    "contacts locked": (contacts._LOCK, "contacts_pkey"),
    "addresses locked": (contacts._LOCK_BY_EMAIL, "contacts_email_key_key"),
    "contacts of runs": (leases._CONTACTS, "runs_pkey"),
    "runs locked": (leases._LOCKS["move"], "runs_wake"),
    "emails locked": (leases._LOCKS["post"], "runs_post"),
    "contacts of claims": (leases._LOCKS["move"], "contacts_pkey"),
    "others of a claim": (leases._LOCKS["move"], "runs_contact"),
    "runs claimed": (leases._TAKES["move"], "runs_pkey"),
    "emails claimed": (leases._TAKES["post"], "runs_pkey"),
}
NOT_ON_POSTGRES = {
    *("claim of runs", "claim of emails", "others of the contact"),  # they are two statements there
    *("paused among runs", "paused runs"),  # any index that is small
}
TEXTS = (
    *("trigger", "program", "kind", "status", "after", "to_key", "segment", "step"),
    *("first_event", "after_events"),
)
NUMBERS = ("now", "until", "since", "before", "late", "later", "limit", "by", "sure")
SEED = (
    "INSERT INTO contacts (id, email, email_key, data, created_at, changed_at) "
    "SELECT 'c' || n, 'a', 'e' || n, '{}', 0, 0 FROM generate_series(1, 20000) AS n",
    "INSERT INTO runs (id, program, contact_id, status, since, due_at, wake_at, started_at, revision) "
    "SELECT 'r' || n, 'p' || n % 5, 'c' || n, CASE WHEN n % 2 = 0 THEN 'waiting' ELSE 'sending' END, 0, n, n, 0, 1 "
    "FROM generate_series(1, 20000) AS n",
    "INSERT INTO story (run_id, n, at, kind, note, revision) SELECT id, 1, 0, 'pause', 'x', 1 FROM runs",
    "INSERT INTO emails (run_id, step, key, contact_id, to_key, template, mailer, status) "
    "SELECT id, 'one', id, contact_id, contact_id, 't', 'm', 'asked' FROM runs",
    "INSERT INTO messages (number, body) SELECT number, 'x' FROM emails",
    "INSERT INTO events (id, trigger, key, payload, contact_id, email, accepted_at, revision) "
    "SELECT 'e' || n, 't' || n % 3, 'k' || n, '{}', 'c' || n, 'e', 0, 1 FROM generate_series(1, 20000) AS n",
    "INSERT INTO outbox (id, kind, target, payload, due_at, status, created_at) "
    "SELECT 'o' || n, 'mirror', 'c' || n, '{}', n, 'pending', 0 FROM generate_series(1, 20000) AS n",
)


def on_postgres(expected):
    table, index = re.match(r"(\w+) USING (?:COVERING )?(?:INDEX )?(PRIMARY KEY|\w+)", expected).groups()
    return ON_POSTGRES.get(index, index).format(table=table)


@pytest.fixture(scope="module", params=["unknown", "known"])
def planner(request, postgres):
    """A ledger with many rows, before the server has looked at them (it thinks it empty) and afterwards."""
    with Ledger.open(postgres.emptied()) as ledger:
        postgres.connection.execute("VACUUM ANALYZE")
        for statement in SEED:
            postgres.connection.execute(statement)
        if request.param == "known":
            postgres.connection.execute("ANALYZE")
        yield ledger
    postgres.emptied()
    postgres.connection.execute("VACUUM ANALYZE")


def steps_of(ledger, statement):
    """The plan of a statement as it is run: the server has prepared it, and knows no values."""
    with ledger.write() as tx:
        sql, _ = statement.compiled(tx.connection.dialect)
        keys = [1] if "lease_by = ANY" in sql else ["x"]
        values = {**dict.fromkeys(TEXTS, "x"), **dict.fromkeys(NUMBERS, 5), "keys": keys}
        ask = tx.connection.exec_driver_sql
        wanted = list(dict.fromkeys(re.findall(r"%\((\w+)\)s", sql)))
        for place, name in enumerate(wanted, start=1):
            sql = sql.replace(f"%({name})s", f"${place}")
        types = {"keys": "int[]" if keys == [1] else "text[]"}
        declared = ", ".join(types.get(name, "text" if name in TEXTS else "bigint") for name in wanted)
        given = ", ".join((f"ARRAY{values[name]}" if name == "keys" else f"{values[name]!r}") for name in wanted)
        ask("SET LOCAL plan_cache_mode = force_generic_plan")
        ask(f"PREPARE asked{f' ({declared})' if wanted else ''} AS {sql}")
        try:
            return [row[0] for row in ask(f"EXPLAIN EXECUTE asked{f' ({given})' if wanted else ''}")]
        finally:
            ask("DEALLOCATE asked")


def seeks(steps, index):
    return [step for step in steps if re.search(rf"Index (Only )?Scan (Backward )?using {index} on", step)]


@pytest.mark.parametrize("name", sorted((LOOKUPS.keys() | STATEMENTS.keys()) - NOT_ON_POSTGRES))
def test_postgres_walks_the_same_indexes_whatever_its_statistics_say(planner, name):
    found, expected = {**LOOKUPS, **STATEMENTS}[name]
    steps = steps_of(planner, getattr(found, "statement", found))
    assert seeks(steps, on_postgres(expected)), "\n".join(steps)
    assert not [step for step in steps if "Seq Scan" in step], "\n".join(steps)


@pytest.mark.parametrize("name", ONLY_POSTGRES)
def test_statements_of_postgres_begin_at_an_index(planner, name):
    found, index = ONLY_POSTGRES[name]
    steps = steps_of(planner, getattr(found, "statement", found))
    assert seeks(steps, index), "\n".join(steps)
    assert not [step for step in steps if "Seq Scan" in step], "\n".join(steps)
    if name in ("runs locked", "emails locked"):
        assert not [step for step in steps if "Sort" in step], "\n".join(steps)


@pytest.fixture
def url(sqlite_url):
    """What follows reads plans as SQLite tells them."""
    return sqlite_url


def plan(tx, sql):
    names = "trigger program kind status now until since before late later after limit to_key by segment step sure keys"
    names += " first_event after_events"
    values = dict.fromkeys(names.split(), 1)
    rows = tx.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)
    return [row[3] for row in rows]


@pytest.mark.parametrize("name", LOOKUPS)
def test_a_lookup_seeks_each_of_its_keys(ledger, name):
    lookup, expected = LOOKUPS[name]
    with ledger.read() as tx:
        steps = plan(tx, lookup.statement.sql)
    assert f"SEARCH {expected}" in steps
    assert not [step for step in steps if step.startswith("SCAN") and not step.startswith("SCAN json_each")]


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_statement_begins_at_its_index_and_sorts_nothing(ledger, name):
    statement, expected = STATEMENTS[name]
    with ledger.read() as tx:
        steps = plan(tx, statement.sql)
    assert [step for step in steps if step.endswith(expected)], steps
    assert not [step for step in steps if "TEMP B-TREE" in step]
