"""Notion on loopback, in three of its versions: pages of databases, judged by the types that Notion publishes.

    vendor = Notion()
    with StandIn(vendor) as server:
        ...                                     # notion_seeds has the ids of its two databases
        vendor.edit("ada@example.com", Customer=True)     # as a person would in Notion
        assert vendor.violations == []

Checked of every request: token, Notion-Version, the body against the JSON Schema of its version, the documented limits,
the rate. What the stand-in does not play (a filter, a path) is a violation too, never a silent yes.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from tests.standins.contract import Contract
from tests.standins.notion_columns import Columns
from tests.standins.notion_limits import ITEMS, RefusalError, invalid, kept_blocks, written
from tests.standins.notion_queries import MisreadError, matches, ordered
from tests.standins.notion_seeds import sources
from tests.standins.notion_shapes import (
    OLD,
    Json,
    Page,
    Source,
    block_answer,
    database_answer,
    page_answer,
    source_answer,
)
from tests.standins.notion_workspace import Workspace
from tests.standins.vendor import Pause, Vendor
from tests.standins.wire import Reply, Request

VERSIONS = (OLD, "2025-09-03", "2026-03-11")
BODY_BYTES = 512_000


class Notion(Columns, Workspace, Vendor):
    """Notion with a contacts and a templates database.

    ``rate`` requests a second are allowed after a burst (0: any number); ``throttled`` counts the 429s for that.
    ``now`` tells the time of edits, ``monotonic`` that of the rate. With a ``token``, no other is accepted.
    """

    name = "notion"

    def __init__(
        self,
        *,
        rate: float = 3.0,
        burst: int = 8,
        token: str | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.rate, self.burst, self.token = rate, burst, token
        self.now, self.monotonic = now, monotonic
        self._schemas = {OLD: Contract("notion/sdk-types-2022-06-28.schema.json")}
        modern = Contract("notion/sdk-types-2025-09-03.schema.json")
        self._schemas |= dict.fromkeys(VERSIONS[1:], modern)
        super().__init__()

    def reset(self) -> None:
        super().reset()
        self.sources = sources()
        self.pages: dict[str, Page] = {}
        self.throttled = 0
        self._bucket, self._filled_at = float(self.burst), self.monotonic()

    @property
    def judges(self) -> bool:
        return all(schema.judges for schema in self._schemas.values())

    def fault(self, kind: str) -> Reply:
        match kind:
            case "500":
                return self._error(500, "internal_server_error", "Unexpected error occurred.")
            case "503":
                return self._error(503, "service_unavailable", "Notion is unavailable, please try again later.")
            case "409":
                return self._error(409, "conflict_error", "Conflict occurred while saving.")
            case "429":
                return self._limited(1)
        return super().fault(kind)

    def state(self) -> dict[str, Any]:
        return {"pages": [self.read(page) for page in self.pages.values()], "throttled": self.throttled}

    # -- Requests -----------------------------------------------------------------------------

    async def answer(self, request: Request, pause: Pause) -> Reply:
        await pause()
        if not self._allowed():
            self.throttled += 1
            return self._limited(1)
        try:
            return Reply(200, self._perform(request))
        except RefusalError as refusal:
            if refusal.wrong:
                self.violation(f"{request.method} {request.path}: {refusal.message}")
            return self._error(refusal.status, refusal.code, refusal.message)

    def _allowed(self) -> bool:
        if not self.rate:
            return True
        now = self.monotonic()
        self._bucket = min(float(self.burst), self._bucket + (now - self._filled_at) * self.rate)
        self._filled_at = now
        # The caller's clock and ours are two: a hair's breadth too early is no offence.
        if self._bucket < 0.999:
            return False
        self._bucket -= 1
        return True

    def _limited(self, seconds: int) -> Reply:
        reply = self._error(429, "rate_limited", "You have been rate limited. Please try again in a few minutes.")
        return Reply(reply.status, reply.body, {"retry-after": str(seconds)})

    def _error(self, status: int, code: str, message: str) -> Reply:
        body = {"object": "error", "status": status, "code": code, "message": message, "request_id": str(uuid4())}
        return Reply(status, body)

    def _perform(self, request: Request) -> Json:
        version = self._version(request)
        method, path = request.method, request.path
        for verb, pattern, handler in self._routes():
            found = re.fullmatch(pattern, path)
            if found and verb == method:
                return handler(request, version, *found.groups())
        raise RefusalError(400, "invalid_request_url", "Invalid request URL.", wrong=True)

    def _routes(self) -> list[tuple[str, str, Callable[..., Json]]]:
        return [
            ("GET", r"/v1/databases/([^/]+)", self._database),
            ("POST", r"/v1/databases/([^/]+)/query", self._query_database),
            ("POST", r"/v1/databases", self._create_database),
            ("PATCH", r"/v1/databases/([^/]+)", self._change_database),
            ("PATCH", r"/v1/data_sources/([^/]+)", self._change_data_source),
            ("GET", r"/v1/data_sources/([^/]+)", self._data_source),
            ("POST", r"/v1/data_sources/([^/]+)/query", self._query_data_source),
            ("POST", r"/v1/pages", self._create),
            ("GET", r"/v1/pages/([^/]+)", self._retrieve),
            ("PATCH", r"/v1/pages/([^/]+)", self._update),
            ("GET", r"/v1/blocks/([^/]+)/children", self._children),
            ("PATCH", r"/v1/blocks/([^/]+)/children", self._append),
        ]

    def _version(self, request: Request) -> str:
        """The version asked for, after the token was looked at."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or not token or (self.token and token != self.token):
            raise RefusalError(401, "unauthorized", "API token is invalid.")
        version = request.headers.get("notion-version")
        if version is None:
            raise RefusalError(400, "missing_version", "Notion-Version header should be defined.", wrong=True)
        if version not in VERSIONS:
            raise invalid(f"Notion-Version {version} is not one of {VERSIONS}.", wrong=True)
        return version

    def _body(self, request: Request, version: str, old_root: str, root: str) -> Json:
        """The parsed body, judged by its schema and by the limits of size."""
        if len(request.body) > BODY_BYTES:
            raise invalid(f"body of {len(request.body)} bytes; at most {BODY_BYTES}.", wrong=True)
        try:
            body: Json = request.json()
        except ValueError:
            raise RefusalError(400, "invalid_json", "Error parsing JSON body.", wrong=True) from None
        name = old_root if version == OLD else root
        schema = self._schemas[VERSIONS[1] if name.startswith("V5") else OLD]
        problems = schema.problems(f"#/definitions/{name}", body)
        if version == VERSIONS[2] and {"archived", "after"} & set(body):
            problems.append("archived and after are gone since 2026-03-11")
        if problems:
            raise invalid(f"body failed validation: {'; '.join(problems)}", wrong=True)
        return body

    # -- Databases and data sources -----------------------------------------------------------

    def _database(self, request: Request, version: str, an_id: str) -> Json:
        found = self._sources_of(an_id)
        if version == OLD and len(found) > 1:
            raise invalid("Databases with multiple data sources are not supported in this API version.")
        return database_answer(found[0].database, found, version)

    def _data_source(self, request: Request, version: str, an_id: str) -> Json:
        return source_answer(self._source(an_id, version), version)

    def _sources_of(self, database: str) -> list[Source]:
        wanted = self._uuid(database)
        found = [source for source in self.sources.values() if source.database == wanted]
        if not found:
            raise self._not_found("database", database)
        return found

    def _source(self, an_id: str, version: str) -> Source:
        if version == OLD:
            raise RefusalError(400, "invalid_request_url", "Invalid request URL.", wrong=True)
        found = self.sources.get(self._uuid(an_id))
        if found is None:
            raise self._not_found("data_source", an_id)
        return found

    def _uuid(self, text: str) -> str:
        try:
            return str(UUID(text))
        except ValueError:
            raise invalid("path failed validation: the id should be a valid uuid.") from None

    def _not_found(self, kind: str, an_id: str) -> RefusalError:
        message = f"Could not find {kind} with ID: {an_id}. Make sure it is shared with your integration."
        return RefusalError(404, "object_not_found", message)

    # -- Queries ------------------------------------------------------------------------------

    def _query_database(self, request: Request, version: str, an_id: str) -> Json:
        if version != OLD:
            raise RefusalError(400, "invalid_request_url", "Invalid request URL.", wrong=True)
        found = self._sources_of(an_id)
        if len(found) > 1:
            raise invalid("Databases with multiple data sources are not supported in this API version.")
        return self._queried(request, version, found[0], "page_or_database")

    def _query_data_source(self, request: Request, version: str, an_id: str) -> Json:
        return self._queried(request, version, self._source(an_id, version), "page_or_data_source")

    def _queried(self, request: Request, version: str, source: Source, kind: str) -> Json:
        body = self._body(request, version, "V2QueryDatabase", "V5QueryDataSource")
        pages = [page for page in self.pages.values() if page.source == source.id and not page.in_trash]
        try:
            found = [page for page in pages if matches(body.get("filter"), source, page)]
            found = ordered(body.get("sorts", []), source, found)
        except MisreadError as error:
            raise invalid(str(error), wrong=error.wrong) from None
        answers = [page_answer(page, source, version) for page in found]
        return self._part(answers, kind, body.get("page_size", ITEMS), body.get("start_cursor"))

    def _part(self, answers: list[Json], kind: str, size: Any, cursor: str | None) -> Json:
        """One part of a list; a cursor is the id of the first thing in the next part."""
        if not 0 < int(size) <= ITEMS:
            raise invalid(f"page_size is {size}; it should be 1 to {ITEMS}.", wrong=True)
        ids = [answer["id"] for answer in answers]
        if cursor and cursor not in ids:
            raise invalid("The start_cursor provided is invalid.")
        start = ids.index(cursor) if cursor else 0
        end = start + int(size)
        more = end < len(answers)
        listing = {"object": "list", "results": answers[start:end], "has_more": more, "type": kind, kind: {}}
        return {**listing, "next_cursor": ids[end] if more else None}

    # -- Pages --------------------------------------------------------------------------------

    def _create(self, request: Request, version: str) -> Json:
        body = self._body(request, version, "V2CreatePage", "V5CreatePage")
        source = self._parent(body.get("parent", {}), version)
        values = written(source, body.get("properties", {}))
        now = self.now()
        page = Page(str(uuid4()), source.id, now, now, values, kept_blocks(body.get("children", [])))
        self.pages[page.id] = page
        return page_answer(page, source, version)

    def _parent(self, parent: Json, version: str) -> Source:
        if "data_source_id" in parent:
            return self._source(parent["data_source_id"], version)
        found = self._sources_of(parent.get("database_id", ""))
        if len(found) > 1:
            raise invalid("The database has several data sources; name one.")
        return found[0]

    def _retrieve(self, request: Request, version: str, an_id: str) -> Json:
        page = self._found(an_id)
        return page_answer(page, self.sources[page.source], version)

    def _update(self, request: Request, version: str, an_id: str) -> Json:
        body = self._body(request, version, "V2UpdatePage", "V5UpdatePage")
        page = self._found(an_id)
        trash = bool(body.get("in_trash", body.get("archived", page.in_trash)))
        if page.in_trash and trash:
            raise invalid("Can't edit block that is archived. You must unarchive the block before editing.")
        source = self.sources[page.source]
        page.values |= written(source, body.get("properties", {}))
        page.in_trash, page.edited = trash, self.now()
        return page_answer(page, source, version)

    def _found(self, an_id: str) -> Page:
        page = self.pages.get(self._uuid(an_id))
        if page is None:
            raise self._not_found("page", an_id)
        return page

    # -- Blocks -------------------------------------------------------------------------------

    def _children(self, request: Request, version: str, an_id: str) -> Json:
        page = self._found(an_id)
        answers = [block_answer(page, block, version) for block in page.blocks]
        return self._part(answers, "block", request.query.get("page_size", ITEMS), request.query.get("start_cursor"))

    def _append(self, request: Request, version: str, an_id: str) -> Json:
        body = self._body(request, version, "V5AppendBlockChildren", "V5AppendBlockChildren")
        page = self._found(an_id)
        added = kept_blocks(body["children"])
        page.blocks += added
        page.edited = self.now()
        return self._part([block_answer(page, block, version) for block in added], "block", ITEMS, None)
