"""A backup in the place of a ledger: looked at first, made safe, and then swapped in at one instant.

What was there is kept aside. Whoever has the ledger open would go on in the old one, so nobody may: SQLite's own
lock tells, and holds the door during the swap; Postgres knows who is connected, and does all of it in a transaction.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from engine.errors import LedgerUnavailable
from engine.runtime.ledger import migrations
from engine.runtime.ledger.copying.backup import back_up
from engine.runtime.ledger.copying.copy import copied
from engine.runtime.ledger.copying.drafts import Draft, draft, refuse_taken
from engine.runtime.ledger.copying.places import closed_after, opened
from engine.runtime.ledger.copying.sides import Progress
from engine.runtime.ledger.copying.sqlite import (
    address,
    alone_with,
    as_one_file,
    compact,
    in_use,
    sound,
    sqlite_snapshot,
)
from engine.runtime.ledger.copying.suppressed import take_over
from engine.runtime.ledger.databases.folder_lock import folder_locked
from engine.runtime.ledger.databases.sqlite import Sqlite
from engine.runtime.ledger.ledger import Ledger
from engine.runtime.ledger.restored import Held


@dataclass(frozen=True, slots=True)
class Restoration:
    """A backup that is the ledger now. ``aside`` is where the former one is.

    ``suppressed`` are people who unsubscribed since, as the former one says; None where it could not be read.
    """

    place: str
    held: Held
    aside: Path | None = None
    suppressed: int | None = 0


def restore(url: str, backup: Path, now: datetime, progress: Progress, *, safety: Path | None = None) -> Restoration:
    """Put a backup in the place of the ledger at an address.

    A ledger in Postgres has to be empty, unless ``safety`` names the file for a backup of what is there.
    Raises ``LedgerUnavailable`` when the backup is not sound or not ours, and while the ledger is in use.
    """
    refuse_unsound(backup)
    with closed_after(url) as database:
        if isinstance(database, Sqlite):
            return _restore_file(database.path, backup, now, progress)
        place = database.place
        aside = safety if database.exists() else None
    if aside is not None:
        back_up(url, aside, now, progress)
    held, suppressed = _restore_tables(url, backup, now, progress, aside, replacing=safety is not None)
    return Restoration(place, held, aside, suppressed)


def use(url: str, now: datetime) -> Restoration:
    """Put a ledger to use that is a copy, or was moved away."""
    with opened(url) as database:
        database.prepare()
        with Ledger(database).write() as tx:
            if tx.mark() is None:
                words = f"The ledger {database.place} is no copy: name the backup that is to take its place."
                raise LedgerUnavailable(words)
            return Restoration(database.place, tx.put_to_use(now))


# -- A file -----------------------------------------------------------------------------------


def _restore_file(target: Path, backup: Path, now: datetime, progress: Progress) -> Restoration:
    refuse_same(backup, target)
    refuse_used(target)
    with draft(target, replacing=True) as new:
        compact(backup, new.path, progress)
        held, suppressed = _made_safe(new.path, now, target if target.exists() else None)
        return Restoration(str(target), held, _swap(new, target, now), suppressed)


def refuse_unsound(backup: Path) -> None:
    """A backup is a whole file, a ledger, and of a version that we know."""
    if not backup.is_file():
        raise LedgerUnavailable(f"There is no file {backup}.")
    try:
        version, wrong = Sqlite(backup).version(), sound(backup)
    except LedgerUnavailable as error:
        words = f"The file {backup} is no backup of busos, or it is damaged beyond reading. Nothing was changed."
        raise LedgerUnavailable(words) from error
    if version is None:
        raise LedgerUnavailable(f"The file {backup} is empty: it is no backup. Nothing was changed.")
    if wrong:
        raise LedgerUnavailable(f"The backup {backup} is damaged ({wrong[0]}). Take an older one. Nothing was changed.")


def refuse_same(backup: Path, target: Path) -> None:
    """The ledger cannot be put in its own place."""
    if target.exists() and target.samefile(backup):
        raise LedgerUnavailable(f"The file {backup} is the ledger itself: name a backup.")


def refuse_used(target: Path) -> None:
    """Nobody may have the ledger open."""
    if target.exists():
        with alone_with(target) as alone:
            if not alone:
                raise LedgerUnavailable(in_use(str(target)))


def _made_safe(path: Path, now: datetime, former: Path | None) -> tuple[Held, int | None]:
    """Migrated, looked through once more, with a pause on all that may have been done, and with who said no."""
    with _migrated(path) as ledger:
        if wrong := ledger.check():
            raise LedgerUnavailable(f"The backup is not sound ({wrong[0]}). Nothing was changed.")
        with ledger.write() as tx:
            return tx.put_to_use(now), take_over(former, tx, now) if former else 0


@contextmanager
def _migrated(path: Path) -> Iterator[Ledger]:
    """A file of ours brought to this version; the backup itself is the copy from before."""
    try:
        with Ledger.open(address(path)) as ledger:
            yield ledger
    finally:
        for copy in path.parent.glob(f"{path.name}.before-*"):
            copy.unlink()


def _swap(new: Draft, target: Path, now: datetime) -> Path | None:
    with folder_locked(target):
        if not target.exists():
            new.publish()
            return None
        aside = target.with_name(f"{target.name}.replaced-{now:%Y%m%d-%H%M%S}")
        refuse_taken(aside)
        with as_one_file(target) as alone:
            if not alone:
                raise LedgerUnavailable(in_use(str(target)))
            _companions_aside(target, aside)
            new.belong_like(target)
            new.publish(aside=aside)
        return aside


def _companions_aside(target: Path, aside: Path) -> None:
    """Of a damaged ledger, whose log could not be merged into it. Beside another file the log would spoil that."""
    for ending in ("-wal", "-journal"):
        companion = target.with_name(target.name + ending)
        if companion.exists():
            companion.rename(aside.with_name(aside.name + ending))
    target.with_name(f"{target.name}-shm").unlink(missing_ok=True)


# -- Tables of a server -----------------------------------------------------------------------


def _restore_tables(
    url: str, backup: Path, now: datetime, progress: Progress, former: Path | None, *, replacing: bool
) -> tuple[Held, int | None]:
    from engine.runtime.ledger.copying.postgres import emptied  # noqa: PLC0415 - only where it is used

    with (
        _of_this_version(backup) as path,
        sqlite_snapshot(path) as before,
        closed_after(url) as database,
        emptied(database, whatever_it_has=replacing) as after,
    ):
        copied(before, after, progress)
        return after.put_to_use(now), take_over(former, after.transaction, now) if former else 0


@contextmanager
def _of_this_version(backup: Path) -> Iterator[Path]:
    """The backup, or a private copy of it that was migrated."""
    if Sqlite(backup).version() == migrations.HEAD:
        yield backup
        return
    with TemporaryDirectory(prefix="busos-") as folder:
        copy = Path(folder) / "ledger.db"
        shutil.copyfile(backup, copy)
        with _migrated(copy):
            pass
        yield copy
