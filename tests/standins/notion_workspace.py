"""What a person sees and does in the Notion that the stand-in plays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from tests.standins.notion_shapes import Json, Page, Source, empty, plain, typed


class Workspace:
    """Databases and pages, edited by hand. ``now`` tells the time of an edit."""

    sources: dict[str, Source]
    pages: dict[str, Page]
    now: Callable[[], datetime]

    def page(self, title_or_email: str) -> Page:
        """The page with this title or email; KeyError when there is none or more than one."""
        found = self.pages_of(title_or_email)
        if len(found) != 1:
            raise KeyError(f"{len(found)} pages are called {title_or_email!r}")
        return found[0]

    def pages_of(self, title_or_email: str) -> list[Page]:
        """Every page, not in the trash, with this title or email."""
        alive = [page for page in self.pages.values() if not page.in_trash]
        return [page for page in alive if title_or_email in self._names(page)]

    def read(self, page: Page) -> Json:
        """A page as a person reads it: its columns in plain values."""
        source = self.sources[page.source]
        shown = {
            name: plain(column["type"], page.values.get(name, empty(column))) for name, column in source.columns.items()
        }
        return {"id": page.id, "source": source.name, "in_trash": page.in_trash, "values": shown}

    def edit(self, title_or_email: str, **values: Any) -> Page:
        """Change columns of a page by hand; ``First_Name`` is the column First Name."""
        page = self.page(title_or_email)
        self._type_in(page, values)
        return page

    def add(self, source: str, blocks: Sequence[Json] = (), **values: Any) -> Page:
        """Make a page by hand."""
        now = self.now()
        page = Page(str(uuid4()), source, now, now, {}, [{"id": str(uuid4()), **block} for block in blocks])
        self.pages[page.id] = page
        self._type_in(page, values)
        return page

    def trash(self, title_or_email: str) -> None:
        """Delete a page by hand."""
        self.page(title_or_email).in_trash = True

    def rename(self, source: str, old: str, new: str) -> None:
        """Rename a column by hand."""
        columns = self.sources[source].columns
        columns[new] = columns.pop(old)
        for page in self.pages.values():
            if page.source == source and old in page.values:
                page.values[new] = page.values.pop(old)

    def _names(self, page: Page) -> set[Any]:
        columns = self.sources[page.source].columns
        naming = [name for name, column in columns.items() if column["type"] in ("title", "email")]
        return {plain(columns[name]["type"], page.values.get(name, empty(columns[name]))) for name in naming}

    def _type_in(self, page: Page, values: Json) -> None:
        columns = self.sources[page.source].columns
        for key, value in values.items():
            name = key.replace("_", " ")
            page.values[name] = typed(columns[name]["type"], value)
        page.edited = self.now()
