from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from engine.runtime.clock import SystemClock
from engine.runtime.ledger import Ledger
from engine.runtime.paces import LedgerStore, Paces
from engine.runtime.settings import SETTINGS, Settings
from engine.runtime.wiring import running
from server.cli.checkup.ledger import _open_findings
from tests.cli.example import FILE, Run
from tests.cli.test_running import until
from tests.redis_child import RedisChild

NOBODY_LISTENS = "http://127.0.0.1:9"
SECRET = "do-not-tell-this-0123456789"


def states(run: Run) -> dict[str, str]:
    """What the doctor says of each check."""
    return {check["check"]: check["state"] for check in json.loads(run("doctor", "--json").stdout)["checks"]}


def test_on_the_embedded_defaults_all_is_well(run: Run, folder: Path) -> None:
    result = run("doctor")
    assert (result.exit_code, result.stderr) == (0, "")
    assert re.search(r"^ok    file +sequences.yaml can run$", result.stdout, re.M)
    assert re.search(r"^ok    database +busos.db is not there yet; it is made at the first start$", result.stdout, re.M)
    assert not (folder / "busos.db").exists()


def test_every_setting_is_listed(run: Run) -> None:
    document = json.loads(run("doctor", "--json").stdout)
    assert [setting["name"] for setting in document["settings"]] == [setting.name for setting in SETTINGS]
    text = run("doctor").stdout
    assert all(f"\n{setting.name} " in text for setting in SETTINGS)


def test_no_secret_is_shown(run: Run, folder: Path) -> None:
    urls = {"SMTP_URL": f"smtp://ada:{SECRET}@127.0.0.1:9", "DISCORD_WEBHOOK_URL": f"https://example.com/{SECRET}"}
    secrets = {setting.name: SECRET for setting in SETTINGS if setting.secret} | urls
    secrets |= {"NOTION_CONTACTS_DB_ID": "0" * 32, "NOTION_TEMPLATES_DB_ID": "1" * 32}
    secrets |= {"NOTION_API_URL": NOBODY_LISTENS, "RESEND_API_URL": NOBODY_LISTENS}
    del secrets["BUSOS_DATABASE_URL"], secrets["BUSOS_QUEUE_URL"]
    (folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in secrets.items()))
    result = run("doctor")
    assert result.exit_code == 1
    assert "could not be reached" in result.stdout
    assert SECRET not in result.output
    assert SECRET not in run("doctor", "--json").output


@pytest.mark.parametrize(
    ("name", "value", "check", "state"),
    [
        ("SMTP_URL", "smtp://127.0.0.1:9", "smtp", "fail"),
        ("BUSOS_SECRET_KEY", "short", "secret key", "fail"),
        ("BUSOS_SECRET_KEY", SECRET, "secret key", "ok"),
        ("TESTING_MODE", "true", "testing mode", "warn"),
        ("TESTING_MODE", "perhaps", "settings", "fail"),
        ("NOTION_TOKEN", "alone", "settings", "fail"),
        ("BUSOS_FILE", "nope.yaml", "file", "fail"),
        ("BUSOS_DATABASE_URL", "sqlite:///no/such/folder/busos.db", "database", "fail"),
        ("DISCORD_WEBHOOK_URL", "https://discord.com/api/webhooks/1/abc", "discord", "ok"),
        ("DISCORD_WEBHOOK_URL", "https://example.com", "discord", "warn"),
    ],
)
def test_each_trouble_is_found(
    run: Run, monkeypatch: pytest.MonkeyPatch, name: str, value: str, check: str, state: str
) -> None:
    monkeypatch.setenv(name, value)
    assert states(run)[check] == state
    assert run("doctor").exit_code == (1 if state == "fail" else 0)


def test_a_file_with_mistakes_is_a_fail(run: Run, folder: Path) -> None:
    (folder / "sequences.yaml").write_text(FILE.replace("24 hours", "24 houres"))
    assert states(run)["file"] == "fail"


def test_redis_is_looked_for_and_never_needed(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    server = RedisChild(tmp_path)
    monkeypatch.setenv("BUSOS_QUEUE_URL", server.url)
    assert states(run)["queue"] == "warn"
    told = run("doctor").stdout
    assert re.search(r"^warn  queue +Redis away: looking every 0\.25 s$", told, re.M)
    assert "fix: start Redis, correct BUSOS_QUEUE_URL (ConnectionError), or leave it out; nothing is lost" in told
    assert run("doctor").exit_code == 0
    server.start()
    assert states(run)["queue"] == "ok"
    server.kill()
    monkeypatch.setenv("BUSOS_QUEUE_URL", f"{server.url}?socket_timeout=soon")
    assert states(run)["queue"] == "fail"
    monkeypatch.delenv("BUSOS_QUEUE_URL")
    assert states(run)["queue"] == "ok"


def test_a_ledger_without_a_worker_is_a_warning(run: Run, folder: Path) -> None:
    Ledger.open("sqlite:///busos.db").close()
    found = states(run)
    assert (found["database"], found["queue"], found["due"], found["worker"]) == ("ok", "ok", "ok", "warn")


def test_the_queue_is_told_in_the_words_of_the_health_page(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    redis = RedisChild(tmp_path)

    def doctors() -> str:
        checks = json.loads(run("doctor", "--json").stdout)["checks"]
        return str(next(one["said"] for one in checks if one["check"] == "queue"))

    for url in (None, redis.url):
        settings = {"BUSOS_QUEUE_URL": url} if url else {}
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        with running(Settings.load(settings, folder), works=False, make_key=True) as system:
            assert system.ready()["queue"] == (True, doctors())
    redis.start()
    with running(Settings.load(settings, folder), works=False, make_key=True) as system:
        until(lambda: system.ready()["queue"] == (True, "Redis"))
        assert doctors() == "Redis"
    redis.kill()


def test_a_full_disk_is_one_line_that_asks_for_space(folder: Path) -> None:
    with Ledger.open("sqlite:///busos.db") as ledger:
        with ledger.write() as tx:
            tx.connection.exec_driver_sql(
                "CREATE TRIGGER large AFTER INSERT ON notes BEGIN "
                "INSERT INTO paces VALUES ('large', hex(zeroblob(100000)), 0); END"
            )
            pages = int(tx.connection.exec_driver_sql("PRAGMA page_count").scalar() or 0)
            tx.connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 2}")
        found = list(_open_findings(ledger))
    (told,) = [one for one in found if one.check == "database"]
    assert (told.state, told.fix) == ("fail", "free some space")
    assert "the disk is full" in told.said
    assert "worker" in {one.check for one in found}


def test_a_vendor_that_is_left_alone_is_a_warning_with_the_reason(run: Run, folder: Path) -> None:
    clock = SystemClock()
    with Ledger.open("sqlite:///busos.db") as ledger:
        paces = Paces(LedgerStore(ledger, clock), clock, lambda alert: None)
        paces.of("resend", "Resend", SECRET).close(300, "Resend does not take the API key")
        paces.of("notion", "Notion", SECRET).close(0, "slower")
    found = {check["check"]: check for check in json.loads(run("doctor", "--json").stdout)["checks"]}
    assert (found["resend"]["state"], "notion" in found) == ("warn", False)
    assert re.search(r"^is left alone until \S+ UTC: Resend does not take the API key$", found["resend"]["said"])


def test_a_broken_ledger_is_a_fail(run: Run, folder: Path) -> None:
    (folder / "busos.db").write_bytes(b"no database at all, but text that is long enough to be read " * 20)
    assert states(run)["database"] == "fail"
    assert run("doctor").exit_code == 1


def test_a_misspelled_setting_is_a_warning_with_the_right_name(run: Run, folder: Path) -> None:
    (folder / ".env").write_text("TESTINGMODE=true\nSHELL_OF_MINE=fish\nBUSOS_COLOUR=red\n")
    told = run("doctor").stdout
    assert "TESTINGMODE is not a setting of busos and does nothing" in told
    assert "fix: write TESTING_MODE" in told
    assert "BUSOS_COLOUR is not a setting" in told
    assert "SHELL_OF_MINE" not in told


def test_the_file_that_env_names_is_used_and_its_first_mistake_has_its_place(run: Run, folder: Path) -> None:
    (folder / "other.yaml").write_text(FILE.replace("24 hours", "24 houres"))
    (folder / ".env").write_text("BUSOS_FILE=other.yaml\n")
    told = run("doctor").stdout
    assert re.search(r'1 error; the first: other.yaml:\d+: "24 houres" is not a length of time', told)
    assert run("validate").stdout.startswith("other.yaml:")
