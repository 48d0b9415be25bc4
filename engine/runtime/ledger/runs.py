"""The runs themselves: begun, looked up, listed and counted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from engine.model import TRIGGER_PREFIX, Run, RunStatus
from engine.runtime.ledger.encoding import instant_or_none
from engine.runtime.ledger.records import ListedRun, email_key
from engine.runtime.ledger.revisions import Revisions
from engine.runtime.ledger.run_rows import LIVE, RUN_COLUMNS, RUN_COLUMNS_OF_R, birth, given_text, run_of
from engine.runtime.ledger.session import Lookup, Row, Statement

# ruff: noqa: S608 - the only words put into SQL here are our own

_ADD = Statement(
    """
    INSERT INTO runs (id, program, contact_id, status, step, since, due_at, started_at, event_id, segment, attempt,
        asked_at, in_doubt, skipping, reason, ended_at, version, wake_at, paused_at, revision,
        key, given, elsewhere, pinned)
    VALUES (:id, :program, :contact_id, :status, :step, :since, :due_at, :started_at, :event_id, :segment, :attempt,
        :asked_at, :in_doubt, :skipping, :reason, :ended_at, :version, :wake_at, :paused_at, :revision,
        :key, :given, :elsewhere, :pinned)
""",
    together=True,
)
_GIVE = Statement("UPDATE runs SET given = :given WHERE id = :id")
_GET = Lookup(f"SELECT {RUN_COLUMNS} FROM runs WHERE id IN :keys")
# The program is picked out here and not in SQL: SQLite would rather read every run of the program.
_OF = Lookup(f"SELECT {RUN_COLUMNS} FROM runs WHERE contact_id IN :keys ORDER BY id")
_LIVE = Lookup(f"SELECT {RUN_COLUMNS} FROM runs WHERE contact_id IN :keys AND status IN {LIVE} ORDER BY id")
_REVISION = Statement("""
    SELECT v.hash FROM runs AS r JOIN revisions AS v ON v.number = r.revision WHERE r.id = :id
""")
_PAUSES = Lookup("SELECT program FROM pauses WHERE program IN :keys")
_COUNTS = Statement("SELECT program, status, count(*) FROM runs GROUP BY program, status")
# Jumps from one program to the next in the index instead of reading a million entries of the same.
_PROGRAMS = Statement("""
    WITH RECURSIVE seen (program) AS (
        SELECT min(program) FROM runs
        UNION ALL
        SELECT (SELECT min(r.program) FROM runs AS r WHERE r.program > seen.program) FROM seen
        WHERE seen.program IS NOT NULL
    ) SELECT program FROM seen WHERE program IS NOT NULL
""")
_FILTERS = {
    "email": "c.email_key = :email",
    "program": "r.program = :program",
    "status": "r.status = :status",
    "before": "r.id < :before",
    "key": "r.key = :key",
}


@lru_cache(maxsize=32)
def _list(filters: tuple[str, ...]) -> Statement:
    where = " AND ".join(_FILTERS[name] for name in filters) or "1 = 1"
    return Statement(f"""
        SELECT {RUN_COLUMNS_OF_R}, r.paused_at, c.email FROM runs AS r JOIN contacts AS c ON c.id = r.contact_id
        WHERE {where} ORDER BY r.id DESC LIMIT :limit
    """)


class Runs(Revisions):
    """Statements about runs."""

    def add_runs(self, runs: Sequence[Run], revision: str) -> None:
        """Begin runs under a revision of the file. Their contacts are there already."""
        if runs:
            number = self._revision_number(revision)
            paused = self.paused_programs({run.program for run in runs})
            self._many(
                _ADD, [birth(run, number, paused=run.program in paused and not run.status.ended) for run in runs]
            )

    def give(self, runs: Sequence[Run]) -> None:
        """Write the values that these runs keep now."""
        if runs:
            self._many(_GIVE, [{"id": run.id, "given": given_text(run)} for run in runs])

    def paused_programs(self, programs: Iterable[str]) -> set[str]:
        """Those whose new runs are to be paused from their beginning; a trigger never is."""
        wanted = [program for program in programs if not program.startswith(TRIGGER_PREFIX)]
        return {row[0] for row in self._lookup(_PAUSES, wanted)} if wanted else set()

    def run(self, run_id: str) -> Run | None:
        """One run, or None."""
        return self.runs([run_id]).get(run_id)

    def runs(self, ids: Iterable[str]) -> dict[str, Run]:
        """Runs by id."""
        return {row[0]: run_of(row) for row in self._lookup(_GET, list(ids))}

    def runs_of(self, contact_id: str, program: str) -> list[Run]:
        """Every run of a contact in a program, oldest first."""
        return self.runs_of_many([contact_id], program).get(contact_id, [])

    def runs_of_many(self, contact_ids: Iterable[str], program: str) -> dict[str, list[Run]]:
        """The same for many contacts; who never was in the program is left out."""
        rows = self._lookup(_OF, list(set(contact_ids)))
        return _by_contact(row for row in rows if row[1] == program)

    def live_runs(self, contact_id: str) -> list[Run]:
        """The unfinished runs of a contact, oldest first."""
        return self.live_runs_of_many([contact_id]).get(contact_id, [])

    def live_runs_of_many(self, contact_ids: Iterable[str]) -> dict[str, list[Run]]:
        """The same for many contacts; who has none is left out."""
        return _by_contact(self._lookup(_LIVE, list(set(contact_ids))))

    def run_revision(self, run_id: str) -> str | None:
        """The hash of the file under which a run began."""
        row = self._first(_REVISION, id=run_id)
        return row[0] if row else None

    def counts(self) -> dict[tuple[str, RunStatus], int]:
        """How many runs there are, by (program, status)."""
        return {(program, RunStatus(status)): n for program, status, n in self._all(_COUNTS)}

    def programs(self) -> list[str]:
        """Every program that ever had a run."""
        return [row[0] for row in self._all(_PROGRAMS)]

    def list_runs(
        self,
        *,
        program: str | None = None,
        status: RunStatus | None = None,
        email: str | None = None,
        key: str | None = None,
        before: str | None = None,
        limit: int = 50,
        triggers: bool = False,
    ) -> list[ListedRun]:
        """Runs, newest first; ``before`` is the last id of the page before. ``triggers`` adds runs of triggers."""
        asked = {"status": status and status.value, "email": email and email_key(email), "before": before, "key": key}
        given = {name: value for name, value in asked.items() if value is not None}
        wanted = [program] if program is not None else self._listed_programs(triggers)
        statuses = [status] if status or email else list(RunStatus)
        rows = [row for name in wanted for one in statuses for row in self._page(given, name, one, limit)]
        rows.sort(key=lambda row: str(row[0]), reverse=True)
        return [ListedRun(run_of(row), row[-1], instant_or_none(row[-2])) for row in rows[:limit]]

    def _listed_programs(self, triggers: bool) -> list[str]:
        return [name for name in self.programs() if triggers or not name.startswith(TRIGGER_PREFIX)]

    def _page(self, given: dict[str, Any], program: str, status: RunStatus | None, limit: int) -> Sequence[Row]:
        """One program and status: the index gives its newest first without a sort."""
        values = {**given, "program": program, "limit": limit}
        if status is not None:
            values["status"] = status.value
        filters = tuple(name for name in _FILTERS if name in values)
        return self._all(_list(filters), **values)


def _by_contact(rows: Iterable[Row]) -> dict[str, list[Run]]:
    found: dict[str, list[Run]] = {}
    for row in rows:
        found.setdefault(row[2], []).append(run_of(row))
    return found
