"""User's own data files: rows of numbers in .csv or .npy."""

from __future__ import annotations

import hashlib
import math
import os
import warnings
from pathlib import Path

import numpy as np

from collapsebench.datasets.given import as_numbers
from collapsebench.datasets.source import Table, one_line

SUFFIXES = (".csv", ".npy")
GAPS = ("", "-", "--", ".", "?", "na", "n/a", "nan", "nil", "none", "null", "missing")
"""Words for a cell that is missing."""


def is_file(name: str | os.PathLike[str]) -> bool:
    """Whether a data set's name is a file name: it ends in .csv or .npy."""
    return Path(name).suffix.lower() in SUFFIXES


def load_file(path: str | os.PathLike[str]) -> Table:
    """Table of a user's file: a .csv of numbers, with or without a header line, or a .npy of shape [n] or [n, d].

    Raises ValueError, one line, for a file that cannot be read or holds anything but finite numbers; x of the Table is float64.
    """
    path = Path(os.path.expanduser(path))
    try:
        if not os.path.isfile(path):  # a pipe or a device would never end
            raise ValueError("it is a folder" if path.is_dir() else "no such file")
        x = _npy(path) if path.suffix.lower() == ".npy" else _csv(path)
        x = np.array(as_numbers(x), np.float64, order="C", ndmin=1)
    except Exception as error:  # NumPy's readers raise of every kind, TokenError and MemoryError among them
        why = one_line(error)
        told = why if why in ("no such file", "it is a folder") else f"it cannot be read as rows of numbers ({why})"
        raise ValueError(f"{one_line(path)}: {told}") from None
    if x.size == 0:
        raise ValueError(f"{one_line(path)}: it has no rows")
    x = x.reshape(len(x), -1)
    y = np.zeros(len(x), np.int32)
    x.setflags(write=False)
    own = hashlib.sha256(str(x.shape).encode() + np.ascontiguousarray(x, "<f8").tobytes()).hexdigest()
    return Table(x, y, x.shape[1:], path.name, "file", own, "the user's own")


def _npy(path: Path) -> np.ndarray:
    """The array of a .npy file. Its header is a claim: it is held against the file's size before anything is allocated."""
    with path.open("rb") as file:
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        if version not in ((1, 0), (2, 0)):
            raise ValueError(f"format {version[0]}.{version[1]}, which is of tables with named columns")
        shape, _, dtype = read(file)
        if dtype.hasobject:
            raise ValueError("it holds Python's objects, which are not read")
        here, size = os.fstat(file.fileno()).st_size - file.tell(), math.prod(shape) * dtype.itemsize
        if here < size:
            raise ValueError(f"its header says {size} bytes of data, and {here} are there")
        file.seek(0)
        return np.lib.format.read_array(file, allow_pickle=False)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _csv(path: Path) -> np.ndarray:
    """Rows of a .csv. A first line is a header if every cell of it is a name: no number, and no word for a gap."""
    with path.open(encoding="utf-8-sig") as lines:
        cells = [cell.strip().strip("\"'") for cell in lines.readline().split(",")]
    named = [not _is_number(cell) for cell in cells]
    header = all(named) and not any(cell.lower() in GAPS for cell in cells)
    if any(named) and not header:
        column = next(i for i, cell in enumerate(cells) if cell.lower() in GAPS or (named[i] and not all(named)))
        raise ValueError(f"row 1, column {column + 1} is {cells[column]!r}: no number, and its row is no header")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # no rows: the caller says so
        return np.loadtxt(path, delimiter=",", skiprows=int(header), ndmin=2, encoding="utf-8-sig")
