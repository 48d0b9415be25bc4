"""A call has a method and an address on the web, keeps its secrets out of the file, and saves what may be saved."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from engine.errors import Problem, Severity
from engine.language.book import Checkable
from engine.language.flaws import Flaw
from engine.language.schema import Place
from engine.language.spelling import closest, did_you_mean
from engine.language.vocabulary import as_dict
from engine.model import Field, FieldType

KEY = "email"
STATUSES = range(100, 600)
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_SECRET = re.compile(r"authorization|cookie|(^|[-_])(api-?key|key|token|secret|password|auth)$", re.IGNORECASE)
_IN_ADDRESS = re.compile(
    r"[?&]((?:[a-z_-]*[_-])?(?:api_?key|key|token|secret|password|auth))=(?!\{\{)[^&\s]+", re.IGNORECASE
)
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_OURS = ("host", "content-length", "transfer-encoding", "connection", "idempotency-key", "accept-encoding")


def check(book: Checkable) -> Iterator[Problem]:
    """Problems with each ``http:``."""
    for step in book.mappings("step"):
        if isinstance(step.value.get("http"), str):
            yield from _call(book, Place((*step.path, "http"), step.value["http"]), step)
            yield from _headers(book, step)
            yield from _statuses(book, step)
            yield from _saved(book, step)


def _call(book: Checkable, place: Place, step: Place) -> Iterator[Problem]:
    method, _, address = place.value.strip().partition(" ")
    if "." in method or not address:
        where = method.partition("://")[2] or method
        hint = f"write  POST https://{where}" if "." in method else "for example  POST https://crm.example.com"
        yield book.problem(place, "call", "a call begins with its method, and then says where it goes", hint=hint)
        return
    if method not in METHODS:
        near = closest(method, METHODS)
        hint = f'did you mean "{near}"?' if near else f"the methods are {', '.join(METHODS)}"
        yield book.flaw(place, _flaw(0, len(method), f'"{method}" is not a method that can be called', hint))
    yield from _address(book, place, address.strip())
    if method == "GET" and "json" in step.value:
        message = "a GET asks for something and sends nothing along"
        yield book.problem((*step.path, "json"), "call", message, hint="write  POST  instead, or take it away")


def _address(book: Checkable, place: Place, address: str) -> Iterator[Problem]:
    start, host = place.value.index(address), _host(address)
    if not re.match(r"https?://", address):
        hint = f"write  https://{address.rpartition('://')[2]}"
        yield book.flaw(place, _flaw(start, start + len(address), "this is not an address on the web", hint))
    elif "{{" in address.partition("://")[2].partition("/")[0].partition("?")[0]:
        message = "where a call goes cannot come from a contact: anybody could write any address there"
        yield book.flaw(place, _flaw(start, start + len(address), message, "write the host as it is"))
    elif host is None:
        hint = "for example  https://crm.example.com/contacts"
        yield book.flaw(place, _flaw(start, start + len(address), "this address has no host", hint))
    elif "@" in address.partition("://")[2].partition("/")[0]:
        yield book.flaw(place, _secret(start, start + len(address), "a password stands in this address"))
    elif found := _IN_ADDRESS.search(address):
        message = f'"{found[1]}" looks like a secret, and what stands in the file is read by many'
        yield book.flaw(place, _secret(start + found.start(1), start + found.end(), message))
    elif address.startswith("http://"):
        message = "this call is not encrypted, so it is only made to a host that BUSOS_HTTP_ALLOW names"
        yield book.problem(place, "plain-call", message, hint="write https://", severity=Severity.WARNING)


def _host(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None


def _flaw(start: int, end: int, message: str, hint: str) -> Flaw:
    return Flaw(start=start, end=end, message=message, hint=hint, rule="call")


def _secret(start: int, end: int, message: str) -> Flaw:
    hint = "send it as a header:  headers: {Authorization: {secret: CRM}}  with HTTP_SECRET_CRM in the environment"
    return Flaw(start=start, end=end, message=message, hint=hint, rule="call-secret")


def _headers(book: Checkable, step: Place) -> Iterator[Problem]:
    for name, value in as_dict(step.value.get("headers")).items():
        place = Place((*step.path, "headers", name), name, key=True)
        if not _HEADER.fullmatch(name):
            message = f'"{name}" cannot be the name of a header'
            yield book.problem(place, "call-header", message, hint="write it with letters, digits and -")
        elif name.casefold() in _OURS:
            message = f'"{name}" is said by busos itself'
            yield book.problem(place, "call-header", message, hint="take it away")
        elif _SECRET.search(name) and isinstance(value, str):
            message = f'"{name}" holds a secret, and what stands in the file is read by many'
            hint = f"write  {name}: {{secret: CRM}}  and put the whole value into the environment as HTTP_SECRET_CRM"
            yield book.problem(Place((*step.path, "headers", name), value), "call-secret", message, hint=hint)


def _statuses(book: Checkable, step: Place) -> Iterator[Problem]:
    expected = step.value.get("expect")
    for status in expected if isinstance(expected, list) else [expected]:
        if isinstance(status, int) and status not in STATUSES:
            message = f"{status} is not a status that an answer can have"
            hint = f"they go from {STATUSES[0]} to {STATUSES[-1]}; 2xx stands for all that say it went well"
            yield book.problem((*step.path, "expect"), "call", message, hint=hint)


def _saved(book: Checkable, step: Place) -> Iterator[Problem]:
    saved = step.value.get("save_as")
    if isinstance(saved, str):
        yield from _field(book, Place((*step.path, "save_as"), saved), saved)
    for name in as_dict(saved):
        yield from _field(book, Place((*step.path, "save_as", name), name, key=True), name)


def _field(book: Checkable, place: Place, name: str) -> Iterator[Problem]:
    field = book.vocabulary.fields.get(name)
    if name not in book.section("contact"):
        if not place.key:  # names tells it of keys
            hint = did_you_mean(name, book.section("contact")) or f"add it under contact:  {name}: {{type: text}}"
            yield book.problem(place, "unknown-field", f'no field is called "{name}"', hint=hint)
    elif field is not None and _is_ruled(field, by_name=place.key):
        why = "tells contacts apart" if name == KEY else "follows from other fields"
        message = f'"{name}" {why}, so it cannot be saved over'
        yield book.problem(place, "ruled-field", message, hint="save the answer in a field of its own")


def _is_ruled(field: Field, *, by_name: bool) -> bool:
    """Whether nobody may write it. That a computed field is named in a mapping is told elsewhere."""
    return field.type is FieldType.SEGMENT or field.name == KEY or (field.computed is not None and not by_name)
