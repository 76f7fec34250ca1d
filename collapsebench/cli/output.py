"""Files of a command: a result and its figure, in a folder that is tried before anything runs."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from collapsebench.runs.results import save
from collapsebench.specs.errors import RequestError

if TYPE_CHECKING:
    import xarray as xr


def make_folder(out: Path) -> None:
    """Create the output folder. Raises RequestError before the run where no file can be written."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as error:
        if error.errno in (28, 122):
            raise
        why = "it is a file" if out.is_file() else f"no file can be written there ({error.strerror})"
        raise RequestError(f"--out {out}: {why}; name a folder") from error


def store(result: xr.Dataset, out: Path, name: str, draw: Callable[[xr.Dataset, Path], list[Path]]) -> Path:
    """Save a result and its figure, and print where. Returns the result's path."""
    stem = out / _stem(name, result.attrs["digest"])
    path = save(result, stem.with_name(f"{stem.name}.nc"))
    print(path)
    print("\n".join(str(path) for path in draw(result, stem)))
    return path


def _stem(name: str, digest: str) -> str:
    """File name of a result: only the same request writes over it."""
    name = Path(name).name if ".py:" in name else name
    return re.sub(r"[^\w.-]+", "-", name) + f"-{digest[:8]}"
