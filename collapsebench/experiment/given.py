"""Target that a file's name or rows in memory stand for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from collapsebench.datasets.formats import SUFFIXES
from collapsebench.datasets.own import is_own, is_rows, keep
from collapsebench.specs.errors import RequestError
from collapsebench.specs.registry import TARGETS


def target_of(value: object) -> Any:
    """The target `dataset`, or `text` of a .txt, for a user's own rows; else the value itself.

    value: the name of a file, an array [n] or [n, columns], a dict of columns, or a table of pandas or polars.
    Raises RequestError, one line that names file, row and column.
    """
    if is_rows(value):
        try:
            value = keep(value)
        except ValueError as error:
            raise RequestError(f"target = {error}") from None
    elif not isinstance(value, str | Path):
        return value
    elif not is_own(value):
        if str(value) not in TARGETS and Path(value).is_file():
            raise RequestError(f"target = {value}: a file of rows must end in {', '.join(SUFFIXES)}")
        return value
    noun = "text" if str(value).lower().endswith(".txt") else "dataset"
    return TARGETS.get(noun)(name=str(value))
