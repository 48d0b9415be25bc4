"""One message handed over, and what its server said: taken, later, or never."""

from __future__ import annotations

import re
import smtplib
from collections.abc import Iterator
from email.utils import parseaddr

from engine.adapters.smtp.composing import composed, message_id
from engine.adapters.smtp.connection import FIVE_MINUTES, hurry
from engine.model import Accepted, Refused, Retry
from engine.ports import Delivery, Message
from engine.quoting import quoted

ADDRESS = re.compile(r"[^\s@<>,;]+@[^\s@<>,;]+")
SIGN_IN = (503, 530, 534, 535, 538)
"""Refusals that mean the connection and not the email: the operator's to mend."""


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
    try:
        for code, said in envelope(session, sender, message.to, until):
            if code >= 300:
                return refused(session, code, said, message)
    except (OSError, smtplib.SMTPException) as error:
        session.close()
        return Retry(reason=f"the mail server hung up before the text ({type(error).__name__})")
    return hand_over(hurry(session, until), message, content)


def envelope(session: smtplib.SMTP, sender: str, to: str, until: float) -> Iterator[tuple[int, bytes]]:
    """Who it is from, and who it is for: in one go where the server takes that (RFC 2920), else one after the other.

    In one go both are answered, so both answers are read before anything else is said.
    """
    options = [] if (sender + to).isascii() else ["SMTPUTF8", "BODY=8BITMIME"]
    if options or not session.has_extn("pipelining"):
        yield hurry(session, until).mail(sender, options)
        yield hurry(session, until).rcpt(to)
        return
    first, second = f"MAIL FROM:{smtplib.quoteaddr(sender)}", f"RCPT TO:{smtplib.quoteaddr(to)}"
    hurry(session, until).send(f"{first}\r\n{second}\r\n")
    yield from [session.getreply(), session.getreply()]


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
    told = (message.subject, message.html, message.text)
    words = quoted(said.decode("utf-8", "replace"), told, {message.to: "[recipient]"})
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
