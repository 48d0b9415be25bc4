"""Public collections of hostile texts and addresses through the whole product: nothing of them is obeyed anywhere."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.e2e.product import ROOT, Product, eventually
from tests.standins.discord import Discord
from tests.standins.server import StandIn

SHARED = ROOT.parent / "shared" / "corpora"
PLAIN = "plain@example.com"
HEADERS = {
    *("Content-Type", "Date", "From", "List-Unsubscribe", "List-Unsubscribe-Post", "MIME-Version", "Message-ID"),
    *("Subject", "To"),
}

pytestmark = pytest.mark.timeout(240)


def corpus(name: str) -> Any:
    path = SHARED / f"{name}.json"
    if not path.exists():
        pytest.skip(f"the corpus {name}: ../shared/corpora/{name}.json is missing")
    return json.loads(path.read_text(encoding="utf-8"))


@dataclass
class Postbox:
    """Takes every email."""

    emails: dict[str, EmailMessage] = field(default_factory=dict)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        parsed = message_from_bytes(bytes(envelope.content or b""), policy=default)
        assert isinstance(parsed, EmailMessage)
        self.emails[envelope.rcpt_tos[0].lower()] = parsed
        return "250 OK"


@pytest.fixture
def postbox() -> Iterator[tuple[Postbox, str]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    box = Postbox()
    controller = Controller(box, hostname="127.0.0.1", port=port, enable_SMTPUTF8=True)
    controller.start()
    yield box, f"smtp://127.0.0.1:{port}"
    controller.stop()


class Tags(HTMLParser):
    """The tags of a document with the names of their attributes, in order; texts and values are left out."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, tuple[str, ...]]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, tuple(name for name, _ in attrs)))

    def handle_comment(self, data: str) -> None:
        self.found.append(("comment", ()))


def part(email: EmailMessage, kind: str) -> str:
    body = email.get_body((kind,))
    assert body is not None
    return str(body.get_content())


def test_no_text_of_a_contact_is_obeyed_anywhere(tmp_path: Path, postbox: tuple[Postbox, str]) -> None:
    texts = [text for text in corpus("naughty_strings")["strings"] if text]
    addresses = [case["address"] for case in corpus("email_addresses")["cases"]]
    box, url = postbox
    with StandIn(Discord(rate=0)) as chat:
        if not chat.vendor.judges:
            pytest.skip("the vendors' contracts are missing: ../shared/contracts beside the checkout")
        hook = f"{chat.url}/api/webhooks/1/for-a-stand-in"
        product = Product(tmp_path, testing="1 hour", SMTP_URL=url, DISCORD_WEBHOOK_URL=hook)
        file = tmp_path / "sequences.yaml"
        file.write_text(file.read_text().replace('send_only_to: ["*@example.com"]', 'send_only_to: ["*"]'))
        with product.running():
            people = {PLAIN: "Plain"} | {f"n{number}@example.com": text for number, text in enumerate(texts)}
            taken = {email: text for email, text in people.items() if signs_up(product, email, text)}
            assert len(taken) > 480
            others = [address for address in addresses if assessed(product, address)]
            assert len(others) > 30
            known = {email: text for email, text in taken.items() if assessed(product, email)}
            assert known == taken
            eventually(lambda: len(box.emails), lambda count: count >= len(taken), product.log, 120)
            alerts = len(product.get("/outbox.json?limit=1")["alerts"])
            eventually(lambda: len(chat.vendor.messages), bool, product.log)
            searches = [f"/outbox?q=n{number}%40" for number in range(20)]
            pages = [page_of(product, path) for path in ("/outbox", *searches)]
            log = (tmp_path / "log").read_text(encoding="utf-8")
        violations, messages = chat.vendor.violations, chat.vendor.messages

    plain = box.emails[PLAIN]
    script = next(box.emails[email] for email, text in taken.items() if text == "<script>alert(123)</script>")
    assert "&lt;script&gt;alert(123)" in part(script, "html")
    assert "<script>alert(123)</script>" in part(script, "plain")
    for email, text in taken.items():
        looks_like(box.emails[email], plain, email, text)
    assert alerts == 1
    assert violations == []
    assert all(message["allowed_mentions"] == {"parse": []} for message in messages)
    for page in pages:
        assert not {tag for tag, _ in Tags(page).found} & {"script", "iframe", "object", "embed", "img", "comment"}
    assert {sign for sign in log if not sign.isprintable()} <= {"\n", "\x1b"}
    assert not re.search(r"\x1b(?!\[[0-9;]*m)", log), "nothing but colours"
    assert all(text not in log for text in texts if len(text) > 20 and text.strip() == text)


def page_of(product: Product, path: str) -> str:
    with urlopen(product.url + path, timeout=20) as answer:
        return str(answer.read().decode())


def signs_up(product: Product, email: str, text: str) -> bool:
    body = {"email": email, "name": text, "first_name": text, "business_name": text}
    status, _, _ = product.post("signup", body)
    assert status in (202, 422)
    return status == 202


def assessed(product: Product, email: str) -> bool:
    status, _, _ = product.post("assessment", {"email": email, "red_systems": 2, "orange_systems": 1})
    assert status in (202, 422), email
    return status == 202


def looks_like(email: EmailMessage, plain: EmailMessage, address: str, text: str) -> None:
    """The same headers and the same tags as an email for somebody whose name is harmless."""
    assert email.defects == []
    assert sorted(email.keys()) == sorted(plain.keys())
    assert set(email.keys()) == HEADERS, text
    assert (str(email["To"]), str(email["From"])) == (address, str(plain["From"]))
    assert not re.search(r"[\x00-\x1f\x7f\u2028\u2029]", str(email["Subject"])), text
    assert Tags(part(email, "html")).found == Tags(part(plain, "html")).found, text
