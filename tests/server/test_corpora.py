"""Public collections of hostile inputs, posted to every webhook: never a 5xx, never a change of characters."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from engine.payloads.rules import VISIBLE

JSON = {"content-type": "application/json"}


@pytest.fixture
def paths(system: Any) -> list[str]:
    return [trigger.path for trigger in system.playbook().triggers.values()]


def test_every_body_of_the_json_test_suite_gets_a_clean_answer(
    client: Any, paths: list[str], corpus: Callable[[str], dict[str, Any]]
) -> None:
    for case, path in zip(corpus("json_test_suite")["cases"], itertools.cycle(paths), strict=False):
        status = client.post(path, content=_body(case), headers=JSON).status_code
        assert status in _EXPECTED[case["expect"]], case["name"]


_EXPECTED = {"reject": {400, 413}, "either": {400, 422}, "accept": {422}}  # none of them has an email


def _body(case: dict[str, Any]) -> bytes:
    if "base64" in case:
        return base64.b64decode(case["base64"])
    text, _, times = case["generate"].partition(" repeated ")
    return text.encode() * int(times.split()[0])


@pytest.mark.parametrize("levels", [10_000, 100_000])
@pytest.mark.parametrize("pattern", [(b"[", b"]"), (b'{"a":', b"}")])
def test_json_of_many_levels_is_refused_and_the_server_lives(
    client: Any, levels: int, pattern: tuple[bytes, bytes]
) -> None:
    for end in (b"", b"1" + pattern[1] * levels):
        status = client.post("/webhook/assessment", content=pattern[0] * levels + end, headers=JSON).status_code
        assert status == (400 if levels * len(pattern[0]) + len(end) <= 65_536 else 413)
    assert client.get("/health").status_code == 200


def _strings(found: dict[str, Any]) -> Iterator[str]:
    return (text for text in found["strings"] if text)


def test_naughty_strings_are_kept_character_by_character_or_refused(
    client: Any, system: Any, corpus: Callable[[str], dict[str, Any]]
) -> None:
    kept = 0
    for text in _strings(corpus("naughty_strings")):
        system.arrivals.clear()
        body = {"email": "ada@example.com", "name": text, "first_name": text, "business_name": text}
        response = client.post("/webhook/signup", json=body)
        if response.status_code == 202:
            assert {system.arrivals[0].payload.values[name] for name in ("name", "first_name")} == {text}
            kept += 1
        else:
            assert response.status_code == 422
            assert len(text) > 500 or not VISIBLE.search(text) or any(not char.isprintable() for char in text)
    assert kept > 480


def test_naughty_strings_are_refused_cleanly_where_they_are_no_value(
    client: Any, corpus: Callable[[str], dict[str, Any]]
) -> None:
    names = ["email", "budget", "newsletter", "birthday", "phone", "website", "interests", "timezone", "signup_source"]
    for text in itertools.islice(
        _strings(corpus("naughty_strings")), 0, None, 4
    ):  # a text as long as a book costs time
        response = client.post("/hooks/profile", json=dict.fromkeys(names, text))
        assert response.status_code == 422
        assert {"email", "budget", "newsletter", "birthday"} <= {error["field"] for error in response.json()["errors"]}


def test_addresses_are_taken_and_refused_as_the_isemail_collection_says(
    client: Any, corpus: Callable[[str], dict[str, Any]]
) -> None:
    for case in corpus("email_addresses")["cases"]:
        body = {"email": case["address"], "red_systems": 0, "orange_systems": 0}
        status = client.post("/webhook/assessment", json=body).status_code
        assert status in (202, 422)
        if case["category"] == "ISEMAIL_ERR" and case["address"].strip() == case["address"]:
            assert status == 422, case
