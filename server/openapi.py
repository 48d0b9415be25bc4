"""The OpenAPI 3.1 document of the playbook of the moment: every trigger's fields, answers and ways to sign."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from litestar import Request, Response, get

from engine import __version__
from engine.model import Field, FieldType, Trigger, Vocabulary
from engine.payloads import payload_schema, put
from engine.providers import Provider, providers
from server.problems import MEDIA_TYPE
from server.system import System

Document = dict[str, Any]

_PROBLEMS: Mapping[int, str] = {
    400: "The body is not JSON in UTF-8, or the Idempotency-Key is not one",
    401: "No signature, or one that does not fit",
    403: "Not allowed from here",
    404: "There is nothing here",
    408: "The body did not come in",
    409: "The Idempotency-Key came before with another body",
    413: "The body is larger than 64 KiB",
    415: "The body is not application/json",
    422: "Wrong fields: all of them are in errors",
    429: "Too many requests: try again after Retry-After seconds",
    500: "A fault of the server's",
    503: "Not written to disk: try again after Retry-After seconds",
}


def openapi(system: System) -> Document:
    """The whole document."""
    playbook, settings = system.playbook(), system.settings
    secrets = {name: settings.webhook_secret_of(name) for name in playbook.triggers}
    called_by = {trigger.provider for trigger in playbook.triggers.values() if trigger.provider}
    schemes = (_SECURITY if any(secrets.values()) else {}) | {
        name: _signature_of(providers()[name]) for name in sorted(called_by)
    }
    paths: dict[str, Document] = {
        trigger.path: {"post": _webhook(trigger, playbook.vocabulary, locked=bool(secrets[trigger.name]))}
        for trigger in playbook.triggers.values()
    }
    return {
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {"title": "busos", "version": __version__, "description": "The webhooks of this server's sequences."},
        "servers": [{"url": settings.base_url}],
        "paths": paths | _OTHER_PATHS,
        "components": {"schemas": _SCHEMAS} | ({"securitySchemes": schemes} if schemes else {}),
    }


def _webhook(trigger: Trigger, vocabulary: Vocabulary, *, locked: bool) -> Document:
    schema = payload_schema(trigger, vocabulary)
    operation: Document = {
        "operationId": trigger.name,
        "summary": f"Trigger {trigger.name}",
        "parameters": [_IDEMPOTENCY_KEY],
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
        "responses": {
            "202": {
                "description": "The event is on disk",
                "headers": _ACCEPTED_HEADERS,
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Accepted"}}},
            },
            **_problems(400, 401, 408, 409, 413, 415, 422, 429, 500, 503),
        },
    }
    provider = providers().get(trigger.provider or "")
    if provider is not None:
        operation["summary"] += f", called by {provider.TITLE}: {', '.join(trigger.events)}"
        operation["security"] = [{provider.NAME: []}]
        ignored = {"$ref": "#/components/schemas/Ignored"}
        accepted = operation["responses"]["202"]["content"]["application/json"]
        accepted["schema"] = {"anyOf": [accepted["schema"], ignored]}
    elif locked:
        operation["security"] = [{"bearer": []}, {"signature": []}]
    return operation


def _signature_of(provider: Provider) -> Document:
    description = f"The signature of {provider.TITLE} over the body"
    return {"type": "apiKey", "in": "header", "name": provider.HEADER, "description": description}


def _problems(*statuses: int) -> Document:
    return {str(status): _problem(status) for status in statuses}


def _problem(status: int) -> Document:
    answer: Document = {
        "description": _PROBLEMS[status],
        "headers": {"X-Request-Id": _header("The id of this request, for the log")},
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    if status in (429, 503):
        answer["headers"]["Retry-After"] = _header("Seconds to wait", "integer")
    return answer


def _header(description: str, kind: str = "string") -> Document:
    return {"description": description, "schema": {"type": kind}}


_ACCEPTED_HEADERS = {
    "X-Request-Id": _header("The id of this request, for the log"),
    "Idempotent-Replayed": {
        "description": "Only on a retry that came before: nothing started twice",
        "schema": {"const": "true"},
    },
}
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key and body again is answered with the same event. A webhook-id header does the same.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}
_SCHEMAS: Document = {
    "Accepted": {
        "type": "object",
        "required": ["status", "event_id", "email", "segment", "timestamp"],
        "properties": {
            "status": {"const": "accepted"},
            "event_id": {"type": "string"},
            "email": {"type": "string"},
            "segment": {"type": ["string", "null"], "description": "null where it cannot be known yet"},
            "timestamp": {"type": "string", "format": "date-time"},
        },
    },
    "Ignored": {
        "type": "object",
        "description": "An event of the provider that starts nothing here",
        "required": ["status", "event"],
        "properties": {"status": {"const": "ignored"}, "event": {"type": ["string", "null"]}},
    },
    "Problem": {
        "type": "object",
        "description": "RFC 9457",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "request_id": {"type": "string"},
            "errors": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["field", "pointer", "message"],
                    "properties": {
                        "field": {"type": "string"},
                        "pointer": {"type": "string", "description": "JSON Pointer of the wrong value"},
                        "message": {"type": "string"},
                    },
                },
            },
        },
    },
    "Health": {
        "type": "object",
        "required": ["status", "version", "timestamp", "environment"],
        "properties": {
            "status": {"const": "healthy"},
            "version": {"type": "string"},
            "timestamp": {"type": "string", "format": "date-time"},
            "environment": {"type": "object", "additionalProperties": {"type": "boolean"}},
        },
    },
    "Readiness": {
        "type": "object",
        "required": ["status", "checks"],
        "properties": {
            "status": {"enum": ["ready", "not ready"]},
            "checks": {
                "type": "object",
                "additionalProperties": {
                    "type": "object",
                    "required": ["ok", "state"],
                    "properties": {"ok": {"type": "boolean"}, "state": {"type": "string"}},
                },
            },
        },
    },
}
_SECURITY: Document = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "The server's webhook secret itself"},
    "signature": {
        "type": "apiKey",
        "in": "header",
        "name": "webhook-signature",
        "description": "Standard Webhooks: v1, and the base64 of HMAC-SHA256 over id.timestamp.body, "
        "beside the headers webhook-id and webhook-timestamp (Unix time)",
    },
}


def _answer(schema: str, description: str) -> Document:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {"description": description, "content": content}


def _unsubscribe(summary: str, body: Document) -> Document:
    token = {"name": "token", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
    page = {"description": "A page", "content": {"text/html": {"schema": {"type": "string"}}}}
    return {
        "summary": summary,
        "parameters": [token],
        "responses": {"200": page, **_problems(404, 500, 503)},
        **body,
    }


_OTHER_PATHS: Document = {
    "/health": {
        "get": {"summary": "Whether this process answers", "responses": {"200": _answer("Health", "It does")}},
    },
    "/health/ready": {
        "get": {
            "summary": "Whether every part works",
            "responses": {"200": _answer("Readiness", "All do"), "503": _answer("Readiness", "Some do not")},
        },
    },
    "/u/{token}": {
        "get": _unsubscribe("A page with a button to unsubscribe", {}),
        "post": _unsubscribe("Unsubscribe (RFC 8058)", {}),
    },
}


# -- An example of a trigger's payload ----------------------------------------------------------

_EXAMPLES: Mapping[FieldType, Any] = {
    FieldType.TEXT: "Ada",
    FieldType.EMAIL: "ada@example.com",
    FieldType.CHECKBOX: True,
    FieldType.DATE: "2025-11-12",
    FieldType.DATETIME: "2025-11-12T15:00:00Z",
    FieldType.PHONE: "+1 416 555 0100",
    FieldType.LINK: "https://www.example.com",
    FieldType.LIST: ["one"],
    FieldType.TIMEZONE: "America/Toronto",
}


def example_payload(trigger: Trigger, vocabulary: Vocabulary) -> str:
    """A payload with only the required fields, as JSON text."""
    payload: Document = {}
    for take in trigger.takes:
        if take.required:
            put(take.path.parts if take.path else (take.field,), payload, _example(vocabulary.fields[take.field]))
    return json.dumps(payload)


def _example(field: Field) -> Any:
    if field.type is FieldType.CHOICE:
        return field.choices[0]
    if field.type in (FieldType.WHOLE, FieldType.NUMBER):
        lowest = field.minimum or 0
        return int(min(lowest + 2, field.maximum) if field.maximum is not None else lowest + 2)
    return _EXAMPLES.get(field.type, "")


@get(["/schema", "/schema/openapi.json"], sync_to_thread=False)
def schema(request: Request[Any, Any, Any]) -> Response[Document]:
    """OpenAPI 3.1 of this server."""
    return Response(openapi(request.app.state.system), headers={"cache-control": "no-cache"})


ROUTES = (schema,)
