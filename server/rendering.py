"""The server's own pages: Jinja with everything escaped, and headers that let a page load nothing from elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Response, get
from litestar.enums import MediaType

PAGES = Path(__file__).parent / "pages"

_CSP = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; frame-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
# An email as its reader sees it: its own inline styles, pictures from the web, and nothing that runs.
_EMAIL_CSP = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data: https:; font-src data:; form-action 'none'; "
    "base-uri 'none'; frame-ancestors 'self'"
)
_PRIVATE = {"cache-control": "no-store", "x-robots-tag": "noindex"}

_environment = Environment(
    loader=FileSystemLoader(PAGES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)


def page(template: str, *, status: int = 200, **values: Any) -> Response[str]:
    """One of the pages, rendered."""
    html = _environment.get_template(template).render(values)
    headers = {"content-security-policy": _CSP, **_PRIVATE}
    return Response(html, status_code=status, media_type=MediaType.HTML, headers=headers)


def email_document(html: str) -> Response[str]:
    """An email's HTML on its own, for a frame: it may show itself, and do nothing."""
    headers = {"content-security-policy": _EMAIL_CSP, **_PRIVATE}
    return Response(html, media_type=MediaType.HTML, headers=headers)


@get("/assets/busos.css", sync_to_thread=False)
def style() -> Response[str]:
    """The style of every page."""
    return Response(_STYLE, media_type="text/css", headers={"cache-control": "max-age=300"})


_STYLE = (PAGES / "busos.css").read_text(encoding="utf-8")
ROUTES = (style,)
