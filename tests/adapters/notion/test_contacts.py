"""The contacts mirror against Notion on loopback, in every version we speak."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from engine.adapters.notion import NotionMirror
from engine.model import Field, FieldType, Refused, Retry, Value
from engine.ports import Mirrored, PageState, PageUpdate
from tests.adapters.notion.conftest import FIELDS, NEWEST_TOO, ONE_VERSION, TOKEN, World
from tests.standins.faults import Faults
from tests.standins.notion_seeds import CONTACTS, CONTACTS_SOURCE
from tests.standins.notion_shapes import Source

ADA = "ada@example.com"

VALUES: dict[str, Value] = {
    "email": ADA,
    "name": "Ada 👩🏽‍💻",
    "first_name": "Ada",
    "business_name": None,
    "signup_source": "landing_page",
    "signup_date": "2025-11-12T15:00:00Z",
    "red_systems": 2,
    "assessment_score": 40,
    "assessment_completed": True,
    "segment": "CRITICAL",
    "customer": None,
    "nickname": "not mapped",
}


def update(**changes: Any) -> PageUpdate:
    return replace(PageUpdate(contact_id="c1", email=ADA, values=VALUES), **changes)


def written(mirror: NotionMirror, asked: PageUpdate) -> str:
    done = mirror.write(asked)
    assert isinstance(done, Mirrored), done
    return done.page_id


def states(mirror: NotionMirror, since: datetime | None = None) -> list[PageState]:
    found = mirror.changes(since)
    assert not isinstance(found, Retry), found
    return list(found)


def seen(world: World, email: str = ADA) -> dict[str, Any]:
    values: dict[str, Any] = world.vendor.read(world.vendor.page(email))["values"]
    return values


@NEWEST_TOO
def test_a_new_contact_gets_one_page_with_every_value_in_its_propertys_type(world: World) -> None:
    mirror = world.mirror()
    page_id = written(mirror, update())
    shown = seen(world)
    assert world.vendor.page(ADA).id == page_id
    assert shown["Name"] == "Ada 👩🏽‍💻"
    assert shown["Segment"] == "CRITICAL"
    assert shown["Signup Source"] == "landing_page"
    assert shown["Signup Date"] == "2025-11-12T15:00:00.000+00:00"
    assert (shown["Red Systems"], shown["Assessment Completed"], shown["Business Name"]) == (2, True, "")
    assert mirror.missing == {}


def test_progress_is_shown_by_the_names_of_properties(world: World) -> None:
    progress: dict[str, Value] = {
        "Email 1 Sent": True,
        "Email 1 Sent Date": "2025-11-12T15:00:05Z",
        "Sequence Complete": False,
        "Email Sequence Error": "the address bounced",
    }
    written(world.mirror(), update(progress=progress))
    shown = seen(world)
    assert shown["Email 1 Sent"] is True
    assert shown["Email 1 Sent Date"].startswith("2025-11-12T15:00:05")
    assert shown["Email Sequence Error"] == "the address bounced"


@NEWEST_TOO
def test_later_writes_go_to_the_page_that_is_known_without_looking_for_it(world: World) -> None:
    mirror = world.mirror()
    page_id = written(mirror, update())
    queries = world.asked("POST", "/query")
    assert written(mirror, update(page_id=page_id, progress={"Email 2 Sent": True})) == page_id
    assert world.asked("POST", "/query") == queries
    assert seen(world)["Email 2 Sent"] is True


def test_a_page_that_a_person_made_is_taken_over(world: World) -> None:
    theirs = world.vendor.add(CONTACTS_SOURCE, Email=ADA, Business_Name="Ada's")
    values = {"red_systems": 3}
    assert written(world.mirror(), update(values=values)) == theirs.id
    assert seen(world)["Business Name"] == "Ada's"
    assert seen(world)["Red Systems"] == 3


@NEWEST_TOO
@pytest.mark.parametrize("fault", ["drop", "500 after", "garbage"])
def test_a_creation_that_may_have_happened_never_makes_a_second_page(world: World, fault: str) -> None:
    mirror = world.mirror()
    states(mirror)
    world.server.faults.script.extend(["ok", fault])
    first = mirror.write(update())
    assert isinstance(first, Retry)
    assert first.uncertain
    assert first.after is not None
    assert written(mirror, update()) == world.vendor.page(ADA).id
    assert world.asked("POST", "/v1/pages") == 1


def test_a_creation_that_takes_too_long_never_makes_a_second_page(world: World) -> None:
    connection = world.connect(create_timeout=0.2)
    mirror = NotionMirror(connection, CONTACTS, FIELDS)
    states(mirror)
    world.server.faults.script.extend(["ok", "hang"])
    first = mirror.write(update())
    assert isinstance(first, Retry)
    assert first.uncertain
    written(mirror, update())
    assert len(world.vendor.pages_of(ADA)) == 1
    connection.close()


def test_a_creation_that_did_not_happen_is_made_by_the_next_try(world: World) -> None:
    mirror = world.mirror()
    states(mirror)
    world.server.faults.script.extend(["ok", "lost"])
    assert isinstance(mirror.write(update()), Retry)
    written(mirror, update())
    assert len(world.vendor.pages_of(ADA)) == 1


@NEWEST_TOO
def test_a_page_that_a_person_deleted_is_made_anew(world: World) -> None:
    mirror = world.mirror()
    old = written(mirror, update())
    world.vendor.trash(ADA)
    new = written(mirror, update(page_id=old))
    assert new != old
    assert world.vendor.page(ADA).id == new


def test_every_page_of_an_address_goes_to_the_trash_and_no_other(world: World) -> None:
    mirror = world.mirror()
    first = written(mirror, update())
    world.vendor.add(CONTACTS_SOURCE, Email=ADA)
    world.vendor.add(CONTACTS_SOURCE, Email=f"x{ADA}")

    assert mirror.forget(ADA, first) == 2
    assert [page.in_trash for page in world.vendor.pages.values()] == [True, True, False]
    assert mirror.forget(ADA, first) == 0
    assert mirror.forget(ADA, "5e5e5e5e-0000-4000-8000-00000000dead") == 0


def test_a_page_that_cannot_be_trashed_is_told(world: World) -> None:
    mirror = world.mirror()
    first = written(mirror, update())
    world.server.faults = Faults(script=["ok", "ok", "500"])
    assert isinstance(mirror.forget(ADA, first), Retry)
    assert mirror.forget(ADA, first) == 1


def test_a_page_that_no_longer_exists_is_found_again_by_its_email(world: World) -> None:
    mirror = world.mirror()
    old = written(mirror, update())
    copy = world.vendor.add(CONTACTS_SOURCE, Email=ADA)
    del world.vendor.pages[old]
    assert written(mirror, update(page_id=old)) == copy.id


def test_an_unknown_value_clears_what_was_shown(world: World) -> None:
    mirror = world.mirror()
    page_id = written(mirror, update())
    cleared = {name: None for name in VALUES if name not in ("email", "name")}
    written(mirror, update(page_id=page_id, values=cleared))
    shown = seen(world)
    assert shown["Segment"] is None
    assert shown["Signup Date"] is None
    assert shown["Red Systems"] is None
    assert shown["First Name"] == ""
    assert shown["Assessment Completed"] is False


def test_a_property_that_the_database_lacks_is_left_out_and_told(world: World) -> None:
    mirror = world.mirror()
    world.vendor.rename(CONTACTS_SOURCE, "First Name", "Given Name")
    written(mirror, update(progress={"Email 9 Sent": True}))
    assert list(mirror.missing) == ["First Name", "Email 9 Sent"]
    assert "no property 'Email 9 Sent'" in mirror.missing["Email 9 Sent"]
    assert seen(world)["Segment"] == "CRITICAL"


@NEWEST_TOO
def test_a_property_that_a_person_renames_while_we_run_costs_no_write(world: World) -> None:
    mirror = world.mirror()
    page_id = written(mirror, update())
    world.vendor.rename(CONTACTS_SOURCE, "First Name", "Given Name")
    written(mirror, update(page_id=page_id, values={"segment": "URGENT", "first_name": "A"}))
    assert seen(world)["Segment"] == "URGENT"
    assert list(mirror.missing) == ["First Name"]
    world.vendor.rename(CONTACTS_SOURCE, "Given Name", "First Name")
    world.vendor.rename(CONTACTS_SOURCE, "Segment", "Group")
    written(mirror, update(page_id=page_id, values={"segment": "URGENT", "first_name": "A"}))
    assert seen(world)["First Name"] == "A"
    assert list(mirror.missing) == ["Segment"]


def test_a_property_whose_type_a_person_changes_is_written_by_its_new_type(world: World) -> None:
    mirror = world.mirror()
    page_id = written(mirror, update())
    columns = world.vendor.sources[CONTACTS_SOURCE].columns
    columns["Red Systems"] = {"type": "rich_text"}
    for page in world.vendor.pages.values():
        page.values.pop("Red Systems", None)
    written(mirror, update(page_id=page_id, values={"red_systems": 3}))
    assert seen(world)["Red Systems"] == "3"
    assert states(mirror)[0].values["red_systems"] == 3


def test_the_email_is_the_title_where_nothing_else_is(world: World) -> None:
    fields = {name: field for name, field in FIELDS.items() if name != "name"}
    written(world.mirror(fields), update())
    assert seen(world)["Name"] == ADA


def test_a_contact_is_found_by_the_title_where_the_email_is_the_title(world: World) -> None:
    fields = {"email": Field(name="email", type=FieldType.EMAIL, notion="Name")}
    mirror = world.mirror(fields)
    first = written(mirror, update())
    assert written(mirror, update()) == first
    assert states(mirror)[0].email == ADA


def test_a_database_without_a_place_for_the_email_is_refused_with_what_to_do(world: World) -> None:
    fields = {"name": FIELDS["name"]}
    refused = world.mirror(fields).write(update())
    assert isinstance(refused, Refused)
    assert "no property 'Email' of the type email" in refused.reason


@NEWEST_TOO
def test_what_a_person_changes_is_read_back_in_the_forms_of_the_file(world: World) -> None:
    mirror = world.mirror()
    page_id = written(mirror, update())
    world.vendor.edit(ADA, Customer=True, Red_Systems=0, Signup_Date="2025-11-13T10:30:00.000-05:00", First_Name="A 🎉")
    world.vendor.edit(ADA, Segment=None, Business_Name="Ada & Co")
    (state,) = states(mirror)
    assert state.page_id == page_id
    assert state.email == ADA
    assert state.values == {
        "email": ADA,
        "name": "Ada 👩🏽‍💻",
        "first_name": "A 🎉",
        "business_name": "Ada & Co",
        "signup_source": "landing_page",
        "signup_date": "2025-11-13T15:30:00Z",
        "red_systems": 0,
        "assessment_score": 40,
        "assessment_completed": True,
        "segment": None,
        "customer": True,
    }


def test_a_value_that_the_field_cannot_hold_is_left_out_and_told(world: World) -> None:
    mirror = world.mirror()
    written(mirror, update())
    world.vendor.edit(ADA, Red_Systems=2.5)
    (state,) = states(mirror)
    assert "red_systems" not in state.values
    assert "whole number" in mirror.missing["Red Systems"]


def test_changes_are_asked_from_the_minute_that_since_lies_in_oldest_first(world: World) -> None:
    mirror = world.mirror()
    for name in ("a", "b", "c"):
        world.vendor.add(CONTACTS_SOURCE, Email=f"{name}@example.com")
        world.time.sleep(90)
    since = world.time.now() - timedelta(seconds=175)
    assert [state.email for state in states(mirror)] == ["a@example.com", "b@example.com", "c@example.com"]
    world.vendor.edit("a@example.com", Customer=True)
    assert [state.email for state in states(mirror, since)] == ["b@example.com", "c@example.com", "a@example.com"]


def test_changes_of_more_than_a_hundred_pages_come_whole(world: World) -> None:
    for n in range(230):
        world.vendor.add(CONTACTS_SOURCE, Email=f"{n}@example.com")
    assert len(states(world.mirror())) == 230


def test_a_row_without_an_email_is_nobodys_yet(world: World) -> None:
    world.vendor.add(CONTACTS_SOURCE, Name="a new row")
    assert states(world.mirror()) == []


@ONE_VERSION
@pytest.mark.parametrize(
    ("kind", "column", "value"),
    [
        (FieldType.TEXT, "rich_text", "👩🏽‍💻" * 900),
        (FieldType.TEXT, "title", "a" * 1999 + "😀" + "b"),
        (FieldType.TEXT, "select", "one, two"),
        (FieldType.TEXT, "select", "😀" * 80),
        (FieldType.TEXT, "rich_text", ""),
        (FieldType.TEXT, "checkbox", "true"),
        (FieldType.CHOICE, "multi_select", "web_form"),
        (FieldType.CHOICE, "status", "Done"),
        (FieldType.CHECKBOX, "checkbox", None),
        (FieldType.CHECKBOX, "select", True),
        (FieldType.CHECKBOX, "number", False),
        (FieldType.WHOLE, "rich_text", 12),
        (FieldType.NUMBER, "number", 2.5),
        (FieldType.DATE, "date", "2025-11-12"),
        (FieldType.DATE, "rich_text", "2025-11-12"),
        (FieldType.DATETIME, "rich_text", "2025-11-12T15:00:00Z"),
        (FieldType.DATETIME, "date", "2025-11-12T15:00:07Z"),
        (FieldType.LIST, "multi_select", ["pricing", "a, b", "pricing"]),
        (FieldType.LIST, "rich_text", ["pricing", "demo"]),
        (FieldType.PHONE, "phone_number", "+1 416 555 0100"),
        (FieldType.LINK, "url", "https://example.com/?a=1"),
        (FieldType.EMAIL, "email", None),
    ],
)
def test_what_will_be_shown_is_what_is_read_back(world: World, kind: FieldType, column: str, value: Value) -> None:
    columns = world.vendor.sources[CONTACTS_SOURCE].columns
    if column == "title":
        del columns["Name"]
    columns["Extra"] = {"type": column, "options": ["Not started", "Done"] if column == "status" else []}
    fields = {"email": FIELDS["email"], "extra": Field(name="extra", type=kind, notion="Extra")}
    mirror = world.mirror(fields)
    written(mirror, update(values={"extra": value}))
    (state,) = states(mirror)
    assert mirror.missing == {}
    assert state.values["extra"] == mirror.shown({"extra": value})["extra"]


@ONE_VERSION
@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("number", "many", "make it a text property"),
        ("date", "soon", "make it a text property"),
        ("formula", "x", "only Notion fills in"),
        ("status", "Elsewhere", "add it in Notion"),
        ("rich_text", "x" * 200_001, "about 200,000"),
        ("number", float("inf"), "not a finite number"),
        ("multi_select", [str(n) for n in range(101)], "Notion holds 100"),
        ("url", "https://example.com/" + "a" * 2000, "longer than the 2000"),
    ],
)
def test_a_value_that_fits_no_property_is_told_and_the_rest_is_written(
    world: World, column: str, value: Value, reason: str
) -> None:
    options = ["Not started", "Done"] if column == "status" else []
    world.vendor.sources[CONTACTS_SOURCE].columns["Extra"] = {"type": column, "options": options}
    mirror = world.mirror()
    written(mirror, update(progress={"Extra": value}))
    assert reason in mirror.missing["Extra"]
    assert seen(world)["Segment"] == "CRITICAL"


def test_half_a_character_in_a_payload_stops_nothing(world: World) -> None:
    written(world.mirror(), update(values={"first_name": "A\ud83d", "signup_source": "\ude00"}))
    assert seen(world)["First Name"] == "A\ufffd"


def test_the_id_of_a_data_source_and_a_copied_address_are_understood(world: World) -> None:
    plain = CONTACTS.replace("-", "")
    addresses = [plain, f"https://www.notion.so/acme/Contacts-{plain}?v=0123456789abcdef0123456789abcdef"]
    if world.connection.has_data_sources:
        addresses.append(CONTACTS_SOURCE)
    for address in addresses:
        assert states(world.mirror(database=address)) == []


def test_a_database_of_several_data_sources_is_refused_with_their_names_and_ids(world: World) -> None:
    other = "c0c0c0c0-0000-4000-8000-0000000000d9"
    world.vendor.sources[other] = Source(other, CONTACTS, "Old people", {"Name": {"type": "title"}})
    refused = world.mirror().write(update())
    assert isinstance(refused, Refused)
    assert "NOTION_CONTACTS_DB_ID" in refused.reason
    if world.connection.has_data_sources:
        assert f"Contacts ({CONTACTS_SOURCE}), Old people ({other})" in refused.reason


@pytest.mark.parametrize("database", ["00000000-0000-4000-8000-00000000dead", "contacts", "../users"])
def test_a_database_that_is_not_there_is_refused_with_the_settings_name(world: World, database: str) -> None:
    refused = world.mirror(database=database).write(update())
    assert isinstance(refused, Refused)
    assert "NOTION_CONTACTS_DB_ID" in refused.reason


def test_many_writers_at_once_stay_under_the_rate_and_lose_nothing(world: World) -> None:
    # What eight threads have sent may reach Notion at one moment: that much more it must bear.
    world.vendor.burst = 3 + 8
    world.vendor.reset()
    mirror = world.mirror()

    def write(n: int) -> object:
        email = f"{n}@example.com"
        return mirror.write(PageUpdate(contact_id=str(n), email=email, values={"email": email, "red_systems": n % 9}))

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(write, range(30)))
    done = sum(isinstance(outcome, Mirrored) for outcome in outcomes)
    assert done == len(world.vendor.pages) == 30
    assert world.time.passed >= (len(world.vendor.requests) - 3) / 3 - 1e-6


def test_no_reason_and_no_repr_ever_holds_the_token(world: World) -> None:
    mirror = world.mirror()
    body = {"object": "error", "status": 401, "code": "unauthorized", "message": f"Bearer {TOKEN} is wrong"}
    world.server.faults.script.append({"status": 401, "body": body})
    refused = mirror.write(update())
    assert isinstance(refused, Refused)
    assert TOKEN not in refused.reason
    assert TOKEN not in repr(world.connection)


def test_a_check_tells_what_the_live_database_lacks_and_what_was_meant(world: World) -> None:
    mirror = world.mirror()
    assert mirror.check(["Email 1 Sent"]) == []
    world.vendor.rename(CONTACTS_SOURCE, "First Name", "first name")
    world.vendor.sources[CONTACTS_SOURCE].columns["Segment"] = {"type": "formula"}
    told = mirror.check(["Email 6 Sent"])
    assert isinstance(told, list)
    assert [("First Name" in each, "Segment" in each, "Email 6 Sent" in each) for each in told] == [
        (True, False, False),
        (False, True, False),
        (False, False, True),
    ]
    assert "did you mean 'first name'?" in told[0]


def test_a_check_of_a_database_that_is_not_shared_says_what_to_do(world: World) -> None:
    refused = world.mirror(database="00000000-0000-4000-8000-00000000dead").check()
    assert isinstance(refused, Refused)
    assert "choose Connections" in refused.reason


def test_the_page_of_somebody_else_is_never_written_on(world: World) -> None:
    theirs = world.vendor.add(CONTACTS_SOURCE, Email="bob@example.com")
    mirror = world.mirror()
    states(mirror)
    shown = {"Email": {"type": "email", "email": "bob@example.com"}}
    answer = {"object": "page", "id": theirs.id, "properties": shown, "last_edited_time": "2025-11-12T15:00:00.000Z"}
    wrong = {"object": "list", "results": [answer], "has_more": False, "next_cursor": None}
    world.server.faults.script.append({"status": 200, "body": wrong})
    assert written(mirror, update()) != theirs.id
    assert world.vendor.read(theirs)["values"]["First Name"] == ""
