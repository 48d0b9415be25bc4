"""Every statement of the hot path finds its rows by an index, however many keys it is asked for."""

from __future__ import annotations

import pytest

from engine.runtime.ledger import contacts, emails, events, leases, outbox, runs, session, shelf

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
    "pages": (shelf._PAGES, "mirror USING INDEX sqlite_autoindex_mirror_1 (contact_id=?)"),
}
STATEMENTS = {
    "claim of errands": (outbox._CLAIM, "outbox USING INDEX outbox_due (kind=? AND due_at<?)"),
    "next run due": (leases._NEXT, "runs USING COVERING INDEX runs_wake (wake_at>?)"),
    "next errand due": (outbox._NEXT, "outbox USING INDEX outbox_due (kind=?)"),
    "emails to": (emails._TO, "e USING INDEX emails_to (to_key=?)"),
}


def plan(tx, sql):
    values = dict.fromkeys(("trigger", "program", "kind", "now", "until", "limit", "to_key"), 1)
    rows = tx.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)
    return [row[3] for row in rows]


@pytest.mark.parametrize("count", [1, 100, session._AT_ONCE])
@pytest.mark.parametrize("name", LOOKUPS)
def test_a_lookup_seeks_each_of_its_keys(ledger, name, count):
    lookup, expected = LOOKUPS[name]
    keys = ", ".join(f"'key-{number}'" for number in range(count))
    with ledger.read() as tx:
        steps = plan(tx, str(lookup.clause).replace("(__[POSTCOMPILE_keys])", f"({keys})"))
    assert f"SEARCH {expected}" in steps
    assert not [step for step in steps if step.startswith("SCAN")]


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_statement_begins_at_its_index_and_sorts_nothing(ledger, name):
    statement, expected = STATEMENTS[name]
    with ledger.read() as tx:
        steps = plan(tx, statement.sql)
    assert [step for step in steps if step.endswith(expected)], steps
    assert not [step for step in steps if "TEMP B-TREE" in step]
