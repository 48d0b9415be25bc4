"""Emails as they are stored: keys that vendors take and that are never of two emails, one template for a batch."""

from __future__ import annotations

import re
from dataclasses import replace
from email.utils import parseaddr

import pytest

from engine.enrolment import enrol
from engine.model import SendEmail, TemplateText
from engine.ports import Message
from engine.rendering import TemplateFlaw
from engine.runtime.letters import Letters, email_key, mailbox
from engine.scene import Scene
from tests.playbooks import NOON, AnyTemplate, ada, steps

RUN = "01k9vyzqg0rpj9bd06vh3syb5n"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("email 1", "email_1"),
        ("a/b", "a%2Fb"),
        ("x" * 300, "x" * 301),
        ("é" * 60, "é" * 60 + "e"),
        ("\U0001f600" * 30, "\U0001f600" * 29 + "\U0001f601"),
        ("line\nbreak", "line break"),
    ],
)
def test_a_key_is_short_visible_and_never_of_two_emails(one: str, other: str) -> None:
    keys = {email_key(RUN, one), email_key(RUN, other)}

    assert len(keys) == 2
    assert all(re.fullmatch(r"[!-~]{1,256}", key) for key in keys)


def test_the_key_that_signs_links_is_not_shown_where_objects_are() -> None:
    letters = Letters(templates=AnyTemplate(), base_url="http://127.0.0.1", secret_key="do not show this")

    assert "do not show this" not in repr(letters)


class Edited:
    """Templates that somebody edits all the time."""

    def __init__(self) -> None:
        self.looks = 0

    def find(self, name: str) -> TemplateText | None:
        self.looks += 1
        if name == "broken":
            raise TemplateFlaw("the subject is empty", 1, "")
        if name == "missing":
            return None
        return TemplateText(name=name, subject=f"Version {self.looks}", body="Hello", format="markdown")

    def names(self) -> list[str]:
        return ["hello"]

    def edition(self) -> object:
        return self.looks


def test_all_of_a_batch_is_written_by_the_same_version_of_a_template() -> None:
    letters = Letters(templates=Edited(), base_url="http://127.0.0.1", secret_key="key")

    for expected in ("Version 1", "Version 2"):
        batch = letters.for_a_batch()
        assert [subject_of(batch, contact) for contact in ("c1", "c2", "c3")] == [expected] * 3


def test_a_batch_tells_every_run_what_is_wrong_with_its_template() -> None:
    batch = Letters(templates=Edited(), base_url="http://127.0.0.1", secret_key="key").for_a_batch()

    for contact in ("c1", "c2"):
        assert "the subject is empty" in subject_of(batch, contact, "broken")
        assert 'there is no template "missing"' in subject_of(batch, contact, "missing")


def subject_of(letters: Letters, contact_id: str, template: str = "hello") -> str:
    """The subject of a contact's email, or why there is none."""
    book = steps(f"- email: {template}")
    program, contact = book.sequences["course"], ada(book).evolve(id=contact_id)
    run = enrol(program, contact, (), run_id=f"r-{contact_id}", event_id=None, now=NOON).run
    assert run is not None
    scene = Scene(program=program, run=run, contact=contact, now=NOON)
    written = letters.compose(SendEmail(step=template, template=template), scene, book)
    return written.subject if isinstance(written, Message) else written.reason


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("Acme, Inc. <hello@acme.com>", '"Acme, Inc." <hello@acme.com>'),
        ("Müller: Söhne (1\\2) <a@b.com>", '"Müller: Söhne (1\\\\2)" <a@b.com>'),
        ('"Acme, Inc." <hello@acme.com>', '"Acme, Inc." <hello@acme.com>'),
        ("Dr. Who & Sons <a@b.com>", "Dr. Who & Sons <a@b.com>"),
        ("hello@acme.com", "hello@acme.com"),
    ],
)
def test_a_name_with_signs_that_divide_addresses_stands_in_quotes(written: str, sent: str) -> None:
    assert mailbox(written) == sent
    name, address = parseaddr(mailbox(written))
    assert name == written.rpartition("<")[0].strip().strip('"')
    assert address == written.rpartition("<")[2].strip(">")


def test_the_sender_and_the_address_for_answers_are_ones_that_a_mail_server_takes() -> None:
    book = steps("- email: hello")
    contact, program = ada(book), book.sequences["course"]
    run = enrol(program, contact, (), run_id="r-1", event_id=None, now=NOON).run
    assert run is not None
    scene = Scene(program=program, run=run, contact=contact, now=NOON)
    effect = SendEmail(step="hello", template="hello", sender="A, B <a@b.com>", reply_to="C, D <c@d.com>")
    written = Letters(templates=AnyTemplate(), base_url="https://b.example", secret_key="s").compose(
        effect, scene, book
    )
    assert isinstance(written, Message)
    assert (written.sender, written.reply_to) == ('"A, B" <a@b.com>', '"C, D" <c@d.com>')
    assert "from A, B because" in " ".join(written.text.split())


@pytest.mark.parametrize("transactional", [False, True])
def test_marketing_says_where_its_sender_can_be_reached_by_post(transactional: bool) -> None:
    book = steps("- email: hello")
    book = replace(book, email=replace(book.email, postal_address="Any Street 1"))
    contact, program = ada(book), book.sequences["course"]
    run = enrol(program, contact, (), run_id="r-1", event_id=None, now=NOON).run
    assert run is not None
    effect = SendEmail(step="hello", template="hello", transactional=transactional)
    letters = Letters(templates=AnyTemplate(), base_url="https://b.example", secret_key="s")
    message = letters.compose(effect, Scene(program=program, run=run, contact=contact, now=NOON), book)
    assert isinstance(message, Message)
    assert ["Any Street 1" in part for part in (message.html, message.text)] == [not transactional] * 2
