"""A user's own rows, of a file or in memory: columns by name, as numbers or as words."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import re
from functools import lru_cache
from pathlib import Path

import numpy as np

from collapsebench.datasets.formats import SUFFIXES
from collapsebench.datasets.lines import where_of
from collapsebench.datasets.reading import Source
from collapsebench.specs.errors import nearest

GIVEN = re.compile(r"rows-[0-9a-f]{16}")
"""Names of rows that were given in memory: the digits are those of their digest."""
QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
_DATE = re.compile(r"\d{4}-\d\d?-\d\d?([T ].*)?|\d\d?[/.]\d\d?[/.]\d{2,4}")
_MOST = 20
_given: dict[str, Own] = {}


@dataclasses.dataclass(frozen=True, eq=False)
class Own:
    """Rows: columns by name, float64 [rows] or words as objects [rows], and the SHA-256 over all of them."""

    name: str
    columns: dict[str, np.ndarray]
    sha256: str

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    @property
    def words(self) -> tuple[str, ...]:
        """Names of the columns of words."""
        return tuple(name for name, column in self.columns.items() if column.dtype == object)

    def column(self, name: str, field: str) -> np.ndarray:
        """A column by name. Raises ValueError, half a line that begins with the field, for a name that is none."""
        if name not in self.columns:
            some = ", ".join(list(self.columns)[:_MOST])
            raise ValueError(f"{field} = {name}: not one of {some}{nearest(name, self.columns)}")
        return self.columns[name]

    def numbers(self, names: tuple[str, ...], field: str = "columns") -> np.ndarray:
        """Some columns as float64 [rows, columns]. Raises ValueError, half a line, for a column of words."""
        for name in names:
            if (column := self.column(name, field)).dtype == object:
                where = f"{where_of(self.name, 0)}, column {list(self.columns).index(name) + 1} ({name!r})"
                what = "dates" if _DATE.fullmatch(str(column[0])) else "words"
                others = [other for other in self.columns if other not in self.words]
                instead = f"; name those of numbers: columns = {', '.join(others[:_MOST])}" if others else ""
                advice = ", which are read as numbers only (days since the first)" if what == "dates" else ""
                raise ValueError(f"{where} is {str(column[0])[:40]!r}: the column holds {what}{advice}{instead}")
        return np.column_stack([self.columns[name] for name in names])

    def summary(self) -> list[dict[str, object]]:
        """By column its name and the quantiles of its numbers, or how many different words it has; no rows."""
        found: list[dict[str, object]] = []
        for name, column in self.columns.items():
            if column.dtype == object:
                found.append({"name": name, "kind": "words", "different": len(set(column))})
            else:
                values = [float(q) for q in np.quantile(column, QUANTILES)]
                found.append(
                    {"name": name, "kind": "numbers", "quantiles": dict(zip(map(str, QUANTILES), values, strict=True))}
                )
        return found


def is_own(name: str | os.PathLike[str]) -> bool:
    """Whether a data set's name is that of a user's file, or of rows that were given in memory."""
    return Path(name).suffix.lower() in SUFFIXES or GIVEN.fullmatch(str(name)) is not None


def is_rows(value: object) -> bool:
    """Whether a value is rows in memory: an array, a table, or a dict or list of them."""
    return isinstance(value, list | np.ndarray) or (
        isinstance(value, dict) or type(value).__module__.split(".")[0] in ("jax", "jaxlib", "pandas", "polars")
    )


def own(name: str | os.PathLike[str]) -> Own:
    """The rows of a user's file, or those given in memory of that name.

    Raises ValueError, one line that names file, row and column, for what are no rows.
    """
    if GIVEN.fullmatch(str(name)):
        if name not in _given:
            raise ValueError(f"{name}: these rows were given in memory, by another program; give them again")
        return _given[str(name)]
    path = Path(os.path.expanduser(name))
    try:
        stamp = os.stat(path).st_mtime_ns
    except (OSError, ValueError):
        stamp = 0  # reading it says what is wrong
    return _of_file(str(path), stamp)


@lru_cache(maxsize=8)
def _of_file(path: str, stamp: int) -> Own:
    return _read(path, path)


def keep(rows: object) -> str:
    """Keep rows in memory for this program, and return the name by which `own` finds them.

    rows: an array [n] or [n, columns], a dict of columns, a table of pandas or polars. Raises ValueError, one line.
    """
    read = _read(rows, "rows")
    name = f"rows-{read.sha256[:16]}"
    _given[name] = dataclasses.replace(read, name=name)
    return name


def _read(given: object, name: str) -> Own:
    source = Source(given, name)
    chunks = list(source.chunks())
    numbers = np.concatenate([chunk.numbers for chunk in chunks])
    numbers.setflags(write=False)
    words = [np.concatenate(parts) for parts in zip(*(chunk.words for chunk in chunks), strict=True)]
    answer = hashlib.sha256(str(numbers.shape).encode() + np.ascontiguousarray(numbers, "<f8").tobytes())
    for column in words:
        answer.update("\0".join(column).encode())
    names = source.own.names
    ours, theirs = iter(numbers.T), iter(words)
    columns = {n: next(theirs if word else ours) for n, word in zip(names, source.own.words, strict=True)}
    return Own(name, columns, answer.hexdigest())
