"""Blocks of columns of arrays and of each kind of file: .npy, .csv, .parquet, .jsonl, .txt, a folder of images."""

from __future__ import annotations

import itertools
import json
import math
import os
from collections.abc import Iterable, Iterator, Sized
from pathlib import Path
from typing import Any

import numpy as np

from collapsebench.datasets.lines import fault, header_of, lines
from collapsebench.datasets.source import one_line
from collapsebench.specs.errors import RequestError, counted, shown

ROWS = 65_536
"""Rows of a block."""
SUFFIXES = (".npy", ".csv", ".parquet", ".jsonl", ".txt")
IMAGES = (".png", ".jpg", ".jpeg", ".bmp")
SIDE = 16
"""Images are read in grey, reduced to SIDE x SIDE."""


def of_array(given: object, name: str) -> Iterator[tuple[tuple[str, ...] | None, list[np.ndarray]]]:
    """Blocks of an array, a list, or a dict of columns."""
    if (table := _table(given)) is not None:
        names = tuple(table)
        columns: list[np.ndarray] = []
        for place, cells in enumerate(table.values(), 1):
            where = f"{name}: column {place} ({names[place - 1]!r})"
            columns.append(column := _column(cells, where))
            if len(column) != len(columns[0]):
                raise RequestError(f"{where} holds {len(column)} cells, column 1 {len(columns[0])}")
        for start in range(0, len(columns[0]) if columns else 0, ROWS):
            yield names, [column[start : start + ROWS] for column in columns]
        return
    try:
        array = given if isinstance(given, np.ndarray) else np.asarray(given)
    except ValueError:
        raise RequestError(f"{name}: {_uneven(given)}") from None
    if array.ndim == 0:
        raise RequestError(f"{name}: it is a single value; give rows, or the name of a file")
    for start in range(0, len(array), ROWS):
        block = np.asarray(array[start : start + ROWS])
        yield None, list(block.reshape(len(block), -1).T)


def _column(cells: object, where: str) -> np.ndarray:
    try:
        column = np.asarray(cells)
    except ValueError:  # lists of several lengths
        raise RequestError(f"{where} has cells that are no numbers or words") from None
    if column.ndim != 1:
        what = " x ".join(map(str, column.shape)) + " cells, not a list of them" if column.ndim else "a single value"
        raise RequestError(f"{where} holds {what}")
    return column


def _uneven(given: object) -> str:
    """Where rows that are no table first differ in length."""
    sizes = [len(row) if isinstance(row, Sized) else 1 for row in given] if isinstance(given, Iterable) else []
    row = next((row for row, size in enumerate(sizes) if size != sizes[0]), None)
    if row is None:
        return "its rows are no table of numbers or words"
    return f"row {row + 1} has {counted(sizes[row], 'column')}, row 1 has {sizes[0]}"


def _table(given: object) -> dict[str, Any] | None:
    """Columns by name of a dict, of named fields, or of a table of pandas or polars (which is not imported here)."""
    if isinstance(given, dict):
        return {str(name): column for name, column in given.items()}
    if isinstance(given, np.ndarray):
        return {field: given[field] for field in given.dtype.names} if given.dtype.names else None
    if type(given).__module__.split(".")[0] in ("pandas", "polars"):
        frame: Any = given
        frame = frame.to_frame() if type(given).__name__ == "Series" else frame
        return {str(name): frame[name].to_numpy() for name in frame.columns}
    return None


def _of_npy(path: Path) -> Iterator[tuple[tuple[str, ...] | None, list[np.ndarray]]]:
    """Its header is a claim: it is held against the file's size before anything is allocated."""
    with path.open("rb") as file:
        version = np.lib.format.read_magic(file)
        if version not in ((1, 0), (2, 0)):
            raise ValueError(f"format {version[0]}.{version[1]}, which is of tables with named columns")
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read(file)
        if dtype.hasobject:
            raise ValueError("it holds Python's objects, which are not read")
        here, size = os.fstat(file.fileno()).st_size - file.tell(), math.prod(shape) * dtype.itemsize
        if here < size:
            raise ValueError(f"its header says {counted(size, 'byte')} of data, and {here} are there")
    if not math.prod(shape):
        return
    yield from of_array(np.load(path, mmap_mode="r", allow_pickle=False), str(path))


def _of_csv(path: Path) -> Iterator[tuple[tuple[str, ...] | None, list[np.ndarray]]]:
    import pandas as pd

    names = header_of(path)
    if names == ():
        return
    header = None if names is None else 0
    try:
        with pd.read_csv(path, header=header, chunksize=ROWS, keep_default_na=False, encoding="utf-8-sig") as frames:
            for frame in frames:
                kinds = [object if _text(dtype) else None for dtype in frame.dtypes]
                yield names, [frame.iloc[:, i].to_numpy(kind) for i, kind in enumerate(kinds)]
    except (UnicodeDecodeError, pd.errors.ParserError) as error:
        raise RequestError(f"{path}: {fault(path) or one_line(error)}") from None


def _text(dtype: object) -> bool:
    return str(dtype) in ("object", "str", "string", "bool")


def _of_parquet(path: Path) -> Iterator[tuple[tuple[str, ...], list[np.ndarray]]]:
    try:
        import pyarrow.parquet as pq
    except ImportError:
        raise RequestError(f"{path}: .parquet needs pyarrow: pip install pyarrow") from None
    for batch in pq.ParquetFile(path).iter_batches(ROWS):
        yield tuple(batch.schema.names), [column.to_numpy(zero_copy_only=False) for column in batch.columns]


def _of_jsonl(path: Path) -> Iterator[tuple[tuple[str, ...], list[np.ndarray]]]:
    names: tuple[str, ...] = ()
    numbered = enumerate(lines(path), 1)
    while block := list(itertools.islice(numbered, ROWS)):
        rows = []
        for number, (line, text) in block:
            row = _json_row(f"{path}: row {number} (line {line})", text, names)
            names = names or tuple(row)
            rows.append(row)
        columns = [np.empty(len(rows), object) for _ in names]
        for column, name in zip(columns, names, strict=True):
            column[:] = [row[name] for row in rows]
        yield names, columns


def _json_row(where: str, text: str, names: tuple[str, ...]) -> dict[str, object]:
    """Cells by name of a line. Raises RequestError for other names than those of the first line, and for nested cells."""
    try:
        value = json.loads(text)
    except ValueError as error:
        raise RequestError(f"{where}, column 1: it is no JSON ({one_line(error)})") from None
    row = value if isinstance(value, dict) else {"text": value}
    for name in () if not names else names if len(row) <= len(names) else row:
        if name not in names:
            raise RequestError(f"{where}, column {len(names) + 1} ({name!r}) is not in row 1")
        if name not in row:
            raise RequestError(f"{where}, column {names.index(name) + 1} ({name!r}) is missing")
    for column, (name, cell) in enumerate(row.items(), 1):
        if isinstance(cell, dict | list):
            raise RequestError(f"{where}, column {column} ({name!r}) is {shown(cell)}, not a number or a text")
    return row


def _of_txt(path: Path) -> Iterator[tuple[tuple[str, ...], list[np.ndarray]]]:
    texts = (text.strip() for _, text in lines(path))
    while block := list(itertools.islice(texts, ROWS)):
        yield ("text",), [np.array(block, object)]


def of_images(path: Path) -> Iterator[tuple[None, list[np.ndarray]]]:
    """Blocks of pixels of a folder's images, in the order of their names."""
    from PIL import Image

    names = iter(sorted(file for file in path.iterdir() if file.suffix.lower() in IMAGES))
    while block := list(itertools.islice(names, 1024)):
        rows = [np.asarray(Image.open(file).convert("L").resize((SIDE, SIDE)), np.float64).ravel() for file in block]
        yield None, list(np.array(rows).T)


READERS: dict[str, Any] = {
    ".npy": _of_npy, ".csv": _of_csv, ".parquet": _of_parquet, ".jsonl": _of_jsonl, ".txt": _of_txt,
}  # fmt: skip
