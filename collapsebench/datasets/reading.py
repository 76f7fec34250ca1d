"""Rows of a generation, in chunks, checked against a schema; what does not fit is told by file, row and column."""

from __future__ import annotations

import copy
import dataclasses
import functools
import hashlib
import itertools
import os
from collections.abc import Generator, Iterator
from numbers import Number
from pathlib import Path

import numpy as np

from collapsebench.datasets.formats import READERS, SUFFIXES, of_array, of_images
from collapsebench.datasets.given import as_numbers
from collapsebench.datasets.lines import GAPS, is_number, where_of
from collapsebench.datasets.source import one_line
from collapsebench.specs.errors import RequestError, counted, nearest, shown


@dataclasses.dataclass(frozen=True)
class Schema:
    """Names of the columns in their order, and which of them hold words. `named`: the names are the user's own."""

    names: tuple[str, ...]
    words: tuple[bool, ...]
    named: bool = True


@dataclasses.dataclass(frozen=True)
class Chunk:
    """Some rows: numbers float64 [rows, columns], and one object array [rows] for each column of words."""

    numbers: np.ndarray
    words: tuple[np.ndarray, ...]

    def __len__(self) -> int:
        return len(self.numbers)

    def take(self, rows: np.ndarray) -> Chunk:
        """The rows of an index or a mask."""
        return Chunk(self.numbers[rows], tuple(column[rows] for column in self.words))


class Source:
    """Rows that can be read again and again, checked against a schema (None: its own).

    Raises RequestError, one line with the source's name, row and column, for what is not rows of that schema.
    """

    only: tuple[str, str] | None = None
    """Column and value of the rows that are given; None: all."""

    def __init__(self, given: object, name: str | None = None, schema: Schema | None = None, like: str = "") -> None:
        self.given, self.name = given, name or (str(given) if isinstance(given, str | os.PathLike) else "rows")
        blocks = self._blocks()
        first = next(blocks, None)
        blocks.close()
        if first is None or not len(first[1][0]):
            raise RequestError(f"{self.name}: it has no rows")
        self.own = Schema(
            first[0] or _numbered(first[1]), tuple(_holds_words(c) for c in first[1]), first[0] is not None
        )
        self.schema = schema or self.own
        if schema:
            self._compare(schema, like or "the real rows")

    def _compare(self, schema: Schema, like: str) -> None:
        own, names = self.own.names, schema.names
        if self.own.named and schema.named and own != names:
            both = itertools.zip_longest(own, names)
            place, (has, wants) = next((i, pair) for i, pair in enumerate(both, 1) if pair[0] != pair[1])
            why = "the same columns in another order" if sorted(own) == sorted(names) else "other columns"
            told = "is missing" if has is None else f"is named {has!r}"
            other = "there is none" if wants is None else f"it is {wants!r}"
            raise RequestError(
                f"{self.name}: {where_of(self.given, -1)}, column {place} {told}, in {like} {other}: {why}"
            )
        if len(own) != len(names):
            where = where_of(self.given, 0)
            raise RequestError(
                f"{self.name}: {where} has {counted(len(own), 'column')}, not the {len(names)} of {like}"
            )

    def chunks(self) -> Iterator[Chunk]:
        """The rows, in order, ROWS at a time."""
        before = 0
        for _, columns in self._blocks():
            numbers = [self._number(c, before, i) for i, c in enumerate(columns) if not self.schema.words[i]]
            words = [self._word(c, before, i) for i, c in enumerate(columns) if self.schema.words[i]]
            rows = len(columns[0])
            chunk = Chunk(np.column_stack(numbers) if numbers else np.empty((rows, 0)), tuple(words))
            yield chunk if self.only is None else chunk.take(self.values(chunk, self.only[0]) == self.only[1])
            before += rows

    @functools.cached_property
    def size(self) -> int:
        """How many rows there are; all are read for it once."""
        return sum(len(chunk) for chunk in self.chunks())

    def values(self, chunk: Chunk, column: str) -> np.ndarray:
        """A column of a chunk as words. Raises RequestError for a name that is none."""
        names, wordy = self.schema.names, self.schema.words
        if column not in names:
            raise RequestError(f"by = {column}: not one of {', '.join(names[:20])}{nearest(column, names)}")
        place = names.index(column)
        if wordy[place]:
            return chunk.words[sum(wordy[:place])]
        return np.array([f"{v:g}" for v in chunk.numbers[:, place - sum(wordy[:place])]], object)

    def slice(self, column: str, value: str) -> Source:
        """The rows with this value in this column."""
        made = copy.copy(self)
        vars(made).pop("size", None)
        made.only, made.name = (column, value), f"{self.name} ({column} = {value})"
        return made

    def digest(self) -> str:
        """SHA-256 of the file, or of the rows where there is none."""
        answer = hashlib.sha256()
        if isinstance(self.given, str | os.PathLike) and Path(self.given).is_file():
            with open(self.given, "rb") as file:
                while block := file.read(1 << 20):
                    answer.update(block)
            return answer.hexdigest()
        for chunk in self.chunks():
            answer.update(np.ascontiguousarray(chunk.numbers).data)
            for column in chunk.words:
                answer.update("\0".join(column).encode())
        return answer.hexdigest()

    def where(self, row: int, column: int) -> str:
        """File, row and column, from 0, of a cell, as a message begins."""
        name = f" ({self.schema.names[column]!r})" if self.schema.named else ""
        return f"{self.name}: {where_of(self.given, row)}, column {column + 1}{name}"

    def _number(self, column: np.ndarray, before: int, i: int) -> np.ndarray:
        if column.dtype.kind == "f" and not (good := np.isfinite(column)).all():
            row = int(np.argmin(good))
            raise RequestError(f"{self.where(before + row, i)} is {column[row]}; leave such rows out")
        if column.dtype.kind in "OUS":
            for row, cell in enumerate(column):
                if not is_number(cell):
                    raise RequestError(f"{self.where(before + row, i)} is {_no_number(cell)}")
            column = column.astype(np.float64)
        try:
            return as_numbers(column).astype(np.float64)
        except ValueError as error:
            raise RequestError(f"{self.where(before, i)}: {error}") from None

    def _word(self, column: np.ndarray, before: int, i: int) -> np.ndarray:
        cells = column.tolist() if column.dtype.kind == "O" else column.astype(str).tolist()
        if not all(isinstance(cell, str) for cell in cells):
            cells = [self._text(cell, before + row, i) for row, cell in enumerate(cells)]
        if not all(map(str.strip, cells)):
            row = next(row for row, cell in enumerate(cells) if not cell.strip())
            raise RequestError(f"{self.where(before + row, i)} is missing; leave such rows out, or give it a word")
        return np.array(cells, object)

    def _text(self, cell: object, row: int, i: int) -> str:
        """A cell as a word; empty where it is missing."""
        if cell is None or type(cell).__name__ in ("NAType", "NaTType"):
            return ""
        if isinstance(cell, Number | np.generic):
            return "" if cell != cell else str(cell)
        if isinstance(cell, dict | list | tuple | np.ndarray) or type(cell).__str__ is object.__str__:
            raise RequestError(f"{self.where(row, i)} is {shown(cell)}, not a number or a text")
        return str(cell)

    def _blocks(self) -> Generator[tuple[tuple[str, ...] | None, list[np.ndarray]], None, None]:
        """(names or None, columns) of each chunk, as they are in the file."""
        if not isinstance(self.given, str | os.PathLike):
            yield from of_array(self.given, self.name)
            return
        path = Path(self.given).expanduser()
        end = path.suffix.lower()
        try:
            if path.is_dir() and end not in READERS:
                yield from of_images(path)
            elif not os.path.isfile(path):  # a pipe or a device would never end
                raise RequestError(f"{path}: {'it is a folder' if path.is_dir() else 'no such file'}")
            elif end in READERS:
                yield from READERS[end](path)
            else:
                raise RequestError(f"{path}: it must end in {', '.join(SUFFIXES)}, or be a folder of images")
        except RequestError:
            raise
        except Exception as error:  # readers raise of every kind, ParserError and MemoryError among them
            raise RequestError(f"{path}: it cannot be read as rows ({one_line(error)})") from None


def _no_number(cell: object) -> str:
    """What a cell that is no finite number is, in words."""
    cell = cell.item() if isinstance(cell, np.generic) else cell
    text = "" if cell is None else str(cell).strip()
    if text.lower() in GAPS:
        return f"{shown(cell)}; leave such rows out" if text else "missing; leave such rows out"
    hint = "; write decimals with a point" if is_number(text.replace(",", ".")) else ""
    return f"{shown(cell)}, not a finite number{hint}"


def _holds_words(column: np.ndarray) -> bool:
    """Whether most of its cells are no numbers: one bad cell does not turn a column of numbers into words."""
    if column.dtype.kind not in "OUS":
        return False
    cells = [cell for cell in column[:1000] if cell is not None and str(cell).strip().lower() not in GAPS]
    return 2 * sum(map(is_number, cells)) <= len(cells) > 0


def _numbered(columns: list[np.ndarray]) -> tuple[str, ...]:
    return tuple(f"column {i + 1}" for i in range(len(columns)))
