"""The outbox, unsubscribing and health: what is shown, and what can never happen on them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from litestar import get
from litestar.exceptions import HTTPException
from litestar.testing import TestClient

from engine import __version__
from engine.errors import LedgerUnavailable
from engine.runtime.links import make_token, unsubscribe_url
from server.app import create_app
from tests.server.conftest import SIGNUP, Kept, Told

NASTY = "<script>alert(1)</script>\"'&{{ 7*7 }}"


class Reader(HTMLParser):
    """The text and the elements of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))


def parsed(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    return reader


@pytest.fixture
def keep(system: Any) -> Callable[..., None]:
    def add(key: str, to: str = "ada@example.com", subject: str = "Hello", **more: Any) -> None:
        email = Kept(key=key, to=to, subject=subject, **more)
        system.emails.append(replace(email, at=email.at + timedelta(minutes=len(system.emails))))

    return add


# -- The outbox ---------------------------------------------------------------------------------


def test_the_first_page_is_the_outbox(client: Any) -> None:
    response = client.get("/", follow_redirects=False)
    assert (response.status_code, response.headers["location"]) == (302, "/outbox")


def test_an_empty_outbox_says_how_to_fill_it_and_the_line_works(client: Any, system: Any) -> None:
    page = parsed(client.get("/outbox").text)
    (line,) = (words for words in page.words if words.startswith("curl "))
    words = shlex.split(line)
    path = words[1].removeprefix("http://127.0.0.1:8000")
    name, value = words[words.index("-H") + 1].split(": ")
    response = client.post(path, content=words[words.index("-d") + 1], headers={name: value})
    assert response.status_code == 202
    assert len(system.arrivals) == 1


def test_an_empty_outbox_of_a_file_without_triggers_says_to_add_one(client: Any, system: Any) -> None:
    system.current = replace(system.current, triggers={})
    assert "add one under <code>triggers:</code>" in client.get("/outbox").text


def test_emails_are_listed_newest_first_with_who_what_when_and_from_which_template(
    client: Any, keep: Callable[..., None]
) -> None:
    keep("run-1/email_1", subject="First")
    keep("run-1/email_2", subject="Second", template="email_2a_critical")
    text = " ".join(parsed(client.get("/outbox").text).words)
    assert text.index("Second") < text.index("First")
    assert "to ada@example.com" in text
    assert "Wed 12 Nov 2025, 15:01:00 UTC" in text
    assert "email_2a_critical" in text


def test_emails_to_one_contact_can_be_searched_for(client: Any, keep: Callable[..., None]) -> None:
    keep("a", subject="For Ada")
    keep("b", to="sang@example.com", subject="For Sang")
    page = client.get("/outbox", params={"q": " ADA@ "}).text
    assert "For Ada" in page
    assert "For Sang" not in page
    assert "No email to “nobody”" in client.get("/outbox", params={"q": "nobody"}).text


def test_many_emails_come_in_pages_that_leave_none_out(client: Any, keep: Callable[..., None]) -> None:
    for number in range(120):
        keep(f"run/{number}", subject=f"Subject {number}.")
    seen: list[str] = []
    url: str | None = "/outbox?q=ada"
    while url:
        html = client.get(url).text
        seen += re.findall(r"Subject (\d+)\.", html)
        url = next((one["href"] for tag, one in parsed(html).elements if one.get("rel") == "next"), None)
    assert seen == [str(number) for number in reversed(range(120))]
    assert "No older emails" in client.get("/outbox", params={"before": "run/0"}).text


@pytest.mark.parametrize("key", ["plain", "run-1/email_1#1", "a b?c=d&e", "ключ"])
def test_an_email_is_shown_as_html_and_as_text_whatever_its_key(
    client: Any, keep: Callable[..., None], key: str
) -> None:
    keep(key, html="<h1>Hi</h1>", text="Hi there", headers={"List-Unsubscribe": "<https://www.example.com/u/x>"})
    (link,) = (one["href"] for _, one in parsed(client.get("/outbox").text).elements if one.get("class") == "email")
    page = parsed(client.get(link).text)
    assert "Hi there" in page.words
    assert "<https://www.example.com/u/x>" in page.words
    (frame,) = (attributes for tag, attributes in page.elements if tag == "iframe")
    assert frame["sandbox"] is None  # present without a value: everything is forbidden
    document = client.get(frame["src"])
    assert document.text == "<h1>Hi</h1>"
    assert document.headers["content-type"].startswith("text/html")
    assert document.headers["content-security-policy"].startswith("sandbox; default-src 'none'")


def test_nothing_from_outside_becomes_markup(client: Any, keep: Callable[..., None]) -> None:
    keep("x", to=NASTY, subject=NASTY, text=NASTY, template=NASTY, run_id=NASTY, step=NASTY, headers={NASTY: NASTY})
    for url, params in (("/outbox", {}), ("/outbox/x", {}), ("/outbox", {"q": NASTY, "before": NASTY})):
        response = client.get(url, params=params)
        page = parsed(response.text)
        assert "script" not in {tag for tag, _ in page.elements}
        assert not any(name.startswith("on") for _, attributes in page.elements for name in attributes)
        assert NASTY in "".join(page.words) + "".join(str(one.get("value")) for _, one in page.elements)
        assert "{{ 7*7 }}" in response.text


@pytest.mark.parametrize("url", ["/outbox", "/outbox/x", "/u/nothing"])
def test_pages_load_nothing_from_elsewhere_and_run_nothing(client: Any, keep: Callable[..., None], url: str) -> None:
    keep("x")
    response = client.get(url, headers={"accept": "text/html"})
    policy = response.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "script-src" not in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["referrer-policy"] == "no-referrer"
    assert response.headers["cache-control"] == "no-store"
    page = parsed(response.text)
    assert not any(name == "style" for _, attributes in page.elements for name in attributes)
    for _, attributes in page.elements:
        for link in (attributes.get("src"), attributes.get("href"), attributes.get("action")):
            assert link is None or link.startswith(("/", "data:,"))


def test_the_style_is_served(client: Any) -> None:
    response = client.get("/assets/busos.css")
    assert response.headers["content-type"] == "text/css; charset=utf-8"
    assert "light-dark(" in response.text


def test_the_outbox_is_there_for_programs_too(client: Any, keep: Callable[..., None]) -> None:
    keep("a", html="<p>A</p>", text="A", headers={"X-A": "1"})
    keep("b", to="sang@example.com")
    keep("c")
    assert client.get("/outbox.json", params={"email": "ada@example.com", "limit": 1}).json() == {
        "emails": [_record("c", "2025-11-12T15:02:00.000Z")],
        "next": "c",
        "alerts": [],
    }
    assert client.get("/outbox.json", params={"email": "ada@example.com", "before": "c"}).json() == {
        "emails": [
            {**_record("a", "2025-11-12T15:00:00.000Z"), "html": "<p>A</p>", "text": "A", "headers": {"X-A": "1"}}
        ],
        "next": None,
        "alerts": [],
    }


def _record(key: str, at: str) -> dict[str, Any]:
    return {
        "key": key,
        "at": at,
        "to": "ada@example.com",
        "subject": "Hello",
        "template": "email_1",
        "html": "<p>Hello</p>",
        "text": "Hello",
        "headers": {},
        "run_id": "run-1",
        "step": "email_1",
        "mailer": "outbox",
        "status": "kept",
    }


def test_alerts_stand_above_the_emails_escaped(make_system: Callable[..., Any], browse: Callable[..., Any]) -> None:
    system = make_system()
    system.told = [Told("Hot lead: <b>Ada</b>", title="Lead"), Told("Held", status="failed", error="no webhook")]
    client = browse(system)

    text = client.get("/outbox").text

    assert text.index("Held") < text.index("Hot lead: &lt;b&gt;Ada&lt;/b&gt;")
    assert "failed: no webhook" in text
    assert "Latest alerts" not in client.get("/outbox", params={"q": "ada"}).text
    assert [alert["message"] for alert in client.get("/outbox.json").json()["alerts"]] == [
        "Held",
        "Hot lead: <b>Ada</b>",
    ]


@pytest.mark.parametrize("limit", ["0", "201", "x"])
def test_a_wrong_limit_is_a_problem(client: Any, limit: str) -> None:
    response = client.get("/outbox.json", params={"limit": limit})
    assert response.status_code == 400
    assert response.headers["content-type"] == "application/problem+json"


def test_an_email_that_is_not_there_is_404(client: Any) -> None:
    assert client.get("/outbox/nothing").status_code == 404


def test_testing_mode_is_said_loudly(make_system: Callable[..., Any], browse: Callable[..., Any], client: Any) -> None:
    assert "Testing mode." in browse(make_system(testing_mode=True)).get("/outbox").text
    assert "Testing mode." not in client.get("/outbox").text


# -- Unsubscribing ------------------------------------------------------------------------------


@pytest.fixture
def link(system: Any) -> str:
    url = unsubscribe_url(system.settings.base_url, system.settings.secret_key, "contact-1")
    return url.removeprefix(system.settings.base_url)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_looking_at_the_link_unsubscribes_nobody(client: Any, system: Any, link: str, method: str) -> None:
    assert client.request(method, link).status_code == 200
    assert system.suppressed == []


def test_the_button_of_the_page_unsubscribes(client: Any, system: Any, link: str) -> None:
    page = parsed(client.get(link).text)
    (form,) = (attributes for tag, attributes in page.elements if tag == "form")
    fields = {one["name"]: one["value"] for tag, one in page.elements if tag == "input"}
    response = client.request(form["method"], form["action"], data=fields)
    assert response.status_code == 200
    assert "You are unsubscribed" in response.text
    assert system.suppressed == [("contact-1", "unsubscribed")]


@pytest.mark.parametrize(
    "body", [{"data": {"List-Unsubscribe": "One-Click"}}, {"files": {"List-Unsubscribe": (None, "One-Click")}}]
)
def test_one_click_from_the_mail_program_unsubscribes(client: Any, system: Any, link: str, body: Any) -> None:
    assert client.post(link, **body).status_code == 200
    assert system.suppressed == [("contact-1", "unsubscribed")]


@pytest.fixture
def nurture(system: Any) -> str:
    url = unsubscribe_url(system.settings.base_url, system.settings.secret_key, "contact-1", "nurture_<1>")
    return url.removeprefix(system.settings.base_url)


def test_a_link_of_a_sequence_offers_both_and_each_can_be_undone(client: Any, system: Any, nurture: str) -> None:
    asked = client.get(nurture)
    assert "nurture &lt;1&gt;" in asked.text
    assert asked.headers["cache-control"] == "no-store"
    assert asked.headers["referrer-policy"] == "no-referrer"
    assert len([tag for tag, _ in parsed(asked.text).elements if tag == "form"]) == 2
    standing = system.standing

    assert "You are unsubscribed" in client.post(nurture, data={"do": "leave"}).text
    assert (standing["contact-1"].reason, set(standing["contact-1"].left)) == (None, {"nurture_<1>"})
    assert "That is undone" in client.post(nurture, data={"do": "come_back"}).text
    assert not standing["contact-1"]
    client.post(nurture, data={"List-Unsubscribe": "One-Click"})
    assert standing["contact-1"].reason == "unsubscribed"
    client.post(nurture, data={"do": "undo"})
    assert not standing["contact-1"]


def test_what_else_they_get_can_be_stopped_and_started_again(client: Any, system: Any, nurture: str) -> None:
    system.sequences = ("nurture_<1>", "weekly_news", "tips")
    asked = client.get(nurture).text
    assert "Other emails that you get from us" in asked
    assert "weekly news" in asked
    assert len([tag for tag, _ in parsed(asked).elements if tag == "form"]) == 4

    stopped = client.post(nurture, data={"do": "leave", "sequence": "tips"}).text
    assert "no more emails about “tips”" in stopped
    assert set(system.standing["contact-1"].left) == {"tips"}
    later = client.get(nurture).text
    assert "tips <em>stopped</em>" in later
    assert 'Start again<span class="hidden">: tips</span>' in later
    client.post(nurture, data={"do": "come_back", "sequence": "tips"})
    assert not system.standing["contact-1"]

    client.post(nurture)
    assert "Other emails" not in client.get(nurture).text, "none of them go out"


def test_only_what_they_have_been_in_can_be_named(client: Any, system: Any, nurture: str) -> None:
    system.sequences = ("weekly_news",)
    client.post(nurture, data={"do": "leave", "sequence": "another"})
    assert set(system.standing["contact-1"].left) == {"nurture_<1>"}


def test_a_sequence_is_called_by_its_title(client: Any, system: Any, nurture: str) -> None:
    program = replace(SIGNUP.program, name="nurture_<1>", title="Your & our week")
    system.current = replace(system.current, sequences={"nurture_<1>": program})
    assert "“Your &amp; our week”" in client.get(nurture).text


@pytest.mark.parametrize("reason", ["bounced", "complained"])
def test_nobody_takes_back_what_the_provider_told(client: Any, system: Any, nurture: str, reason: str) -> None:
    client.post(nurture)
    system.change_suppression("contact-1", lambda one, now: one.with_reason(reason, now, "Resend"))
    client.post(nurture, data={"do": "undo"})
    assert (system.standing["contact-1"].reason, dict(system.standing["contact-1"].left)) == (reason, {})


@pytest.mark.parametrize("do", ["leave", "come_back", "anything"])
def test_a_link_that_names_no_sequence_ends_everything(client: Any, system: Any, link: str, do: str) -> None:
    client.post(link, data={"do": do})
    assert system.standing["contact-1"].reason == "unsubscribed"


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("token", ["x", "a.b", make_token("another key", "contact-1"), "%00"])
def test_a_link_that_is_not_ours_does_nothing(client: Any, system: Any, method: str, token: str) -> None:
    response = client.request(method, f"/u/{token}", headers={"accept": "text/html,*/*"})
    assert response.status_code == 404
    assert "This link does not work" in response.text
    assert client.request(method, f"/u/{token}").headers["content-type"] == "application/problem+json"
    assert system.suppressed == []


def test_without_a_key_no_link_is_ours(make_system: Callable[..., Any], browse: Callable[..., Any]) -> None:
    client = browse(make_system(secret_key=None))
    assert client.post(f"/u/{make_token('', 'contact-1')}").status_code == 404


def test_an_unsubscription_that_was_not_written_is_not_called_done(client: Any, system: Any, link: str) -> None:
    system.fault = LedgerUnavailable("busy")
    response = client.post(link)
    assert response.status_code == 503
    assert int(response.headers["retry-after"]) > 0


# -- Health -------------------------------------------------------------------------------------


def test_health_says_what_is_configured(client: Any) -> None:
    assert client.get("/health").json() == {
        "status": "healthy",
        "version": __version__,
        "timestamp": "2025-11-12T15:00:00.000Z",
        "environment": {
            "testing_mode": False,
            "notion_configured": False,
            "resend_configured": False,
            "discord_configured": False,
        },
    }


def test_ready_is_200_when_every_part_works_and_503_with_its_reason_otherwise(client: Any, system: Any) -> None:
    assert client.get("/health/ready").status_code == 200
    system.parts["worker"] = (False, "not seen for 5 minutes: start busos worker")
    response = client.get("/health/ready")
    assert response.status_code == 503
    assert response.json() == {
        "status": "not ready",
        "checks": {
            "ledger": {"ok": True, "state": "writable"},
            "worker": {"ok": False, "state": "not seen for 5 minutes: start busos worker"},
        },
    }


def test_a_method_that_a_page_does_not_take_is_405(client: Any) -> None:
    response = client.post("/health")
    assert response.status_code == 405
    assert response.json()["detail"] == f"/health takes {response.headers['allow']}."


def test_further_routes_stand_beside_ours_and_fail_as_ours_do(system: Any) -> None:
    @get("/teapot", sync_to_thread=False)
    def teapot() -> str:
        raise HTTPException("Short and stout.", status_code=418)

    response = TestClient(create_app(system, [teapot])).get("/teapot")
    assert (response.status_code, response.json()["detail"]) == (418, "Short and stout.")


def test_while_a_mailer_is_set_up_nobody_is_told_that_nothing_leaves(
    make_system: Callable[..., Any], browse: Callable[..., Any], client: Any
) -> None:
    assert "Nothing leaves this machine" in client.get("/outbox").text
    assert "Nothing leaves" not in browse(make_system(smtp_url="smtp://mail.example.com")).get("/outbox").text
