"""Leaving, as scanners, mail programs and people do it: looking changes nothing, one POST ends it at once."""

from __future__ import annotations

import random
import re
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from tests.e2e.product import Product, eventually
from tests.e2e.test_main_job import CASES
from tests.standins.faults import Faults
from tests.standins.resend import Resend
from tests.standins.server import StandIn

LINK = re.compile(r"""https?://[^\s"'<>)\]]+""")
SCANNER = {"User-Agent": "Mozilla/5.0 (compatible; a link scanner)", "Accept": "*/*"}
ON_THE_WIRE = 0.3
"""Seconds after the answer in which the vendor may still take what had left us before."""
MOVING = ("leases", "workers", "notes", "paces")
"""Tables that change while nothing happens to anybody."""

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def mail() -> Iterator[StandIn[Resend]]:
    with StandIn(Resend(rate=0)) as server:
        yield server


def started(folder: Path, mail: StandIn[Resend], testing: str) -> Product:
    product = Product(folder, testing=testing, RESEND_API_KEY="re_for_a_stand_in", RESEND_API_URL=mail.url)
    product.environ["BUSOS_BASE_URL"] = product.url
    return product


def emails_to(mail: StandIn[Resend], address: str) -> list[dict[str, Any]]:
    return [email for email in list(mail.vendor.accepted) if address in email["to"]]


def asked(method: str, url: str, body: bytes | None = None) -> int:
    with urlopen(Request(url, body, SCANNER, method=method), timeout=20) as answer:
        answer.read()
        return int(answer.status)


def contents(folder: Path) -> dict[str, list[Any]]:
    """Every row that says something about somebody."""
    with sqlite3.connect(folder / "busos.db") as ledger:
        names = [row[0] for row in ledger.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        return {name: ledger.execute(f"SELECT * FROM {name}").fetchall() for name in names if name not in MOVING}


def test_whoever_looks_at_every_link_changes_nothing(tmp_path: Path, mail: StandIn[Resend]) -> None:
    with started(tmp_path, mail, "1 hour").running() as product:
        product.post("assessment", {"email": "ada@example.com", **CASES["URGENT"]})
        (email,) = eventually(lambda: emails_to(mail, "ada@example.com"), bool, product.log)
        texts = [email["html"], email["text"], *email["headers"].values()]
        ours = {link for text in texts for link in LINK.findall(text) if link.startswith(product.url)}
        assert any("/u/" in link for link in ours)
        eventually(lambda: waiting(tmp_path), lambda count: count == 1, product.log)
        before = contents(tmp_path)
        for link in ours:
            for method in ("GET", "HEAD", "GET"):
                assert asked(method, link) == 200
        time.sleep(0.5)
        assert contents(tmp_path) == before


def waiting(folder: Path) -> int:
    with sqlite3.connect(folder / "busos.db") as ledger:
        sql = "SELECT count(*) FROM runs WHERE program = 'nurture' AND status != 'finished' AND lease_until IS NULL"
        return int(ledger.execute(sql).fetchone()[0])


def way_out(email: dict[str, Any]) -> str:
    """The address that a mail program posts to (RFC 8058)."""
    headers = {name.lower(): value for name, value in email["headers"].items()}
    assert headers["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
    found = re.search(r"<(https?://[^>]+)>", headers["list-unsubscribe"])
    assert found is not None
    return found[1]


@pytest.mark.parametrize("refusals", [0.0, 0.4], ids=["calm", "throttled"])
def test_one_post_ends_it_wherever_the_run_is_just_then(tmp_path: Path, mail: StandIn[Resend], refusals: float) -> None:
    """Sixty people leave around the moment at which their second email is due, with a vendor that takes its time.

    What was refused for being too early is in nobody's hands: it is made up again without who left meanwhile.
    """
    people = [f"ada+{number}@example.com" for number in range(60)]
    chance = random.Random(58)
    with started(tmp_path, mail, "2 seconds").running() as product:
        for address in people:
            product.post("assessment", {"email": address, **CASES["OPTIMIZE"]})
        eventually(lambda: len(mail.vendor.accepted), lambda count: count >= len(people), product.log)
        mail.faults = Faults(latency=0.05, chances={"429": refusals})
        links = {address: way_out(emails_to(mail, address)[0]) for address in people}
        moments = {address: chance.uniform(0.0, 4.0) for address in people}

        def leave(address: str) -> tuple[float, float]:
            time.sleep(moments[address])
            began = time.monotonic()
            assert asked("POST", links[address], b"List-Unsubscribe=One-Click") == 200
            return time.monotonic() - began, time.time()

        with ThreadPoolExecutor(len(people)) as pool:
            left = dict(zip(people, pool.map(leave, people), strict=True))
        time.sleep(4)

    late = {
        address: [row[0] - at for row in mail.vendor.rows(0) if address in row[3] and row[0] > at + ON_THE_WIRE]
        for address, (_, at) in left.items()
    }
    assert not any(late.values()), late
    assert {len(emails_to(mail, address)) for address in people} >= {1, 2}, "some left in time, some too late"
    assert mail.vendor.violations == []
