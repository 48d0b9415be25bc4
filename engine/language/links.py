"""Which addresses in an email cannot be right, and what was probably meant."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import NamedTuple

from engine.language.values import EMAIL_FORM

SCHEMES = ("https", "http", "mailto", "tel", "sms")
_WEB = frozenset({"http", "https"})
_TAG = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+-]*):")
_HOST = re.compile(r"[^/?#]*")
_DOMAIN = re.compile(r"(?:[a-z0-9-]+\.)+[a-z]{2,}(?::\d+)?(?=[/?#]|$)", re.IGNORECASE)
_FILES = re.compile(r"[^/]*\.(?:html?|php|aspx?|png|jpe?g|gif|webp|svg|pdf|md)$", re.IGNORECASE)
_OWN = re.compile(
    r"localhost|[^.]+\.local|127\.[\d.]+|0\.0\.0\.0|10\.[\d.]+|192\.168\.[\d.]+|172\.(?:1[6-9]|2\d|3[01])\.[\d.]+|\[::1\]",
    re.IGNORECASE,
)
_PLACEHOLDER = re.compile(
    r"(?:.*\.)?(?:example\.(?:com|net|org)|your-?(?:domain|site|website|company|business|link)\.[a-z]+|domain\.com)",
    re.IGNORECASE,
)
_ONLY_HERE = frozenset({"file", "c", "d", "about", "blob"})
_NEVER = frozenset({"javascript", "vbscript"})


class Wrong(NamedTuple):
    """What is wrong with an address (after ``links to "…", ``), and what to write instead."""

    why: str
    instead: str


def wrong_link(address: str) -> Wrong | None:
    """Why this address leads nowhere; None when it may be right. Tags may stand for anything but a scheme."""
    bare = address.strip()
    if not bare or bare == "#":
        return Wrong("which leads nowhere", "write the whole address, from https:// on, or take the link away")
    if re.search(r"\s", _TAG.sub("x", bare)):
        return Wrong("which has a space in it", "take the space out, or write %20 where it belongs there")
    first = _TAG.match(bare)
    if first or "{%" in bare or bare.startswith("#"):
        return _scheme_from_field(bare, first)
    scheme = _SCHEME.match(bare)
    if scheme is None or _DOMAIN.match(bare):
        return _without_scheme(bare)
    return _with_scheme(bare, scheme[1].lower(), bare[scheme.end() :])


def is_placeholder(address: str) -> bool:
    """Whether an address leads to a domain that stands for another one in examples."""
    found = re.match(r"https?://([^/?#:]+)|mailto:[^@]*@([^?,]+)", address.strip(), re.IGNORECASE)
    return bool(found and _PLACEHOLDER.fullmatch(found[1] or found[2]))


def _write(address: str) -> str:
    return f"write  {address}"


def _scheme_from_field(bare: str, first: re.Match[str] | None) -> Wrong | None:
    if first and bare[first.end() :].startswith(":"):
        return Wrong("whose beginning comes from a field", "write https:// itself, and the field after it")
    return None


def _without_scheme(bare: str) -> Wrong:
    if bare.startswith("//"):
        return Wrong("which does not say https:", _write(f"https:{bare}"))
    if EMAIL_FORM.fullmatch(bare):
        return Wrong("which is an email address", _write(f"mailto:{bare}"))
    if _DOMAIN.match(bare) and not _FILES.fullmatch(bare):
        return Wrong("which does not begin with https://", _write(f"https://{bare}"))
    return Wrong("which works only inside a website", f"write the whole address:  https://…/{bare.lstrip('./')}")


def _with_scheme(bare: str, scheme: str, rest: str) -> Wrong | None:
    if scheme in _WEB:
        return _web(bare, scheme, rest)
    if scheme == "mailto":
        return _mail(rest)
    if scheme in ("tel", "sms"):
        digits = len(re.findall(r"\d", _TAG.sub("000", rest)))
        return None if digits > 2 else Wrong("which has no phone number", _write(f"{scheme}:+15550100"))
    if scheme in _ONLY_HERE:
        return Wrong("which only opens on your own computer", "put it on the web, and write its https:// address")
    if scheme in _NEVER:
        return Wrong("which no mail program runs", "write an https:// address")
    near = get_close_matches(scheme, SCHEMES, 1, 0.75)
    return Wrong(f'and there is no "{scheme}:"', _write(f"{near[0]}:{rest}")) if near else None


def _web(bare: str, scheme: str, rest: str) -> Wrong | None:
    if not rest.startswith("//") or rest.startswith("///"):
        return Wrong("which has not two slashes after the colon", _write(f"{scheme}://{rest.lstrip('/')}"))
    after = rest[2:]
    again = re.match(r"https?(?::/*|/+)", after, re.IGNORECASE)
    if again:
        return Wrong("which says https:// twice", _write(f"{scheme}://{after[again.end() :]}"))
    host = _HOST.match(after)[0].rpartition("@")[2]  # type: ignore[index]
    if _TAG.search(host):
        return None
    if not host:
        return Wrong("which names no website", "write the whole address, from https:// on")
    if _OWN.fullmatch(host.rpartition(":")[0] or host):
        return Wrong("which only opens on your own computer", "write the address that your readers can open")
    if not _DOMAIN.fullmatch(host) and host.isascii() and not re.fullmatch(r"[\d.]+(?::\d+)?", host):
        return Wrong(f'and "{host}" is no name of a website', "write the whole name, such as https://www.shop.com")
    return None


def _mail(rest: str) -> Wrong | None:
    addresses = rest.partition("?")[0]
    if _TAG.search(addresses):
        return None
    if all(EMAIL_FORM.fullmatch(one.strip()) for one in addresses.split(",")):
        return None
    return Wrong("which has no email address", "write a whole address after mailto:")
