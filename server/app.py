"""The web server: the webhooks in front, for speed, and everything else behind them on Litestar."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from typing import Any

import uvicorn
from litestar import Litestar
from litestar.datastructures import State
from litestar.types import ControllerRouterHandler, Message, Scope, Send

from engine.errors import SettingsError
from server import deliveries, health, openapi, outbox_page, rendering, unsubscribe
from server.problems import answer_problem
from server.system import SentEmail, System
from server.webhooks import Webhooks, request_id

__all__ = ["App", "SentEmail", "System", "create_app", "listen", "make_server", "serve"]

GRACE = 5  # seconds that open requests have to finish when the server stops

_ROUTES = (
    *health.ROUTES,
    *deliveries.ROUTES,
    *unsubscribe.ROUTES,
    *outbox_page.ROUTES,
    *openapi.ROUTES,
    *rendering.ROUTES,
)
_HEADERS = ((b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer"))


class App(Litestar):
    """Litestar with the webhooks before its router: their paths change when the file is reloaded."""

    webhooks: Webhooks

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
        elif (hook := self.webhooks.find(scope["path"])) is not None:
            await self.webhooks.answer(hook, scope, receive, send)
        else:
            await super().__call__(scope, receive, _with_headers(scope, send))


def _with_headers(scope: Scope, send: Send) -> Send:
    name = request_id(dict(scope["headers"]))
    scope.setdefault("state", {})["request_id"] = name

    async def add(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], (b"x-request-id", name.encode()), *_HEADERS]
        await send(message)

    return add


def create_app(system: System, more: Iterable[ControllerRouterHandler] = ()) -> App:
    """The ASGI app over a running system, with further routes of Litestar beside its own."""
    app = App(
        [*_ROUTES, *more],
        state=State({"system": system}),
        exception_handlers={Exception: answer_problem},
        openapi_config=None,
        logging_config=None,
        debug=False,
    )
    app.webhooks = Webhooks(system)
    return app


# -- Running it ---------------------------------------------------------------------------------


class _Server(uvicorn.Server):
    """Uvicorn that says when it takes connections."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None] | None) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._ready is not None and self.started:
            self._ready()


def make_server(app: App, ready: Callable[[], None] | None = None) -> uvicorn.Server:
    """Uvicorn around the app, with uvloop and httptools where they are installed. Run it on a socket of ``listen``."""
    return _Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE,
        ),
        ready,
    )


def listen(host: str, port: int) -> socket.socket:
    """A socket that is bound to the address; port 0 is any free one. Raises SettingsError when it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Said as TCP, or asyncio does not turn Nagle's delay off, and each answer waits 40 ms for an acknowledgement.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise SettingsError(f"cannot listen on {host} port {port}: {error.strerror}; choose another --port") from None
    return bound


def serve(
    system: System,
    host: str = "127.0.0.1",
    port: int = 8000,
    *,
    ready: Callable[[], None] | None = None,
    more: Iterable[ControllerRouterHandler] = (),
) -> None:
    """Serve until a signal says stop; ``ready`` is called once connections are taken."""
    with listen(host, port) as bound:
        make_server(create_app(system, more), ready).run(sockets=[bound])
