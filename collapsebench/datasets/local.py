"""User's own data files: rows of numbers in .csv or .npy."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import numpy as np

from collapsebench.datasets.source import Table, digest, one_line

SUFFIXES = (".csv", ".npy")


def is_file(name: str | os.PathLike[str]) -> bool:
    """Whether a data set's name is a file name: it ends in .csv or .npy."""
    return Path(name).suffix.lower() in SUFFIXES


def load_file(path: str | os.PathLike[str]) -> Table:
    """Table of a user's file: a .csv of numbers, with or without a header line, or a .npy of shape [n] or [n, d].

    Raises ValueError, one line, for a file that cannot be read or holds anything but finite numbers.
    """
    path = Path(path).expanduser()
    try:
        x = np.load(path, allow_pickle=False) if path.suffix.lower() == ".npy" else _csv(path)
        x = np.array(x, dtype=np.float32, order="C", ndmin=1)
    except FileNotFoundError:
        raise ValueError(f"{path}: no such file") from None
    except (OSError, ValueError, TypeError, EOFError) as error:
        raise ValueError(f"{path}: it cannot be read as rows of numbers ({one_line(error)})") from None
    if x.size == 0:
        raise ValueError(f"{path}: it has no rows")
    x = x.reshape(len(x), -1)
    bad = np.flatnonzero(~np.isfinite(x).all(axis=1))
    if len(bad):
        raise ValueError(f"{path}: row {bad[0] + 1} has a cell that is no finite number ({len(bad)} such rows)")
    y = np.zeros(len(x), np.int32)
    x.setflags(write=False)
    return Table(x, y, x.shape[1:], path.name, "file", digest(x, y), "the user's own")


def _csv(path: Path) -> np.ndarray:
    with path.open(encoding="utf-8-sig") as lines:
        first = lines.readline()
    try:
        [float(cell) for cell in first.split(",")]
        names = 0
    except ValueError:
        names = 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # no rows: the caller says so
        return np.loadtxt(path, delimiter=",", skiprows=names, ndmin=2, encoding="utf-8-sig")
