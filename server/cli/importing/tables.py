"""A CSV file, row by row: comma, semicolon or tab, as spreadsheets of all countries write it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from engine.errors import BusosError

DELIMITERS = ",;\t|"
_SEPARATOR = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)  # what Excel understands and writes on a first line


class UnreadableTable(BusosError):
    """The file is no table that can be read."""


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of a row, and the line of the file that it begins on; ``read`` are the bytes read by then."""

    line: int
    cells: Sequence[str]
    read: int


class Table:
    """A file with a header. It is read anew for each pass, so that its size does not matter."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.size = path.stat().st_size
            with self._open() as (text, _):
                first = text.readline()
                told = _SEPARATOR.fullmatch(first)
                self._skipped = 1 if told else 0
                self._delimiter = told[1] if told else max(DELIMITERS, key=first.count)
        except OSError as error:
            raise UnreadableTable(f"{path} cannot be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise self._encoding(1) from None
        header = next(self._records(), None)
        if header is None:
            raise UnreadableTable(f"{path} is empty: its first line must name the columns")
        self.header = [cell.strip() for cell in header.cells]

    def rows(self) -> Iterator[Row]:
        """Every row below the header that is not blank. Raises UnreadableTable with the line."""
        records = self._records()
        next(records)
        return records

    def _records(self) -> Iterator[Row]:
        before = 0
        with self._open() as (text, raw):
            for _ in range(self._skipped):
                text.readline()
            reader = csv.reader(text, delimiter=self._delimiter, strict=True)
            try:
                for cells in reader:
                    line, before = before + 1 + self._skipped, reader.line_num
                    if any(cell.strip() for cell in cells):
                        yield Row(line, cells, raw.tell())
            except csv.Error as error:
                advice = "a quote inside of a text is written twice, and a text with quotes begins and ends with one"
                raise UnreadableTable(f"{self.path}:{reader.line_num + self._skipped}: {error}: {advice}") from None
            except UnicodeDecodeError:
                raise self._encoding(reader.line_num + 1 + self._skipped) from None

    @contextmanager
    def _open(self) -> Iterator[tuple[io.TextIOWrapper, BinaryIO]]:
        with self.path.open("rb") as raw, io.TextIOWrapper(raw, encoding="utf-8-sig", newline="") as text:
            yield text, raw

    def _encoding(self, line: int) -> UnreadableTable:
        advice = 'save it as "CSV UTF-8"'
        return UnreadableTable(f"{self.path}: it is not written in UTF-8, from about line {line} on: {advice}")
