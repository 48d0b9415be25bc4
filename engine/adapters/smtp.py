"""Email through any SMTP server: one connection for each call, one outcome for each recipient.

SMTP has no idempotency key. A connection that breaks after the text was handed over leaves the outcome unknown, and
the answer says so (``uncertain``): the caller chooses between perhaps twice and perhaps never. The Message-ID
comes from the key, so that servers and mail programs that look for doubles can drop the second one.

Passwords go over encrypted connections only, but for a server on this very machine.
"""

from __future__ import annotations

import re
import smtplib
import ssl
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from email.utils import format_datetime, parseaddr
from hashlib import sha256
from typing import Any
from urllib.parse import unquote, urlsplit

from engine.errors import SettingsError
from engine.model import Accepted, Refused, Retry
from engine.pacing import Unpaced
from engine.ports import Delivery, Message, OneByOne, Pace

PORTS = {"smtp": 587, "smtps": 465}
LOOPBACK = ("localhost", "127.0.0.1", "::1")
CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
ADDRESS = re.compile(r"[^\s@<>,;]+@[^\s@<>,;]+")
FIELD_NAME = re.compile(r"[!-9;-~]+")
LONGEST_LINE = 998
A_MOMENT, FIVE_MINUTES = 1.0, 300.0
SIGN_IN = (503, 530, 534, 535, 538)
"""Refusals that mean the connection and not the email: the operator's to mend."""


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


class UnconnectedError(Exception):
    """No session with the server could be had; nothing was sent. Holds the answer to give."""

    def __init__(self, reason: str, after: float | None = None) -> None:
        super().__init__(reason)
        self.answer = Retry(reason=reason, after=A_MOMENT if after is None else after, vendor_wide=True)


@dataclass(frozen=True, slots=True)
class Server:
    """Where and how to connect. ``password`` is left out of the ``repr``."""

    host: str
    port: int
    wrapped: bool
    user: str
    password: str

    def __repr__(self) -> str:
        return f"Server({self.host}:{self.port})"

    @property
    def local(self) -> bool:
        """Whether it is this very machine, with nobody between."""
        return self.host in LOOPBACK


class SmtpMailer(OneByOne):
    """Sends through the server of ``url``: ``smtp://user:password@host:587`` or ``smtps://…``.

    ``timeout`` is the seconds that connecting may take, and each message. After ``patience`` seconds no further
    message is begun, so a call ends within the sum of ``patience`` and twice ``timeout``.
    """

    name = "smtp"
    batch = 20

    def __init__(self, url: str, *, pace: Pace | None = None, timeout: float = 10.0, patience: float = 4.0) -> None:
        self._server = server_of(url)
        self._pace = pace or Unpaced()
        self._timeout, self._patience = timeout, patience

    def __repr__(self) -> str:
        return f"SmtpMailer({self._server!r})"

    def send(self, messages: Sequence[Message]) -> Sequence[Delivery]:
        """One answer per message, in the same order, over one connection as long as it holds."""
        until = time.monotonic() + self._patience
        session: smtplib.SMTP | None = None
        answers: list[Delivery] = []
        try:
            for message in messages:
                session = session or connect(self._server, self._timeout)
                answers.append(deliver(session, message, time.monotonic() + self._timeout))
                self._tell(answers[-1], broken=not alive(session))
                session = session if alive(session) else None
                if time.monotonic() > until:
                    raise UnconnectedError("the mail server is slow: this email had no turn")
        except UnconnectedError as error:
            # Whoever comes after would wait for the same silence.
            answers += [error.answer] * (len(messages) - len(answers))
            self._tell(error.answer, broken=session is None)
        finally:
            leave(session)
        return answers

    def _tell(self, answer: Delivery, *, broken: bool) -> None:
        """What the answer says about the server, and not about the email."""
        if not isinstance(answer, Retry):
            self._pace.worked()
        elif answer.after == FIVE_MINUTES:
            self._pace.close(answer.after, answer.reason)
        elif broken:
            self._pace.failed(answer.reason)


# -- Connecting ---------------------------------------------------------------------------------


def server_of(url: str) -> Server:
    """The parts of the address; SettingsError (without the password) when it is none."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port or PORTS[parts.scheme]
    except (ValueError, KeyError):
        parts, port = urlsplit(""), 0
    if not parts.hostname:
        raise SettingsError(
            "SMTP_URL is not the address of a mail server: expected smtp://user:password@host:587 or smtps://…"
            " (write @ : / in a password as %40 %3A %2F)"
        )
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return Server(parts.hostname, port, parts.scheme == "smtps", user, password)


def connect(server: Server, timeout: float) -> smtplib.SMTP:
    """A greeted, encrypted, signed-in session, or UnconnectedError."""
    session: smtplib.SMTP | None = None
    until = time.monotonic() + timeout
    try:
        session = dial(server, timeout, until)
        sign_in(session, server, until)
    except (OSError, smtplib.SMTPException, UnconnectedError, UnicodeError) as error:
        leave(session)
        raise explained(error, server) from None
    return session


def dial(server: Server, timeout: float, until: float) -> smtplib.SMTP:
    """Connect, greet and encrypt: from the first byte, or by STARTTLS where the server offers it."""
    if server.wrapped:
        session: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=timeout, context=tls(server))
    else:
        session = smtplib.SMTP(server.host, server.port, timeout=timeout)
    try:
        hurry(session, until).ehlo_or_helo_if_needed()
        if not server.wrapped:
            encrypt(session, server, until)
    except BaseException:
        session.close()
        raise
    return session


def encrypt(session: smtplib.SMTP, server: Server, until: float) -> None:
    """STARTTLS; without it no password goes to another machine."""
    if session.has_extn("starttls"):
        hurry(session, until).starttls(context=tls(server))
        hurry(session, until).ehlo()
    elif server.user and not server.local:
        raise UnconnectedError(
            f"{server.host} offers no encryption, so the password was not sent: use smtps:// or another port",
            FIVE_MINUTES,
        )


def tls(server: Server) -> ssl.SSLContext:
    """Certificates are checked, but for a server on this machine, which has none that anybody signed."""
    context = ssl.create_default_context()
    if server.local:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def sign_in(session: smtplib.SMTP, server: Server, until: float) -> None:
    """Give user and password, where there are any."""
    if server.user:
        hurry(session, until).login(server.user, server.password)


def explained(error: Exception, server: Server) -> UnconnectedError:
    """Why there is no session, and what to do about it. Never with the server's words: they may repeat the password."""
    match error:
        case UnconnectedError():
            return error
        case smtplib.SMTPAuthenticationError():
            advice = "check user and password in SMTP_URL; the emails wait and none is lost"
            return UnconnectedError(
                f"{server.host} does not take the password ({error.smtp_code}): {advice}", FIVE_MINUTES
            )
        case ssl.SSLCertVerificationError():
            return UnconnectedError(
                f"the certificate of {server.host} is not valid: {error.verify_message}", FIVE_MINUTES
            )
        case smtplib.SMTPNotSupportedError():
            return UnconnectedError(
                f"{server.host} has no sign-in: leave user and password out of SMTP_URL", FIVE_MINUTES
            )
    return UnconnectedError(f"no connection to {server.host}:{server.port} ({type(error).__name__})")


def hurry(session: smtplib.SMTP, until: float) -> smtplib.SMTP:
    """The session, with no more time for the next exchange than is left."""
    if session.sock is not None:
        session.sock.settimeout(max(0.05, until - time.monotonic()))
    return session


def alive(session: smtplib.SMTP) -> bool:
    """Whether the session can be used for the next message (smtplib lets go of a broken socket)."""
    return session.sock is not None


def leave(session: smtplib.SMTP | None) -> None:
    """Say goodbye where somebody still listens, and close."""
    if session is None:
        return
    with suppress(OSError, smtplib.SMTPException):
        if alive(session):
            session.quit()
    session.close()


# -- Delivering ---------------------------------------------------------------------------------


def deliver(session: smtplib.SMTP, message: Message, until: float) -> Delivery:
    """Hand one message over and say what became of it."""
    sender = parseaddr(message.sender)[1]
    if not ADDRESS.fullmatch(sender) or not ADDRESS.fullmatch(message.to):
        return Refused(reason="the sender or the recipient is not one email address")
    try:
        wide = not (sender + message.to).isascii()
        content = composed(message, sender, wide=wide)
    except ValueError as error:
        return Refused(reason=f"the email cannot be written: {error}")
    if wide and not session.has_extn("smtputf8"):
        return Refused(reason="the mail server takes no address with letters beyond ASCII")
    return dispatch(session, sender, message, content, until)


def dispatch(session: smtplib.SMTP, sender: str, message: Message, content: bytes, until: float) -> Delivery:
    """MAIL, RCPT, DATA. Before DATA a broken connection means not sent; from then on nobody knows."""
    options = ["SMTPUTF8", "BODY=8BITMIME"] if not (sender + message.to).isascii() else []
    commands: tuple[Callable[[], tuple[int, bytes]], ...] = (
        lambda: hurry(session, until).mail(sender, options),
        lambda: hurry(session, until).rcpt(message.to),
    )
    try:
        for command in commands:
            code, said = command()
            if code >= 300:
                return refused(session, code, said, message)
    except (OSError, smtplib.SMTPException) as error:
        session.close()
        return Retry(reason=f"the mail server hung up before the text ({type(error).__name__})")
    return hand_over(hurry(session, until), message, content)


def hand_over(session: smtplib.SMTP, message: Message, content: bytes) -> Delivery:
    """DATA and the text."""
    try:
        code, said = session.data(content)
    except smtplib.SMTPDataError as error:
        return refused(session, error.smtp_code, said_by(error), message)
    except (OSError, smtplib.SMTPException) as error:
        session.close()
        reason = f"the mail server hung up on the text, so it may have it ({type(error).__name__})"
        return Retry(reason=reason, uncertain=True)
    if code >= 300:
        return refused(session, code, said, message)
    return Accepted(template=message.template, subject=message.subject, provider_id=message_id(message))


def refused(session: smtplib.SMTP, code: int, said: bytes, message: Message) -> Delivery:
    """4xx: later. 5xx: never. Either way the session goes on with the next message, if the server lets it."""
    try:
        gone = code == 421 or session.rset()[0] >= 400
    except (OSError, smtplib.SMTPException):
        gone = True
    if gone:
        session.close()
    words = CONTROLS.sub(" ", said.decode("utf-8", "replace").replace(message.to, "[recipient]"))[:300]
    if code in SIGN_IN:
        advice = "check user and password in SMTP_URL; the emails wait and none is lost"
        reason = f"the mail server wants another sign-in ({code}): {advice}"
        return Retry(reason=reason, after=FIVE_MINUTES, vendor_wide=True)
    if code >= 500:
        return Refused(reason=f"the mail server refused the email ({code}): {words}")
    return Retry(reason=f"the mail server asks to try later ({code}): {words}")


def said_by(error: smtplib.SMTPResponseException) -> bytes:
    """The server's words as bytes; smtplib is not sure of the type itself."""
    return error.smtp_error if isinstance(error.smtp_error, bytes) else str(error.smtp_error).encode()


# -- Composing ----------------------------------------------------------------------------------


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
