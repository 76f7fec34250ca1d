"""Cache of arrays on disk: each file whole or absent, and accepted only with the digest that it was written with."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path
from typing import Any

import numpy as np

from collapsebench.specs.files import cache_home


def folder() -> Path:
    """Folder of the trained classifiers, in the user's cache folder."""
    return cache_home() / "features"


def digest(recipe: str, arrays: list[np.ndarray]) -> str:
    """SHA-256 of a training recipe and the float32 arrays that resulted."""
    answer = hashlib.sha256(recipe.encode())
    for array in arrays:
        answer.update(np.ascontiguousarray(array, dtype="<f4").data)
    return answer.hexdigest()


def read(path: Path, recipe: str, shapes: list[Any]) -> list[np.ndarray] | None:
    """Arrays of a cache file; None where the file is missing, damaged, or not what was written."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
            arrays = [np.asarray(kept[f"array_{i}"]) for i in range(len(shapes))]
            known = str(kept["digest"])
    except Exception:  # zipfile, zlib, NumPy and the system each have errors of their own for a damaged file
        return None
    fit = all(a.shape == s.shape and a.dtype == np.float32 for a, s in zip(arrays, shapes, strict=True))
    return arrays if fit and known == digest(recipe, arrays) else None


def write(path: Path, recipe: str, arrays: list[np.ndarray]) -> None:
    """Write arrays to a cache file; where that fails, do nothing, and the next process trains anew."""
    named: dict[str, Any] = {f"array_{i}": array for i, array in enumerate(arrays)}
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")  # two processes may train at the same time
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            np.savez(file, digest=np.asarray(digest(recipe, arrays)), **named)
        partial.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            partial.unlink()
