"""What happened to a run and why, line by line; lines are only ever added."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.model import Entry
from engine.runtime.ledger.encoding import instant, instant_or_none, millis, millis_or_none
from engine.runtime.ledger.records import Stamp
from engine.runtime.ledger.revisions import Revisions
from engine.runtime.ledger.session import Row, Statement

_TELL_SQL = """
    INSERT INTO story (run_id, n, at, step, kind, note, template, subject, until, provider_id, attempts, error,
        revision)
    VALUES (:run_id, (SELECT COALESCE(MAX(n), 0) + 1 FROM story WHERE run_id = :run_id), :at, :step, :kind, :note,
        :template, :subject, :until, :provider_id, :attempts, :error, :revision)
"""
# Lines that go in together do not see each other: each adds its place among those of its run.
_TELL = Statement(_TELL_SQL, postgresql=_TELL_SQL.replace("+ 1", "+ :nth"), together=True)
_STORY = Statement("""
    SELECT at, step, kind, note, template, subject, until, provider_id, attempts, error
    FROM story WHERE run_id = :run_id ORDER BY n
""")

_STAMPS = Statement("""
    SELECT v.hash, v.git_commit FROM story AS s JOIN revisions AS v ON v.number = s.revision
    WHERE s.run_id = :run_id ORDER BY s.n
""")


def _entry(row: Row) -> Entry:
    return Entry(
        at=instant(row[0]),
        step=row[1],
        kind=row[2],
        note=row[3],
        template=row[4],
        subject=row[5],
        until=instant_or_none(row[6]),
        provider_id=row[7],
        attempts=row[8],
        error=row[9],
    )


def _row(run_id: str, entry: Entry, nth: int, revision: int) -> dict[str, Any]:
    return {
        "run_id": run_id,
        "nth": nth,
        "at": millis(entry.at),
        "step": entry.step,
        "kind": entry.kind,
        "note": entry.note,
        "template": entry.template,
        "subject": entry.subject,
        "until": millis_or_none(entry.until),
        "provider_id": entry.provider_id,
        "attempts": entry.attempts,
        "error": entry.error,
        "revision": revision,
    }


class Story(Revisions):
    """Statements about what happened."""

    def tell(self, entries: Sequence[tuple[str, Entry]], revision: str) -> None:
        """Add lines to the stories of runs, in the order given."""
        if entries:
            number = self._revision_number(revision)
            lines: dict[str, int] = {}
            rows = []
            for run_id, entry in entries:
                lines[run_id] = lines.get(run_id, 0) + 1
                rows.append(_row(run_id, entry, lines[run_id], number))
            self._many(_TELL, rows)

    def story(self, run_id: str) -> list[Entry]:
        """The story of a run, from its beginning."""
        return [_entry(row) for row in self._all(_STORY, run_id=run_id)]

    def stamps(self, run_id: str) -> list[Stamp]:
        """By which version of the file each line of a story was decided."""
        return [Stamp(row[0], row[1]) for row in self._all(_STAMPS, run_id=run_id)]
