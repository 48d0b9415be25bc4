"""SmtpMailer against a real SMTP server."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from email import message_from_bytes
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import default
from typing import Any, ClassVar

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from engine.adapters import smtp
from engine.errors import SettingsError
from engine.model import Accepted, Refused, Retry
from engine.ports import Delivery, Message
from engine.runtime.paces import alone

PASSWORD = "p@ss:w/rd"
IN_URL = "p%40ss%3Aw%2Frd"


class SmtpMailer(smtp.SmtpMailer):
    """One that hangs up at the end of its test."""

    made: ClassVar[list[SmtpMailer]] = []

    def __init__(self, *words: Any, **more: Any) -> None:
        super().__init__(*words, **more)
        self.made.append(self)


def hang_up() -> None:
    while SmtpMailer.made:
        SmtpMailer.made.pop().close()


@pytest.fixture(autouse=True)
def hung_up() -> Iterator[None]:
    yield
    hang_up()


def a_message(number: int = 1, **changes: Any) -> Message:
    members: dict[str, Any] = {
        "key": f"run-1:email_{number}",
        "template": "email_1",
        "sender": "Sang Le <sang@example.com>",
        "to": f"ada{number}@example.com",
        "subject": f"Hello {number}",
        "html": "<p>Hello</p>",
        "text": "Hello",
    }
    return Message(**{**members, **changes})


@dataclass
class Post:
    """The handler of the server: takes mail, or answers what ``refusals`` says for a recipient."""

    refusals: Mapping[str, str] = field(default_factory=dict)
    at_data: Mapping[str, str] = field(default_factory=dict)
    envelopes: list[Envelope] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refusals:
            return self.refusals[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = self.at_data.get(envelope.rcpt_tos[0], "250 OK")
        if answer.startswith("250"):
            self.envelopes.append(envelope)
            self.sessions.append(session)
        if answer == "hang up":
            assert server.transport is not None
            server.transport.close()
        return answer

    def emails(self) -> list[EmailMessage]:
        return [message_from_bytes(bytes(one.content or b""), policy=default) for one in self.envelopes]  # type: ignore[arg-type]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


Start = Callable[..., str]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a server with a handler and says its URL."""
    running: list[Controller] = []

    def run(post: Post, **options: Any) -> str:
        port = free_port()
        controller = Controller(post, hostname="127.0.0.1", port=port, **options)
        controller.start()
        running.append(controller)
        return f"smtp://127.0.0.1:{port}"

    yield run
    hang_up()
    for controller in running:
        controller.stop()


def one(mailer: SmtpMailer, message: Message | None = None) -> Delivery:
    (answer,) = mailer.send([message or a_message()])
    return answer


def test_an_email_arrives_with_both_versions_and_its_headers(start: Start) -> None:
    post = Post()
    url = "<https://example.com/unsubscribe/" + "x" * 300 + ">, <mailto:stop@example.com>"
    message = a_message(
        reply_to="team@example.com",
        headers={"List-Unsubscribe": url, "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"},
    )
    answer = one(SmtpMailer(start(post)), message)
    (email,) = post.emails()
    assert answer == Accepted(template="email_1", subject="Hello 1", provider_id=email["Message-ID"])
    assert (email["From"], email["To"]) == ("Sang Le <sang@example.com>", "ada1@example.com")
    assert (email["Subject"], email["Reply-To"]) == ("Hello 1", "team@example.com")
    assert email["Date"].datetime.tzinfo is not None
    assert email.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in email.iter_parts()] == ["text/plain", "text/html"]
    assert [part.get_content().strip() for part in email.iter_parts()] == ["Hello", "<p>Hello</p>"]
    raw = bytes(post.envelopes[0].content or b"")  # type: ignore[arg-type]
    assert f"List-Unsubscribe: {url}\r\n".encode() in raw
    assert post.envelopes[0].mail_from == "sang@example.com"


def test_every_language_arrives(start: Start) -> None:
    post = Post()
    subject = "Grüße aus Zürich 🎉 " + "und noch ein sehr langer Betreff " * 5
    message = a_message(
        sender="Zoë Müller <zoe@example.com>", subject=subject, html="<p>日本語 👩‍👩‍👧</p>", text="日本語"
    )
    assert isinstance(one(SmtpMailer(start(post)), message), Accepted)
    (email,) = post.emails()
    assert email["Subject"] == subject.strip()
    assert email["From"].addresses == (Address("Zoë Müller", "zoe", "example.com"),)
    assert [part.get_content().strip() for part in email.iter_parts()] == ["日本語", "<p>日本語 👩‍👩‍👧</p>"]
    assert max(len(line) for line in bytes(post.envelopes[0].content or b"").splitlines()) <= 998  # type: ignore[arg-type]


def test_a_large_email_arrives_whole(start: Start) -> None:
    post = Post()
    html = "<p>" + "long line without end " * 20_000 + "</p>"
    assert isinstance(one(SmtpMailer(start(post)), a_message(html=html)), Accepted)
    (email,) = post.emails()
    body = email.get_body(("html",))
    assert body is not None
    assert body.get_content().strip() == html


def test_lines_that_begin_with_a_dot_stay(start: Start) -> None:
    post = Post()
    one(SmtpMailer(start(post)), a_message(text="one\n.\n..two\nthree"))
    body = post.emails()[0].get_body(("plain",))
    assert body is not None
    assert body.get_content().splitlines() == ["one", ".", "..two", "three"]


def test_the_message_id_is_the_same_for_each_try_and_its_own_for_each_message(start: Start) -> None:
    post = Post()
    mailer = SmtpMailer(start(post))
    mailer.send([a_message(1), a_message(2)])
    mailer.send([a_message(1)])
    first, second, again = (email["Message-ID"] for email in post.emails())
    assert first == again
    assert first != second
    assert first.endswith("@example.com>")


def test_one_connection_serves_a_whole_call(start: Start) -> None:
    post = Post()
    answers = SmtpMailer(start(post)).send([a_message(number) for number in range(5)])
    assert [type(answer) for answer in answers] == [Accepted] * 5
    assert len({session.peer for session in post.sessions}) == 1


def test_a_session_is_kept_for_the_next_call(start: Start) -> None:
    post = Post()
    mailer = SmtpMailer(start(post))
    for number in range(4):
        assert isinstance(one(mailer, a_message(number)), Accepted)
    assert len({session.peer for session in post.sessions}) == 1


def test_a_session_that_was_idle_for_long_is_not_used_again(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    post = Post()
    mailer = SmtpMailer(start(post))
    one(mailer)
    monkeypatch.setattr("engine.adapters.smtp.connection.KEPT_FOR", 0.0)
    one(mailer)
    assert len({session.peer for session in post.sessions}) == 2


def test_a_server_that_hung_up_meanwhile_is_called_again(start: Start) -> None:
    post = Post()
    mailer = SmtpMailer(start(post, timeout=0.2))
    assert isinstance(one(mailer), Accepted)
    deadline = threading.Event()
    deadline.wait(0.6)
    assert isinstance(one(mailer, a_message(2)), Accepted)
    assert len({session.peer for session in post.sessions}) == 2


def test_threads_do_not_share_a_session(start: Start) -> None:
    post = Post()
    mailer = SmtpMailer(start(post))
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda number: one(mailer, a_message(number)), range(40)))
    assert [type(answer) for answer in answers] == [Accepted] * 40
    assert sorted(str(email["To"]) for email in post.emails()) == sorted(f"ada{n}@example.com" for n in range(40))


class Pipelining(Post):
    """A server that takes several commands in one go, and says so."""

    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return ["250-PIPELINING", *responses]


def test_sender_and_recipient_go_in_one_go_where_the_server_takes_that(start: Start) -> None:
    post = Pipelining(refusals={"ada2@example.com": "550 5.1.1 no", "ada3@example.com": "451 later"})
    answers = SmtpMailer(start(post)).send([a_message(number) for number in range(1, 6)])
    assert [type(answer) for answer in answers] == [Accepted, Refused, Retry, Accepted, Accepted]
    assert [one.rcpt_tos[0] for one in post.envelopes] == [f"ada{n}@example.com" for n in (1, 4, 5)]


def test_a_sender_that_is_refused_in_one_go_leaves_the_session_in_order() -> None:
    lines = [b"250-hello\r\n250 PIPELINING\r\n", b"550 5.7.1 not you\r\n503 5.5.1 who?\r\n", b"", b"250 reset\r\n"]
    url, thread = scripted([*lines, b"250 ok\r\n250 ok\r\n", b"", b"354 go on\r\n"])
    outcome = one(SmtpMailer(url, timeout=2))
    assert outcome == Refused(reason="the mail server refused the email (550): 5.7.1 not you")
    hang_up()
    thread.join()


def test_each_recipient_has_an_outcome_of_its_own(start: Start) -> None:
    post = Post(
        refusals={"ada2@example.com": "451 4.7.1 greylisted", "ada3@example.com": "550 5.1.1 no such ada3@example.com"},
        at_data={"ada5@example.com": "452 too busy", "ada6@example.com": "554 looks like spam"},
    )
    answers = SmtpMailer(start(post)).send([a_message(number) for number in range(1, 8)])
    assert [type(answer) for answer in answers] == [Accepted, Retry, Refused, Accepted, Retry, Refused, Accepted]
    assert answers[1] == Retry(reason="the mail server asks to try later (451): 4.7.1 greylisted")
    assert answers[2] == Refused(reason="the mail server refused the email (550): 5.1.1 no such [recipient]")
    assert [envelope.rcpt_tos for envelope in post.envelopes] == [
        ["ada1@example.com"],
        ["ada4@example.com"],
        ["ada7@example.com"],
    ]


def test_a_connection_lost_on_the_text_is_uncertain_and_the_next_email_gets_a_new_one(start: Start) -> None:
    post = Post(at_data={"ada1@example.com": "hang up"})
    first, second = SmtpMailer(start(post)).send([a_message(1), a_message(2)])
    assert isinstance(first, Retry)
    assert first.uncertain
    assert isinstance(second, Accepted)


def test_a_server_that_says_421_is_asked_anew(start: Start) -> None:
    post = Post(refusals={"ada1@example.com": "421 closing down"})
    first, second = SmtpMailer(start(post)).send([a_message(1), a_message(2)])
    assert isinstance(first, Retry)
    assert not first.uncertain
    assert isinstance(second, Accepted)


def scripted(lines: list[bytes | None]) -> tuple[str, threading.Thread]:
    """A server that answers one connection from a list; None hangs up."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with closing(server), closing(server.accept()[0]) as connection, connection.makefile("rb") as heard:
            connection.sendall(b"220 hello\r\n")
            for line in lines:
                heard.readline()
                if line is None:
                    return
                connection.sendall(line)
            heard.read()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    return f"smtp://127.0.0.1:{server.getsockname()[1]}", thread


def test_a_connection_lost_before_the_text_is_certain() -> None:
    url, thread = scripted([b"250 hello\r\n", b"250 sender ok\r\n", None])
    outcome = one(SmtpMailer(url))
    thread.join()
    assert isinstance(outcome, Retry)
    assert not outcome.uncertain


def test_a_server_that_falls_silent_costs_no_more_than_the_time_limit() -> None:
    url, thread = scripted([b"250 hello\r\n", b"250 sender ok\r\n", b""])
    outcome = one(SmtpMailer(url, timeout=0.3))
    thread.join()
    assert isinstance(outcome, Retry)
    assert not outcome.uncertain


def test_a_server_that_falls_silent_after_the_text_is_uncertain() -> None:
    url, thread = scripted([b"250 hello\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go on\r\n"])
    outcome = one(SmtpMailer(url, timeout=0.3))
    thread.join()
    assert isinstance(outcome, Retry)
    assert outcome.uncertain


def test_nobody_at_the_address_is_asked_once_for_all() -> None:
    answers = SmtpMailer(f"smtp://127.0.0.1:{free_port()}").send([a_message(1), a_message(2)])
    assert [type(answer) for answer in answers] == [Retry, Retry]
    assert not any(answer.uncertain for answer in answers if isinstance(answer, Retry))


def test_what_is_wrong_with_the_server_is_told_to_the_pace_and_no_try_of_the_email() -> None:
    pace = alone("smtp")
    mailer = SmtpMailer(f"smtp://127.0.0.1:{free_port()}", pace=pace)
    for _ in range(4):
        answers = mailer.send([a_message(1), a_message(2)])
        assert all(isinstance(answer, Retry) and answer.vendor_wide and answer.after == 1 for answer in answers)
    assert pace.take(9) == 9, "four faults, however many emails"
    mailer.send([a_message(1), a_message(2)])
    assert (pace.take(9), (pace.shut() or ("", ""))[1]) == (0, answers[0].reason)


def test_what_is_wrong_with_an_email_is_not_told_to_the_pace(start: Start) -> None:
    pace = alone("smtp")
    post = Post(refusals={f"ada{n}@example.com": said for n, said in enumerate(["451 greylisted", "550 no"] * 5)})
    SmtpMailer(start(post), pace=pace).send([a_message(number) for number in range(10)])
    assert pace.take(9) == 9


def test_a_server_that_hangs_up_again_and_again_is_left_alone(start: Start) -> None:
    pace = alone("smtp")
    post = Post(at_data={f"ada{n}@example.com": "hang up" for n in range(9)})
    mailer = SmtpMailer(start(post), pace=pace)
    mailer.send([a_message(number) for number in range(4)])
    mailer.send([a_message(99)])
    mailer.send([a_message(number) for number in range(4)])
    assert pace.shut() is None, "one that worked lies between"
    mailer.send([a_message(8)])
    assert pace.shut() is not None


# aiosmtpd says so whenever a password may be sent in the clear, which only a test server does.
in_the_clear = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")


def signing_in(start: Start, post: Post) -> str:
    def right(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        return AuthResult(success=data == LoginPassword(b"sang", PASSWORD.encode()), handled=False)

    return start(post, authenticator=right, auth_required=True, auth_require_tls=False)


@in_the_clear
def test_user_and_password_of_the_address_are_used(start: Start) -> None:
    post = Post()
    url = signing_in(start, post).replace("smtp://", f"smtp://sang:{IN_URL}@")
    assert isinstance(one(SmtpMailer(url)), Accepted)


@in_the_clear
def test_a_wrong_password_is_the_operator_s_to_mend_and_is_told_to_nobody(start: Start) -> None:
    url = signing_in(start, Post()).replace("smtp://", "smtp://sang:hush-hush@")
    mailer = SmtpMailer(url)
    outcome = one(mailer)
    assert isinstance(outcome, Retry)
    assert outcome.after == 300
    assert "SMTP_URL" in outcome.reason
    assert "hush-hush" not in outcome.reason + repr(mailer) + repr(mailer._server)


@in_the_clear
def test_a_server_that_wants_a_sign_in_loses_no_email(start: Start) -> None:
    pace = alone("smtp")
    outcome = one(SmtpMailer(signing_in(start, Post()), pace=pace))
    assert 290 < pace.wait() <= 300
    assert isinstance(outcome, Retry)
    assert (outcome.after, outcome.uncertain) == (300, False)
    assert "SMTP_URL" in outcome.reason


def test_a_password_is_not_sent_in_the_clear_to_another_machine(monkeypatch: pytest.MonkeyPatch, start: Start) -> None:
    # This machine stands for another one: only its own addresses are trusted, and here it has none.
    monkeypatch.setattr("engine.adapters.smtp.connection.LOOPBACK", ())
    post = Post()
    url = start(post)
    outcome = one(SmtpMailer(url.replace("smtp://", "smtp://sang:hush-hush@")))
    assert isinstance(outcome, Retry)
    assert "no encryption" in outcome.reason
    assert post.sessions == []
    assert isinstance(one(SmtpMailer(url)), Accepted), "without a password there is nothing to protect"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """The server's side of TLS, with a certificate that nobody but itself has signed."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed: no certificate for the server")
    key, cert = tmp_path_factory.mktemp("tls") / "key.pem", tmp_path_factory.mktemp("tls") / "cert.pem"
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    command = [openssl, "req", "-x509", *curve, "-subj", "/CN=localhost", "-keyout", str(key), "-out", str(cert)]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context


def test_the_connection_is_encrypted_where_the_server_offers_it(start: Start, certificate: ssl.SSLContext) -> None:
    post = Post()
    assert isinstance(one(SmtpMailer(start(post, tls_context=certificate))), Accepted)
    assert post.sessions[0].ssl is not None


def test_smtps_is_encrypted_from_the_first_byte(start: Start, certificate: ssl.SSLContext) -> None:
    post = Post()
    url = start(post, ssl_context=certificate).replace("smtp://", "smtps://")
    assert isinstance(one(SmtpMailer(url)), Accepted)


def test_another_machine_s_certificate_must_be_valid(
    start: Start, certificate: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.adapters.smtp.connection.LOOPBACK", ())
    post = Post()
    outcome = one(SmtpMailer(start(post, tls_context=certificate)))
    assert isinstance(outcome, Retry)
    assert "certificate" in outcome.reason
    assert post.sessions == []


@pytest.mark.parametrize("member", ["subject", "sender", "reply_to"])
def test_a_line_break_never_becomes_a_header(start: Start, member: str) -> None:
    post = Post()
    planted = "Ada\r\nBcc: eve@example.com\r\n\r\n <ada@example.com>"
    changes: dict[str, Any] = {member: planted, "headers": {"X-Name": "a\r\nBcc: eve@example.com"}}
    one(SmtpMailer(start(post)), a_message(**changes))
    for email in post.emails():
        assert email["Bcc"] is None
        assert email.get_content_type() == "multipart/alternative"


def test_headers_cannot_replace_those_of_the_email(start: Start) -> None:
    post = Post()
    one(SmtpMailer(start(post)), a_message(headers={"Subject": "Other", "To": "eve@example.com"}))
    (email,) = post.emails()
    assert (email.get_all("Subject"), email.get_all("To")) == (["Hello 1"], ["ada1@example.com"])


@pytest.mark.parametrize(
    "changes",
    [
        {"to": "ada@example.com, eve@example.com"},
        {"to": "ada@example.com>\r\nRCPT TO:<eve@example.com"},
        {"to": ""},
        {"sender": "nobody"},
        {"headers": {"Bcc: eve@example.com\r\nX": "y"}},
        {"html": "\ud83d"},
    ],
)
def test_what_cannot_be_an_email_is_refused_and_harms_no_neighbour(start: Start, changes: dict[str, Any]) -> None:
    post = Post()
    answers = SmtpMailer(start(post)).send([a_message(1, **changes), a_message(2)])
    assert [type(answer) for answer in answers] == [Refused, Accepted]
    assert [envelope.rcpt_tos for envelope in post.envelopes] == [["ada2@example.com"]]


def test_an_address_beyond_ascii_goes_where_the_server_takes_it(start: Start) -> None:
    post = Post()
    message = a_message(to="zoë@example.com")
    assert isinstance(one(SmtpMailer(start(post, enable_SMTPUTF8=True)), message), Accepted)
    assert post.envelopes[0].rcpt_tos == ["zoë@example.com"]
    assert isinstance(one(SmtpMailer(start(Post(), enable_SMTPUTF8=False)), message), Refused)


@pytest.mark.parametrize("url", ["", "localhost:25", "http://localhost", "smtp://", "smtp://u:hush-hush@h:port"])
def test_what_is_no_server_is_the_operator_s_to_mend(url: str) -> None:
    with pytest.raises(SettingsError, match="SMTP_URL") as raised:
        SmtpMailer(url)
    assert "hush-hush" not in str(raised.value)
    assert raised.value.__cause__ is None
