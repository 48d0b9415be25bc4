"""A message as the bytes of an email: text and HTML side by side, every header on a line of its own."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from email.utils import format_datetime, parseaddr
from hashlib import sha256
from typing import Any

from engine.ports import Message

CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
FIELD_NAME = re.compile(r"[!-9;-~]+")
LONGEST_LINE = 998


class OneLine(EmailPolicy):
    """Writes a header of plain ASCII as one line: folding would encode a long List-Unsubscribe into garbage."""

    def fold(self, name: str, value: Any) -> str:
        """The header as text."""
        whole = f"{name}: {value}"
        return whole + self.linesep if fits(whole) else super().fold(name, value)

    def fold_binary(self, name: str, value: Any) -> bytes:
        """The header as bytes."""
        whole = f"{name}: {value}"
        return (whole + self.linesep).encode() if fits(whole) else super().fold_binary(name, value)


HEADERS = OneLine(linesep="\r\n")
HEADERS_UTF8 = OneLine(linesep="\r\n", utf8=True)


def composed(message: Message, sender: str, *, wide: bool) -> bytes:
    """The email as bytes: text and HTML side by side. ValueError when a header cannot be written."""
    email = EmailMessage(policy=HEADERS_UTF8 if wide else HEADERS)
    named = {
        "From": message.sender,
        "To": message.to,
        "Subject": message.subject,
        "Date": format_datetime(datetime.now(UTC)),
        "Message-ID": message_id(message),
        "MIME-Version": "1.0",
    }
    if message.reply_to:
        named["Reply-To"] = message.reply_to
    for name, value in {**message.headers, **named}.items():
        set_header(email, name, value)
    email["Content-Type"] = "multipart/alternative"
    for subtype, content in (("plain", message.text), ("html", message.html)):
        if content:
            email.attach(part(content, subtype))
    return email.as_bytes()


def set_header(email: EmailMessage, name: str, value: str) -> None:
    """One header field on one line: a line break in a value would begin another field."""
    if not FIELD_NAME.fullmatch(name):
        raise ValueError(f"{name!r} is not the name of a header field")
    del email[name]
    email[name] = CONTROLS.sub(" ", value).strip()


def part(content: str, subtype: str) -> EmailMessage:
    """One version of the text. Quoted-printable: readable in the raw, and no line is too long."""
    found = EmailMessage(policy=SMTP)
    found.set_content(content, subtype=subtype, cte="quoted-printable")
    del found["MIME-Version"]
    return found


def message_id(message: Message) -> str:
    """The same for every try of a message."""
    domain = parseaddr(message.sender)[1].rpartition("@")[2]
    return f"<{sha256(message.key.encode()).hexdigest()[:32]}@{domain}>"


def fits(line: str) -> bool:
    """Whether a header may be written as it is."""
    return line.isascii() and len(line) <= LONGEST_LINE
