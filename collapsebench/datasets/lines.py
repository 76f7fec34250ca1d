"""Rows of text files by line: where a row stands, which byte is no UTF-8, and what keeps a .csv from being a table.

Row 1 is the first row of data: neither the header nor blank lines count. Lines count as an editor shows them.
"""

from __future__ import annotations

import csv
import itertools
import os
from collections.abc import Iterator
from pathlib import Path

from collapsebench.specs.errors import RequestError, counted

SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars", None: "spaces"}
GAPS = ("", "-", "--", ".", "?", "na", "n/a", "nan", "nil", "none", "null", "missing", "<na>", "nat", "inf", "-inf")
"""Words for a cell that is missing, or no finite number."""


def is_number(cell: object) -> bool:
    """Whether a cell is a finite number."""
    try:
        return abs(float(cell)) < float("inf")  # type: ignore[arg-type]
    except (ValueError, TypeError, OverflowError):
        return False


def lines(path: Path) -> Iterator[tuple[int, str]]:
    """(line, text) of each line that is not blank. Raises RequestError, with row and line, where it is no UTF-8."""
    row = 0
    with path.open(encoding="utf-8-sig", errors="surrogateescape") as file:
        for line, text in enumerate(file, 1):
            if text.strip():
                row += 1
                _check_bytes(f"{path}: row {row} (line {line})", 1, text)
                yield line, text


def records(path: Path) -> Iterator[tuple[int, list[str]]]:
    """(first line, cells) of each record of a .csv, its header among them; bytes that are no UTF-8 as surrogates."""
    csv.field_size_limit(2**31 - 1)  # a document is longer than the 128 KiB that a cell may have by default
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        reader, before = csv.reader(file), 0
        for cells in reader:
            if len(cells) > 1 or (cells and not cells[0].isspace()):
                yield before + 1, cells
            before = reader.line_num


def header_of(path: Path) -> tuple[str, ...] | None:
    """Names of a .csv's columns; None where its first line is a row. An empty tuple: there is nothing.

    Raises RequestError for names that are missing or the same, other separators, and a first row of another length.
    """
    first = list(itertools.islice(records(path), 2))
    if not first:
        return ()
    (line, cells), row = first[0], first[-1]
    for column, cell in enumerate(cells, 1):
        _check_bytes(f"{path}: line {line}", column, cell)
    cells = [cell.strip() for cell in cells]
    cells[0] = cells[0].removeprefix("#").lstrip()
    _check_separator(path, line, *(",".join(record) for _, record in first))
    if any(is_number(cell) or cell.lower() in GAPS[1:] for cell in cells) or not any(cells):
        return None
    where = f"{path}: header (line {line})"
    if "" in cells:
        hint = "; an index of pandas is left out by to_csv(index=False)" if cells.index("") == 0 else ""
        raise RequestError(f"{where}, column {cells.index('') + 1} has no name{hint}")
    for column, cell in enumerate(cells, 1):
        if (same := cells.index(cell) + 1) < column:
            raise RequestError(f"{where}, column {column} is named {cell!r}, as column {same} is")
    if len(row[1]) > len(cells):
        raise RequestError(
            f"{path}: row 1 (line {row[0]}) has {counted(len(row[1]), 'column')}, its header (line {line}) {len(cells)}"
        )
    return tuple(cells)


def _check_separator(path: Path, line: int, first: str, second: str = "") -> None:
    """Refuse other separators than commas: the lines would be read as one column."""
    for mark, name in SEPARATORS.items():
        ours, theirs = first.split(mark), (second or first).split(mark)
        commas = "," in first and not all(
            is_number(cell.replace(",", ".")) for cell in ours
        )  # decimal ones do not count
        alike = len(ours) == len(theirs) > 1 and not commas
        if alike and (mark is not None or all(map(is_number, theirs))):
            raise RequestError(
                f"{path}: line {line}, column 1 is {first[:40]!r}, apart by {name}; write commas instead"
            )


def where_of(given: object, row: int) -> str:
    """Where a row, from 0, of somebody's rows stands, or with -1 their names: "row 4", in a text file with its line."""
    path = Path(given).expanduser() if isinstance(given, str | os.PathLike) else Path()
    begins: Iterator[tuple[int, object]] = iter(())
    place, kind = row, path.suffix.lower()
    if kind == ".csv":
        begins, place = records(path), row + (header_of(path) is not None)
    elif kind in (".jsonl", ".txt"):
        begins, row = lines(path), max(row, 0)  # the first one has the names
    told = f"row {row + 1}" if row >= 0 else "header"
    return told + "".join(f" (line {line})" for line, _ in itertools.islice(begins, max(place, 0), max(place, 0) + 1))


def fault(path: Path) -> str:
    """What keeps a .csv from being read: its first row of too many cells, wrong byte or open quote; empty if none is found."""
    header = header_of(path)
    width = last = 0
    told = ""
    for row, (line, cells) in enumerate(records(path), 0 if header else 1):
        where = f"row {row} (line {line})"
        width = width or len(cells)
        for column, cell in enumerate(cells, 1):
            _check_bytes(f"{path}: {where}", column, cell)
        if len(cells) > width:
            return f"{where} has {counted(len(cells), 'column')}, the first line {width}"
        last, told = len(cells), where
    return f"{told}, column {last}: a quotation mark is opened and not closed" if told else ""


def _check_bytes(where: str, column: int, text: str) -> None:
    if text.isascii():
        return
    try:
        text.encode()
    except UnicodeEncodeError as error:
        byte = ord(text[error.start]) - 0xDC00
        raise RequestError(f"{where}, column {column} has byte {byte:#04x}, no UTF-8; save the file as UTF-8") from None
