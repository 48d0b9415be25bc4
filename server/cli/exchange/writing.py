"""A template as the file that says it."""

from __future__ import annotations

import json
import os
import re
import tempfile
from pathlib import Path

from engine.model import TemplateText

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,99}")
_PLAIN = re.compile(r"[A-Za-z0-9][^:#{}\[\]\"'\\\x00-\x1f\x7f-\x9f\u2028\u2029]*")
_WORDS = re.compile(r"(?:true|false|yes|no|on|off|null|[\d.,]+)", re.IGNORECASE)


def can_be_a_file(name: str) -> bool:
    """Whether a file may be called so: Notion's names are anybody's, and lead to no other folder."""
    return bool(_NAME.fullmatch(name))


def file_text(template: TemplateText) -> str:
    """The front matter and the body; what a file says that was written by hand in the usual way comes out the same."""
    lines = [f"subject: {json.dumps(template.subject, ensure_ascii=False)}"]
    if template.preheader:
        lines.append(f"preheader: {_scalar(template.preheader)}")
    if not template.active:
        lines.append("active: false")
    return "\n".join(["---", *lines, "---", template.body])


def _scalar(text: str) -> str:
    """Without quotes where YAML reads the same text."""
    plain = _PLAIN.fullmatch(text) and text == text.strip() and not _WORDS.fullmatch(text)
    return text if plain else json.dumps(text, ensure_ascii=False)


def write(path: Path, text: str) -> None:
    """Put a text into a file, wholly or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        Path(draft).chmod(path.stat().st_mode & 0o777 if path.exists() else 0o644)
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
