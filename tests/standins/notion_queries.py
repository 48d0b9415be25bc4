"""The filters and sorts of a Notion query, as far as the stand-in plays them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from tests.standins.notion_shapes import Json, Page, Source, empty, plain

TESTS: Mapping[str, Callable[[Any, Any], bool]] = {
    "equals": lambda shown, wanted: shown == wanted,
    "does_not_equal": lambda shown, wanted: shown != wanted,
    "contains": lambda shown, wanted: wanted in (shown or ""),
    "is_empty": lambda shown, _: not shown,
    "is_not_empty": lambda shown, _: bool(shown),
    "on_or_after": lambda shown, wanted: moment(shown) >= moment(wanted),
    "after": lambda shown, wanted: moment(shown) > moment(wanted),
    "on_or_before": lambda shown, wanted: moment(shown) <= moment(wanted),
    "before": lambda shown, wanted: moment(shown) < moment(wanted),
}


class MisreadError(Exception):
    """A query that Notion would refuse, or (``wrong``) that the stand-in does not play."""

    def __init__(self, message: str, *, wrong: bool = False) -> None:
        super().__init__(message)
        self.wrong = wrong


def moment(said: Any) -> datetime:
    """An instant; without a zone it is UTC."""
    found = said if isinstance(said, datetime) else datetime.fromisoformat(said)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def matches(condition: Json | None, source: Source, page: Page) -> bool:
    """Whether a page is in the answer."""
    if condition is None:
        return True
    if "and" in condition:
        return all(matches(each, source, page) for each in condition["and"])
    if "or" in condition:
        return any(matches(each, source, page) for each in condition["or"])
    if "timestamp" in condition:
        return _holds(_time(page, condition["timestamp"]), condition[condition["timestamp"]])
    return _property_holds(condition, source, page)


def _property_holds(condition: Json, source: Source, page: Page) -> bool:
    name = condition["property"]
    column = source.columns.get(name)
    if column is None:
        raise MisreadError(f"Could not find property with name or id: {name}")
    kind = column["type"]
    if kind not in condition:
        asked = next(key for key in condition if key not in ("property", "type"))
        raise MisreadError(f"database property {kind} does not match filter {asked}")
    return _holds(plain(kind, page.values.get(name, empty(column))), condition[kind])


def _holds(shown: Any, test: Json) -> bool:
    verb, wanted = next(iter(test.items()))
    if verb not in TESTS:
        raise MisreadError(f"the stand-in does not play the filter {verb!r}", wrong=True)
    return TESTS[verb](shown, wanted)


def _time(page: Page, which: str) -> datetime:
    """When a page was made or edited, in whole minutes as Notion compares it."""
    found = page.created if which == "created_time" else page.edited
    return found.replace(second=0, microsecond=0)


def ordered(sorts: Sequence[Json], source: Source, pages: list[Page]) -> list[Page]:
    """The pages sorted; the first sort counts most."""
    for sort in reversed(sorts):
        pages = sorted(pages, key=_key(sort, source), reverse=sort["direction"] == "descending")
    return pages


def _key(sort: Json, source: Source) -> Callable[[Page], Any]:
    if "timestamp" in sort:
        return lambda page: _time(page, sort["timestamp"])
    column = source.columns.get(sort["property"])
    if column is None:
        raise MisreadError(f"Could not find sort property with name or id: {sort['property']}")
    return lambda page: str(plain(column["type"], page.values.get(sort["property"], empty(column))))
