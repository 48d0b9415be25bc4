"""A server that is restarted, crashes, goes away, or becomes another one, under a ledger that stays open."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from time import sleep

import psycopg
import pytest
from sqlalchemy.engine import make_url

from engine.errors import LedgerInDoubt, LedgerUnavailable
from engine.runtime.ledger import Ledger
from engine.runtime.outbox import AlertErrand, Dispatcher, RecordedAlerts
from tests.cluster import Cluster, cluster
from tests.cut import wire
from tests.playbooks import AnyTemplate, playbook
from tests.runtime.conftest import Engine, HandClock, ScriptedMailer

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def server() -> Iterator[Cluster]:
    """A server that is ours alone."""
    with cluster() as found:
        found.make()
        yield found


@pytest.fixture
def url(server: Cluster) -> str:
    with psycopg.connect(server.url, autocommit=True) as admin:
        admin.execute("DROP DATABASE IF EXISTS busos WITH (FORCE)")
        admin.execute("CREATE DATABASE busos")
    return make_url(server.url).set(database="busos").render_as_string(False)


def put(ledger: Ledger, name: str) -> None:
    with ledger.write() as tx:
        tx.put_note(name, "1")


def there(ledger: Ledger, names: list[str]) -> list[str]:
    with ledger.read() as tx:
        return [name for name in names if tx.note(name)]


class Writers:
    """Threads that write one note after the other until they are told to stop, and remember what they were told."""

    def __init__(self, ledger: Ledger, count: int = 4) -> None:
        self.told: list[str] = []
        self.refused: list[str] = []
        self.doubted: list[str] = []
        self.others: list[BaseException] = []
        self._ledger = ledger
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._work, args=(number,)) for number in range(count)]

    def __enter__(self) -> Writers:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def write_more(self, count: int = 20) -> None:
        """Wait until so many more were written: everything works again."""
        before = len(self.told)
        while len(self.told) < before + count and not self.others:
            self._ended.wait(0.01)

    def _work(self, number: int) -> None:
        for turn in itertools.count():
            if self._ended.is_set():
                return
            name = f"{number}/{turn}"
            try:
                self._ledger.transact(lambda tx, name=name: tx.put_note(name, "1"))
                self.told.append(name)
            except LedgerInDoubt:
                self.doubted.append(name)
            except LedgerUnavailable:
                self.refused.append(name)
                self._ended.wait(0.05)
            except BaseException as error:
                self.others.append(error)
                raise


@pytest.mark.parametrize(("mode", "times"), [("fast", 5), ("immediate", 5)])
def test_restarts_and_crashes_lose_nothing_that_was_told(server: Cluster, url: str, mode: str, times: int) -> None:
    with Ledger.open(url) as ledger, Writers(ledger) as writers:
        for _ in range(times):
            writers.write_more()
            server.restart(mode)
        writers.write_more()
    with Ledger.open(url) as ledger:
        assert there(ledger, writers.told) == writers.told
        assert there(ledger, writers.refused) == []
        assert ledger.check() == []
    assert writers.others == []
    if mode == "fast":
        assert writers.doubted == []


def test_a_crash_takes_back_no_claim_whose_worker_lives_on(server: Cluster, url: str) -> None:
    """Somebody else would get the same run under the same number, and both could write and send."""
    book = playbook(
        "triggers: {enter: {requires: [email], then: [{alert: Hello}]}}\nsequences: {course: {steps: [{email: one}]}}\n"
    )
    with Ledger.open(url) as ledger:
        engine = Engine(ledger, book, HandClock(), ScriptedMailer(), AnyTemplate())
        engine.accept()
        [run] = engine.runner().claim(10)
        server.restart("immediate")
        with ledger.read() as tx:
            assert tx.run(run.run.id).version == run.run.version
        engine.clock.forward(minutes=2)
        engine.work()
        errands = Dispatcher(ledger, AlertErrand(RecordedAlerts()), engine.clock)
        [errand] = errands.claim()
        server.restart("immediate")
        with ledger.read() as tx:
            assert [one.version for one in tx.list_outbox("alert", "pending")] == [errand.version]


def test_a_server_that_is_away_is_told_of_and_found_again(server: Cluster, url: str) -> None:
    with Ledger.open(url) as ledger:
        put(ledger, "before")
        server.stop()
        try:
            with pytest.raises(LedgerUnavailable, match=r"the connection to the server was lost|nothing answers"):
                put(ledger, "away")
            with pytest.raises(LedgerUnavailable, match="nothing answers"):
                there(ledger, ["before"])
        finally:
            server.start()
        put(ledger, "after")
        assert there(ledger, ["before", "away", "after"]) == ["before", "after"]


def test_a_wrong_password_is_told_of_without_the_password(server: Cluster, url: str) -> None:
    hba = server.data / "pg_hba.conf"
    before = hba.read_text()
    hba.write_text(f"host all ada 127.0.0.1/32 scram-sha-256\nhost all bob 127.0.0.1/32 reject\n{before}")
    with psycopg.connect(server.url, autocommit=True) as admin:
        admin.execute("SELECT pg_reload_conf()")
        admin.execute("CREATE ROLE ada LOGIN PASSWORD 'right'")
    try:
        for user in ("ada:hunter2", "ada", "bob:hunter2"):
            name, _, password = user.partition(":")
            mine = make_url(url).set(username=name, password=password or None).render_as_string(False)
            with pytest.raises(LedgerUnavailable, match=f"//{name}@.*refuses this user") as caught:
                Ledger.open(mine)
            assert "hunter2" not in str(caught.value)
    finally:
        hba.write_text(before)
        with psycopg.connect(server.url, autocommit=True) as admin:
            admin.execute("SELECT pg_reload_conf()")
            admin.execute("DROP ROLE ada")


def test_a_crowded_server_is_told_of_and_leaves_those_inside_alone(server: Cluster, url: str) -> None:
    with psycopg.connect(server.url, autocommit=True) as admin:
        admin.execute("DROP ROLE IF EXISTS ada")
        admin.execute("CREATE ROLE ada LOGIN")
        admin.execute("ALTER DATABASE busos OWNER TO ada")
        admin.execute("ALTER ROLE ada CONNECTION LIMIT 2")
        mine = make_url(url).set(username="ada").render_as_string(False)
        with Ledger.open(mine) as ledger:
            with ledger.write() as one, ledger.read():
                with pytest.raises(LedgerUnavailable, match="no connection left"):
                    put(ledger, "third")
                one.put_note("first", "1")
            assert there(ledger, ["first", "third"]) == ["first"]
        admin.execute("ALTER DATABASE busos OWNER TO postgres")
        admin.execute("DROP OWNED BY ada")


@pytest.fixture
def standby(server: Cluster) -> Iterator[Cluster]:
    """A second server that follows the first, and only reads."""
    with cluster() as found:
        found.follow(server)
        yield found


def test_a_failover_is_told_of_while_the_new_server_only_reads_and_survived(
    server: Cluster, url: str, request: pytest.FixtureRequest
) -> None:
    """The address leads to a standby at first; once that is promoted, the same ledger goes on."""
    Ledger.open(url).close()
    standby: Cluster = request.getfixturevalue("standby")
    with wire("127.0.0.1", server.port) as door:
        moved = make_url(url).set(port=door.port).render_as_string(False)
        with Ledger.open(moved) as ledger:
            put(ledger, "before")
            catch_up(server, standby)
            door.lead_to("127.0.0.1", standby.port)
            with pytest.raises(LedgerUnavailable, match="is read-only: the server is a standby"):
                put(ledger, "too early")
            assert there(ledger, ["before"]) == ["before"]
            standby.promote()
            put(ledger, "after")
            assert there(ledger, ["before", "too early", "after"]) == ["before", "after"]


def test_connections_that_still_lead_to_the_old_server_are_left_for_the_new_one(
    server: Cluster, url: str, request: pytest.FixtureRequest
) -> None:
    """The old server lives on, but only reads: the first who is refused takes all of them elsewhere."""
    Ledger.open(url).close()
    standby: Cluster = request.getfixturevalue("standby")
    with (
        wire("127.0.0.1", server.port) as door,
        Ledger.open(make_url(url).set(port=door.port).render_as_string(False)) as ledger,
        psycopg.connect(server.url, autocommit=True) as old,
    ):
        put(ledger, "before")
        catch_up(server, standby)
        standby.promote()
        door.lead_to("127.0.0.1", standby.port, keep=True)
        old.execute("ALTER SYSTEM SET default_transaction_read_only = on")
        old.execute("SELECT pg_reload_conf()")
        while old.execute("SHOW default_transaction_read_only").fetchall() != [("on",)]:
            pass
        sleep(0.3)  # every connection hears of it by itself
        try:
            assert there(ledger, ["before"]) == ["before"], "reading goes on at the old one"
            with pytest.raises(LedgerUnavailable, match="is read-only"):
                put(ledger, "refused")
            put(ledger, "after")
            ledger.transact(lambda tx: tx.put_note("again", "1"))
            assert there(ledger, ["before", "refused", "after", "again"]) == ["before", "after", "again"]
        finally:
            old.execute("ALTER SYSTEM RESET default_transaction_read_only")
            old.execute("SELECT pg_reload_conf()")


def catch_up(first: Cluster, second: Cluster) -> None:
    """Wait until the second has all of the first."""
    with psycopg.connect(first.url, autocommit=True) as one, psycopg.connect(second.url, autocommit=True) as two:
        at = one.execute("SELECT pg_current_wal_flush_lsn()").fetchall()[0][0]
        while not two.execute("SELECT pg_last_wal_replay_lsn() >= %s", (at,)).fetchall()[0][0]:
            pass
