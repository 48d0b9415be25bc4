"""Which version of the file said so: each is kept once, rows elsewhere hold its small number."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from engine.runtime.ledger.encoding import instant_or_none, millis
from engine.runtime.ledger.records import Revision
from engine.runtime.ledger.session import Session, Statement

_NUMBER = Statement("SELECT number FROM revisions WHERE hash = :hash")
_NAME = Statement("INSERT INTO revisions (hash, text) VALUES (:hash, '') ON CONFLICT (hash) DO NOTHING")
_PUT = Statement("""
    INSERT INTO revisions (hash, text, loaded_at, git_commit) VALUES (:hash, :text, :now, :git_commit)
    ON CONFLICT (hash) DO UPDATE SET text = excluded.text, loaded_at = excluded.loaded_at,
        git_commit = COALESCE(excluded.git_commit, revisions.git_commit)
""")
_GET = Statement("SELECT hash, text, loaded_at, git_commit FROM revisions WHERE hash = :hash")
_OF_NUMBER = Statement("SELECT hash, text, loaded_at, git_commit FROM revisions WHERE number = :number")
_LATEST = Statement("""
    SELECT hash, text, loaded_at, git_commit FROM revisions WHERE loaded_at IS NOT NULL
    ORDER BY loaded_at DESC, number DESC LIMIT 1
""")


class Revisions(Session):
    """Statements about revisions of the file."""

    def put_revision(self, revision: str, text: str, now: datetime, commit: str | None = None) -> None:
        """Keep a version of the file, by its hash; loading it again only moves its time."""
        self._do(_PUT, hash=revision, text=text, now=millis(now), git_commit=commit)

    def revision(self, revision: str) -> Revision | None:
        """A version of the file by its hash."""
        row = self._first(_GET, hash=revision)
        return Revision(row[0], row[1], instant_or_none(row[2]), row[3]) if row else None

    def revision_numbered(self, number: int) -> Revision | None:
        """A version of the file by its number in the ledger."""
        row = self._first(_OF_NUMBER, number=number)
        return Revision(row[0], row[1], instant_or_none(row[2]), row[3]) if row else None

    def latest_revision(self) -> Revision | None:
        """The version of the file that was loaded last."""
        row = self._first(_LATEST)
        return Revision(row[0], row[1], instant_or_none(row[2]), row[3]) if row else None

    def _revision_number(self, revision: str) -> int:
        row = self._first(_NUMBER, hash=revision)
        if row is None:
            self._do(_NAME, hash=revision)
            row = self._first(_NUMBER, hash=revision)
        assert row is not None, "the row was inserted a line ago"  # noqa: S101 - for the type checker
        return int(row[0])

    def _revision_numbers(self, revisions: Iterable[str]) -> dict[str, int]:
        return {revision: self._revision_number(revision) for revision in revisions}
