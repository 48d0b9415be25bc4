"""What is true of a ledger on a server only: what it says of faults, whom it waits for, and how it comes back."""

from __future__ import annotations

import itertools
import secrets
import threading
from collections.abc import Iterator

import pytest
from sqlalchemy.engine import make_url

from engine.errors import LedgerInDoubt, LedgerUnavailable, SettingsError
from engine.runtime.ledger import Ledger, there_is_none
from engine.runtime.ledger.databases import database_at, postgres_commit
from engine.runtime.ledger.databases import postgres as module
from tests.cut import Wire, wire
from tests.postgres import Postgres, database

KILL = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = %s AND application_name = 'busos' AND pid <> pg_backend_pid()
"""
COMMIT = b"COMMIT\x00"  # as it passes on the wire; BEGIN … READ COMMITTED is another message


@pytest.fixture
def url(postgres: Postgres) -> str:
    return postgres.emptied()


@pytest.fixture
def path(url: str) -> str:
    return make_url(url).database or ""


def show(tx, name):
    return tx.connection.exec_driver_sql(f"SHOW {name}").scalar()


def pid(tx):
    return tx.connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()


def put(ledger, name, value="1"):
    with ledger.write() as tx:
        tx.put_note(name, value)


def with_settings(ledger, setting, work):
    with ledger.write() as tx:
        tx.connection.exec_driver_sql(f"SET LOCAL {setting}")
        work(tx)


def notes(ledger, *names):
    with ledger.read() as tx:
        return [tx.note(name) for name in names]


# What a transaction is told at its beginning


def test_every_commit_is_on_disk_before_it_returns_but_quick_ones(ledger):
    with ledger.write() as tx:
        assert (show(tx, "synchronous_commit"), show(tx, "transaction_isolation")) == ("on", "read committed")
        assert show(tx, "lock_timeout") == "10s"
    with ledger.write(durable=False) as tx:
        assert show(tx, "synchronous_commit") == "off"
    with ledger.read() as tx:
        assert (show(tx, "transaction_isolation"), show(tx, "transaction_read_only")) == ("repeatable read", "on")


def test_a_server_that_does_not_wait_for_its_disk_is_told_to(url, postgres, path):
    postgres.connection.execute(f'ALTER DATABASE "{path}" SET synchronous_commit = off')
    try:
        with Ledger.open(url) as ledger, ledger.write() as tx:
            assert show(tx, "synchronous_commit") == "on"
    finally:
        postgres.connection.execute(f'ALTER DATABASE "{path}" RESET synchronous_commit')


def test_a_text_with_a_character_that_postgres_cannot_hold_is_kept_without_it(ledger):
    put(ledger, "a\x00b", "garbage \x00 of a vendor")
    assert notes(ledger, "a\x00b", "a\ufffdb") == ["garbage \ufffd of a vendor"] * 2


def test_connections_are_bounded_however_many_threads_write(ledger, postgres, path):
    asked = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'busos' AND datname = %s"
    begin, seen = threading.Barrier(40), []

    def work(number: int) -> None:
        begin.wait()
        with ledger.write() as tx:
            tx.put_note(f"n{number}", "1")
            seen.append(tx.connection.exec_driver_sql("SELECT pg_sleep(0.05)"))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(40)]
    for thread in threads:
        thread.start()
    most = 0
    while any(thread.is_alive() for thread in threads):
        most = max(most, postgres.ask(asked, path)[0][0])
    assert len(seen) == 40
    assert 1 < most <= 2 * module.POOL


# Faults as sentences, without a password


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("postgresql://ada:{p}@127.0.0.1:1/busos", "cannot be reached: nothing answers"),
        ("postgresql://ada:{p}@nowhere.invalid/busos", "the name of the server is not known"),
        ("postgresql://ada:{p}@{server}/no_such_database", "refuses this user|has no database of this name"),
        (
            "postgres://ada:{p}@{server}/busos?sslmode=nonsense&password={p}",
            "an option in BUSOS_DATABASE_URL is not one",
        ),
        ("postgresql://ada:{p}@{server}/busos?no_such_option={p}", "an option in BUSOS_DATABASE_URL is not one"),
    ],
)
def test_a_server_that_cannot_be_reached_is_told_of_without_the_password(url, address, found):
    password, server = secrets.token_hex(8), f"{make_url(url).host}:{make_url(url).port}"
    with pytest.raises(LedgerUnavailable, match=found) as caught:
        Ledger.open(address.format(p=password, server=server))
    assert password not in str(caught.value)
    with pytest.raises(LedgerUnavailable, match=found):
        there_is_none(address.format(p=password, server=server))


@pytest.mark.parametrize(
    ("address", "place"),
    [
        (
            "postgresql://ada:hunter2@db.example.com:6432/busos?sslmode=require&sslpassword=hunter3",
            "postgresql://ada@db.example.com:6432/busos",
        ),
        ("postgresql://ada:hunter2@/busos?host=a:5432&host=b:5433", "postgresql://ada@a:5432,b:5433/busos"),
        ("postgresql:///busos?host=/run/postgresql", "postgresql:///run/postgresql/busos"),
        ("postgresql:///busos", "postgresql:///busos"),
        ("postgresql://ada:hunter2@hunter3@db.example.com/busos", "postgresql://ada@db.example.com/busos"),
    ],
)
def test_a_place_is_told_without_password_and_options(address, place):
    assert database_at(address).place == place


def test_of_several_servers_one_that_answers_is_taken(url):
    server = make_url(url)
    hosts = {"host": ["127.0.0.1:1", f"{server.host}:{server.port}"], "target_session_attrs": "read-write"}
    several = server.set(host=None, port=None).update_query_dict(hosts).render_as_string(False)
    with Ledger.open(several) as ledger:
        put(ledger, "a")
        assert notes(ledger, "a") == ["1"]


def test_a_missing_database_is_named_as_missing(url):
    missing = make_url(url).set(database="no_such_database").render_as_string(False)
    with pytest.raises(LedgerUnavailable, match=r"no_such_database has no|no_such_database cannot be opened.*createdb"):
        Ledger.open(missing)


def test_a_database_that_cannot_hold_every_text_is_refused():
    with database("LATIN1") as url, pytest.raises(LedgerUnavailable, match="keeps texts as LATIN1"):
        Ledger.open(url)


def test_a_search_path_that_leads_nowhere_is_told_as_such(url):
    nowhere = make_url(url).update_query_dict({"options": "-csearch_path=nowhere"}).render_as_string(False)
    with pytest.raises(LedgerUnavailable, match="has no schema to live in"):
        Ledger.open(nowhere)


def test_a_user_without_rights_is_told_so(postgres):
    role = f"busos_test_{secrets.token_hex(4)}"
    fresh = make_url(postgres.fresh())
    schema = fresh.query["options"].removeprefix("-csearch_path=")
    postgres.connection.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'x'")
    try:
        postgres.connection.execute(f"GRANT USAGE ON SCHEMA {schema} TO {role}")
        mine = fresh.set(username=role, password="x").render_as_string(False)
        absent = there_is_none(mine)
        assert absent is not None
        assert not absent.can_be_made
        with pytest.raises(LedgerUnavailable, match="refuses this user: it may not do what busos needs"):
            Ledger.open(mine)
    finally:
        postgres.connection.execute(f"REVOKE ALL ON SCHEMA {schema} FROM {role}")
        postgres.connection.execute(f"DROP ROLE {role}")


def test_a_full_house_is_told_as_such(url, postgres, path):
    postgres.connection.execute(f'ALTER DATABASE "{path}" CONNECTION LIMIT 0')
    role = f"busos_test_{secrets.token_hex(4)}"  # limits do not bind superusers
    postgres.connection.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'x'")
    try:
        mine = make_url(url).set(username=role, password="x").render_as_string(False)
        with pytest.raises(LedgerUnavailable, match="has no connection left for us"):
            Ledger.open(mine)
    finally:
        postgres.connection.execute(f"DROP ROLE {role}")
        postgres.connection.execute(f'ALTER DATABASE "{path}" CONNECTION LIMIT -1')


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("53100", "the server's disk is full"),
        ("53200", "the server is out of memory"),
        ("53300", "has no connection left for us"),
        ("53400", "the server has reached a limit"),
        ("57P03", "the server is starting or stopping"),
        ("57P01", "the server restarts or has ended the connection"),
        ("58030", "the server's disk failed"),
        ("26000", "is behind a pooler that mixes sessions"),
        ("25006", "is read-only: the server is a standby"),
        ("42501", "it may not do what busos needs"),
        ("XX001", "is damaged"),
        ("XX002", "is damaged"),
    ],
)
def test_what_a_server_says_is_put_into_a_sentence(ledger, code, words):
    raising = f"DO $$ BEGIN RAISE EXCEPTION 'told by a test' USING ERRCODE = '{code}'; END $$"
    with pytest.raises(LedgerUnavailable, match=words):
        with_settings(ledger, "lock_timeout = 0", lambda tx: tx.connection.exec_driver_sql(raising))
    put(ledger, "a")
    assert notes(ledger, "a") == ["1"]


def test_a_missing_driver_is_told_with_its_remedy(url, monkeypatch):
    monkeypatch.setattr("engine.runtime.ledger.databases.find_spec", lambda _: None)
    with pytest.raises(SettingsError, match=r"pip install 'busos\[postgres\]'"):
        Ledger.open(url)


def test_rows_that_others_hold_are_waited_for_and_then_told_of(ledger, postgres, monkeypatch):
    put(ledger, "a")
    with postgres.connection.transaction():
        postgres.ask("SELECT 1 FROM notes WHERE name = 'a' FOR UPDATE")
        with pytest.raises(LedgerUnavailable, match="is busy: others hold the same rows"):
            with_settings(ledger, "lock_timeout = '50ms'", lambda tx: tx.put_note("a", "2"))
    put(ledger, "a", "3")
    assert notes(ledger, "a") == ["3"]


def test_a_statement_that_takes_too_long_is_ended(ledger):
    def sleep(tx):
        tx.put_note("a", "1")
        tx.connection.exec_driver_sql("SELECT pg_sleep(10)")

    with pytest.raises(LedgerUnavailable, match="was too slow"):
        with_settings(ledger, "statement_timeout = '20ms'", sleep)
    assert notes(ledger, "a") == [None]


def test_who_sleeps_with_rows_in_hand_loses_them(ledger, postgres):
    """As a process does that is stopped: others must not wait for it for ever."""

    def oversleep(tx):
        tx.put_note("a", "asleep")
        put(ledger, "a", "awake")
        tx.put_note("b", "too late")

    with pytest.raises(LedgerUnavailable, match="has ended the connection"):
        with_settings(ledger, "idle_in_transaction_session_timeout = '50ms'", oversleep)
    assert notes(ledger, "a", "b") == ["awake", None]


# Connections that die


def test_a_connection_that_died_in_the_pool_is_nobodys_loss(ledger, postgres, path):
    with ledger.write() as one, ledger.write() as two:
        assert pid(one) != pid(two)
    postgres.ask(KILL, path)
    for number in range(3):
        put(ledger, f"n{number}")
    assert notes(ledger, "n0", "n1", "n2") == ["1"] * 3


def test_a_connection_that_dies_within_a_transaction_takes_it_along_and_no_other(ledger, postgres):

    def die():
        with ledger.write() as tx:
            tx.put_note("a", "1")
            postgres.ask("SELECT pg_terminate_backend(%s)", pid(tx))
            tx.put_note("b", "1")

    with pytest.raises(LedgerUnavailable, match="Nothing was written"):
        die()
    put(ledger, "c")
    assert notes(ledger, "a", "b", "c") == [None, None, "1"]


def test_work_is_done_again_on_another_connection(ledger, postgres):
    tries = []

    def work(tx):
        tries.append(pid(tx))
        tx.put_note("a", str(len(tries)))
        if len(tries) < 3:
            postgres.ask("SELECT pg_terminate_backend(%s)", tries[-1])
        tx.put_note("b", str(len(tries)))

    ledger.transact(work)
    assert len(set(tries)) == 3
    assert notes(ledger, "a", "b") == ["3", "3"]


def test_connections_killed_again_and_again_lose_nothing(ledger, postgres, path, a_contact, noon):
    """Each commit that was told is there, and what was refused is not."""
    with ledger.write() as tx:
        tx.put_contacts([a_contact(1)], noon)
    killed, told, failed = threading.Event(), [], []

    def work(number: int) -> None:
        for turn in itertools.count():
            name = f"by_{number}_{turn}"
            try:
                ledger.transact(lambda tx, name=name: tx.merge_values([("c0001", {name: 1})], noon))
                told.append(name)
            except LedgerUnavailable as error:
                failed.append(str(error))
            if killed.is_set():
                return

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    kills = 0
    while kills < 40:
        kills += len(postgres.ask(KILL, path))
        killed.wait(0.05)
    killed.set()
    for thread in threads:
        thread.join()
    with ledger.read() as tx:
        assert set(tx.contacts(["c0001"])["c0001"].values) == set(told)
    assert not [words for words in failed if "cannot tell" in words]


@pytest.fixture
def cut(url: str) -> Iterator[Wire]:
    parts = make_url(url)
    with wire(parts.host or "127.0.0.1", parts.port or 5432) as found:
        yield found


@pytest.fixture
def cut_ledger(url: str, cut: Wire) -> Iterator[Ledger]:
    with Ledger.open(make_url(url).set(host="127.0.0.1", port=cut.port).render_as_string(False)) as opened:
        yield opened


def test_a_commit_whose_answer_is_lost_is_found_to_be_one(cut_ledger, cut, a_contact, noon):
    tries = []

    def work(tx):
        tries.append(1)
        tx.put_note("tries", str(len(tries)))

    cut.cut_at(COMMIT, "after")
    cut_ledger.transact(work)
    assert (cut.word, tries, notes(cut_ledger, "tries")) == (None, [1], ["1"])


def test_a_commit_of_which_the_server_only_says_that_it_ends_is_found_to_be_one(cut_ledger, cut):
    """Stopped between the commit and the answer, it says what it would have said before it."""
    words = b"SFATAL\0C57P01\0Mterminating connection due to administrator command\0\0"
    cut.cut_at(COMMIT, "after", saying=b"E" + (len(words) + 4).to_bytes(4, "big") + words)
    tries = []

    def work(tx):
        tries.append(1)
        tx.put_note("tries", str(len(tries)))

    cut_ledger.transact(work)
    assert (cut.word, tries, notes(cut_ledger, "tries")) == (None, [1], ["1"])


def test_a_commit_that_never_arrived_is_done_again(cut_ledger, cut):
    tries = []

    def work(tx):
        tries.append(1)
        tx.put_note("tries", str(len(tries)))

    cut.cut_at(COMMIT, "before")
    cut_ledger.transact(work)
    assert (cut.word, tries, notes(cut_ledger, "tries")) == (None, [1, 1], ["2"])


def test_a_commit_of_which_nobody_can_tell_is_said_to_be_so_and_not_done_again(cut_ledger, cut, ledger, monkeypatch):
    monkeypatch.setattr(postgres_commit, "PATIENCE", 0.3)
    tries = []

    def work(tx):
        tries.append(1)
        tx.put_note("tries", str(len(tries)))

    cut.cut_at(COMMIT, "after", for_good=True)
    with pytest.raises(LedgerInDoubt, match="cannot tell whether it was written"):
        cut_ledger.transact(work)
    assert (tries, notes(ledger, "tries")) == ([1], ["1"])


def test_a_server_that_has_crashed_since_is_not_believed_when_it_says_committed(cut_ledger, cut, monkeypatch):
    """Its number may have been given to another transaction after the crash."""
    monkeypatch.setattr(postgres_commit, "_WHO", "SELECT false, 'since a crash'")
    cut.cut_at(COMMIT, "after")
    with pytest.raises(LedgerInDoubt):
        put(cut_ledger, "a")


def test_a_transaction_that_wrote_nothing_is_nobodys_doubt(cut_ledger, cut):
    cut.cut_at(COMMIT, "before")
    tries = []
    cut_ledger.transact(lambda tx: tries.append(tx.note("a")))
    assert tries == [None, None]


# Another database at the same address


def test_a_database_in_the_place_of_ours_takes_nothing(postgres):
    with database() as url:
        name = make_url(url).database
        with Ledger.open(url) as ledger:
            put(ledger, "a")
            postgres.connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
            with pytest.raises(LedgerUnavailable, match="has no database of this name"):
                put(ledger, "b")
            postgres.connection.execute(f"CREATE DATABASE \"{name}\" TEMPLATE template0 ENCODING 'UTF8'")
            with pytest.raises(LedgerUnavailable, match="was replaced while in use"):
                put(ledger, "b")


# Looking at all of it


def test_the_size_counts_tables_and_indexes(ledger):
    before = ledger.size()
    with ledger.write() as tx:
        for number in range(200):
            tx.put_note(f"n{number}", secrets.token_hex(2000))
    assert ledger.size() - before > 200_000


def test_rows_that_refer_to_nothing_are_found_by_the_check(ledger, begin, postgres):
    begin(1)
    assert ledger.check() == []
    with postgres.connection.transaction():
        postgres.connection.execute("SET LOCAL session_replication_role = replica")
        postgres.connection.execute("DELETE FROM contacts")
    assert ledger.check() == ["1 rows of runs refer to rows of contacts that are missing."]


def test_an_index_that_does_not_fit_its_table_is_found_where_the_server_can(ledger, begin, postgres):
    postgres.connection.execute("CREATE EXTENSION IF NOT EXISTS amcheck")
    try:
        begin(1)
        assert ledger.check() == []
        index = "UPDATE pg_index SET indisready = false WHERE indexrelid = 'runs_contact'::regclass"
        postgres.connection.execute(index)
        begin(2)
        postgres.connection.execute(index.replace("false", "true"))
        [fault] = ledger.check()
        assert "is damaged" in fault
    finally:
        postgres.connection.execute("REINDEX INDEX runs_contact")
        postgres.connection.execute("DROP EXTENSION amcheck")
