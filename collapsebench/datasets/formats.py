"""Blocks of columns of arrays and of each kind of file: .npy, .csv, .parquet, .jsonl, .txt, a folder of images."""

from __future__ import annotations

import itertools
import json
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from collapsebench.datasets.source import one_line
from collapsebench.specs.errors import RequestError

ROWS = 65_536
"""Rows of a block."""
SUFFIXES = (".npy", ".csv", ".parquet", ".jsonl", ".txt")
GAPS = ("", "-", "--", ".", "?", "na", "n/a", "nan", "nil", "none", "null", "missing", "inf", "-inf")
"""Words for a cell that is missing, or no finite number."""
IMAGES = (".png", ".jpg", ".jpeg", ".bmp")
SIDE = 16
"""Images are read in grey, reduced to SIDE x SIDE."""


def is_number(cell: object) -> bool:
    """Whether a cell is a finite number."""
    try:
        return bool(np.isfinite(float(cell)))  # type: ignore[arg-type]
    except (ValueError, TypeError):
        return False


def of_array(given: object, name: str) -> Iterator[tuple[tuple[str, ...] | None, list[np.ndarray]]]:
    """Blocks of an array, a list, or a dict of columns."""
    if (table := _table(given)) is not None:
        columns, names = [np.asarray(column) for column in table.values()], tuple(map(str, table))
        if any(column.ndim != 1 or len(column) != len(columns[0]) for column in columns):
            raise RequestError(f"{name}: its columns must be as long as each other, one number or word a row")
        for start in range(0, len(columns[0]) if columns else 0, ROWS):
            yield names, [column[start : start + ROWS] for column in columns]
        return
    try:
        array = given if isinstance(given, np.ndarray) else np.asarray(given)
    except ValueError as error:
        raise RequestError(f"{name}: {one_line(error)}") from None
    if array.ndim == 0:
        raise RequestError(f"{name}: it is a single {type(given).__name__}; give rows, or the name of a file")
    for start in range(0, len(array), ROWS):
        block = np.asarray(array[start : start + ROWS])
        yield None, list(block.reshape(len(block), -1).T)


def _table(given: object) -> dict[str, Any] | None:
    """Columns by name of a dict, of named fields, or of a table of pandas or polars (which is not imported here)."""
    if isinstance(given, dict):
        return given
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
            raise ValueError(f"its header says {size} bytes of data, and {here} are there")
    if not math.prod(shape):
        return
    yield from of_array(np.load(path, mmap_mode="r", allow_pickle=False), str(path))


def _of_csv(path: Path) -> Iterator[tuple[tuple[str, ...] | None, list[np.ndarray]]]:
    import pandas as pd

    with path.open(encoding="utf-8-sig") as lines:
        cells = [cell.strip().strip("\"'") for cell in lines.readline().split(",")]
    header = 0 if all(cell.lower() not in GAPS and not is_number(cell) for cell in cells) else None
    if cells == [""]:
        return
    if header == 0 and len(set(cells)) < len(cells):
        raise RequestError(f"{path}: two columns are called {next(cell for cell in cells if cells.count(cell) > 1)!r}")
    with pd.read_csv(path, header=header, chunksize=ROWS, keep_default_na=False, encoding="utf-8-sig") as frames:
        for frame in frames:
            names = tuple(str(name).strip() for name in frame.columns) if header == 0 else None
            kinds = [object if _text(dtype) else None for dtype in frame.dtypes]
            yield names, [frame.iloc[:, i].to_numpy(kind) for i, kind in enumerate(kinds)]


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
    with path.open(encoding="utf-8-sig") as file:
        lines = enumerate((line for line in file if line.strip()), 1)
        while block := list(itertools.islice(lines, ROWS)):
            rows = []
            for number, line in block:
                try:
                    value = json.loads(line)
                except ValueError as error:
                    raise RequestError(f"{path}: row {number}, column 1: it is no JSON ({one_line(error)})") from None
                row = value if isinstance(value, dict) else {"text": value}
                names = names or tuple(row)
                if tuple(row) != names and set(row) != set(names):
                    odd = sorted(set(row) ^ set(names))[0]
                    raise RequestError(f"{path}: row {number}, column {odd!r} is not in every row")
                rows.append(row)
            yield names, [np.array([row[name] for row in rows], object) for name in names]


def _of_txt(path: Path) -> Iterator[tuple[tuple[str, ...], list[np.ndarray]]]:
    with path.open(encoding="utf-8-sig") as file:
        lines = (line.strip() for line in file if line.strip())
        while block := list(itertools.islice(lines, ROWS)):
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
