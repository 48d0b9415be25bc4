"""Failures as RFC 9457 problem documents: what is wrong and what to do, never a stack trace."""

from __future__ import annotations

import difflib
import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException

from engine.errors import LedgerUnavailable
from engine.payloads import FieldError
from server.system import System

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 5

logger = logging.getLogger("busos.server")


class Problem(Exception):
    """A request that is answered with a failure; ``detail`` is for the person who sent it."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        errors: Sequence[FieldError] = (),
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = dict(headers or {})
        self.errors = errors

    def body(self, request_id: str) -> bytes:
        """The problem document. Its kind is its status, so the type is ``about:blank``."""
        document: dict[str, Any] = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "request_id": request_id,
        }
        if self.errors:
            document["errors"] = [
                {"field": error.field, "pointer": error.pointer, "message": error.message} for error in self.errors
            ]
        return msgspec.json.encode(document)


def ledger_unavailable() -> Problem:
    """Nothing was written: the sender should try again."""
    detail = (
        f"The event could not be written to disk, so it was not accepted. Send it again in {RETRY_SECONDS} seconds."
    )
    return Problem(503, detail, headers={"retry-after": str(RETRY_SECONDS)})


def unexpected(error: Exception) -> Problem:
    """A fault of ours: the trace goes to the log, the sender gets the request's id to tell us."""
    logger.error("unexpected failure while answering a request", exc_info=error)
    return Problem(500, "Something went wrong on our side. The log has the details under this request_id.")


def as_problem(error: Exception, path: str, known: Sequence[str]) -> Problem:
    """Any exception as the problem that it is answered with. ``known`` are the paths to suggest from."""
    match error:
        case Problem():
            return error
        case LedgerUnavailable():
            return ledger_unavailable()
        case HTTPException(status_code=404):
            return Problem(404, _nothing_at(path, known))
        case HTTPException(status_code=405):
            allowed = (error.headers or {}).get("allow", "other methods")
            return Problem(405, f"{quote(path[:100])} takes {allowed}.", headers=error.headers)
        case HTTPException(status_code=status) if status < 500:
            return Problem(status, error.detail, headers=error.headers)
        case _:
            return unexpected(error)


def _nothing_at(path: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(path[:100], known, n=1)
    hint = f"did you mean {close[0]}?" if close else "GET /schema lists what there is."
    return f"There is nothing at {quote(path[:100])}; {hint}"


def answer_problem(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """The exception handler of the app."""
    system: System = request.app.state.system
    problem = as_problem(
        error, request.scope["path"], [trigger.path for trigger in system.playbook().triggers.values()]
    )
    body = problem.body(request.scope["state"].get("request_id", ""))
    return Response(body, status_code=problem.status, headers=problem.headers, media_type=MEDIA_TYPE)
