"""DiscordAlerts against the stand-in, over real HTTP."""

from __future__ import annotations

import json
import logging
import socket
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.adapters.discord import BEGIN, DiscordAlerts, cut, payload, size
from engine.errors import SettingsError
from engine.model import Accepted, RaiseAlert, Refused, Retry
from engine.runtime.paces import MemoryStore, SharedPace
from tests.runtime.conftest import HandClock
from tests.standins.contract import folder
from tests.standins.discord import Discord, unfit
from tests.standins.server import Faults, StandIn

TOKEN = "token-that-nobody-may-read"
ALERT = RaiseAlert(message="Ada has 4 red systems", title="CRITICAL", fields=(("Name", "Ada"),), colour="red")


@pytest.fixture
def discord() -> Iterator[StandIn[Discord]]:
    with StandIn(Discord(rate=0)) as server:
        yield server


@pytest.fixture
def alerts(discord: StandIn[Discord]) -> Iterator[DiscordAlerts]:
    found = DiscordAlerts(f"{discord.url}/api/webhooks/42/{TOKEN}", timeout=2.0)
    yield found
    found.close()


def test_an_alert_arrives_as_one_embed(discord: StandIn[Discord], alerts: DiscordAlerts) -> None:
    answer = alerts.tell(ALERT)
    assert answer == Accepted(template="alert", subject="CRITICAL", provider_id="1000000000000000001")
    (message,) = discord.vendor.messages
    (embed,) = message["embeds"]
    assert (embed["title"], embed["description"], embed["color"]) == ("CRITICAL", "Ada has 4 red systems", 0xD92D20)
    assert embed["fields"] == [{"name": "Name", "value": "Ada", "inline": True}]


def test_nobody_can_be_pinged_from_within_an_alert(discord: StandIn[Discord], alerts: DiscordAlerts) -> None:
    alerts.tell(RaiseAlert(message="@everyone <@&1>"))
    assert discord.vendor.messages[0]["allowed_mentions"] == {"parse": []}


OVERLONG = [
    RaiseAlert(message="m" * 10_000, title="t" * 1000),
    RaiseAlert(message="m" * 4096, title="t" * 256, fields=tuple((f"n{n}", "v" * 1024) for n in range(25))),
    RaiseAlert(message="m", fields=tuple((f"n{n}", "v") for n in range(60))),
    RaiseAlert(message="🎉" * 5000, title="🎉" * 300, fields=(("🎉" * 300, "🎉" * 2000),)),
    RaiseAlert(message="", title=""),
    RaiseAlert(message=" \n ", fields=(("", ""), (" ", "\t"))),
    RaiseAlert(message="m", colour="no such colour"),
    RaiseAlert(message="日本語", title="Grüße", colour="#00ff7F"),
]


@pytest.mark.parametrize("alert", OVERLONG)
def test_whatever_is_told_is_taken(discord: StandIn[Discord], alerts: DiscordAlerts, alert: RaiseAlert) -> None:
    if not discord.vendor.judges:
        pytest.skip("discord/openapi-execute-webhook.json: ../shared/contracts is missing")
    assert isinstance(alerts.tell(alert), Accepted)
    assert discord.vendor.violations == []


TEXT = st.text(max_size=40) | st.integers(0, 5000).map(lambda n: "x🎉" * n)


@settings(max_examples=60, deadline=None)
@given(
    st.builds(
        RaiseAlert,
        message=TEXT,
        title=st.none() | TEXT,
        fields=st.lists(st.tuples(TEXT, TEXT), max_size=40).map(tuple),
        colour=st.none() | st.text(max_size=8),
        times=st.sampled_from([1, 2, 1_000_000]),
    )
)
def test_no_embed_is_ever_over_a_limit(alert: RaiseAlert) -> None:
    sent = payload(alert)
    (embed,) = sent["embeds"]
    assert list(unfit(sent)) == []
    fields = embed.get("fields", [])
    assert len(fields) <= 25
    assert all(size(field["name"]) <= 256 and size(field["value"]) <= 1024 for field in fields)
    assert size(embed.get("title", "")) <= 256
    assert size(embed["description"]) <= 4096
    json.dumps(sent).encode()


def test_an_alert_that_stands_for_many_says_so() -> None:
    assert "footer" not in payload(RaiseAlert(message="m"))["embeds"][0]
    (embed,) = payload(RaiseAlert(message="m", times=1234))["embeds"]
    assert embed["footer"] == {"text": "the last of 1,234 of this kind"}


def test_fields_that_do_not_fit_are_counted() -> None:
    (embed,) = payload(RaiseAlert(message="m", fields=tuple((f"n{n}", "v") for n in range(60))))["embeds"]
    assert len(embed["fields"]) == 25
    assert embed["fields"][-1]["value"] == "and 36 more"


@pytest.mark.parametrize(
    ("text", "most", "left"),
    [
        ("abc", 3, "abc"),
        ("abcd", 3, "ab…"),
        ("a🎉b", 3, "a…"),
        ("🎉🎉🎉", 5, "🎉🎉…"),
        (" abc ", 3, "abc"),
        ("abc", 0, ""),
    ],
)
def test_text_is_cut_with_an_ellipsis_and_never_within_an_emoji(text: str, most: int, left: str) -> None:
    assert cut(text, most) == left


@pytest.mark.parametrize("colour", ["green", "Green ", "#12B76A", "12b76a"])
def test_a_colour_has_a_name_or_a_code(colour: str) -> None:
    (embed,) = payload(RaiseAlert(message="m", colour=colour))["embeds"]
    assert embed["color"] == 0x12B76A


def codes() -> list[Any]:
    place = folder()
    if place is None:
        return [pytest.param("", "", marks=pytest.mark.skip("errors.json: ../shared/contracts is missing"))]
    return list(json.loads((place / "errors.json").read_text())["discord"]["codes"].items())


@pytest.mark.parametrize(("code", "meaning"), codes())
def test_every_published_code_is_refused_since_asking_again_is_no_use(
    discord: StandIn[Discord], alerts: DiscordAlerts, code: str, meaning: str
) -> None:
    words, _, status = meaning.rstrip(")").rpartition(" (")
    discord.faults = Faults(script=[{"status": int(status), "body": {"message": words, "code": int(code)}}])
    outcome = alerts.tell(ALERT)
    assert isinstance(outcome, Refused)
    assert ("DISCORD_WEBHOOK_URL" if status in ("401", "404") else words) in outcome.reason


@pytest.mark.parametrize(
    ("spoken", "after"),
    [
        ({"status": 429, "body": {"retry_after": 0.65, "global": False}, "headers": {"retry-after": "1"}}, 0.65),
        ({"status": 429, "body": b"<html>", "headers": {"retry-after": "3"}}, 3.0),
        ({"status": 429, "body": {"retry_after": None}}, 1.0),
        ({"status": 429, "body": {"retry_after": -1}}, 1.0),
    ],
)
def test_a_429_says_how_long_to_wait(
    discord: StandIn[Discord], alerts: DiscordAlerts, spoken: Mapping[str, Any], after: float
) -> None:
    discord.faults = Faults(script=[spoken])
    outcome = alerts.tell(ALERT)
    assert isinstance(outcome, Retry)
    assert (outcome.after, outcome.uncertain) == (after, False)


def test_six_in_two_seconds_are_one_too_many() -> None:
    with StandIn(Discord()) as server:
        alerts = DiscordAlerts(f"{server.url}/api/webhooks/42/{TOKEN}")
        outcomes = [alerts.tell(ALERT) for _ in range(6)]
        alerts.close()
    assert [type(outcome) for outcome in outcomes] == [Accepted] * 5 + [Retry]


@pytest.mark.parametrize("fault", ["500", "drop", "lost"])
def test_a_broken_answer_is_uncertain(discord: StandIn[Discord], alerts: DiscordAlerts, fault: str) -> None:
    discord.faults = Faults(script=[fault])
    outcome = alerts.tell(ALERT)
    assert isinstance(outcome, Retry)
    assert outcome.uncertain


def test_nobody_at_the_address_means_not_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    alerts = DiscordAlerts(f"http://127.0.0.1:{port}/api/webhooks/42/{TOKEN}")
    outcome = alerts.tell(ALERT)
    alerts.close()
    assert isinstance(outcome, Retry)
    assert not outcome.uncertain
    assert TOKEN not in outcome.reason


def test_the_address_is_in_no_log_no_repr_and_no_reason(
    discord: StandIn[Discord], alerts: DiscordAlerts, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    discord.faults = Faults(script=["ok", "500", "drop", "gone", "token", "garbage"])
    outcomes = [alerts.tell(ALERT) for _ in range(6)]
    assert caplog.records, "nothing was logged at all: this test would not notice"
    assert TOKEN not in caplog.text
    assert TOKEN not in repr(alerts) + repr(outcomes)


@pytest.mark.parametrize(
    "url", ["", "discord", "https://example.com/", f"ftp://x/api/webhooks/1/{TOKEN}", "http://[::1"]
)
def test_what_is_no_webhook_is_the_operator_s_to_mend_and_is_not_repeated(url: str) -> None:
    with pytest.raises(SettingsError, match="DISCORD_WEBHOOK_URL") as raised:
        DiscordAlerts(url)
    assert TOKEN not in str(raised.value)


def test_a_thread_s_address_keeps_its_thread(discord: StandIn[Discord]) -> None:
    alerts = DiscordAlerts(f"{discord.url}/api/webhooks/42/{TOKEN}?thread_id=7")
    assert str(alerts._url).endswith("?thread_id=7&wait=true")
    alerts.close()


# -- The pace that all workers share ---------------------------------------------------------------


def paced(discord: StandIn[Discord], **more: Any) -> tuple[DiscordAlerts, SharedPace, list[float]]:
    """Alerts at Discord's pace in hand-made time: sleeping moves it."""
    clock, slept = HandClock(), list[float]()

    def sleep(seconds: float) -> None:
        slept.append(round(seconds, 3))
        clock.forward(seconds=seconds)

    pace = SharedPace("discord", MemoryStore(), clock, begin=BEGIN, sleep=sleep, **more)
    return DiscordAlerts(f"{discord.url}/api/webhooks/42/{TOKEN}", pace=pace, timeout=2.0), pace, slept


def test_alerts_stand_in_line_for_the_rate(discord: StandIn[Discord]) -> None:
    alerts, _, slept = paced(discord)
    answers = [alerts.tell(ALERT) for _ in range(12)]
    alerts.close()
    assert [type(answer) for answer in answers] == [Accepted] * 12
    assert slept == [2.0, 2.0]


def test_what_the_headers_say_is_kept_to(discord: StandIn[Discord]) -> None:
    alerts, pace, _ = paced(discord)
    headers = {"x-ratelimit-limit": "5", "x-ratelimit-remaining": "0", "x-ratelimit-reset-after": "4.5"}
    discord.faults = Faults(script=[{"status": 200, "body": {"id": "1"}, "headers": headers}])
    assert isinstance(alerts.tell(ALERT), Accepted)
    assert pace.wait() == 4.5
    odd = {"x-ratelimit-limit": "many", "x-ratelimit-remaining": "-1", "x-ratelimit-reset-after": "inf"}
    discord.faults = Faults(script=[{"status": 200, "body": {"id": "2"}, "headers": odd}])
    assert isinstance(alerts.tell(ALERT), Accepted)
    assert pace.take(9) == 4
    alerts.close()


def test_a_long_429_is_put_off_and_nobody_asks_meanwhile(discord: StandIn[Discord]) -> None:
    alerts, pace, slept = paced(discord)
    discord.faults = Faults(script=[{"status": 429, "body": {"retry_after": 60.5}}])
    answers = [alerts.tell(ALERT) for _ in range(3)]
    alerts.close()
    assert answers == [Retry(reason="Discord asks to go slower", after=60.5)] * 3
    assert len(discord.vendor.requests) == 1
    assert (slept, pace.wait()) == ([], 60.5)


def test_a_discord_that_fails_is_left_alone_for_a_while(discord: StandIn[Discord]) -> None:
    alerts, _, slept = paced(discord)
    discord.faults = Faults(chances={"500": 1.0})
    answers = [alerts.tell(ALERT) for _ in range(9)]
    alerts.close()
    assert len(discord.vendor.requests) == 5
    assert answers[5:] == [Retry(reason="Discord failed (500)", after=2.0)] * 4
    assert slept == []
