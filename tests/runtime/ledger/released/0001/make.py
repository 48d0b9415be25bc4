"""Writes the ledger of the first released version: the real product of that version, driven from outside and killed.

    git worktree add /tmp/released 9509c73
    python tests/runtime/ledger/released/0001/make.py /tmp/released

Starts ``busos dev`` of that checkout against stand-ins of Resend, Notion and Discord that misbehave when told,
brings people into every state a run can be in, kills it with -9 amid a send, takes webhooks with a server that
has no worker, kills that too, and stores what is left: ``ledger.db.gz`` and, in ``provider.json``, what the
provider had accepted by then. Run it only to write the folder of a new released version.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

HERE = Path(__file__).parent
TOKEN = "ntn_a-token-for-the-stand-in"
FILES = ("sequences.yaml", "templates")


class Product:
    """One version of the product in a folder of its own."""

    def __init__(self, checkout: Path, folder: Path, **environ: str) -> None:
        self.folder = folder
        self.port = free_port()
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("BUSOS", "TESTING"))}
        self.environ = {**clean, "PYTHONPATH": str(checkout), **environ}
        self.child: subprocess.Popen[bytes] | None = None

    def start(self, verb: str) -> None:
        command = [sys.executable, "-m", "server.cli", verb, "--port", str(self.port)]
        with (self.folder / "log").open("ab") as log:
            self.child = subprocess.Popen(command, cwd=self.folder, env=self.environ, stdout=log, stderr=log)
        until("the product answers", self.answers, 20)

    def answers(self) -> bool:
        with suppress(URLError, OSError), urlopen(f"http://127.0.0.1:{self.port}/health", timeout=2):
            return True
        return False

    def kill(self) -> None:
        assert self.child is not None
        self.child.kill()
        self.child.wait()

    def post(self, path: str, body: object = None, **headers: str) -> Any:
        named = {"Content-Type": "application/json", **{key.replace("_", "-"): value for key, value in headers.items()}}
        data = json.dumps(body or {}).encode()
        with urlopen(Request(f"http://127.0.0.1:{self.port}{path}", data, named), timeout=20) as answer:
            return answer.read()

    def trigger(self, trigger: str, person: str, key: str | None = None, /, **values: object) -> None:
        body = {"email": f"{person}@example.com", **values}
        self.post(f"/webhook/{trigger}", body, **({"Idempotency_Key": key} if key else {}))

    def ask(self, sql: str, *values: object) -> list[Any]:
        with closing(sqlite3.connect(self.folder / "busos.db", timeout=10)) as connection:
            return connection.execute(sql, values).fetchall()

    def stands(self, person: str, program: str, status: str) -> Callable[[], bool]:
        """Whether this person's latest run of a program has that status."""
        sql = (
            "SELECT r.status FROM runs r JOIN contacts c ON c.id = r.contact_id "
            "WHERE c.email = ? AND r.program = ? ORDER BY r.id DESC LIMIT 1"
        )
        return lambda: self.ask(sql, f"{person}@example.com", program) == [(status,)]

    def counts(self, sql: str, at_least: int = 1) -> Callable[[], bool]:
        return lambda: self.ask(f"SELECT count(*) FROM {sql}")[0][0] >= at_least


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def until(what: str, holds: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise SystemExit(f"not within {seconds} s: {what}")
        time.sleep(0.05)


def main() -> None:
    checkout = Path(sys.argv[1]).resolve()
    sys.path.insert(0, str(checkout))
    from tests.standins.discord import Discord
    from tests.standins.notion import Notion
    from tests.standins.notion_seeds import CONTACTS, TEMPLATES
    from tests.standins.resend import Resend
    from tests.standins.server import Faults, StandIn

    resend, notion, discord = Resend(rate=0), Notion(rate=0, token=TOKEN), Discord(rate=0)
    with (
        tempfile.TemporaryDirectory() as name,
        StandIn(resend) as mail,
        StandIn(notion) as pages,
        StandIn(discord) as chat,
    ):
        folder = Path(name)
        for file in FILES:
            source = HERE / file
            (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / file)
        notion.sources[next(key for key, one in notion.sources.items() if one.database == CONTACTS)].columns.update(
            {"Segment": {"type": "select", "options": ["HOT", "COLD"]}}
        )
        seed_templates(notion, TEMPLATES, folder / "templates")
        product = Product(
            checkout,
            folder,
            RESEND_API_KEY="re_for_a_stand_in",
            RESEND_API_URL=mail.url,
            NOTION_TOKEN=TOKEN,
            NOTION_API_URL=pages.url,
            NOTION_CONTACTS_DB_ID=CONTACTS,
            NOTION_TEMPLATES_DB_ID=TEMPLATES,
            DISCORD_WEBHOOK_URL=f"{chat.url}/api/webhooks/1/for-a-stand-in",
            BUSOS_SECRET_KEY="only for a stored ledger",
            BUSOS_BASE_URL="https://busos.example.com",
            BUSOS_DATABASE_URL="sqlite:///busos.db",
        )
        try:
            product.start("dev")
            people(product, mail, Faults)
            edited(product)
            refused(product, mail, Faults, "held-refused", "lenient", "held")
            vendors_in_trouble(product, chat, pages, Faults)
            killed_amid_sends(product, mail, Faults)
            product.start("serve")
            without_worker(product)
        except BaseException:
            sys.stderr.write((folder / "log").read_text()[-4000:])
            raise
        finally:
            product.kill()
        store(product, resend)


def seed_templates(notion: Any, database: str, folder: Path) -> None:
    """Two templates in Notion; the others come from the folder."""
    source = next(key for key, one in notion.sources.items() if one.database == database)
    for name in ("welcome", "last"):
        _, head, body = (folder / f"{name}.md").read_text().split("---\n", 2)
        text = {"type": "text", "text": {"content": body.strip()}, "plain_text": body.strip()}
        block = {"type": "paragraph", "paragraph": {"rich_text": [text]}}
        subject = re.search('subject: "(.*)"', head)
        assert subject is not None
        notion.add(source, [block], Template_Name=name, Subject=subject[1], HTML_Body="", Active=True)


def people(product: Product, mail: Any, faults: Any) -> None:
    """Everybody who comes to rest by themselves, named by where they stand."""
    far = "2027-01-24T15:00:00Z"
    product.trigger("signup", "hot", "key-hot", first_name="Zoë", business_name="Müller & Łukasz GmbH", red_systems=8)
    product.trigger("signup", "hot", "key-hot", first_name="Zoë", business_name="Müller & Łukasz GmbH", red_systems=8)
    product.trigger(
        "signup",
        "cold",
        "key-cold",
        first_name="雪",
        name="雪 株式会社 🌻",
        business_name="שלום \u202eabc",
        red_systems=0,
        revenue=12.5,
        born="1980-02-29",
        interests=["pricing", "Größe", "a,b"],
        timezone="Europe/Berlin",
        phone="+49 30 1234567",
        homepage="https://example.com/%C3%BC?a=b",
    )
    product.trigger("signup", "stopped", red_systems=3)
    product.trigger("signup", "unsubscribed", red_systems=1)
    product.trigger("signup", "values-only", first_name="O'Brien; DROP TABLE runs;--")
    product.trigger("lenient", "twice")
    product.trigger("hello", "again")
    product.trigger("hello", "quit")
    product.trigger("plan", "held-unknown")
    product.trigger("booking", "unknown", appointment_time=far)
    product.trigger("signup", "booked", first_name="Bo")
    product.trigger("booking", "booked", appointment_time=far)
    for person, program, status in (
        ("hot", "course", "waiting"),
        ("cold", "course", "waiting"),
        ("stopped", "course", "waiting"),
        ("unsubscribed", "course", "waiting"),
        ("twice", "lenient", "waiting"),
        ("again", "hello", "waiting"),
        ("quit", "hello", "waiting"),
        ("held-unknown", "plan", "held"),
        ("unknown", "trigger booking", "waiting"),
        ("booked", "reminder", "waiting"),
    ):
        until(f"{person} is {status}", product.stands(person, program, status))
    product.trigger("order", "stopped")
    product.trigger("lenient", "twice")
    product.trigger("hello", "again")
    product.trigger("quit", "quit")
    body = mail.vendor.accepted
    link = next(
        email["headers"]["List-Unsubscribe"] for email in body if "unsubscribed@example.com" in str(email["to"])
    )
    product.post(link.strip("<>").removeprefix("https://busos.example.com"))
    until("stopped", product.stands("stopped", "course", "stopped"))
    until("unsubscribed", product.stands("unsubscribed", "course", "stopped"))
    until("quit", product.stands("quit", "hello", "stopped"))
    until("two runs at once", product.counts("runs WHERE program = 'lenient' AND status = 'waiting'", 2))
    until("started again", product.counts("runs WHERE program = 'hello' AND status = 'waiting'", 1))
    refused(product, mail, faults, "failed", "strict", "failed")
    product.trigger("strict", "finished", first_name="Finn")
    until("finished", product.stands("finished", "strict", "finished"))
    until("alerts are told", product.counts("outbox WHERE kind = 'alert' AND status = 'done'"))
    until("pages are written", product.counts("mirror", 5))
    until("nothing is left for Notion", product.counts("outbox WHERE kind = 'mirror' AND status = 'done'", 5))


def refused(product: Product, mail: Any, faults: Any, person: str, program: str, status: str) -> None:
    no = {"statusCode": 422, "name": "validation_error", "message": "Invalid `to` field."}
    mail.faults = faults(script=[{"status": 422, "body": no}])
    product.trigger(program, person)
    until(f"{person} is {status}", product.stands(person, program, status))
    mail.faults = faults()


def edited(product: Product) -> None:
    """Another revision of the file; the run begun now is of that one."""
    file = product.folder / "sequences.yaml"
    file.write_text(file.read_text() + "# saved again\n")
    until("the edit is loaded", product.counts("revisions", 2))
    product.trigger("signup", "later", first_name="Łucja", red_systems=2)
    until("later", product.stands("later", "course", "waiting"))
    until("no page is owed", lambda: not product.counts("outbox WHERE status = 'pending'")())


def vendors_in_trouble(product: Product, chat: Any, pages: Any, faults: Any) -> None:
    """An alert given up, one that is tried again, and pages that have to wait."""
    chat.faults = faults(chances={"gone": 1.0})
    product.trigger("signup", "alert-lost", first_name="Gone", red_systems=8)
    until("an alert failed", product.counts("outbox WHERE kind = 'alert' AND status = 'failed'"))
    chat.faults, pages.faults = faults(chances={"500": 1.0}), faults(down=True)
    product.trigger("signup", "alert-late", first_name="Später", red_systems=8)
    pending = "outbox WHERE kind = '{}' AND status = 'pending' AND attempts > 0"
    until("an alert is tried again", product.counts(pending.format("alert")))
    until("a page has to wait", product.counts(pending.format("mirror")))


def killed_amid_sends(product: Product, mail: Any, faults: Any) -> None:
    """Emails whose fate is unknown: taken without an answer, lost on the way, refused for now, and in the air."""
    for person, fault in (("taken", "500 after"), ("lost", "lost"), ("quota", "quota")):
        mail.faults = faults(chances={fault: 1.0})
        product.trigger("lenient", person)
        until(f"{person} is tried", product.stands(person, "lenient", "sending"))
        sql = "emails e JOIN contacts c ON c.id = e.contact_id WHERE c.email = '{}@example.com' AND e.error IS NOT NULL"
        until(f"{person} has an answer", product.counts(sql.format(person)))
    mail.faults = faults(chances={"hang": 1.0})
    for number in range(3):
        product.trigger("lenient", f"in-the-air-{number}")

    def in_the_air() -> bool:
        return sum("in-the-air" in str(email["to"]) for email in mail.vendor.accepted) >= 3

    until("emails are in the air", in_the_air)
    product.kill()


def without_worker(product: Product) -> None:
    """Webhooks that nobody has worked on yet; the order stops a run that nobody has told."""
    product.trigger("signup", "ready", "key-ready", first_name="Rédy", red_systems=5)
    product.trigger("lenient", "ready")
    product.trigger("order", "cold")


def store(product: Product, resend: Any) -> None:
    """The ledger as the kill left it, the machine's name taken out, and what the provider has."""
    path = product.folder / "busos.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE workers SET id = 'host-' || substr(id, length(rtrim(id, '0123456789')) + 1)")
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        last = connection.execute("SELECT max(accepted_at) FROM events").fetchone()[0]
    (HERE / "ledger.db.gz").write_bytes(gzip.compress(path.read_bytes(), mtime=0))
    accepted = {
        email["key"]: {"id": email["id"], "to": email["to"], "subject": email["subject"]} for email in resend.accepted
    }
    for (place, key), (digest, _, _) in resend.answers.items():
        if key in accepted:
            accepted[key] |= {"path": place, "sha256": digest}
    assert all(re.fullmatch("[0-9a-f]{64}", one["sha256"]) for one in accepted.values())
    text = json.dumps({"killed_at": last, "accepted": accepted}, indent=1, ensure_ascii=False)
    (HERE / "provider.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
