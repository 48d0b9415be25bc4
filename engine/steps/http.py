"""http: call a web address, such as that of a CRM, and maybe save what it answers. The run waits for the answer.

A call that fails in passing is made again, with the same bytes and under the same ``Idempotency-Key``, so that the
receiver can tell that it is one. What it needs and nobody knows is not made up: the run is held until it is known.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from engine.errors import Unrenderable
from engine.model import CallWeb, Do, Finish, Move, RunStatus
from engine.model.effects import host_of
from engine.rendering import fill_address, fill_header, fill_json
from engine.scene import Scene
from engine.steps.kind import Reader, Spec

EXPECTED = "2xx"


@dataclass(frozen=True, slots=True, kw_only=True)
class Http:
    """A method and an address, with what is sent and what is read from the answer."""

    method: str
    url: str
    json: object = None
    headers: tuple[tuple[str, str], ...] = ()
    secrets: tuple[tuple[str, str], ...] = ()
    expect: tuple[int, ...] = ()
    save_as: tuple[tuple[str, str], ...] = ()

    @property
    def host(self) -> str:
        """Whom it calls."""
        return host_of(self.url)

    def move(self, scene: Scene) -> Move:
        """Fill in the values and ask for the call. Its receiver is one program, so private values are not hidden."""
        values = scene.shown
        try:
            call = CallWeb(
                method=self.method,
                url=fill_address(self.url, values),
                body=None if self.json is None else fill_json(self.json, values),
                headers=tuple((name, fill_header(text, values)) for name, text in self.headers),
                secrets=self.secrets,
                expect=self.expect,
                save_as=self.save_as,
            )
        except Unrenderable as error:
            return Finish(RunStatus.HELD, f"{error}, and the call says it")
        return Do(call)


def read(spec: Spec, reader: Reader) -> Http:
    """The method and the address; ``json``, ``headers``, ``expect`` and ``save_as`` where given."""
    method, url = spec["http"].split(maxsplit=1)
    headers = spec.get("headers", {}).items()
    saved = spec.get("save_as", {})
    return Http(
        method=method,
        url=url,
        json=spec.get("json"),
        headers=tuple((name, text) for name, text in headers if isinstance(text, str)),
        secrets=tuple((name, value["secret"]) for name, value in headers if not isinstance(value, str)),
        expect=tuple(statuses(spec.get("expect", EXPECTED))),
        save_as=((saved, saved),) if isinstance(saved, str) else tuple(saved.items()),
    )


def statuses(expected: object) -> Iterator[int]:
    """Every status that ``2xx``, ``404`` or a list of these stands for."""
    for item in expected if isinstance(expected, list) else [expected]:
        text = str(item)
        yield from range(int(text[0]) * 100, int(text[0]) * 100 + 100) if text.endswith("xx") else (int(text),)


def target(spec: Spec) -> str:
    """The method and where it goes, without the query."""
    return str(spec["http"]).partition("?")[0]
