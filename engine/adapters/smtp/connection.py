"""A session with a mail server: connected, encrypted, signed in, and kept for a moment for whoever sends next.

Passwords go over encrypted connections only, but for a server on this very machine.
"""

from __future__ import annotations

import smtplib
import ssl
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from engine.errors import SettingsError
from engine.model import Retry

PORTS = {"smtp": 587, "smtps": 465}
LOOPBACK = ("localhost", "127.0.0.1", "::1")
A_MOMENT, FIVE_MINUTES = 1.0, 300.0
KEPT_FOR = 20.0
"""Seconds that an idle session is kept: mail servers hang up after a minute and more (RFC 5321 asks for five)."""


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


class Sessions:
    """Sessions with one server that nobody uses just now. Connecting costs more than an email."""

    def __init__(self, server: Server, timeout: float) -> None:
        self._server = server
        self._timeout = timeout
        self._idle: list[tuple[smtplib.SMTP, float]] = []
        self._lock = threading.Lock()

    def take(self) -> smtplib.SMTP:
        """One that is still good, or a new one. Raises UnconnectedError."""
        while found := self._pop():
            session, since = found
            if time.monotonic() - since < KEPT_FOR and answers(session, time.monotonic() + self._timeout):
                return session
            leave(session)
        return connect(self._server, self._timeout)

    def give_back(self, session: smtplib.SMTP | None) -> None:
        """Keep it, if it still is one."""
        if session is not None and alive(session):
            with self._lock:
                self._idle.append((session, time.monotonic()))

    def close(self) -> None:
        """Say goodbye to all."""
        while found := self._pop():
            leave(found[0])

    def _pop(self) -> tuple[smtplib.SMTP, float] | None:
        """The one that was used last: the server may have hung up on the others."""
        with self._lock:
            return self._idle.pop() if self._idle else None


def answers(session: smtplib.SMTP, until: float) -> bool:
    """Whether the server still listens."""
    try:
        return hurry(session, until).noop()[0] < 400
    except (OSError, smtplib.SMTPException):
        return False
