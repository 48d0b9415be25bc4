"""The one way to Notion: versioned, paced, silent; every failure leaves as a ``NotionError``."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import httpx
import msgspec
from notion_client import Client
from notion_client.errors import HTTPResponseError, InvalidPathParameterError, RequestTimeoutError

from engine.adapters.notion.faults import NotionError, from_answer, refused, unreadable, without_answer
from engine.errors import SettingsError
from engine.model import Refused, Retry
from engine.pacing import Unpaced
from engine.ports import Pace

NOTION_URL = "https://api.notion.com"
VERSIONS = ("2022-06-28", "2025-09-03", "2026-03-11")
BODY_BYTES = 500_000
PAGE_SIZE = 100
ROUNDS = 3
"""Tries of one request that Notion answers with 429 and a short wait."""

ADDRESS = re.compile(r"https?://(\[[0-9a-fA-F:.]+\]|[\w.-]+)(:\d{1,5})?(/[^\s?#]*)?")

Json = dict[str, Any]

_silent = logging.Logger("busos.notion", level=logging.CRITICAL + 1)  # in no tree: nothing configures it by accident


class Page(msgspec.Struct, frozen=True):
    """A page of a database, as far as we read it."""

    id: str
    properties: dict[str, Json]
    last_edited_time: datetime
    parent: Json = {}
    url: str = ""
    archived: bool = False
    in_trash: bool = False

    @property
    def away(self) -> bool:
        """Whether a person has deleted or archived it."""
        return self.archived or self.in_trash


class _Listing(msgspec.Struct, frozen=True):
    results: list[Json]
    has_more: bool = False
    next_cursor: str | None = None


class Connection:
    """Notion's API behind one token. Make one per token and share it: the rate belongs to the token.

    ``version`` is the Notion-Version that is sent. ``timeout`` is for reading and updating; creating a
    page gets ``create_timeout``, which is longer than the 60 seconds after which Notion itself gives up, so that
    a page that was not there when we gave up does not appear later. ``patience`` is how long a request
    may stand in line for the rate before it is put off. SettingsError: a token or address that cannot be one.
    """

    def __init__(
        self,
        token: str,
        base_url: str = NOTION_URL,
        version: str = "2025-09-03",
        *,
        pace: Pace | None = None,
        timeout: float = 20.0,
        create_timeout: float = 65.0,
        patience: float = 10.0,
    ) -> None:
        if version not in VERSIONS:
            raise SettingsError(f"Notion-Version {version!r} is not known here; use one of {', '.join(VERSIONS)}")
        self.version = version
        self._token = _checked_token(token)
        self._pace = pace or Unpaced()
        self._patience = patience
        self._create_timeout = create_timeout
        self._http = httpx.Client(event_hooks={"request": [self._lengthen]})
        self._client = _client(self._http, self._token, base_url, version, timeout)

    def __repr__(self) -> str:
        return f"Connection({str(self._http.base_url)!r}, version={self.version!r})"

    @property
    def has_data_sources(self) -> bool:
        """Whether pages live in the data sources of a database (since 2025-09-03)."""
        return self.version >= "2025-09-03"

    def close(self) -> None:
        """Close the sockets."""
        self._http.close()

    def get(self, path: str) -> Json:
        """One thing by its path; raises NotionError."""
        return _as_object(self._ask("GET", path))

    def page(self, page_id: str) -> Page:
        """One page; raises NotionError."""
        return _as_page(self._ask("GET", f"pages/{page_id}"))

    def create(self, parent: Json, properties: Json) -> Page:
        """A new page; raises NotionError. Not idempotent: after an uncertain one, look before asking again."""
        answer = self._ask("POST", "pages", {"parent": parent, "properties": properties}, writes=True)
        return _as_page(answer, writes=True)

    def update(self, page_id: str, properties: Json) -> Page:
        """Set properties of a page; raises NotionError."""
        answer = self._ask("PATCH", f"pages/{page_id}", {"properties": properties}, writes=True)
        return _as_page(answer, writes=True)

    def trash(self, page_id: str) -> None:
        """Put a page into Notion's trash; raises NotionError. The name of that has changed (``versions.json``)."""
        body = {"in_trash": True} if self.has_data_sources else {"archived": True}
        self._ask("PATCH", f"pages/{page_id}", body, writes=True)

    def change(self, path: str, body: Json) -> Json:
        """Change something that is no page; raises NotionError."""
        return _as_object(self._ask("PATCH", path, body, writes=True), writes=True)

    def make(self, path: str, body: Json) -> Json:
        """Make something that is no page; raises NotionError. Not idempotent, as ``create``."""
        return _as_object(self._ask("POST", path, body, writes=True), writes=True)

    def query(self, path: str, where: Json | None, sorts: Sequence[Json]) -> Iterator[Page]:
        """The pages that match, part by part to the last one; raises NotionError."""
        body: Json = {"page_size": PAGE_SIZE, "sorts": list(sorts)}
        if where is not None:
            body["filter"] = where
        cursor: str | None = None
        while True:
            listing = _as_listing(self._ask("POST", path, body if cursor is None else {**body, "start_cursor": cursor}))
            yield from (_as_page(row) for row in listing.results if row.get("object") == "page")
            cursor = _next(listing, cursor)
            if cursor is None:
                return

    def children(self, block_id: str) -> Iterator[Json]:
        """The blocks in a page, part by part to the last one; raises NotionError."""
        query = {"page_size": str(PAGE_SIZE)}
        cursor: str | None = None
        while True:
            listing = _as_listing(self._ask("GET", f"blocks/{block_id}/children", query=query))
            yield from listing.results
            cursor = _next(listing, cursor)
            if cursor is None:
                return
            query = {**query, "start_cursor": cursor}

    # -- One request --------------------------------------------------------------------------

    def _ask(self, method: str, path: str, body: Json | None = None, *, query: Any = None, writes: bool = False) -> Any:
        if body is not None:
            _check_size(body)
        for _ in range(ROUNDS - 1):
            try:
                return self._try(method, path, body, query, writes)
            except NotionError as fault:
                if not self._only_a_moment(fault):
                    raise
        return self._try(method, path, body, query, writes)

    def _only_a_moment(self, fault: NotionError) -> bool:
        """Whether Notion only asked to wait a little. It did nothing then, so asking again is safe."""
        after = fault.outcome.after if isinstance(fault.outcome, Retry) else None
        return fault.status == 429 and after is not None and after <= self._patience

    def _try(self, method: str, path: str, body: Json | None, query: Any, writes: bool) -> Any:
        if away := self._pace.turn(self._patience):
            shut = self._pace.shut()
            reason = shut[1] if shut else "the rate that Notion allows is used up just now"
            raise NotionError(Retry(reason=reason, after=away))
        try:
            answer = self._client.request(path, method, query, body)
        except HTTPResponseError as error:
            raise self._noted(from_answer(error, writes=writes, told=body, token=self._token)) from None
        except InvalidPathParameterError:
            reason = f"{path!r} is not a place in Notion: check the ids in the settings"
            raise NotionError(Refused(reason=reason), 400) from None
        except (RequestTimeoutError, httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise self._noted(without_answer(error, writes=writes)) from None
        except (ValueError, RecursionError) as error:
            raise self._noted(unreadable(type(error).__name__, writes=writes)) from None
        self._pace.worked()
        return answer

    def _noted(self, fault: NotionError) -> NotionError:
        """The fault, after everybody was told of it."""
        outcome = fault.outcome
        if isinstance(outcome, Retry) and fault.status == 429:
            self._pace.close(outcome.after or 0.0, outcome.reason)
        elif isinstance(outcome, Retry) and fault.status in (0, *range(500, 600)):
            self._pace.failed(outcome.reason)
        else:
            self._pace.worked()
        return fault

    def _lengthen(self, request: httpx.Request) -> None:
        """Give the creation of something its own time limit; notion-client has only one for everything."""
        if request.method == "POST" and request.url.path.endswith(("/v1/pages", "/v1/databases")):
            request.extensions["timeout"] = httpx.Timeout(self._create_timeout, connect=10.0).as_dict()


def _client(http: httpx.Client, token: str, base_url: str, version: str, timeout: float) -> Client:
    """notion-client on our sockets: it retries nothing (the ledger does) and logs nothing."""
    return Client(
        client=http,
        auth=token,
        base_url=_checked_address(base_url),
        notion_version=version,
        timeout_ms=round(timeout * 1000),
        retry=False,
        logger=_silent,
        log_level=_silent.level,
    )


def _checked_address(base_url: str) -> str:
    """The address without the ``/v1`` that notion-client adds."""
    root = base_url.strip().rstrip("/").removesuffix("/v1")
    if not ADDRESS.fullmatch(root):
        raise SettingsError(f"NOTION_API_URL is {base_url!r}; it must be an address such as {NOTION_URL}")
    return root


def _checked_token(token: str) -> str:
    """The token without the space around it that copying brings along."""
    stripped = token.strip()
    if not stripped or not stripped.isascii() or not stripped.isprintable() or " " in stripped:
        raise SettingsError("NOTION_TOKEN is not a token: copy the secret of the Notion integration again")
    return stripped


def _check_size(body: Json) -> None:
    size = len(json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass"))
    if size > BODY_BYTES:
        raise refused(f"it is too much for one request to Notion: {size:,} bytes of at most {BODY_BYTES:,}")


def _as_object(answer: Any, *, writes: bool = False) -> Json:
    if not isinstance(answer, dict):
        raise unreadable("it is not an object", writes=writes)
    return answer


def _as_page(answer: Any, *, writes: bool = False) -> Page:
    try:
        return msgspec.convert(answer, Page)
    except msgspec.ValidationError as error:
        raise unreadable(str(error), writes=writes) from None


def _as_listing(answer: Any) -> _Listing:
    try:
        return msgspec.convert(answer, _Listing)
    except msgspec.ValidationError as error:
        raise unreadable(str(error), writes=False) from None


def _next(listing: _Listing, last: str | None) -> str | None:
    """The cursor of the next part of a list; None at its end. A cursor that stands still would never end."""
    if not listing.has_more or not listing.next_cursor:
        return None
    if listing.next_cursor == last:
        raise unreadable("its list does not go on", writes=False)
    return listing.next_cursor
