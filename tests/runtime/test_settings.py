"""The settings: one list, the environment over .env, and every mistake at once without a secret in it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.errors import SettingsError
from engine.providers import providers
from engine.runtime.readings import webhook_keys
from engine.runtime.settings import SETTINGS, Settings, setting_name

NOTION = {"NOTION_TOKEN": "t", "NOTION_CONTACTS_DB_ID": "c", "NOTION_TEMPLATES_DB_ID": "d"}


def test_with_nothing_set_the_embedded_defaults_stand(tmp_path: Path) -> None:
    settings = Settings.load({}, tmp_path)
    assert settings == Settings(file=tmp_path / "sequences.yaml")
    assert (settings.notion_configured, settings.resend_configured, settings.discord_configured) == (False,) * 3


def test_every_member_has_its_entry_in_the_list_and_every_entry_its_member() -> None:
    assert named(fields(Settings)) == [setting.name for setting in SETTINGS]


def named(members: Iterable[Any]) -> list[str]:
    """The settings behind members: one each, but for the secrets of all providers and of all calls."""
    several = {
        "provider_secrets": [provider.SETTING for provider in providers().values()],
        "http_secrets": ["HTTP_SECRET_NAME"],
        "trigger_secrets": ["BUSOS_WEBHOOK_SECRET_NAME"],
    }
    return [name for one in members for name in several.get(one.name, [setting_name(one.name)])]


def test_every_default_in_the_list_is_the_default_of_its_member(tmp_path: Path) -> None:
    written = {setting.name: setting.default for setting in SETTINGS if _is_a_value(setting.default)}
    assert Settings.load(written, tmp_path) == Settings.load({}, tmp_path)


def _is_a_value(default: str) -> bool:
    return " " not in default and default != "none"


def test_what_the_list_calls_secret_is_what_repr_leaves_out() -> None:
    hidden = set(named(member for member in fields(Settings) if not member.repr))
    assert hidden == {setting.name for setting in SETTINGS if setting.secret}


def test_every_setting_is_read(tmp_path: Path) -> None:
    environ = {
        "BUSOS_FILE": "campaigns",
        "BUSOS_DATABASE_URL": "postgres://u:p@db/busos",
        "BUSOS_QUEUE_URL": "redis://localhost:6379/0",
        "BUSOS_BASE_URL": "https://www.example.com/",
        "BUSOS_SECRET_KEY": "k",
        "BUSOS_ADMIN_PASSWORD": "p",
        "BUSOS_WEBHOOK_SECRET": "whsec_c2VjcmV0",
        "BUSOS_WEBHOOK_SECRET_NAME": "open sesame",
        "BUSOS_CAL_COM_SECRET": "a",
        "BUSOS_CALENDLY_SECRET": "b",
        "BUSOS_STRIPE_SECRET": " c ",
        "BUSOS_TYPEFORM_SECRET": " ",
        "BUSOS_HTTP_ALLOW": "public, CRM.example.com,10.0.0.0/8, ::1",
        "HTTP_SECRET_NAME": "Bearer a",
        "BUSOS_CORS_ORIGINS": "https://www.Example.com/, http://localhost:3000",
        "BUSOS_RATE_LIMIT": "600",
        "BUSOS_ADDRESS_LIMIT": "5",
        "BUSOS_ASK_ABOVE": "0",
        "BUSOS_HOLD_OVERDUE": "2 days 3 hours",
        "BUSOS_KEEP_FINISHED": "57 weeks 1 day",
        "TESTING_MODE": "Yes",
        **NOTION,
        "RESEND_API_KEY": "re_1",
        "RESEND_WEBHOOK_SECRET": "whsec_c2VjcmV0",
        "SMTP_URL": "smtps://u:p@mail.example.com",
        "DISCORD_WEBHOOK_URL": "https://discord.example.com/api/webhooks/1/t",
        "NOTION_API_URL": "http://127.0.0.1:9/",
        "NOTION_VERSION": "2022-06-28",
        "RESEND_API_URL": "http://127.0.0.1:8/api/",
    }
    assert set(environ) == {setting.name for setting in SETTINGS}
    settings = Settings.load(environ, tmp_path)
    assert settings == Settings(
        file=tmp_path / "campaigns",
        database_url="postgresql://u:p@db/busos",
        queue_url="redis://localhost:6379/0",
        base_url="https://www.example.com",
        secret_key="k",
        admin_password="p",
        webhook_secret="whsec_c2VjcmV0",
        trigger_secrets={"NAME": "open sesame"},
        provider_secrets={"cal.com": "a", "calendly": "b", "stripe": "c"},
        http_allow=("public", "crm.example.com", "10.0.0.0/8", "::1"),
        http_secrets={"NAME": "Bearer a"},
        cors_origins=("https://www.example.com", "http://localhost:3000"),
        rate_limit=600,
        address_limit=5,
        keep_finished=timedelta(days=400),
        ask_above=0,
        hold_overdue=timedelta(days=2, hours=3),
        testing_mode=True,
        notion_token="t",
        notion_contacts_db_id="c",
        notion_templates_db_id="d",
        resend_api_key="re_1",
        resend_webhook_secret="whsec_c2VjcmV0",
        smtp_url="smtps://u:p@mail.example.com",
        discord_webhook_url="https://discord.example.com/api/webhooks/1/t",
        notion_api_url="http://127.0.0.1:9",
        notion_version="2022-06-28",
        resend_api_url="http://127.0.0.1:8/api",
    )
    assert (settings.notion_configured, settings.resend_configured, settings.discord_configured) == (True,) * 3


@pytest.mark.parametrize("text", ["true", "TRUE", "1", "yes", "on"])
def test_testing_mode_has_several_ways_to_say_yes(tmp_path: Path, text: str) -> None:
    assert Settings.load({"TESTING_MODE": text}, tmp_path).testing_mode is True


@pytest.mark.parametrize("text", ["false", "False", "0", "no", "off", "", " "])
def test_testing_mode_has_several_ways_to_say_no(tmp_path: Path, text: str) -> None:
    assert Settings.load({"TESTING_MODE": text}, tmp_path).testing_mode is False


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("TESTING_MODE", "maybe", 'TESTING_MODE must be true or false, not "maybe"'),
        ("BUSOS_RATE_LIMIT", "lots", "BUSOS_RATE_LIMIT must be a whole number of requests a minute such as 600"),
        ("BUSOS_KEEP_FINISHED", "400", 'BUSOS_KEEP_FINISHED must be a length of time such as 400 days, not "400"'),
        ("BUSOS_KEEP_FINISHED", "6 days 23 hours", "BUSOS_KEEP_FINISHED must be 7 days or longer"),
        ("BUSOS_RATE_LIMIT", "0", "BUSOS_RATE_LIMIT must be a whole number"),
        ("BUSOS_BASE_URL", "www.example.com", "BUSOS_BASE_URL is not a URL that busos understands; write one like"),
        ("BUSOS_BASE_URL", "http://example.com:port", "BUSOS_BASE_URL is not a URL"),
        ("BUSOS_DATABASE_URL", "mysql://hunter2@db/busos", "write one like sqlite:///busos.db or postgresql://"),
        ("BUSOS_DATABASE_URL", "sqlite:///", "BUSOS_DATABASE_URL is not a URL"),
        ("BUSOS_QUEUE_URL", "amqp://hunter2@host", "write one like redis://127.0.0.1:6379/0"),
        ("BUSOS_QUEUE_URL", "redis://host/nine", "must end in the number of a database of Redis, as in redis://"),
        ("BUSOS_QUEUE_URL", "redis://host/1/2", "must end in the number of a database"),
        ("BUSOS_QUEUE_URL", "redis://hunter2/hunter2@host", "must end in the number of a database"),
        ("BUSOS_QUEUE_URL", "postgresql://u:hunter2@db/busos", "or leave it out to use the ledger"),
        ("SMTP_URL", "mail.example.com:hunter2", "write one like smtp://user:password@mail.example.com:587"),
        ("DISCORD_WEBHOOK_URL", "hunter2", "DISCORD_WEBHOOK_URL is not a URL"),
        ("NOTION_VERSION", "2024-01-01", 'NOTION_VERSION must be 2025-09-03 or 2022-06-28, not "2024-01-01"'),
        ("BUSOS_CORS_ORIGINS", "*", 'BUSOS_CORS_ORIGINS has "*", which is not one origin; name each'),
        ("BUSOS_CORS_ORIGINS", "https://a.example.com/path", "which is not one origin"),
        ("BUSOS_HTTP_ALLOW", "https://crm.example.com", "write public, or hosts and networks like crm.example.com"),
        ("BUSOS_WEBHOOK_SECRET", "whsec_hunter2!", "starts with whsec_ but what follows is not base64"),
    ],
)
def test_a_wrong_setting_is_named_with_what_to_write_and_no_secret(
    tmp_path: Path, name: str, value: str, message: str
) -> None:
    with pytest.raises(SettingsError) as error:
        Settings.load({name: value}, tmp_path)
    assert message in str(error.value)
    assert str(error.value).startswith(name)
    assert "hunter2" not in str(error.value)


def test_all_wrong_settings_are_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as error:
        Settings.load({"TESTING_MODE": "x", "SMTP_URL": "x", "NOTION_TOKEN": "x"}, tmp_path)
    assert [line.split()[0] for line in str(error.value).splitlines()] == [
        "TESTING_MODE",
        "SMTP_URL",
        "NOTION_CONTACTS_DB_ID",
    ]


@pytest.mark.parametrize("missing", NOTION)
def test_two_thirds_of_notion_say_which_third_is_missing(tmp_path: Path, missing: str) -> None:
    with pytest.raises(SettingsError, match=rf"^{missing} must be set too, because .* Notion needs all three$"):
        Settings.load({name: value for name, value in NOTION.items() if name != missing}, tmp_path)


@pytest.mark.parametrize("url", ["redis://host:6380/1", "rediss://host", "redis://host?db=3"])
def test_the_queue_is_the_ledger_or_redis(tmp_path: Path, url: str) -> None:
    assert Settings.load({"BUSOS_QUEUE_URL": url}, tmp_path).queue_url == url


def test_repr_shows_no_secret(tmp_path: Path) -> None:
    secret = {setting.name: "hunter2" for setting in SETTINGS if setting.secret}
    urls = {
        "BUSOS_DATABASE_URL": "postgresql://u:hunter2@db/busos",
        "BUSOS_QUEUE_URL": "redis://:hunter2@host",
        "SMTP_URL": "smtp://u:hunter2@host",
        "DISCORD_WEBHOOK_URL": "https://discord.example.com/hunter2",
    }
    assert "hunter2" not in repr(Settings.load(NOTION | secret | urls, tmp_path))


def test_the_env_file_beside_the_file_is_read_and_the_environment_wins(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / ".env").write_text(
        "\ufeff# how this server is set up\n\n"
        "export BUSOS_BASE_URL = 'https://www.example.com' # public\n"
        'BUSOS_ADMIN_PASSWORD="a # b"\n'
        "BUSOS_SECRET_KEY=abc#def # comment\r\n"
        "RESEND_API_KEY=\n"
        "TESTING_MODE=true\n",
        encoding="utf-8",
    )
    settings = Settings.load({"BUSOS_FILE": "there/sequences.yaml", "TESTING_MODE": "false"}, tmp_path)
    assert settings.base_url == "https://www.example.com"
    assert settings.admin_password == "a # b"
    assert settings.secret_key == "abc#def"
    assert settings.resend_api_key is None
    assert settings.testing_mode is False


def test_the_env_file_of_a_folder_of_files_stands_in_the_folder(tmp_path: Path) -> None:
    (tmp_path / "campaigns").mkdir()
    (tmp_path / "campaigns" / ".env").write_text("TESTING_MODE=1\n", encoding="utf-8")
    assert Settings.load({}, tmp_path, "campaigns").testing_mode is True
    assert Settings.load({"BUSOS_FILE": "elsewhere.yaml"}, tmp_path, "campaigns").testing_mode is True


def test_a_line_that_is_no_setting_is_named_by_its_number_alone(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("TESTING_MODE=1\nhunter2\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"\.env:2: this line is not a setting; write NAME=value$"):
        Settings.load({}, tmp_path)


def test_an_env_file_that_is_no_text_is_said(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match=r"cannot be read: .* Make it a readable text file in UTF-8"):
        Settings.load({}, tmp_path)


def test_a_key_made_on_first_use_is_put_in() -> None:
    assert Settings().with_secret_key("made").secret_key == "made"


@pytest.mark.parametrize(
    ("secret", "keys"),
    [
        ("whsec_c2VjcmV0", (b"secret",)),
        ("c2VjcmV0", (b"c2VjcmV0", b"secret")),
        ("not base64!", (b"not base64!",)),
        ("schlüssel", ("schlüssel".encode(),)),
    ],
)
def test_a_webhook_secret_is_base64_or_itself(secret: str, keys: tuple[bytes, ...]) -> None:
    assert webhook_keys(secret) == keys


def test_what_is_overdue_after_a_downtime_may_be_sent_all_the_same(tmp_path: Path) -> None:
    assert Settings.load({}, tmp_path).hold_overdue == timedelta(days=1)
    assert Settings.load({"BUSOS_HOLD_OVERDUE": "36 hours"}, tmp_path).hold_overdue == timedelta(hours=36)
    assert Settings.load({"BUSOS_HOLD_OVERDUE": "Never"}, tmp_path).hold_overdue is None


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("BUSOS_HOLD_OVERDUE", "1 dya", 'must be a length of time such as 1 day, or never, not "1 dya"'),
        ("BUSOS_ASK_ABOVE", "many", 'must be a whole number of emails such as 100, not "many"'),
    ],
)
def test_a_limit_that_is_none_is_told(tmp_path: Path, name: str, text: str, told: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name} {told}$"):
        Settings.load({name: text}, tmp_path)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql:///busos",
        "postgresql:///busos?host=/run/postgresql",
        "postgresql://u:p@/busos?host=a:5432&host=b:5432&target_session_attrs=read-write",
    ],
)
def test_a_database_may_be_behind_a_socket_or_on_several_servers(tmp_path: Path, url: str) -> None:
    assert Settings.load({"BUSOS_DATABASE_URL": url}, tmp_path).database_url == url


@pytest.mark.parametrize("url", ["postgresql://", "postgresql:///", "postgresql://u:hunter2@/", "postgresql://?host=a"])
def test_a_database_without_a_name_and_a_place_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(SettingsError, match="BUSOS_DATABASE_URL is not a URL") as caught:
        Settings.load({"BUSOS_DATABASE_URL": url}, tmp_path)
    assert "hunter2" not in str(caught.value)
