"""What must not be read in a log: every secret of the settings, every person, wherever things go wrong."""

from __future__ import annotations

import base64
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine.runtime.settings import SETTINGS
from tests.e2e.product import ROOT, Product, eventually
from tests.standins.discord import Discord
from tests.standins.faults import Faults
from tests.standins.notion import Notion
from tests.standins.notion_seeds import CONTACTS, TEMPLATES
from tests.standins.resend import Resend
from tests.standins.server import StandIn

MARK = "marked0"
"""Stands in every secret, and nowhere else."""
SIGNING = "whsec_" + base64.b64encode(f"{MARK}-signing-secret-of-somebody".encode()).decode()
PHONE, NAME, SHOP = "+1 416 555 0139", "Zaphira", "Quillonberg Shop"
FIELD = "  phone: {type: phone, private: true}\n"

pytestmark = pytest.mark.timeout(120)


def secrets(server: str = "127.0.0.1:9", discord: str = "http://127.0.0.1:9") -> Mapping[str, str]:
    """A marked value for every setting that is a secret. ``server`` is where mail and databases are looked for."""
    special = {
        "BUSOS_DATABASE_URL": f"postgresql://busos:{MARK}-database@127.0.0.1:9/busos",
        "BUSOS_QUEUE_URL": f"redis://:{MARK}-queue@127.0.0.1:9/0",
        "BUSOS_WEBHOOK_SECRET": SIGNING,
        "BUSOS_WEBHOOK_SECRET_NAME": SIGNING,
        "RESEND_API_KEY": f"re_{MARK}-resend",
        "RESEND_WEBHOOK_SECRET": SIGNING,
        "SMTP_URL": f"smtp://busos:{MARK}-smtp@{server}",
        "DISCORD_WEBHOOK_URL": f"{discord}/api/webhooks/1/{MARK}-discord",
    }
    plain = {one.name: f"{MARK}-{one.name.lower()}-0123456789abcdef" for one in SETTINGS if one.secret}
    return {name.replace("SECRET_NAME", "SECRET_SIGNUP"): value for name, value in {**plain, **special}.items()}


def leaks(text: str) -> list[str]:
    """Lines with a secret, as it is or as it goes over the wire."""
    wired = [base64.b64encode(f"{start}busos\0{MARK}-smtp".encode()).decode() for start in ("\0", "busos\0")]
    signs = [MARK, SIGNING.removeprefix("whsec_"), *wired]
    return [line for line in text.splitlines() if any(sign in line for sign in signs)]


def people(text: str) -> list[str]:
    """Lines that say who somebody is."""
    signs = ("zaphira", NAME, SHOP, PHONE, PHONE.replace(" ", ""))
    return [line for line in text.splitlines() if any(sign in line for sign in signs)]


def said(product: Product, *command: str, **environ: str) -> str:
    """All that a command says."""
    done = subprocess.run(
        [sys.executable, "-m", "server.cli", *command],
        cwd=product.folder,
        env={**product.environ, **environ},
        capture_output=True,
        timeout=60,
        check=False,
    )
    return (done.stdout + done.stderr).decode()


def test_no_log_names_a_secret_or_a_person(tmp_path: Path) -> None:
    resend, notion, discord = Resend(rate=0), Notion(rate=0), Discord(rate=0)
    with StandIn(resend) as mail, StandIn(notion) as pages, StandIn(discord) as chat:
        given = {**secrets(discord=chat.url)}
        for unused in ("BUSOS_DATABASE_URL", "BUSOS_QUEUE_URL"):
            del given[unused]
        product = Product(
            tmp_path,
            testing="1 second",
            **given,
            RESEND_API_URL=mail.url,
            NOTION_API_URL=pages.url,
            NOTION_CONTACTS_DB_ID=CONTACTS,
            NOTION_TEMPLATES_DB_ID=TEMPLATES,
        )
        file = tmp_path / "sequences.yaml"
        text = file.read_text().replace("segments: ", f"{FIELD}segments: ", 1)
        file.write_text(text.replace("accepts: [business_name,", "accepts: [phone, business_name,"))
        for server in (mail, pages, chat):
            server.faults = Faults(chances={"echo": 0.4, "500": 0.1})
        with product.running():
            come(product, given)
            eventually(lambda: len(resend.accepted), lambda count: count >= 12, product.log)
            for server in (mail, pages, chat):
                server.faults = Faults(down="refused" if server is pages else False, script=["echo"] * 8)
            time.sleep(2)
            shared = {
                command[0]: said(product, *command)
                for command in (
                    ("doctor", "--json"),
                    ("config",),
                    ("runs", "list"),
                    ("explain", "zaphira+1@example.com"),
                    ("export", "zaphira+1@example.com"),
                    ("templates", "pull", "--dry-run"),
                )
            }
        log = (tmp_path / "log").read_text()

    assert len(log) > 500, "there is something to look through"
    assert "could not handle" in log or "500" in log, "the faults are told"
    assert leaks(log) == []
    assert people(log) == []
    assert leaks("".join(shared.values())) == []
    assert PHONE in shared.pop("export"), "everything about somebody"
    assert not any(PHONE in told for told in shared.values())


def come(product: Product, given: Mapping[str, str]) -> None:
    """Some come in, others are turned away."""
    key = {"Authorization": f"Bearer {given['BUSOS_WEBHOOK_SECRET']}"}
    other = {"Authorization": f"Bearer {given['BUSOS_WEBHOOK_SECRET_SIGNUP']}"}
    for number in range(6):
        who = {"email": f"zaphira+{number}@example.com"}
        signup = {**who, "name": NAME, "first_name": NAME, "business_name": SHOP, "phone": PHONE}
        assert product.post("signup", signup, **other)[0] == 202
        assert product.post("assessment", {**who, "red_systems": 3, "orange_systems": number}, **key)[0] == 202
        assert product.post("assessment", {**who, "red_systems": PHONE}, **key)[0] == 422
        assert product.post("signup", {**signup, "phone": NAME}, **other)[0] in (202, 422)
        assert product.post("signup", signup, Authorization=f"Bearer {MARK}-guess")[0] == 401
        assert product.post("signup", signup, webhook_id="1", webhook_timestamp=PHONE, webhook_signature=MARK)[0] == 401


def test_the_places_that_cannot_be_reached_are_told_without_their_passwords(tmp_path: Path) -> None:
    product = Product(tmp_path, **secrets())
    for name in ("BUSOS_DATABASE_URL", "BUSOS_QUEUE_URL", "SMTP_URL"):
        one = {other: "" for other in secrets() if other != name}
        for verb in (("doctor",), ("dev", "--port", str(product.port)), ("runs", "list"), ("config",)):
            if verb[0] == "dev" and name != "BUSOS_DATABASE_URL":
                continue  # it starts without the others, and stays
            told = said(product, *verb, **one)
            assert told
            assert leaks(told) == [], (name, verb)


def test_a_mail_server_that_repeats_what_it_was_told_is_not_repeated(tmp_path: Path) -> None:
    with echoing() as address:
        product = Product(tmp_path, SMTP_URL=secrets(address)["SMTP_URL"])
        with product.running():
            product.post("assessment", {"email": "zaphira@example.com", "red_systems": 1, "orange_systems": 0})
            eventually((tmp_path / "log").read_text, lambda log: "535" in log, product.log)
            told = said(product, "doctor")
        log = (tmp_path / "log").read_text()
    assert leaks(log) == []
    assert leaks(told) == []
    assert people(log) == []


class Echo(socketserver.StreamRequestHandler):
    """A mail server that refuses every login, and every address, in the words in which it came."""

    def handle(self) -> None:
        self.wfile.write(b"220 echo\r\n")
        for line in self.rfile:
            heard = line.strip()
            if heard.upper().startswith(b"EHLO"):
                self.wfile.write(b"250-echo\r\n250 AUTH PLAIN LOGIN\r\n")
            elif heard.upper() == b"QUIT":
                self.wfile.write(b"221 bye\r\n")
                return
            else:
                self.wfile.write(b"535 5.7.8 refused: " + heard + b"\r\n")


@contextmanager
def echoing() -> Iterator[str]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Echo) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_every_secret_of_the_settings_is_marked() -> None:
    marked = secrets()
    for one in SETTINGS:
        if one.secret:
            assert leaks(marked[one.name.replace("SECRET_NAME", "SECRET_SIGNUP")]), one.name
    assert (ROOT / "sequences.yaml").exists()
